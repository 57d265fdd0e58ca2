"""The one way to write: many decisions, one lock, one transaction (DESIGN 3)."""

from collections import ChainMap, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import cast
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from psycopg import sql

from shared.database import Connection, UuidArray, uuid_of
from shared.errors import Corrupt
from shared.store.decisions import Command, Decision, Revision, Row, Table
from shared.store.encoding import Tail, copy_events, copy_table, encoder

APPEND_LOCK = 7_400_102
NIL = UUID(int=0)


@dataclass(frozen=True)
class Prepared:
    """A decision, encoded before the lock is taken."""

    events: Sequence[StoredEvent]
    tails: Sequence[Tail]
    decision: Decision | None


def take_lock(conn: Connection) -> tuple[int, datetime]:
    """Wait for the append lock; the last position and the time for the next events, read after it is held."""
    held = conn.execute("SELECT pg_advisory_xact_lock(%s), current_setting('transaction_isolation')", [APPEND_LOCK])
    if (row := held.fetchone()) is None or row[1] != "read committed":
        raise Corrupt("the store writes in READ COMMITTED transactions only")
    last = conn.execute(
        "SELECT coalesce(max(position), 0), greatest(clock_timestamp(), max(recorded_at) + interval '1 microsecond') "
        "FROM (SELECT position, recorded_at FROM events ORDER BY position DESC LIMIT 1) AS last"
    ).fetchone()
    if last is None or not isinstance(last[0], int) or not isinstance(last[1], datetime):
        raise Corrupt("the store has no readable end")
    return last[0], last[1]


def losers(conn: Connection, groups: Sequence[Sequence[Prepared]], whole: Sequence[bool]) -> list[tuple[int, ...]]:
    """By group, the decisions whose streams, or whose facts, have moved on: since they were made, or by a group before.

    Of a group that is written as a `whole` or not at all nothing stays where one is lost.
    """
    every = [one for group in groups for one in group]
    heads = _heads(conn, {e.originator_id for p in every for e in p.events})
    changed = moved(conn, {r for p in every if p.decision for r in p.decision.preconditions})
    found = []
    for group, is_whole in zip(groups, whole, strict=True):
        now = ChainMap[UUID, int]({}, heads)
        lost = []
        for index, one in enumerate(group):
            if (one.decision and not changed.isdisjoint(one.decision.preconditions)) or not _follows(one.events, now):
                lost.append(index)
            else:
                now.update((uuid_of(e.originator_id), e.originator_version) for e in one.events)
        if not (lost and is_whole):
            heads.update(now.maps[0])
        found.append(tuple(lost))
    return found


def _heads(conn: Connection, streams: Iterable[UUID | str]) -> dict[UUID, int]:
    rows = conn.execute(
        "SELECT s, (SELECT version FROM events WHERE stream = s ORDER BY version DESC LIMIT 1) FROM unnest(%s::uuid[]) AS s",
        [UuidArray([uuid_of(s) for s in streams])],
        prepare=False,
    )
    found = cast("Iterable[tuple[UUID, int | None]]", rows)
    return {stream: version for stream, version in found if version is not None}


def _follows(events: Sequence[StoredEvent], heads: Mapping[UUID, int]) -> bool:
    expected: dict[UUID, int] = {}
    for event in events:
        stream = uuid_of(event.originator_id)
        head = expected.get(stream, heads.get(stream))
        if event.originator_version != head + 1 if head is not None else event.originator_version not in (0, 1):
            return False
        expected[stream] = event.originator_version
    return True


def moved(conn: Connection, preconditions: set[Revision]) -> set[Revision]:
    moved: set[Revision] = set()
    by_table: dict[str, list[Revision]] = defaultdict(list)
    for revision in preconditions:
        by_table[revision.table].append(revision)
    for table, revisions in by_table.items():
        query = sql.SQL("SELECT id, revision FROM {} WHERE id = ANY(%s)").format(sql.Identifier(table))
        now = {id: revision for id, revision in conn.execute(query, [UuidArray([r.id for r in revisions])])}  # noqa: C416
        moved |= {r for r in revisions if now.get(r.id, 0) != r.revision}
    return moved


def write(conn: Connection, prepared: Sequence[Prepared], last: int, recorded_at: datetime) -> None:
    """Write events and state rows of the decisions that hold, from position `last` + 1 on."""
    copy_events(conn, [tail for one in prepared for tail in one.tails], last, recorded_at)
    decisions = [p.decision for p in prepared if p.decision]
    for table, rows in _by_table(row for d in decisions for row in d.deleted):
        _delete(conn, table, rows)
    for table, rows in _by_table(row for d in decisions for row in d.updated):
        _update(conn, table, rows)
    for table, rows in _by_table(row for d in decisions for row in d.inserted):
        insert(conn, table, rows)


def write_command(conn: Connection, command: Command, position: int) -> None:
    conn.execute(
        "INSERT INTO command (caller, organisation, key, request_hash, batch, position, result) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [
            command.caller,
            command.organisation or NIL,
            command.key,
            command.request_hash,
            command.batch,
            position,
            command.result,
        ],
    )


def _by_table(rows: Iterable[Row]) -> list[tuple[Table, list[tuple[object, ...]]]]:
    ordered = sorted(rows, key=lambda row: row.table.name)
    return [
        (same[0].table, [row.values for row in same])
        for _, group in groupby(ordered, key=lambda row: row.table.name)
        if (same := list(group))
    ]


def insert(conn: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
    """COPY new rows into a state table."""
    row = encoder(table).row
    copy_table(conn, table, [row(values) for values in rows])


def _update(conn: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
    latest = {tuple(values[i] for i in _key_places(table)): values for values in rows}
    plain = [c for c in table.columns if c not in table.key]
    statement = sql.SQL("UPDATE {} AS t SET {} FROM unnest({}) AS u ({}) WHERE {}").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(
            sql.SQL("{0} = u.{0}::{1}").format(sql.Identifier(c), sql.SQL(table.columns[c])) for c in plain
        ),
        sql.SQL(", ").join(sql.SQL("%s::{}[]").format(sql.SQL(_element(t))) for t in table.columns.values()),
        _names(table.columns),
        _same_key(table),
    )
    columns = zip(table.columns.values(), zip(*latest.values(), strict=True), strict=True)
    updated = conn.execute(statement, [[_flat(type, value) for value in column] for type, column in columns])
    if updated.rowcount != len(latest):
        raise Corrupt(f"{len(latest)} rows of {table.name} were to be changed, {updated.rowcount} are there")


def _element(type: str) -> str:
    """unnest() takes arrays of arrays apart, so a column of arrays travels as text."""
    return "text" if type.endswith("[]") else type


def _flat(type: str, value: object) -> object:
    if type.endswith("[]") and isinstance(value, list | tuple):
        return "{" + ",".join(map(str, value)) + "}"
    return value


def _delete(conn: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
    places = _key_places(table)
    keys = {tuple(values[i] for i in places) if len(values) == len(table.columns) else values for values in rows}
    statement = sql.SQL("DELETE FROM {} AS t USING unnest({}) AS u ({}) WHERE {}").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(sql.SQL("%s::{}[]").format(sql.SQL(table.columns[c])) for c in table.key),
        _names(table.key),
        _same_key(table),
    )
    conn.execute(statement, [list(column) for column in zip(*keys, strict=True)])


def _key_places(table: Table) -> list[int]:
    names = list(table.columns)
    return [names.index(c) for c in table.key]


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _same_key(table: Table) -> sql.Composed:
    return sql.SQL(" AND ").join(sql.SQL("t.{0} = u.{0}").format(sql.Identifier(c)) for c in table.key)
