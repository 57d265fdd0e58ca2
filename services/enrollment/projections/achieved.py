"""What a person has completed, and where it may count (ENR-8)."""

from datetime import date
from uuid import UUID

from services.enrollment.projections import offerings
from shared.contracts.catalog import Step
from shared.database import Connection, uuid_of

_STANDINGS = """
SELECT id, offering, steps, completed_at IS NOT NULL AND coalesce(valid_until >= %(today)s, true)
FROM enrollment WHERE person = %(person)s AND id <> %(without)s ORDER BY id
"""
_ELSEWHERE = """
SELECT e.id FROM enrollment e JOIN offering_fact o ON o.id = e.offering
WHERE e.person = %s AND e.live AND e.begun AND o.credit AND e.completed_at IS NULL AND NOT e.submitted
    AND e.id IS DISTINCT FROM %s::uuid
ORDER BY e.id
"""


def courses(conn: Connection, person: UUID, today: date, *, without: UUID) -> dict[UUID, UUID]:
    """The courses that the person has completed, alone or as a step of a certification; by which enrollment."""
    rows = conn.execute(_STANDINGS, {"person": person, "today": today, "without": without}).fetchall()
    known = offerings.offerings(conn, [uuid_of(row[1]) for row in rows])
    done: dict[UUID, UUID] = {}
    for id, on, steps, completed in rows:
        offering = known.get(uuid_of(on))
        if offering is None:
            continue
        if offering.kind == "course" and completed:
            done[offering.id] = uuid_of(id)
        for number in steps if isinstance(steps, list) else []:
            step = offering.steps[number - 1] if number <= len(offering.steps) else None
            if isinstance(step, Step) and step.course_id:
                done.setdefault(step.course_id, uuid_of(id))
    return done


def credited_elsewhere(conn: Connection, person: UUID, without: UUID | None) -> list[UUID]:
    """The person's begun trainings for whose steps a course that was completed in another offering counts."""
    return [uuid_of(id) for (id,) in conn.execute(_ELSEWHERE, [person, without])]
