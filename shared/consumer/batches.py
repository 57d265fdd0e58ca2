"""What a consumer reads: records, decoded, and the places that they lead to."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from shared.events import SYSTEM, Meta, Recorded, decode
from shared.feeds import Checkpoint, Checkpoints, Record
from shared.profiles import ProfileChanged

_PROFILE = "directory.ProfileChanged.v1"
_PROFILE_META = Meta(actor=SYSTEM, correlation=UUID(int=0))


class Entry(NamedTuple):
    """What a record says. Neither event nor error: its type is not for this handler."""

    record: Record
    event: Recorded | None
    error: str | None = None


class Batch(NamedTuple):
    """What a source had after `reached`; `fresh` is what was not taken before, by position."""

    reached: Checkpoints
    records: Sequence[Record]
    fresh: Sequence[Entry]


def places_after(reached: Checkpoints, records: Sequence[Record]) -> dict[int, Checkpoint]:
    """Where the partitions of a batch are after it. Entries that came again move the offset, not the position."""
    last = {record.partition: record for record in records}
    highest: dict[int, int] = {partition: place.position for partition, place in reached.items()}
    for record in records:
        if record.position > highest.get(record.partition, -1):
            highest[record.partition] = record.position
    return {p: Checkpoint(record.epoch, highest[p], record.offset) for p, record in last.items()}


def columns(places: Checkpoints) -> list[list[object]]:
    return [
        list(places),
        [place.epoch for place in places.values()],
        [place.position for place in places.values()],
        [place.offset for place in places.values()],
    ]


def read(record: Record) -> Recorded:
    """Raises ValueError for a body that does not fit its type."""
    if record.type == _PROFILE:
        change = ProfileChanged.read(record.key, record.version, record.body)
        return Recorded(record.position, record.recorded_at, change, _PROFILE_META)
    event = decode(record.type, record.key, record.version, record.body)
    return Recorded(record.position, record.recorded_at, event, _meta(record.meta))


@lru_cache(maxsize=1_000)
def _meta(text: str) -> Meta:
    """Everything that one command caused has the same."""
    return Meta.model_validate_json(text)


PROFILE_TYPES = frozenset({_PROFILE})
"""The `types` of a handler of `shared.feeds.PROFILES`."""
