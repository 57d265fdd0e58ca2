"""Read models that remember: what was so, from when until when, written set-based (RPT-7).

A period begins with the event that made it so and ends with the event that made it otherwise, both in `recorded_at` of
the source. The rows depend on the events alone, never on how they were cut into batches.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from psycopg import sql

from shared.database import Connection
from shared.events import Event, Recorded

S = TypeVar("S", bound="tuple[object, ...]")
Key = tuple[UUID, ...]


@dataclass
class _Period(Generic[S]):
    position: int
    state: S
    valid_from: datetime
    stored: bool
    valid_to: datetime | None = None


class PeriodTable(Generic[S]):
    """A table of periods of one kind of thing.

    `columns` (name to PostgreSQL type) are those of `state`, a NamedTuple, in its order; `key` names the uuid columns that
    identify the thing. `evolve` tells what is so after an event, None when nothing is; it is asked only about `events`.
    `opens` is true for an event before which nothing can have been so: no row needs to be looked up for it.
    """

    def __init__(
        self,
        name: str,
        state: type[S],
        columns: Mapping[str, str],
        *,
        key: Sequence[str],
        events: tuple[type[Event], ...],
        key_of: Callable[[Event], Key],
        evolve: Callable[[S | None, Event], S | None],
        opens: Callable[[Event], bool],
    ) -> None:
        self.name = name
        self.types = frozenset(event.TOPIC for event in events)
        self._state = state
        self._columns = dict(columns)
        self._places = [list(columns).index(name) for name in key]
        self._events = frozenset(events)
        self._key_of = key_of
        self._evolve = evolve
        self._opens = opens
        self._select, self._update, self._copy = _statements(name, self._columns, key)

    def write(self, conn: Connection, events: Sequence[Recorded]) -> None:
        """Apply a batch, in the order of its positions: one SELECT, one UPDATE and one COPY at most."""
        mine = [recorded for recorded in events if type(recorded.event) in self._events]
        current = self._open(conn, mine)
        touched = list(current.values())
        for recorded in mine:
            key = self._key_of(recorded.event)
            period = current.get(key)
            state = self._evolve(period.state if period else None, recorded.event)
            if state == (period.state if period else None):
                continue
            if period:
                period.valid_to = recorded.recorded_at
                del current[key]
            if state is not None:
                current[key] = _Period(recorded.position, state, recorded.recorded_at, stored=False)
                touched.append(current[key])
        self._end(conn, [p for p in touched if p.stored and p.valid_to])
        self._begin(conn, [p for p in touched if not p.stored])

    def _open(self, conn: Connection, events: Sequence[Recorded]) -> dict[Key, _Period[S]]:
        """The open periods of the things whose first event here may continue one."""
        first: dict[Key, Event] = {}
        for recorded in events:
            first.setdefault(self._key_of(recorded.event), recorded.event)
        wanted = [key for key, event in first.items() if not self._opens(event)]
        found: dict[Key, _Period[S]] = {}
        if wanted:
            for row in conn.execute(self._select, [list(part) for part in zip(*wanted, strict=True)], binary=True):
                position, valid_from, *values = row
                state = self._state(*values)  # type: ignore[arg-type]
                key = tuple(UUID(str(values[place])) for place in self._places)
                found[key] = _Period(int(str(position)), state, valid_from, stored=True)  # type: ignore[arg-type]
        return found

    def _end(self, conn: Connection, periods: Sequence[_Period[S]]) -> None:
        if periods:
            conn.execute(self._update, [[p.position for p in periods], [p.valid_to for p in periods]])

    def _begin(self, conn: Connection, periods: Sequence[_Period[S]]) -> None:
        if not periods:
            return
        with conn.cursor().copy(self._copy) as copy:
            copy.set_types(("int8", "timestamptz", "timestamptz", *self._columns.values()))
            for p in periods:
                copy.write_row((p.position, p.valid_from, p.valid_to, *p.state))


def _statements(
    table: str, columns: Mapping[str, str], key: Sequence[str]
) -> tuple[sql.Composed, sql.Composed, sql.Composed]:
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
    copy = sql.SQL("COPY {} (position, valid_from, valid_to, {}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), names
    )
    return select, update, copy


def stream(event: Event) -> Key:
    """The key of a thing that is a stream of its own."""
    return (event.originator_id,)


def first_of_stream(event: Event) -> bool:
    return event.originator_version == 1
