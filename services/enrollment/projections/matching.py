"""Who should be held by which assignment, asked of the facts: the only place that knows what a target means (ASG-1, ASG-3)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from services.enrollment.projections.state import AssignmentRow
from shared.database import Connection, uuid_of

_ASSIGNMENTS = """
    SELECT id, offering, type, target, include_below FROM assignment
    WHERE live AND (%(offering)s::uuid IS NULL OR offering = %(offering)s) AND NOT id = ANY(%(without)s)
    UNION ALL
    SELECT * FROM unnest(%(ids)s::uuid[], %(offerings)s::uuid[], %(types)s::text[], %(targets)s::uuid[], %(below)s::bool[])
"""

_MATCHES = f"""
WITH RECURSIVE source AS MATERIALIZED ({_ASSIGNMENTS}),
known AS MATERIALIZED (
    SELECT id, active, home FROM person_fact WHERE id = ANY(%(people)s)
),
placed AS (
    SELECT id AS person, home AS unit FROM known WHERE active AND home IS NOT NULL
    UNION
    SELECT known.id, unit FROM known JOIN current_job ON current_job.person = known.id
    CROSS JOIN LATERAL (VALUES (organisation), (position)) AS at (unit)
    WHERE active AND unit IS NOT NULL
),
led AS (
    SELECT known.id AS person, leader, true AS direct FROM known JOIN current_leader ON current_leader.person = known.id
    WHERE active AND EXISTS (SELECT FROM source WHERE type = 'manager')
    UNION
    SELECT led.person, above.leader, false FROM led JOIN current_leader AS above ON above.job = led.leader
)
SELECT source.id, known.id, offering FROM source JOIN known ON target = known.id WHERE type = 'individual'
UNION
SELECT source.id, known.id, offering FROM source
JOIN audience_member ON audience = target JOIN known ON known.id = audience_member.person
WHERE type = 'audience' AND active
UNION
SELECT source.id, placed.person, offering FROM placed JOIN unit_above USING (unit)
JOIN source ON target = above AND (include_below OR unit = above)
WHERE type IN ('organisation', 'position')
UNION
SELECT source.id, led.person, offering FROM led JOIN current_job AS chief ON chief.id = led.leader
JOIN person_fact AS manager ON manager.id = chief.person AND manager.active
JOIN source ON target = manager.id AND (include_below OR direct)
WHERE type = 'manager' AND led.person <> manager.id
"""

_SCOPE = """
WITH RECURSIVE source AS MATERIALIZED (
    SELECT id, offering, type, target, include_below FROM assignment WHERE id = ANY(%(only)s)
    UNION ALL
    SELECT * FROM unnest(%(ids)s::uuid[], %(offerings)s::uuid[], %(types)s::text[], %(targets)s::uuid[], %(below)s::bool[])
),
under AS (
    SELECT job, current_leader.person, true AS direct, include_below FROM source
    JOIN current_job AS chief ON chief.person = target
    JOIN current_leader ON leader = chief.id WHERE type = 'manager'
    UNION
    SELECT below.job, below.person, false, include_below FROM under
    JOIN current_leader AS below ON below.leader = under.job WHERE include_below
),
unit AS (
    SELECT DISTINCT unit FROM source JOIN unit_above ON above = target AND (include_below OR unit = above)
    WHERE type IN ('organisation', 'position')
)
SELECT target AS person FROM source WHERE type = 'individual'
UNION SELECT audience_member.person FROM source JOIN audience_member ON audience = target WHERE type = 'audience'
UNION SELECT id FROM unit JOIN person_fact ON home = unit
UNION SELECT job_fact.person FROM unit JOIN job_fact ON organisation = unit
UNION SELECT job_fact.person FROM unit JOIN job_fact ON position = unit
UNION SELECT person FROM under
UNION SELECT person FROM learner_grant WHERE assignment = ANY(%(only)s)
"""


def _proposed(rows: Sequence[AssignmentRow]) -> dict[str, object]:
    return {
        "ids": [row.id for row in rows],
        "offerings": [row.offering for row in rows],
        "types": [row.type for row in rows],
        "targets": [row.target for row in rows],
        "below": [row.include_below for row in rows],
    }


Wanted = Mapping[tuple[UUID, UUID], frozenset[UUID]]
"""By (person, offering) the assignments that want to hold the person."""


def wanted(
    conn: Connection,
    people: Sequence[UUID],
    offering: UUID | None,
    *,
    proposed: Sequence[AssignmentRow] = (),
    without: Sequence[UUID] = (),
) -> Wanted:
    """What the facts say for these people, as if `proposed` were there already and `without` were not."""
    values = {"offering": offering, "without": list(without), "people": list(people), **_proposed(proposed)}
    found: dict[tuple[UUID, UUID], set[UUID]] = defaultdict(set)
    for assignment, person, on in conn.execute(_MATCHES.encode(), values, binary=True):
        found[uuid_of(person), uuid_of(on)].add(uuid_of(assignment))
    return {key: frozenset(assignments) for key, assignments in found.items()}


def plan_scope(
    conn: Connection, plan: UUID, *, only: Sequence[UUID] = (), proposed: Sequence[AssignmentRow] = ()
) -> None:
    """List in `plan_person` everybody whom these assignments may concern: in their scope, or held by them now."""
    conn.execute(
        f"INSERT INTO plan_person (plan, person) SELECT %(plan)s, person FROM ({_SCOPE}) AS scope "
        "ON CONFLICT DO NOTHING".encode(),
        {"plan": plan, "only": list(only), **_proposed(proposed)},
    )


def scope(
    conn: Connection, chunk: int, *, only: Sequence[UUID] = (), proposed: Sequence[AssignmentRow] = ()
) -> Iterator[list[UUID]]:
    """The same people, read in chunks within the current transaction."""
    with conn.cursor(name="scope") as cursor:
        cursor.execute(
            f"SELECT person FROM ({_SCOPE}) AS scope ORDER BY person".encode(),
            {"only": list(only), **_proposed(proposed)},
        )
        while rows := cursor.fetchmany(chunk):
            yield [uuid_of(person) for (person,) in rows]
