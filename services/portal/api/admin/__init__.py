"""Pages of whoever holds a permission role."""
