"""Who should be held by which assignment, asked of the facts: the only place that knows what a target means (ASG-1, ASG-3)."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from services.enrollment.projections.organisations import HOLDING
from services.enrollment.projections.tables import AssignmentRow, EnrollmentRow
from services.enrollment.projections.trigger_matching import GIVEN
from shared.contracts.enrollment import OF_ONE_PERSON
from shared.database import Connection, UuidArray
from shared.store import STREAM, SUBJECT

DUE = """CASE WHEN {rule} IS NOT NULL THEN CASE WHEN {rule}::jsonb ->> 'kind' = 'fixed'
        THEN ({rule}::jsonb ->> 'on') || coalesce('T' || ({rule}::jsonb ->> 'time'), '')
        ELSE due_date({rule}::jsonb, {keys}, {zone}) END END"""
"""By when a rule wants a learner to have completed, as text; `keys`: assignment, person, offering and target."""
PROPOSED = """unnest(%(ids)s::uuid[], %(offerings)s::uuid[], %(types)s::text[], %(targets)s::uuid[], %(below)s::bool[],
        %(dues)s::text[])"""
"""Assignments that are not there yet, as rows."""
_ASSIGNMENTS = f"""
    SELECT id, offering, type, target, include_below, due FROM assignment
    WHERE live AND type NOT IN {OF_ONE_PERSON} AND (%(offering)s::uuid IS NULL OR offering = %(offering)s)
        AND NOT id = ANY(%(without)s)
    UNION ALL
    SELECT * FROM {PROPOSED}
"""

_ZONE = "(SELECT jsonb_object_agg(id, zone) FILTER (WHERE zone IS NOT NULL) FROM organised) ->> person::text"
"""Of a person, for rules that count from something: made only where there are such, and costs the others no join."""
_MATCHES = f"""
source AS MATERIALIZED ({_ASSIGNMENTS}),
known AS MATERIALIZED (
    SELECT id, active, home FROM person_fact WHERE id = ANY(%(people)s)
),
organised AS MATERIALIZED (
    SELECT id, days, nullif(zone, 'UTC') AS zone
    FROM known JOIN ({HOLDING.format("SELECT home FROM known")}) AS holding USING (home)
),
placed AS (
    SELECT id AS person, home AS unit FROM known WHERE active AND home IS NOT NULL
    UNION ALL
    SELECT known.id, unit FROM known JOIN current_job ON current_job.person = known.id
    CROSS JOIN LATERAL (VALUES (organisation), (position)) AS at (unit)
    WHERE active AND unit IS NOT NULL
),
{GIVEN.format(needed="EXISTS (SELECT FROM source WHERE type IN ('trigger', 'job-role'))")},
led AS (
    SELECT known.id AS person, leader, true AS direct FROM known JOIN current_leader ON current_leader.person = known.id
    WHERE active AND EXISTS (SELECT FROM source WHERE type = 'manager')
    UNION
    SELECT led.person, above.leader, false FROM led JOIN current_leader AS above ON above.job = led.leader
),
matched (assignment, person, offering, target, due) AS (
    SELECT source.id, known.id, offering, target, due FROM source JOIN known ON target = known.id
    WHERE type IN {OF_ONE_PERSON}
    UNION ALL
    SELECT a.id, known.id, a.offering, target, due FROM known
    JOIN assignment a ON a.type IN {OF_ONE_PERSON} AND a.target = known.id
    WHERE a.live AND (%(offering)s::uuid IS NULL OR a.offering = %(offering)s) AND NOT a.id = ANY(%(without)s)
    UNION ALL
    SELECT source.id, known.id, offering, target, due FROM source
    JOIN audience_member ON audience = target JOIN known ON known.id = audience_member.person
    WHERE type = 'audience' AND active
    UNION ALL
    SELECT source.id, known.id, offering, target, due FROM source
    JOIN group_member ON assignment = source.id JOIN known ON known.id = group_member.person
    WHERE type = 'group' AND active
    UNION ALL
    SELECT source.id, known.id, offering, target, due FROM source
    JOIN given ON (type = 'trigger' AND given.trigger = target) OR (type = 'job-role' AND given.job_role = target)
    JOIN known ON known.id = given.person
    WHERE active
    UNION ALL
    SELECT source.id, placed.person, offering, target, due FROM placed JOIN unit_above USING (unit)
    JOIN source ON target = above AND (include_below OR unit = above)
    WHERE type IN ('organisation', 'position')
    UNION ALL
    SELECT source.id, led.person, offering, target, due FROM led JOIN current_job AS chief ON chief.id = led.leader
    JOIN person_fact AS manager ON manager.id = chief.person AND manager.active
    JOIN source ON target = manager.id AND (include_below OR direct)
    WHERE type = 'manager' AND led.person <> manager.id
),
dated AS (
    SELECT DISTINCT assignment, person, offering,
        {DUE.format(rule="due", keys="assignment, person, offering, target", zone=_ZONE)} AS due
    FROM matched
)
"""

_EACH = ("id", "person", "offering")
"""What everybody has alone of a row of `enrollment`: a cohort's has the ids that stand for everybody's."""
_SHARED = tuple(name for name in EnrollmentRow._fields if name not in _EACH)
_BESIDE = ("grants", "access", "exclusions")
_ENDS = "rpad({}, 16, 'T24:00')"
"""A due date so that a later one is greater: without a time of day it ends with the day."""
_COHORTS = f"""
WITH RECURSIVE {_MATCHES},
wanting AS (
    SELECT person, offering, array_agg(assignment ORDER BY assignment) AS wanted,
        array_agg(due ORDER BY assignment) AS dues,
        max({_ENDS.format("due")}) FILTER (WHERE due < 'a') AS last, min({_ENDS.format("due")}) AS first
    FROM dated GROUP BY person, offering
),
standing AS (
    SELECT e.*, e.due::text || 'T' || coalesce(e.due_at, '24:00') AS ends,
        ARRAY(SELECT g.assignment FROM learner_grant g WHERE g.enrollment = e.id ORDER BY 1) AS grants,
        ARRAY(SELECT g.access_until FROM learner_grant g WHERE g.enrollment = e.id ORDER BY g.assignment) AS access,
        ARRAY(SELECT x.assignment FROM exclusion x WHERE x.person = e.person AND x.enrollment = e.id ORDER BY 1) AS exclusions
    FROM enrollment e WHERE e.person = ANY(%(people)s) AND (%(offering)s::uuid IS NULL OR e.offering = %(offering)s)
),
alike AS MATERIALIZED (
    SELECT a.id, b.id AS other FROM offering_fact a JOIN offering_fact b ON b.courses && a.courses AND b.id <> a.id
    WHERE a.kind = 'certification' AND b.kind = 'certification' AND a.courses <> '{{}}'
        AND (%(offering)s::uuid IS NULL OR a.id = %(offering)s)
),
elsewhere AS (
    SELECT e.person, alike.id AS offering, array_agg(e.offering ORDER BY e.offering) AS others
    FROM alike JOIN enrollment e ON e.offering = other AND e.person = ANY(%(people)s) AND e.live GROUP BY 1, 2
)
SELECT offering, coalesce(w.wanted, '{{}}'), w.dues, {", ".join(f"s.{name}" for name in _SHARED + _BESIDE)}, o.others,
    CASE WHEN k.days IS NOT NULL AND offering IN (SELECT id FROM offering_fact WHERE kind = 'course' AND access_days IS NULL)
        THEN k.days END,
    CASE WHEN o.others IS NOT NULL OR array_remove(w.dues, NULL) <> '{{}}' THEN k.zone END,
    array_agg(person), array_agg(s.id), array_agg(coalesce(d.revision, 0))
FROM wanting w FULL JOIN standing s USING (person, offering) LEFT JOIN elsewhere o USING (person, offering)
LEFT JOIN evaluation_queue d ON d.id = person LEFT JOIN organised k ON k.id = person
WHERE coalesce(w.wanted, '{{}}') IS DISTINCT FROM coalesce(s.grants, '{{}}') OR s.waiting IS NOT NULL
    OR s.grants && %(undone)s::uuid[]
    OR (s.live AND s.completed_at IS NULL AND NOT s.due_by_hand
        AND (w.last > coalesce(s.ends, '') OR w.first < s.ends))
GROUP BY {", ".join(str(place) for place in range(1, len(_SHARED + _BESIDE) + 7))}
"""


class Cohort(NamedTuple):
    """People who stand alike on an offering, and are not held as the facts want it."""

    offering: UUID
    wanted: list[UUID]
    """The assignments that want to hold them."""
    dues: list[str | None] | None
    """By when, in the same order."""
    standing: EnrollmentRow | None
    """What they have in common of their enrollments. None: never enrolled."""
    grants: list[UUID]
    access: list[date | None]
    """The last days of access that the grants give, in their order."""
    exclusions: list[UUID]
    others: list[UUID] | None
    """Their other certifications that contain a course of this one (DUE-5)."""
    days: int | None
    """Of access that their home organisation gives (ASG-14), where the offering is a course that leaves it to say."""
    zone: str | None
    """Their time zone where it matters: there is a due date, or one that may come (DUE-1). None: UTC."""
    people: list[UUID]
    enrollments: list[UUID]
    queued: list[int]
    """The revision of each one's place in the queue; 0: none."""

    @property
    def revision(self) -> int | None:
        """Of their enrollments; None: never enrolled."""
        return self.standing.revision if self.standing else None

    def only(self, places: Sequence[int]) -> "Cohort":
        """Some of the people."""
        return self._replace(
            people=[self.people[place] for place in places],
            enrollments=[self.enrollments[place] for place in places],
            queued=[self.queued[place] for place in places],
        )


def cohorts(
    conn: Connection,
    people: Sequence[UUID],
    offering: UUID | None,
    *,
    proposed: Sequence[AssignmentRow] = (),
    without: Sequence[UUID] = (),
    undone: Sequence[UUID] = (),
    applied: Sequence[UUID] = (),
) -> list[Cohort]:
    """What the facts say of these people in one moment, as if `proposed` were there already and `without` were not, and as if the
    triggers `applied` acted on everybody who fulfils their condition.

    Those who are held as the facts want it are left out, unless one of `undone` holds them.
    """
    values = {"offering": offering, "without": list(without), "people": UuidArray(people), **proposed_values(proposed)}
    values |= {"undone": list(undone), "applied": list(applied)}
    # Never prepared: a plan that was made for one person, or for an empty table, would be kept for four thousand.
    rows = conn.execute(_COHORTS.encode(), values, binary=True, prepare=False)
    return [_cohort(*row) for row in rows]


def _cohort(offering: Any, wanted: Any, dues: Any, *more: Any) -> Cohort:
    shared, beside = more[: len(_SHARED)], more[len(_SHARED) :]
    standing = dict(zip(_SHARED, shared, strict=True))
    known = standing["revision"] is not None
    row = EnrollmentRow(id=STREAM, person=SUBJECT, offering=offering, **standing) if known else None
    return Cohort(offering, wanted, dues, row, *beside)


def proposed_values(rows: Sequence[AssignmentRow]) -> dict[str, object]:
    """What `PROPOSED` asks for."""
    return {
        "ids": [row.id for row in rows],
        "offerings": [row.offering for row in rows],
        "types": [row.type for row in rows],
        "targets": [row.target for row in rows],
        "below": [row.include_below for row in rows],
        "dues": [row.due for row in rows],
    }
