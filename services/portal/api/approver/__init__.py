"""Pages of whoever decides on requests."""
