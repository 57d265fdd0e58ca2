"""What one batch did, read from the history; and what of it could not be reversed (ASG-20)."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple
from uuid import UUID

from psycopg.rows import args_row
from pydantic import BaseModel

from services.enrollment.projections.assignments import IN_SCOPE
from services.enrollment.projections.scopes import ReachCount
from shared.auth import Scope
from shared.contracts.enrollment import (
    JobRoleUnassigned,
    LearnerAssigned,
    LearnerUnassigned,
)
from shared.database import Connection, fetch, fetch_one, scalar
from shared.events import Event, decode
from shared.readmodel import Page, cursor_decode, cursor_number, page_of

IrreversibleKind = Literal[
    "training-begun",
    "changed-since",
    "assigned-again",
    "name-taken",
    "from-job-role",
    "offering-closed",
    "source-left",
    "not-an-assignment",
]


class Irreversible(BaseModel):
    """Something that undoing left as it was, and why."""

    kind: IrreversibleKind
    why: str
    offering_id: UUID | None
    """None for a job role or a trigger."""
    assignment_id: UUID | None
    person_id: UUID | None


class RecentBatch(NamedTuple):
    """A batch, looked for among the events of the last `days`."""

    id: UUID
    days: int


def events(conn: Connection, batch: RecentBatch, types: Sequence[str], limit: int) -> Iterator[Event]:
    """Those of these types, oldest first; at most `limit`."""
    query = (
        "SELECT type, stream, version, body FROM events WHERE position >= %s AND meta LIKE %s AND type = ANY(%s) "
        "ORDER BY position LIMIT %s"
    )
    values = [first_position(conn, batch.days), like(batch.id), list(types), limit]
    with conn.cursor(binary=True, row_factory=args_row(decode)) as cursor:
        yield from cursor.execute(query, values)


def known(conn: Connection, batch: RecentBatch) -> bool:
    """There is such a batch, and it is not too old."""
    query = "SELECT FROM events WHERE position >= %s AND meta LIKE %s LIMIT 1"
    return conn.execute(query, [first_position(conn, batch.days), like(batch.id)]).rowcount == 1


def like(batch: UUID) -> str:
    """As `Meta` is stored. No index helps: each one that was tried cost every event that is written a fifth and more, and undoing
    is rare."""
    return f'%"correlation":"{batch}"%'


def first_position(conn: Connection, days: int) -> int:
    """Times rise with positions, so that the place is found in a few looks."""
    low, high = 1, scalar(conn, "SELECT coalesce(max(position), 0) + 1 FROM events", int)
    while low < high:
        middle = (low + high) // 2
        query = "SELECT recorded_at < now() - make_interval(days => %s) FROM events WHERE position = %s"
        old = scalar(conn, query, bool, [days, middle])
        low, high = (middle + 1, high) if old else (low, middle)
    return low


_REACH = """
SELECT count(*) FILTER (WHERE inside) AS inside, count(*) FILTER (WHERE NOT inside) AS outside FROM (
    SELECT EXISTS (SELECT FROM unit_above WHERE unit = p.home AND above = ANY(%(organisations)s)) AS inside FROM (
        SELECT DISTINCT (convert_from(body, 'UTF8')::jsonb ->> 'person_id')::uuid AS person FROM events
        WHERE position >= %(first)s AND meta LIKE %(batch)s
    ) AS concerned LEFT JOIN person_fact p ON p.id = concerned.person WHERE concerned.person IS NOT NULL
) AS people
"""


def reach(conn: Connection, batch: RecentBatch, organisations: Sequence[UUID]) -> ReachCount:
    """How many of the people whom any event of the batch is about are in these organisations or below, and how many are not."""
    first = first_position(conn, batch.days)
    values = {"first": first, "batch": like(batch.id), "organisations": list(organisations)}
    found = fetch_one(conn, ReachCount, _REACH, values)
    assert found is not None
    return found


def before(conn: Connection, stream: UUID, version: int, types: Sequence[str]) -> Event | None:
    """The last event of these types before a version of a stream."""
    query = (
        "SELECT type, stream, version, body FROM events WHERE stream = %s AND version < %s AND type = ANY(%s) "
        "ORDER BY version DESC LIMIT 1"
    )
    with conn.cursor(binary=True, row_factory=args_row(decode)) as cursor:
        return cursor.execute(query, [stream, version, list(types)]).fetchone()


_GIVEN = """
SELECT g.assignment, g.person, g.enrollment FROM (
    SELECT stream, version, (convert_from(body, 'UTF8')::jsonb ->> 'assignment_id')::uuid AS assignment FROM events
    WHERE position >= %(first)s AND meta LIKE %(batch)s AND type = %(type)s
) AS given JOIN learner_grant g ON g.enrollment = given.stream AND g.assignment = given.assignment
    AND NOT EXISTS (SELECT FROM events later WHERE later.stream = given.stream AND later.version > given.version
        AND later.type = %(type)s
        AND convert_from(later.body, 'UTF8')::jsonb ->> 'assignment_id' = given.assignment::text)
WHERE NOT g.assignment = ANY(%(without)s)
"""
"""The grants that a batch gave and that hold, but for those of some assignments."""
_PARTS = f"""
INSERT INTO scope_part (job, number, assignment, people)
SELECT %(job)s, row_number() OVER () - 1, assignment, people FROM (
    SELECT assignment, array_agg(person ORDER BY person) AS people FROM (
        SELECT assignment, person, row_number() OVER (PARTITION BY assignment ORDER BY person) / %(size)s AS part
        FROM ({_GIVEN}) AS held
    ) AS placed GROUP BY assignment, part
) AS parts
"""


def plan_taking_back(conn: Connection, batch: RecentBatch, *, job: UUID, without: Sequence[UUID], size: int) -> None:
    """List, in parts of `size` people, whom grants of this batch still hold, but for those of the assignments `without`."""
    values = {
        "job": job,
        "batch": like(batch.id),
        "without": list(without),
        "size": size,
        "type": LearnerAssigned.TOPIC,
    }
    conn.execute(_PARTS, {**values, "first": first_position(conn, batch.days)})


class Part(NamedTuple):
    """Whom grants of an assignment hold: as many as are taken back at once."""

    assignment: UUID
    offering: UUID
    people: list[UUID]


def part(conn: Connection, job: UUID, number: int) -> Part | None:
    """None after the last."""
    query = (
        "SELECT a.id AS assignment, a.offering, p.people FROM scope_part p JOIN assignment a ON a.id = p.assignment "
        "WHERE p.job = %s AND p.number = %s"
    )
    return fetch_one(conn, Part, query, [job, number], binary=True)


_LIST = """
INSERT INTO irreversible (batch, kind, why, offering, assignment, person) SELECT %(batch)s, {kind}
ON CONFLICT DO NOTHING
"""
_BEGUN = """'training-begun', 'The training was begun, so it stays.', e.offering, g.assignment, e.person
FROM enrollment e JOIN learner_grant g ON g.enrollment = e.id WHERE e.live AND e.begun AND {whom}"""
_LEFT = """'source-left', 'The source does not want the learner any more. Change it where it comes from.',
    offering, assignment, person
FROM events CROSS JOIN LATERAL (
    SELECT told ->> 'why' AS why, (told ->> 'offering_id')::uuid AS offering, (told ->> 'assignment_id')::uuid AS assignment,
        (told ->> 'person_id')::uuid AS person
    FROM (SELECT convert_from(body, 'UTF8')::jsonb AS told) AS b
) AS b
WHERE position >= %(first)s AND meta LIKE %(like)s AND type = %(dropped)s AND why = 'dropped-out' AND NOT EXISTS (
    SELECT FROM events r JOIN assignment a ON a.id = b.assignment AND a.type = 'job-role'
    WHERE r.position >= %(first)s AND r.meta LIKE %(like)s AND r.type = %(role)s
        AND convert_from(r.body, 'UTF8')::jsonb ->> 'person_id' = b.person::text)"""


def list_begun(conn: Connection, batch: UUID, assignments: Sequence[UUID], job: UUID) -> None:
    """Whoever has begun what these assignments, or the parts of a job, hold."""
    of_job = (
        "(g.assignment, e.person) IN (SELECT p.assignment, unnest(p.people) FROM scope_part p WHERE p.job = %(job)s)"
    )
    whom = f"(g.assignment = ANY(%(assignments)s) OR {of_job})"
    values = {"batch": batch, "assignments": list(assignments), "job": job}
    conn.execute(_LIST.format(kind=_BEGUN.format(whom=whom)).encode(), values)


def list_left(conn: Connection, batch: RecentBatch) -> None:
    """Whoever dropped out of a source by what this batch did elsewhere; a job role that it took away is given back."""
    values = {
        "batch": batch.id,
        "like": like(batch.id),
        "dropped": LearnerUnassigned.TOPIC,
        "role": JobRoleUnassigned.TOPIC,
        "first": first_position(conn, batch.days),
    }
    conn.execute(_LIST.format(kind=_LEFT).encode(), values)


def list_others(conn: Connection, batch: UUID, found: Sequence[Irreversible]) -> None:
    columns = "%s, %s, %s, %s, %s"
    for item in found:
        conn.execute(
            f"INSERT INTO irreversible (batch, kind, why, offering, assignment, person) VALUES (%s, {columns}) "
            "ON CONFLICT DO NOTHING".encode(),
            [batch, item.kind, item.why, item.offering_id, item.assignment_id, item.person_id],
        )


class Losses(NamedTuple):
    """What undoing would do to learners: how many lose an assignment, how many of them have begun and stay, and how many dropped
    out of a source, which undoing does not change."""

    learners: int
    begun: int
    dropped_out: int


def losses(conn: Connection, batch: RecentBatch, removed: Sequence[UUID], kept: Sequence[UUID]) -> Losses:
    """`removed`: assignments that would end, with everybody whom they hold; `kept`: those that stay, with whom they hold."""
    query = f"""
WITH lost AS ({_GIVEN} UNION SELECT assignment, person, enrollment FROM learner_grant WHERE assignment = ANY(%(removed)s))
SELECT count(*) AS learners, count(*) FILTER (WHERE e.live AND e.begun) AS begun,
    (SELECT count(*) FROM (SELECT DISTINCT offering, assignment, person FROM (SELECT {_LEFT}) AS one) AS gone) AS dropped_out
FROM lost JOIN enrollment e ON e.id = lost.enrollment
"""
    values = {
        "batch": like(batch.id),
        "like": like(batch.id),
        "first": first_position(conn, batch.days),
        "without": [*removed, *kept],
        "removed": list(removed),
        "type": LearnerAssigned.TOPIC,
        "dropped": LearnerUnassigned.TOPIC,
        "role": JobRoleUnassigned.TOPIC,
    }
    found = fetch_one(conn, Losses, query, values)
    assert found is not None
    return found


_IRREVERSIBLE = f"""
SELECT i.number, i.kind, i.why, i.offering AS offering_id, i.assignment AS assignment_id, i.person AS person_id
FROM irreversible i LEFT JOIN person_fact p ON p.id = i.person
WHERE i.batch = %(batch)s AND i.number > %(after)s AND (i.person IS NULL OR {IN_SCOPE.format("p.home")})
ORDER BY i.number LIMIT %(limit)s
"""


def irreversible(conn: Connection, scope: Scope, batch: UUID, cursor: str | None, limit: int) -> Page[Irreversible]:
    after = cursor_decode(cursor, cursor_number)[0] if cursor else 0
    values = {**scope.values, "batch": batch, "after": after, "limit": limit + 1}
    rows = fetch(conn, _numbered, _IRREVERSIBLE, values)
    found = page_of(rows, limit, lambda row: [row[0]])
    return Page(items=[item for _, item in found.items], next=found.next)


def _numbered(*, number: int, **fields: Any) -> tuple[int, Irreversible]:
    return number, Irreversible(**fields)
