"""The reports: here, and only here, the sources meet."""
