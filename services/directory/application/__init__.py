"""Commands of the directory: load, decide, append."""
