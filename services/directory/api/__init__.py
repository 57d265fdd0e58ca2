"""Routes of the directory, /api/directory/..."""
