"""The read models: one module each, with its rows and its set-based writer. Each has exactly one source."""
