"""Who should be held by which assignment, asked of the facts: the only place that knows what a target means (ASG-1, ASG-3)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from services.enrollment.projections.state import AssignmentRow
from shared.contracts.enrollment import Ending, Payment
from shared.database import Connection, Uuids, uuid_of

_ASSIGNMENTS = """
    SELECT id, offering, type, target, include_below FROM assignment
    WHERE live AND type NOT IN ('individual', 'self') AND (%(offering)s::uuid IS NULL OR offering = %(offering)s)
        AND NOT id = ANY(%(without)s)
    UNION ALL
    SELECT * FROM unnest(%(ids)s::uuid[], %(offerings)s::uuid[], %(types)s::text[], %(targets)s::uuid[], %(below)s::bool[])
"""

_MATCHES = f"""
source AS MATERIALIZED ({_ASSIGNMENTS}),
known AS MATERIALIZED (
    SELECT id, active, home FROM person_fact WHERE id = ANY(%(people)s)
),
placed AS (
    SELECT id AS person, home AS unit FROM known WHERE active AND home IS NOT NULL
    UNION ALL
    SELECT known.id, unit FROM known JOIN current_job ON current_job.person = known.id
    CROSS JOIN LATERAL (VALUES (organisation), (position)) AS at (unit)
    WHERE active AND unit IS NOT NULL
),
led AS (
    SELECT known.id AS person, leader, true AS direct FROM known JOIN current_leader ON current_leader.person = known.id
    WHERE active AND EXISTS (SELECT FROM source WHERE type = 'manager')
    UNION
    SELECT led.person, above.leader, false FROM led JOIN current_leader AS above ON above.job = led.leader
),
matched (assignment, person, offering) AS (
    SELECT source.id, known.id, offering FROM source JOIN known ON target = known.id WHERE type IN ('individual', 'self')
    UNION ALL
    SELECT a.id, known.id, a.offering FROM known JOIN assignment a ON a.type IN ('individual', 'self') AND a.target = known.id
    WHERE a.live AND (%(offering)s::uuid IS NULL OR a.offering = %(offering)s) AND NOT a.id = ANY(%(without)s)
    UNION ALL
    SELECT source.id, known.id, offering FROM source
    JOIN audience_member ON audience = target JOIN known ON known.id = audience_member.person
    WHERE type = 'audience' AND active
    UNION ALL
    SELECT source.id, placed.person, offering FROM placed JOIN unit_above USING (unit)
    JOIN source ON target = above AND (include_below OR unit = above)
    WHERE type IN ('organisation', 'position')
    UNION ALL
    SELECT source.id, led.person, offering FROM led JOIN current_job AS chief ON chief.id = led.leader
    JOIN person_fact AS manager ON manager.id = chief.person AND manager.active
    JOIN source ON target = manager.id AND (include_below OR direct)
    WHERE type = 'manager' AND led.person <> manager.id
)
"""

_SITUATIONS = f"""
WITH RECURSIVE {_MATCHES},
wanting AS (
    SELECT person, offering, array_agg(DISTINCT assignment) AS wanted FROM matched GROUP BY person, offering
),
standing AS (
    SELECT e.*,
        ARRAY(SELECT g.assignment FROM learner_grant g WHERE g.enrollment = e.id ORDER BY 1) AS grants,
        ARRAY(SELECT g.access_until FROM learner_grant g WHERE g.enrollment = e.id ORDER BY g.assignment) AS access,
        ARRAY(SELECT x.assignment FROM exclusion x WHERE x.person = e.person AND x.enrollment = e.id ORDER BY 1) AS exclusions
    FROM enrollment e WHERE e.person = ANY(%(people)s) AND (%(offering)s::uuid IS NULL OR e.offering = %(offering)s)
)
SELECT offering, coalesce(w.wanted, '{{}}'), s.revision, term, live, begun, sourceless, steps, completed_version, completed_at,
    ended, launched, submitted, rejection, payment, s.access_until, valid_until, serial, revoked, grants, access, exclusions,
    array_agg(person), array_agg(s.id), array_agg(coalesce(d.revision, 0))
FROM wanting w FULL JOIN standing s USING (person, offering) LEFT JOIN dirty d ON d.id = person
WHERE coalesce(w.wanted, '{{}}') IS DISTINCT FROM coalesce(s.grants, '{{}}')
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22
"""

_SOURCE = """
source AS MATERIALIZED (
    SELECT id, offering, type, target, include_below FROM assignment WHERE id = ANY(%(only)s)
    UNION ALL
    SELECT * FROM unnest(%(ids)s::uuid[], %(offerings)s::uuid[], %(types)s::text[], %(targets)s::uuid[], %(below)s::bool[])
)
"""
_UNDER = """
under AS (
    SELECT job, current_leader.person, true AS direct, include_below FROM source
    JOIN current_job AS chief ON chief.person = target
    JOIN current_leader ON leader = chief.id WHERE type = 'manager'
    UNION
    SELECT below.job, below.person, false, include_below FROM under
    JOIN current_leader AS below ON below.leader = under.job WHERE include_below
)
"""
_UNIT = """
unit AS (
    SELECT DISTINCT unit FROM source JOIN unit_above ON above = target AND (include_below OR unit = above)
    WHERE type IN ('organisation', 'position')
)
"""
_HOMES = "SELECT id FROM unit JOIN person_fact ON home = unit"
_IN_ORGANISATION = "SELECT job_fact.person FROM unit JOIN job_fact ON organisation = unit"
_IN_POSITION = "SELECT job_fact.person FROM unit JOIN job_fact ON position = unit"
_SCOPES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "individual": ((), ("SELECT target AS person FROM source WHERE type = 'individual'",)),
    "self": ((), ("SELECT target AS person FROM source WHERE type = 'self'",)),
    "audience": (
        (),
        (
            "SELECT audience_member.person FROM source JOIN audience_member ON audience = target "
            "WHERE type = 'audience'",
        ),
    ),
    "organisation": ((_UNIT,), (_HOMES, _IN_ORGANISATION)),
    "position": ((_UNIT,), (_HOMES, _IN_POSITION)),
    "manager": ((_UNDER,), ("SELECT person FROM under",)),
}
"""By type of assignment what has to be asked. What is not assigned is not asked: one person costs one look, not all people."""
_HELD = "SELECT person FROM learner_grant WHERE assignment = ANY(%(only)s)"


def _scope(conn: Connection, only: Sequence[UUID], proposed: Sequence[AssignmentRow]) -> tuple[str, str]:
    """The WITH clause, and the query for the people whom these assignments may concern."""
    found = conn.execute("SELECT DISTINCT type FROM assignment WHERE id = ANY(%s)", [list(only)])
    types = sorted({str(type) for (type,) in found} | {row.type for row in proposed})
    tables = dict.fromkeys(table for type in types for table in _SCOPES[type][0])
    people = dict.fromkeys(query for type in types for query in _SCOPES[type][1])
    return "WITH RECURSIVE " + ", ".join((_SOURCE, *tables)), " UNION ".join((*people, _HELD))


def _proposed(rows: Sequence[AssignmentRow]) -> dict[str, object]:
    return {
        "ids": [row.id for row in rows],
        "offerings": [row.offering for row in rows],
        "types": [row.type for row in rows],
        "targets": [row.target for row in rows],
        "below": [row.include_below for row in rows],
    }


class Situation(NamedTuple):
    """People who stand alike on an offering, and are not held as the facts want it. No `revision`: never enrolled."""

    offering: UUID
    wanted: list[UUID]
    """The assignments that want to hold them."""
    revision: int | None
    term: int
    live: bool
    begun: bool
    sourceless: bool
    steps: list[int]
    completed_version: int | None
    completed_at: datetime | None
    ended: Ending | None
    launched: bool
    submitted: bool
    rejection: UUID | None
    payment: Payment
    access_until: date | None
    valid_until: date | None
    serial: str | None
    revoked: bool
    grants: list[UUID]
    access: list[date | None]
    """The last days of access that the grants give, in their order."""
    exclusions: list[UUID]
    people: list[UUID]
    enrollments: list[UUID]
    dirty: list[int]
    """The revision of each one's place in the queue; 0: none."""


def situations(
    conn: Connection,
    people: Sequence[UUID],
    offering: UUID | None,
    *,
    proposed: Sequence[AssignmentRow] = (),
    without: Sequence[UUID] = (),
) -> list[Situation]:
    """What the facts say of these people in one moment, as if `proposed` were there already and `without` were not."""
    values = {"offering": offering, "without": list(without), "people": Uuids(people), **_proposed(proposed)}
    # Never prepared: a plan that was made for one person, or for an empty table, would be kept for four thousand.
    rows = conn.execute(_SITUATIONS.encode(), values, binary=True, prepare=False)
    return [Situation(*row) for row in rows]  # type: ignore[arg-type]


def plan_scope(conn: Connection, job: UUID, only: Sequence[UUID], size: int) -> int:
    """List, in parts of `size`, everybody whom these assignments may concern: in their scope, or held by them now.

    Returns how many they are.
    """
    clause, people = _scope(conn, only, ())
    row = conn.execute(
        f"{clause}, listed AS (INSERT INTO scope_part (job, number, people) "
        "SELECT %(job)s, place / %(size)s, array_agg(person ORDER BY person) "
        f"FROM (SELECT person, row_number() OVER (ORDER BY person) - 1 AS place FROM ({people}) AS scope (person)) AS numbered "
        "GROUP BY place / %(size)s RETURNING cardinality(people) AS people) "
        "SELECT coalesce(sum(people), 0) FROM listed".encode(),
        {"job": job, "only": list(only), "size": size, **_proposed(())},
        prepare=False,
    ).fetchone()
    return int(str(row[0])) if row else 0


def part_of_scope(conn: Connection, job: UUID, number: int) -> list[UUID]:
    """Empty after the last."""
    query = "SELECT people FROM scope_part WHERE job = %s AND number = %s"
    row = conn.execute(query, [job, number], binary=True).fetchone()
    return list(row[0]) if row else []  # type: ignore[call-overload]


def scope(
    conn: Connection, chunk: int, *, only: Sequence[UUID] = (), proposed: Sequence[AssignmentRow] = ()
) -> Iterator[list[UUID]]:
    """The same people, read in chunks within the current transaction."""
    clause, people = _scope(conn, only, proposed)
    with conn.cursor(name="scope") as cursor:
        cursor.execute(
            f"{clause} SELECT person FROM ({people}) AS scope (person) ORDER BY person".encode(),
            {"only": list(only), **_proposed(proposed)},
        )
        while rows := cursor.fetchmany(chunk):
            yield [uuid_of(person) for (person,) in rows]
