"""Events and state rows for COPY: what can be encoded before the append lock is taken, is."""

import struct
from collections.abc import Sequence
from datetime import datetime

from eventsourcing.persistence import StoredEvent

from shared.binary_copy import RowEncoder, copy_rows, copy_statement, field, micros
from shared.database import Connection, uuid_of
from shared.store.decisions import STREAM, SUBJECT, Table

_EVENTS = copy_statement("events", ("position", "recorded_at", "stream", "version", "type", "meta", "body"))
_ID = b"\0\0\0\x10"
"""The length of a uuid."""

Tail = bytes
"""An event's row but for what is known under the lock only: position and time."""


def copy_events(conn: Connection, tails: Sequence[Tail], last: int, recorded_at: datetime) -> None:
    """Events at the positions after `last`, all recorded at one time."""
    head, after = struct.Struct("!hiq").pack, struct.pack("!iq", 8, micros(recorded_at))
    copy_rows(conn, _EVENTS, [head(7, 8, position) + after + tail for position, tail in enumerate(tails, last + 1)])


def copy_table(conn: Connection, table: Table, rows: Sequence[bytes]) -> None:
    copy_rows(conn, copy_statement(table.name, list(table.columns)), rows)


def encoder(table: Table) -> RowEncoder:
    return RowEncoder(list(table.columns.values()))


def event_tail(event: StoredEvent, meta: bytes) -> Tail:
    return _ID + uuid_of(event.originator_id).bytes + _described(event, meta) + field(event.state)


def alike_tails(event: StoredEvent, meta: bytes, streams: Sequence[bytes], subjects: Sequence[bytes]) -> list[Tail]:
    """The same event for each of `streams` (16 bytes each) and `subjects` (as text, in the order of streams)."""
    pieces = event.state.split(str(SUBJECT).encode())
    described = _described(event, meta) + struct.pack("!i", len(event.state))
    if len(pieces) == 2:
        before, after = described + pieces[0], pieces[1]
        return [_ID + stream + before + s + after for stream, s in zip(streams, subjects, strict=True)]
    return [_ID + stream + described + s.join(pieces) for stream, s in zip(streams, subjects, strict=True)]


def _described(event: StoredEvent, meta: bytes) -> bytes:
    return struct.pack("!ii", 4, event.originator_version) + field(event.topic.encode()) + field(meta)


def alike_rows(
    table: Table, values: Sequence[object], streams: Sequence[bytes], subjects: Sequence[bytes]
) -> list[bytes]:
    """The row of the pattern, for each of these ids (16 bytes each)."""
    parts: list[bytes] = []
    of_stream: list[int] = []
    of_subject: list[int] = []
    constant, *fields = encoder(table).fields(values)
    for value, encoded in zip(values, fields, strict=True):
        if value in (STREAM, SUBJECT):
            parts += (constant + _ID, b"")
            (of_stream if value == STREAM else of_subject).append(len(parts) - 1)
            constant = b""
        else:
            constant += encoded
    parts.append(constant)
    rows = []
    for stream, subject in zip(streams, subjects, strict=True):
        for place in of_stream:
            parts[place] = stream
        for place in of_subject:
            parts[place] = subject
        rows.append(b"".join(parts))
    return rows
