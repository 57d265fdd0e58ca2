"""What one batch did, read from the history; and what of it could not be reversed (ASG-20)."""

from collections.abc import Iterator, Sequence
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from shared.contracts.enrollment import (
    JobRoleUnassigned,
    LearnerAssigned,
    LearnerUnassigned,
)
from shared.database import Connection, uuid_of
from shared.events import Event, decode
from shared.readmodel import Page, cursor_decode, cursor_encode, cursor_number

IrreversibleKind = Literal[
    "training-begun",
    "changed-since",
    "assigned-again",
    "of-job-role",
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


def events(conn: Connection, batch: UUID, types: Sequence[str], days: int, limit: int) -> Iterator[Event]:
    """Those of these types, oldest first, of a batch that began at most so many days ago; at most `limit`."""
    rows = conn.execute(
        "SELECT type, stream, version, body FROM events WHERE position >= %s AND meta LIKE %s AND type = ANY(%s) "
        "ORDER BY position LIMIT %s",
        [first_position(conn, days), like(batch), list(types), limit],
        binary=True,
    )
    for type, stream, version, body in rows:
        yield decode(str(type), uuid_of(stream), int(str(version)), bytes(body))  # type: ignore[call-overload]


def known(conn: Connection, batch: UUID, days: int) -> bool:
    """There is such a batch, and it is not too old."""
    query = "SELECT FROM events WHERE position >= %s AND meta LIKE %s LIMIT 1"
    return conn.execute(query, [first_position(conn, days), like(batch)]).rowcount == 1


def like(batch: UUID) -> str:
    """As `Meta` is stored."""
    return f'%"correlation":"{batch}"%'


def first_position(conn: Connection, days: int) -> int:
    """Times rise with positions, so that the place is found in a few looks."""
    low, high = 1, int(str(_one(conn, "SELECT coalesce(max(position), 0) + 1 FROM events", [])))
    while low < high:
        middle = (low + high) // 2
        old = _one(
            conn,
            "SELECT recorded_at < now() - make_interval(days => %s) FROM events WHERE position = %s",
            [days, middle],
        )
        low, high = (middle + 1, high) if old else (low, middle)
    return low


def _one(conn: Connection, query: str, values: Sequence[object]) -> object:
    row = conn.execute(query.encode(), values).fetchone()
    assert row is not None
    return row[0]


def before(conn: Connection, stream: UUID, version: int, types: Sequence[str]) -> Event | None:
    """The last event of these types before a version of a stream."""
    row = conn.execute(
        "SELECT type, version, body FROM events WHERE stream = %s AND version < %s AND type = ANY(%s) "
        "ORDER BY version DESC LIMIT 1",
        [stream, version, list(types)],
        binary=True,
    ).fetchone()
    return decode(str(row[0]), stream, int(str(row[1])), bytes(row[2])) if row else None  # type: ignore[call-overload]


_PARTS = """
INSERT INTO scope_part (job, number, assignment, people)
SELECT %(job)s, row_number() OVER () - 1, assignment, people FROM (
    SELECT assignment, array_agg(person ORDER BY person) AS people FROM (
        SELECT g.assignment, g.person, row_number() OVER (PARTITION BY g.assignment ORDER BY g.person) / %(size)s AS part
        FROM (
            SELECT stream, version, (convert_from(body, 'UTF8')::jsonb ->> 'assignment_id')::uuid AS assignment FROM events
            WHERE position >= %(first)s AND meta LIKE %(batch)s AND type = %(type)s
        ) AS given JOIN learner_grant g ON g.enrollment = given.stream AND g.assignment = given.assignment
            AND NOT EXISTS (SELECT FROM events later WHERE later.stream = given.stream AND later.version > given.version
                AND later.type = %(type)s
                AND convert_from(later.body, 'UTF8')::jsonb ->> 'assignment_id' = given.assignment::text)
        WHERE NOT g.assignment = ANY(%(without)s)
    ) AS placed GROUP BY assignment, part
) AS parts
"""


def plan_taking_back(conn: Connection, job: UUID, batch: UUID, without: Sequence[UUID], days: int, size: int) -> None:
    """List, in parts, whom grants of this batch still hold, but for those of the assignments `without`."""
    values = {"job": job, "batch": like(batch), "without": list(without), "size": size, "type": LearnerAssigned.TOPIC}
    conn.execute(_PARTS, {**values, "first": first_position(conn, days)})


def part(conn: Connection, job: UUID, number: int) -> tuple[UUID, UUID, list[UUID]] | None:
    """Assignment, offering and people of a part; None after the last."""
    row = conn.execute(
        "SELECT a.id, a.offering, p.people FROM scope_part p JOIN assignment a ON a.id = p.assignment "
        "WHERE p.job = %s AND p.number = %s",
        [job, number],
        binary=True,
    ).fetchone()
    return (uuid_of(row[0]), uuid_of(row[1]), list(row[2])) if row else None  # type: ignore[call-overload]


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
WHERE position >= %(first)s AND meta LIKE %(like)s AND type = %(type)s AND why = 'dropped-out' AND NOT EXISTS (
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


def list_left(conn: Connection, batch: UUID, days: int) -> None:
    """Whoever dropped out of a source by what this batch did elsewhere; a job role that it took away is given back."""
    values = {
        "batch": batch,
        "like": like(batch),
        "type": LearnerUnassigned.TOPIC,
        "role": JobRoleUnassigned.TOPIC,
        "first": first_position(conn, days),
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


def irreversible(conn: Connection, batch: UUID, cursor: str | None, limit: int) -> Page[Irreversible]:
    after = cursor_decode(cursor, cursor_number)[0] if cursor else 0
    rows = conn.execute(
        "SELECT number, kind, why, offering, assignment, person FROM irreversible WHERE batch = %s AND number > %s "
        "ORDER BY number LIMIT %s",
        [batch, after, limit + 1],
    ).fetchall()
    items = [
        Irreversible(kind=kind, why=str(why), offering_id=offering, assignment_id=assignment, person_id=person)
        for _, kind, why, offering, assignment, person in rows[:limit]
    ]
    return Page(items=items, next=cursor_encode(str(rows[limit - 1][0])) if len(rows) > limit else None)
