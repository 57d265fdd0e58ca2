"""Routes of enrollment: /api/enrollment/..."""
