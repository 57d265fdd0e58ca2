"""What a person has completed, and where it may count (ENR-8)."""

from collections.abc import Sequence
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
WHERE e.person = %s AND e.live AND e.begun AND o.courses <> '{}' AND e.completed_at IS NULL AND NOT e.submitted
    AND e.id IS DISTINCT FROM %s::uuid
ORDER BY e.id
"""


_ALL_COURSES = """
SELECT p.id FROM offering_fact o CROSS JOIN unnest(%s::uuid[]) AS p (id) WHERE o.id = %s AND all_courses_done(p.id, o)
"""
_SINCE = """
SELECT e.offering, e.id FROM enrollment e, (
    SELECT min(recorded_at) AS at FROM events WHERE stream = %(enrollment)s AND type = 'enrollment.LearnerAssigned.v1'
        AND (convert_from(body, 'UTF8')::jsonb ->> 'term')::int = %(term)s
) AS begun
WHERE e.person = %(person)s AND e.offering = ANY(%(courses)s) AND e.completed_at IS NOT NULL
    AND coalesce(e.valid_until >= today(), true) AND (e.via = %(enrollment)s OR e.completed_at >= CASE
        WHEN e.completed_at = date_trunc('day', e.completed_at, 'UTC') THEN date_trunc('day', begun.at, 'UTC') ELSE begun.at END)
"""
_WITHIN = """
SELECT c.id FROM enrollment c JOIN offering_fact o ON o.id = c.offering
WHERE c.person = %(person)s AND %(course)s = ANY(o.courses) AND o.kind = 'certification' AND c.live AND c.payment <> 'due'
    AND coalesce(c.access_until >= today(), true)
ORDER BY c.id = %(usual)s::uuid DESC NULLS LAST, c.begun DESC, c.id LIMIT 1
"""


def all_courses(conn: Connection, certification: UUID, people: Sequence[UUID]) -> set[UUID]:
    """Who of these has completed all that the certification asks for, which is courses only."""
    return {uuid_of(id) for (id,) in conn.execute(_ALL_COURSES, [list(people), certification])}


def courses_since(
    conn: Connection, person: UUID, courses: Sequence[UUID], enrollment: UUID, term: int
) -> dict[UUID, UUID]:
    """Those of these courses that the person completed since this term of a certification was opened; by which enrollment.

    A completion that is on record by its day alone counts on the day on which the term was opened.
    """
    values = {"person": person, "courses": list(courses), "enrollment": enrollment, "term": term}
    return {uuid_of(course): uuid_of(id) for course, id in conn.execute(_SINCE, values)}


def within(conn: Connection, person: UUID, course: UUID, usual: UUID | None) -> UUID | None:
    """The enrollment on a certification by which the person may work on this course now (CAT-2), `usual` before others."""
    row = conn.execute(_WITHIN, {"person": person, "course": course, "usual": usual}).fetchone()
    return uuid_of(row[0]) if row else None


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
