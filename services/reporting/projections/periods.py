"""Read models that remember: what was so, from when until when, written set-based (RPT-7).

A period begins with the event that made it so and ends with the event that made it otherwise, both in `recorded_at` of
the source. The rows depend on the events alone, never on how they were cut into batches.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from psycopg import sql
from psycopg.rows import args_row

from shared.binary_copy import RowEncoder, copy_rows, copy_statement
from shared.database import Connection, UuidArray
from shared.events import Event, Recorded
from shared.store import Table

S = TypeVar("S", bound="tuple[object, ...]")
Key = tuple[int, ...]
"""Which thing: its ids as numbers, which compare much faster than UUIDs."""


class _Period(Generic[S]):
    __slots__ = ("position", "state", "stored", "valid_from", "valid_to")

    def __init__(self, position: int, state: S, valid_from: datetime, *, stored: bool) -> None:
        self.position = position
        self.state = state
        self.valid_from = valid_from
        self.stored = stored
        self.valid_to: datetime | None = None


class PeriodTable(Generic[S]):
    """A table of periods of one kind of thing.

    Its columns are the fields of `state`, a NamedTuple; `key` names the uuid columns that identify the thing. `evolve` tells
    what is so after an event, None when nothing is; it is asked only about `events`.
    `opens` is true for an event before which nothing can have been so: no row needs to be looked up for it.
    """

    def __init__(
        self,
        name: str,
        state: type[S],
        *,
        key: Sequence[str],
        events: tuple[type[Event], ...],
        key_of: Callable[[Event], Key],
        evolve: Callable[[S | None, Event], S | None],
        opens: Callable[[Event], bool],
    ) -> None:
        self.name = name
        self.types = frozenset(event.TOPIC for event in events)
        columns = Table.of(name, state).columns
        self._state: Callable[..., S] = state
        self._places = [list(columns).index(name) for name in key]
        self._events = frozenset(events)
        self._key_of = key_of
        self._evolve = evolve
        self._opens = opens
        self._types = ("int8", "timestamptz", "timestamptz", *columns.values())
        self._copy = copy_statement(name, ("position", "valid_from", "valid_to", *columns))
        self._select, self._update = _statements(name, columns, key)

    def write(self, conn: Connection, events: Sequence[Recorded]) -> None:
        """Apply a batch, in the order of its positions: one SELECT, one UPDATE and one COPY at most."""
        kinds, key_of, evolve = self._events, self._key_of, self._evolve
        mine = [recorded for recorded in events if type(recorded.event) in kinds]
        current = self._open(conn, mine)
        touched = list(current.values())
        for position, recorded_at, event, _ in mine:
            key = key_of(event)
            period = current.get(key)
            before = period.state if period else None
            state = evolve(before, event)
            if state == before:
                continue
            if period:
                period.valid_to = recorded_at
                del current[key]
            if state is not None:
                begun = current[key] = _Period(position, state, recorded_at, stored=False)
                touched.append(begun)
        self._end(conn, [p for p in touched if p.stored and p.valid_to])
        self._begin(conn, [p for p in touched if not p.stored])

    def _open(self, conn: Connection, events: Sequence[Recorded]) -> dict[Key, _Period[S]]:
        """The open periods of the things that an event here may continue."""
        opens, key_of = self._opens, self._key_of
        wanted = {key_of(recorded.event) for recorded in events if not opens(recorded.event)}
        found: dict[Key, _Period[S]] = {}
        if wanted:
            asked = [UuidArray([UUID(int=id) for id in part]) for part in zip(*wanted, strict=True)]
            with conn.cursor(binary=True, row_factory=args_row(self._stored)) as cursor:
                found.update(cursor.execute(self._select, asked).fetchall())
        return found

    def _stored(self, position: int, valid_from: datetime, *values: Any) -> tuple[Key, _Period[S]]:
        key = tuple(values[place].int for place in self._places)
        return key, _Period(position, self._state(*values), valid_from, stored=True)

    def _end(self, conn: Connection, periods: Sequence[_Period[S]]) -> None:
        if periods:
            conn.execute(self._update, [[p.position for p in periods], [p.valid_to for p in periods]])

    def _begin(self, conn: Connection, periods: Sequence[_Period[S]]) -> None:
        if periods:
            row = RowEncoder(self._types).row
            rows = [row((p.position, p.valid_from, p.valid_to, *p.state)) for p in periods]
            copy_rows(conn, self._copy, rows)


def _statements(table: str, columns: Iterable[str], key: Sequence[str]) -> tuple[sql.Composed, sql.Composed]:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    keys = sql.SQL(", ").join(map(sql.Identifier, key))
    arrays = sql.SQL(", ").join([sql.SQL("%s::uuid[]")] * len(key))
    select = sql.SQL(
        "SELECT position, valid_from, {} FROM {} JOIN unnest({}) AS asked ({}) USING ({}) WHERE valid_to IS NULL"
    ).format(names, sql.Identifier(table), arrays, keys, keys)
    update = sql.SQL(
        "UPDATE {} AS t SET valid_to = u.valid_to FROM unnest(%s::bigint[], %s::timestamptz[]) AS u (position, valid_to) "
        "WHERE t.position = u.position"
    ).format(sql.Identifier(table))
    return select, update


def stream(event: Event) -> Key:
    """The key of a thing that is a stream of its own."""
    return (event.originator_id.int,)


def first_of_stream(event: Event) -> bool:
    return event.originator_version == 1
