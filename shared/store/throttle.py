"""How much one transaction of a bulk job writes: much while it is alone, little while others wait for the lock."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from shared.database import Connection

MOST = 4_000
"""Events in one transaction."""
FEWEST = 500
"""Below this the price of a transaction outweighs what it does, and everybody waits longer in the end."""
HELD_SECONDS = 0.010
"""How long the lock may be held while others wait."""
_CALM_SECONDS = 2.0
"""So long after somebody waited, somebody else is expected."""

_WAITING = (
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = %s "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)


class Throttle:
    """Learns from each transaction how long it held the lock, and whether others wait."""

    def __init__(self, lock: int) -> None:
        self._lock = lock
        self._events = FEWEST
        self._crowded_until = 0.0

    def members(self, events_each: int) -> int:
        """How many subjects the next transaction should have."""
        events = self._events if time.monotonic() < self._crowded_until else MOST
        return max(1, events // max(1, events_each))

    @contextmanager
    def held(self, conn: Connection) -> Iterator[None]:
        """Around what is done under the lock, but for the commit."""
        began = time.monotonic()
        yield
        ended = time.monotonic()
        row = conn.execute(_WAITING, [self._lock]).fetchone()
        if row and row[0]:
            self._crowded_until = ended + _CALM_SECONDS
        if ended < self._crowded_until:
            change = 0.8 if ended - began > HELD_SECONDS else 1.25
            self._events = int(min(MOST, max(FEWEST, self._events * change)))
