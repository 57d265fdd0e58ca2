"""How much one transaction of a bulk job writes: much while it is alone, little while others wait for the lock."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from shared.database import Connection

MOST = 4_000
"""Events in one transaction."""
FEWEST = 50
HELD_SECONDS = 0.010
"""How long the lock may be held while others wait."""
_CALM_SECONDS = 1.0
"""So long after somebody waited, somebody else is expected."""

_WAITING = (
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = %s "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)


class Pace:
    """Learns from each transaction how many events a second there are, and whether others wait."""

    def __init__(self, lock: int) -> None:
        self._lock = lock
        self._per_second = MOST / HELD_SECONDS / 100
        self._crowded_until = 0.0

    def members(self, events_each: int) -> int:
        """How many subjects the next transaction should have."""
        events = MOST
        if time.monotonic() < self._crowded_until:
            events = min(MOST, max(FEWEST, int(self._per_second * HELD_SECONDS)))
        return max(1, events // max(1, events_each))

    @contextmanager
    def held(self, conn: Connection, events: int) -> Iterator[None]:
        """Around what is done under the lock, but for the commit."""
        began = time.monotonic()
        yield
        ended = time.monotonic()
        row = conn.execute(_WAITING, [self._lock]).fetchone()
        if row and row[0]:
            self._crowded_until = ended + _CALM_SECONDS
        if events:
            self._per_second = 0.5 * self._per_second + 0.5 * events / max(ended - began, 1e-6)
