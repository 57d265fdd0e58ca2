"""Routes of the catalogue: /api/catalog/..."""
