"""PostgreSQL's binary COPY, row by row: what can be encoded before the append lock is taken, is."""

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg import sql
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import Format

from shared.database import Connection, uuid_of
from shared.store.decisions import STREAM, SUBJECT, Table

_BEGIN = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
_END = struct.pack("!h", -1)
_ZERO = datetime(2000, 1, 1, tzinfo=UTC)
_EVENTS = "COPY events (position, recorded_at, stream, version, type, meta, body) FROM STDIN (FORMAT BINARY)"
_COLUMNS = 7
_ID = b"\0\0\0\x10"
"""The length of a uuid."""

Tail = bytes
"""An event's row but for what is known under the lock only: position and time."""


def copy_rows(conn: Connection, statement: str | sql.Composed, rows: Sequence[bytes]) -> None:
    with conn.cursor().copy(statement if isinstance(statement, sql.Composed) else statement.encode()) as copy:
        copy.write(b"".join((_BEGIN, *rows, _END)))


def copy_events(conn: Connection, tails: Sequence[Tail], last: int, recorded_at: datetime) -> None:
    """Events at the positions after `last`, all recorded at one time."""
    micros = (recorded_at - _ZERO) // timedelta(microseconds=1)
    head, after = struct.Struct("!hiq").pack, struct.pack("!iq", 8, micros)
    copy_rows(
        conn,
        _EVENTS,
        [head(_COLUMNS, 8, position) + after + tail for position, tail in enumerate(tails, last + 1)],
    )


def event_tail(event: StoredEvent, meta: bytes) -> Tail:
    return _ID + uuid_of(event.originator_id).bytes + _described(event, meta) + _field(event.state)


def alike_tails(event: StoredEvent, meta: bytes, streams: Sequence[bytes], subjects: Sequence[bytes]) -> list[Tail]:
    """The same event for each of `streams` (16 bytes each) and `subjects` (as text, in the order of streams)."""
    pieces = event.state.split(str(SUBJECT).encode())
    length = len(event.state)
    described = _described(event, meta) + struct.pack("!i", length)
    if len(pieces) == 2:
        before, after = described + pieces[0], pieces[1]
        return [_ID + stream + before + s + after for stream, s in zip(streams, subjects, strict=True)]
    return [_ID + stream + described + s.join(pieces) for stream, s in zip(streams, subjects, strict=True)]


def _described(event: StoredEvent, meta: bytes) -> bytes:
    return struct.pack("!ii", 4, event.originator_version) + _field(event.topic.encode()) + _field(meta)


def _field(value: bytes) -> bytes:
    return struct.pack("!i", len(value)) + value


class RowEncoder:
    """Rows of one table in binary COPY's form. For use within one thread."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self._oids = tuple(_oid(type) for type in columns.values())
        self._formats = [PyFormat.BINARY] * len(columns)
        self._transformer = Transformer()
        self._transformer.set_dumper_types(self._oids, Format.BINARY)

    def row(self, values: Sequence[object]) -> bytes:
        return b"".join(self._fields(values))

    def alike(self, values: Sequence[object], streams: Sequence[bytes], subjects: Sequence[bytes]) -> list[bytes]:
        """The row of the pattern, for each of these ids (16 bytes each)."""
        parts: list[bytes] = []
        of_stream: list[int] = []
        of_subject: list[int] = []
        count, *fields = self._fields(values)
        constant = count
        for value, field in zip(values, fields, strict=True):
            if value in (STREAM, SUBJECT):
                parts += (constant + _ID, b"")
                (of_stream if value == STREAM else of_subject).append(len(parts) - 1)
                constant = b""
            else:
                constant += field
        parts.append(constant)
        rows = []
        for stream, subject in zip(streams, subjects, strict=True):
            for place in of_stream:
                parts[place] = stream
            for place in of_subject:
                parts[place] = subject
            rows.append(b"".join(parts))
        return rows

    def _fields(self, values: Sequence[object]) -> list[bytes]:
        dumped = self._transformer.dump_sequence(values, self._formats)
        return [
            struct.pack("!h", len(dumped)),
            *(b"\xff\xff\xff\xff" if value is None else _field(bytes(value)) for value in dumped),
        ]


def _oid(type: str) -> int:
    element, _, array = type.partition("[")
    found = psycopg.adapters.types[element]
    return found.array_oid if array else found.oid


def text_of(ids: Sequence[UUID]) -> list[bytes]:
    """As they stand in JSON."""
    return [str(id).encode() for id in ids]


def copy_statement(table: Table) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    return sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table.name), names)
