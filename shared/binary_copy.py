"""Rows in the form of PostgreSQL's binary COPY: encoded by type, ahead of the statement that takes them."""

import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import CodeType
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import Format

from shared.database import Connection

_BEGIN = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
_END = struct.pack("!h", -1)
_NULL = b"\xff\xff\xff\xff"
_ID = b"\0\0\0\x10"
_INT8 = struct.Struct("!iq").pack
_REMEMBERED = 10_000
_ZERO = datetime(2000, 1, 1, tzinfo=UTC)


def copy_rows(conn: Connection, statement: sql.Composed, rows: Sequence[bytes]) -> None:
    """All of them, as `RowEncoder` makes them, by one COPY ... (FORMAT BINARY)."""
    with conn.cursor().copy(statement) as copy:
        copy.write(b"".join((_BEGIN, *rows, _END)))


def copy_statement(table: str, columns: Sequence[str]) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table), names)


def field(value: bytes) -> bytes:
    """A value with its length before it."""
    return struct.pack("!i", len(value)) + value


def micros(moment: datetime) -> int:
    """A timestamptz as PostgreSQL keeps it."""
    return (moment - _ZERO) // timedelta(microseconds=1)


class RowEncoder:
    """Rows of columns of these types (PostgreSQL's names). For use by one thread at a time."""

    def __init__(self, types: Sequence[str]) -> None:
        names: dict[str, object] = {"NULL": _NULL, "ID": _ID, "INT8": _INT8, "COUNT": struct.pack("!h", len(types))}
        parts = []
        for place, type in enumerate(types):
            if type == "uuid":
                parts.append(f"NULL if values[{place}] is None else ID + values[{place}].bytes")
            elif type == "int8":
                parts.append(f"NULL if values[{place}] is None else INT8(8, values[{place}])")
            else:
                names[f"E{place}"] = _Remembering(_ENCODERS[type]) if type in _ENCODERS else _Any(type)
                parts.append(f"E{place}[values[{place}]]")
        # One expression for a whole row, as namedtuple makes its methods: a call for each column took twice as long.
        self.fields: Callable[[Sequence[Any]], tuple[bytes, ...]]
        self.fields = eval(_compiled(f"lambda values: (COUNT, {', '.join(parts)})"), names)
        """The parts of a row: how many fields, then each field."""

    def row(self, values: Sequence[object]) -> bytes:
        return b"".join(self.fields(values))


@lru_cache
def _compiled(expression: str) -> CodeType:
    """Of each table once: the same few tables are written again and again."""
    return compile(expression, "<row>", "eval")


class _Remembering(dict[object, bytes]):
    """Values that come again and again are encoded once."""

    def __init__(self, encode: Callable[[object], bytes]) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, value: object) -> bytes:
        if len(self) >= _REMEMBERED:
            self.clear()
        encoded = self[value] = _NULL if value is None else self._encode(value)
        return encoded


class _Any:
    """Any other type, as psycopg encodes it."""

    def __init__(self, type: str) -> None:
        element, _, array = type.partition("[")
        found = psycopg.adapters.types[element]
        self._transformer = Transformer()
        self._transformer.set_dumper_types([found.array_oid if array else found.oid], Format.BINARY)

    def __getitem__(self, value: object) -> bytes:
        encoded = self._transformer.dump_sequence([value], [PyFormat.BINARY])[0]
        return _NULL if encoded is None else field(bytes(encoded))


_ENCODERS: Mapping[str, Callable[[Any], bytes]] = {
    "int4": lambda value: struct.pack("!ii", 4, value),
    "bool": lambda value: struct.pack("!i?", 1, value),
    "text": lambda value: field(value.encode()),
    "timestamptz": lambda value: _INT8(8, micros(value)),
}
"""Types of which the same values come again and again."""


def texts(ids: Sequence[UUID]) -> list[bytes]:
    """As they stand in JSON."""
    return [str(id).encode() for id in ids]
