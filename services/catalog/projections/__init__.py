"""The catalog's lists."""
