"""The port through which a service reads another's history: the next batch after a position (DESIGN 4)."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from shared.events import Position

PROFILES = "directory.profiles"
"""The source that carries the latest profile of each person instead of events."""


class Record(NamedTuple):
    """One entry of a source, undecoded."""

    position: int
    previous: int
    """The position before this one in its partition: a consumer that has not taken it halts."""
    epoch: UUID
    key: UUID
    """The stream; entries of one key stay in order."""
    type: str
    version: int
    recorded_at: datetime
    meta: str
    body: bytes
    partition: int = 0


class Feed(Protocol):
    """A source as its consumers see it."""

    source: str

    def read(self, after: Position | None, limit: int) -> Sequence[Record]:
        """At most `limit` entries after the position, in order; from the beginning for None. Does not wait."""
        ...

    def wait(self, seconds: float) -> None:
        """Return when there may be something new, at the latest after the given time. May return early."""
        ...

    def close(self) -> None: ...
