"""Facts of directory and catalog: written by reactions in batches, read by the rules."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

from shared.database import Connection, column, fetch, scalar, uuid_of
from shared.events import Meta

_MARK = (
    "INSERT INTO evaluation_queue (id, revision, meta, batch, open) "
    "SELECT person, nextval('dirty_revision'), %(meta)s::text, %(batch)s::uuid, "
    "NOT EXISTS (SELECT FROM feed_batch WHERE batch = %(batch)s::uuid AND state IN ('open', 'held')) "
    "FROM (SELECT DISTINCT person FROM ({}) AS found WHERE person IS NOT NULL ORDER BY person) AS touched "
    "ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, meta = excluded.meta, batch = excluded.batch, "
    "open = evaluation_queue.open OR excluded.open"
)


def _cause(meta: Meta) -> dict[str, object]:
    """A change from a feed keeps its batch, so that it can be judged as a whole (ASG-21)."""
    return {"meta": meta.encode(), "batch": meta.correlation if meta.reason_code == "directory" else None}


def enqueue(conn: Connection, people: Iterable[UUID], meta: Meta) -> None:
    """These people's grants may have changed."""
    query = _MARK.format("SELECT unnest(%(people)s::uuid[]) AS person")
    conn.execute(query.encode(), {"people": sorted(set(people)), **_cause(meta)})


def enqueue_found(conn: Connection, query: str, values: Mapping[str, object], meta: Meta) -> None:
    """The grants of everybody (`person`) whom a query finds may have changed."""
    conn.execute(_MARK.format(query).encode(), {**values, **_cause(meta)}, prepare=False)


def enqueue_led(conn: Connection, jobs: Sequence[UUID], meta: Meta) -> None:
    """The grants of everybody below these jobs may have changed."""
    below = (
        "WITH RECURSIVE under (job, person) AS ("
        "SELECT id, person FROM job_fact WHERE manager_job = ANY(%(jobs)s) OR temporary_manager_job = ANY(%(jobs)s) "
        "UNION SELECT j.id, j.person FROM under JOIN job_fact j ON j.manager_job = under.job "
        "OR j.temporary_manager_job = under.job) SELECT person FROM under"
    )
    conn.execute(_MARK.format(below).encode(), {"jobs": list(jobs), **_cause(meta)})


def enqueue_led_by(conn: Connection, people: Sequence[UUID], meta: Meta) -> None:
    """The grants of everybody below any job of these people may have changed."""
    jobs = column(conn, "SELECT id FROM job_fact WHERE person = ANY(%s)", UUID, [list(people)])
    if jobs:
        enqueue_led(conn, jobs, meta)


def enqueue_units(conn: Connection, units: Sequence[UUID], meta: Meta) -> None:
    """The grants of everybody placed in these units may have changed."""
    placed = (
        "SELECT id AS person FROM person_fact WHERE home = ANY(%(units)s) "
        "UNION SELECT person FROM job_fact WHERE organisation = ANY(%(units)s) "
        "UNION SELECT person FROM job_fact WHERE position = ANY(%(units)s)"
    )
    conn.execute(_MARK.format(placed).encode(), {"units": list(units), **_cause(meta)})


def enqueue_waiting(conn: Connection, meta: Meta, people: Sequence[UUID] | None = None) -> None:
    """Those (of these people) with an exception that waits, or with one that was refused: its cause may have changed (DUE-6)."""
    waiting = "SELECT person FROM enrollment WHERE waiting IS NOT NULL AND (%(people)s::uuid[] IS NULL OR person = ANY(%(people)s))"
    values = {"people": list(people) if people is not None else None, **_cause(meta)}
    conn.execute(_MARK.format(waiting).encode(), values)


def clock(conn: Connection) -> datetime:
    """The database's own time, by which timers ring."""
    return scalar(conn, "SELECT clock_timestamp()", datetime).astimezone(UTC)


def active(conn: Connection, person: UUID) -> bool:
    """Known here, and with us."""
    return bool(column(conn, "SELECT true FROM person_fact WHERE id = %s AND active", bool, [person]))


class PersonFact(NamedTuple):
    id: UUID
    revision: int
    active: bool
    home: UUID | None


class JobFact(NamedTuple):
    """A row of `job_fact`; dates are days, the last ones included."""

    id: UUID
    person: UUID
    organisation: UUID | None
    position: UUID | None
    manager_job: UUID | None
    temporary_manager_job: UUID | None
    temporary_until: object
    starts: object
    ends: object


class UnitFact(NamedTuple):
    id: UUID
    revision: int
    kind: str
    parent: UUID | None
    name: str


class _Audience(NamedTuple):
    id: UUID
    name: str
    members: int


def people(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, PersonFact]:
    query = "SELECT id, revision, active, home FROM person_fact WHERE id = ANY(%s)"
    return {row.id: row for row in fetch(conn, PersonFact, query, [list(ids)])}


def units(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, UnitFact]:
    query = "SELECT id, revision, kind, parent, name FROM unit_fact WHERE id = ANY(%s)"
    return {row.id: row for row in fetch(conn, UnitFact, query, [list(ids)])}


def today(conn: Connection) -> date:
    """The day that it is for every rule, in UTC."""
    return scalar(conn, "SELECT today()", date)


def now(conn: Connection) -> datetime:
    """The moment that it is for every rule, in UTC: the clock's time on `today`."""
    return scalar(conn, "SELECT moment()", datetime).astimezone(UTC)


def audiences(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, tuple[str, int]]:
    """Name and number of members by audience."""
    query = (
        "SELECT id, name, (SELECT count(*) FROM audience_member WHERE audience = id) AS members FROM audience_fact "
        "WHERE id = ANY(%s)"
    )
    return {row.id: (row.name, row.members) for row in fetch(conn, _Audience, query, [list(ids)])}


def within(conn: Connection, ids: Sequence[UUID], organisations: Sequence[UUID]) -> set[UUID]:
    """Which of these people or organisations are in the organisations or below them (SEC-2)."""
    rows = conn.execute(
        "SELECT p.id FROM person_fact p JOIN unit_above ON unit = p.home WHERE p.id = ANY(%(ids)s) AND above = ANY(%(in)s) "
        "UNION SELECT unit FROM unit_above WHERE unit = ANY(%(ids)s) AND above = ANY(%(in)s)",
        {"ids": list(ids), "in": list(organisations)},
    )
    return {uuid_of(id) for (id,) in rows}


def save_people(conn: Connection, rows: Sequence[PersonFact]) -> None:
    _upsert(conn, "person_fact", ("id", "revision", "active", "home"), ("uuid", "int8", "bool", "uuid"), rows)


def save_jobs(conn: Connection, rows: Sequence[JobFact], gone: Sequence[UUID]) -> None:
    types = ("uuid", "uuid", "uuid", "uuid", "uuid", "uuid", "date", "date", "date")
    _upsert(conn, "job_fact", JobFact._fields, types, rows)
    conn.execute("DELETE FROM job_fact WHERE id = ANY(%s)", [list(gone)])


def save_units(conn: Connection, rows: Sequence[UnitFact], gone: Sequence[UUID]) -> list[UUID]:
    """Write units and renew what is above them and everything below; returns all units whose place changed."""
    _upsert(conn, "unit_fact", UnitFact._fields, ("uuid", "int8", "text", "uuid", "text"), rows)
    conn.execute("DELETE FROM unit_fact WHERE id = ANY(%s)", [list(gone)])
    conn.execute("DELETE FROM unit_above WHERE unit = ANY(%s)", [list(gone)])
    moved = conn.execute(
        "WITH RECURSIVE moved (id) AS (SELECT unnest(%s::uuid[]) "
        "UNION SELECT u.id FROM moved JOIN unit_fact u ON u.parent = moved.id) SELECT id FROM moved",
        [[row.id for row in rows]],
    )
    ids = [uuid_of(id) for (id,) in moved]
    conn.execute("DELETE FROM unit_above WHERE unit = ANY(%s)", [ids])
    conn.execute(
        "INSERT INTO unit_above (unit, above, distance) WITH RECURSIVE up (unit, above, distance) AS ("
        "SELECT id, id, 0 FROM unit_fact WHERE id = ANY(%s) "
        "UNION SELECT up.unit, u.parent, distance + 1 FROM up JOIN unit_fact u ON u.id = up.above WHERE u.parent IS NOT NULL) "
        "SELECT unit, above, distance FROM up",
        [ids],
    )
    return ids


def save_members(conn: Connection, joined: Sequence[tuple[UUID, UUID]], left: Sequence[tuple[UUID, UUID]]) -> None:
    """(audience, person) pairs."""
    conn.execute(
        "DELETE FROM audience_member m USING unnest(%s::uuid[], %s::uuid[]) AS g (audience, person) "
        "WHERE m.audience = g.audience AND m.person = g.person",
        [[audience for audience, _ in left], [person for _, person in left]],
    )
    conn.execute(
        "INSERT INTO audience_member (audience, person) SELECT * FROM unnest(%s::uuid[], %s::uuid[]) ON CONFLICT DO NOTHING",
        [[audience for audience, _ in joined], [person for _, person in joined]],
    )


def _upsert(
    conn: Connection, table: str, columns: Sequence[str], types: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> None:
    if not rows:
        return
    arrays = ", ".join(f"%s::{type}[]" for type in types)
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns[1:])
    conn.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM unnest({arrays}) "
        f"ON CONFLICT ({columns[0]}) DO UPDATE SET {changes}".encode(),
        [list(values) for values in zip(*rows, strict=True)],
    )
