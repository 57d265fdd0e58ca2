"""The leaf of an event: all that the store knows of it, in bytes that do not depend on anybody's JSON.

Position, stream, version and the moment of recording; type and meta as text with their lengths; of the body its digest, so that a
proof can be given without it. PostgreSQL makes the same bytes, for many events at once; a test compares both.
"""

import hashlib
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from shared.audit.merkle import PART, leaf_hash
from shared.database import Connection, fetch, fetch_one

_HEAD = struct.Struct(">q16siq")
_LENGTH = struct.Struct(">i")
_ZERO = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_LEAF = (
    "sha256('\\x00'::bytea || int8send(position) || uuid_send(stream) || int4send(version) || timestamptz_send(recorded_at) "
    "|| int4send(octet_length(type)) || convert_to(type, 'UTF8') || int4send(octet_length(meta)) || convert_to(meta, 'UTF8') "
    "|| sha256(body))"
)
_PARTS = f"""
SELECT (position - 1) / {PART} AS part, min(position) AS first, max(position) AS last, count(*) AS events,
    string_agg({_LEAF}, ''::bytea ORDER BY position) AS leaves
FROM events WHERE position > %s AND position <= %s GROUP BY 1 ORDER BY 1
"""
_PLACED = f"SELECT position, {_LEAF} AS leaf FROM events WHERE position > %s AND position <= %s ORDER BY position"
_EVENTS = "SELECT position, stream, version, type, recorded_at, meta, body FROM events WHERE position = ANY(%s) ORDER BY position"
_ENDS = "SELECT coalesce(min(position), 1) AS first, coalesce(max(position), 0) AS last FROM events"


class StoredEvent(NamedTuple):
    """A row of the table `events`, as it is."""

    position: int
    stream: UUID
    version: int
    type: str
    recorded_at: datetime
    meta: str
    body: bytes


class LeafPart(NamedTuple):
    """The leaves of the events in one part, joined."""

    part: int
    first: int
    last: int
    events: int
    leaves: bytes

    @property
    def contiguous(self) -> bool:
        return self.last - self.first + 1 == self.events


class PlacedLeaf(NamedTuple):
    position: int
    leaf: bytes


class Ends(NamedTuple):
    """The first and the last position of a history; an empty one ends before it begins."""

    first: int
    last: int


def leaf_of(event: StoredEvent) -> bytes:
    type, meta = event.type.encode(), event.meta.encode()
    moment = (event.recorded_at - _ZERO) // _MICROSECOND
    return leaf_hash(
        b"".join(
            (
                _HEAD.pack(event.position, event.stream.bytes, event.version, moment),
                *(_LENGTH.pack(len(type)), type, _LENGTH.pack(len(meta)), meta),
                hashlib.sha256(event.body).digest(),
            )
        )
    )


def ends(conn: Connection) -> Ends:
    return fetch_one(conn, Ends, _ENDS) or Ends(1, 0)


def parts(conn: Connection, after: int, last: int, at_once: int = 32) -> Iterator[LeafPart]:
    """Of the events from `after` + 1 to `last`, part by part; what is missing, or there twice, is not noticed here."""
    start = after
    while start < last:
        end = min(last, (start // PART + at_once) * PART)
        yield from fetch(conn, LeafPart, _PARTS, [start, end], binary=True)
        start = end


def placed(conn: Connection, after: int, last: int) -> list[PlacedLeaf]:
    """Each leaf with its position."""
    return fetch(conn, PlacedLeaf, _PLACED, [after, last], binary=True)


def events_at(conn: Connection, positions: list[int]) -> list[StoredEvent]:
    return fetch(conn, StoredEvent, _EVENTS, [positions], binary=True)
