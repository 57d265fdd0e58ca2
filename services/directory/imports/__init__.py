"""Bulk import of people and structure (DIR-8, DIR-13): reading, checking, carrying out, reporting."""
