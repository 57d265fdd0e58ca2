"""The port through which a service reads another's history: the next batch after a position (DESIGN 4)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from shared.database import Database
from shared.running import Runnable
from shared.suite import PROFILES as PROFILES

WATERMARK = "rollbook.Watermark.v1"
"""The type of a record that says only: everything of this partition up to its position lies before it."""


class SourceDown(Exception):
    """The source cannot be reached now. Nothing is lost: ask again."""


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
    offset: int = -1
    """Where a broker keeps it: a hint for finding the place again, never the truth about it."""


class Checkpoint(NamedTuple):
    """How far a partition was taken."""

    epoch: UUID
    position: int
    offset: int = -1


Checkpoints = Mapping[int, Checkpoint]
"""By partition; one that is not there is read from its beginning."""


class Feed(Protocol):
    """A source as one of its consumers sees it. For use by one thread."""

    source: str

    def partitions(self) -> int:
        """How many the source has: fixed for ever."""
        ...

    def read(self, after: Checkpoints, limit: int) -> Sequence[Record]:
        """Some of the entries after these places, at most `limit`; each partition's in order. Does not wait.

        Entries at or before a place may come again. An empty answer does not mean that there are none: `lag` tells.
        Raises SourceDown.
        """
        ...

    def lag(self, after: Checkpoints) -> int:
        """About how many entries there are after these places; 0 only where there is none. Raises SourceDown."""
        ...

    def wait(self, seconds: float) -> None:
        """Return when there may be something new, at the latest after the given time. May return early."""
        ...

    def close(self) -> None: ...


class Feeds(Protocol):
    """Where the sources of other services are: in their databases, or on a broker."""

    def open(self, source: str, group: str | None = None) -> Feed:
        """Processes that name one `group` share a source's partitions; without one all partitions are read."""
        ...

    def publishers(self, database: Database, *sources: str) -> Sequence[Runnable]:
        """What must run for others to read these sources of a service's database."""
        ...


def in_order(records: Sequence[Record]) -> list[Record]:
    """By position, whatever partitions they came from."""
    return sorted(records, key=lambda record: record.position)
