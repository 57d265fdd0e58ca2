"""How long reports wait for a position."""

PATIENCE = 2.0
"""Seconds that `at_least` waits where the caller did not say `Prefer: wait=N`."""
