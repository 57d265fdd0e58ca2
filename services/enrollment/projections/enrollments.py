"""Enrollments as the API shows them. Scope is a filter (SEC-2)."""

from typing import Any, NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.projections.assignments import IN_SCOPE
from services.enrollment.projections.tables import ENROLLMENT, EnrollmentRow
from shared.auth import Scope
from shared.database import Connection, column, uuid_of
from shared.readmodel import Page, cursor_decode, page_of


class EnrollmentWithSources(NamedTuple):
    """A row of `enrollment`, with the assignments that hold the learner and those that may not."""

    row: EnrollmentRow
    returned_because: str | None
    returned_by_request: UUID | None
    """The request whose denial sent the completion back: the reason is kept where that is."""
    grants: list[UUID]
    exclusions: list[UUID]
    within: bool
    """The term of `via` is open."""
    required: bool | None
    """Of a qualification: one of its assignments requires it (ASG-11)."""
    own_hold: bool
    """What waits for an administrator is the learner's own doing, in part at least (DUE-7)."""


class NoteView(BaseModel):
    """What the learners of an assignment are told (ASG-13)."""

    assignment_id: UUID
    title: str
    message: str
    important: bool


class EnrollmentQuery(BaseModel):
    """What to look for; None: anything. `self` is the caller, who always sees the own enrollments."""

    self: UUID
    id: UUID | None = None
    person: UUID | None = None
    offering: UUID | None = None
    among: list[UUID] | None = None
    """Only on these offerings."""
    completed: bool | None = None
    """Those with a completion on record, or without one."""
    pending: bool | None = None
    """Those that wait for an administrator (ENR-5), or not."""


OWN = "({assignment}.type IN ('self', 'request', 'key') OR {member}.joined_by = 'learner')"
"""The learner came by this assignment alone, of which `member` is the place in a group."""
OWN_HOLD = f"""
EXISTS (SELECT FROM hold h JOIN assignment a ON a.id = h.assignment
    LEFT JOIN group_member m ON m.assignment = a.id AND m.person = h.person
    WHERE e.waiting IS NOT NULL AND h.enrollment = e.id AND NOT h.refused AND {OWN.format(assignment="a", member="m")})
"""
"""Of an enrollment `e`: something that the learner has asked for waits. Other learners are not told that they are held (DUE-4)."""
WITHIN = "EXISTS (SELECT FROM enrollment c WHERE c.id = e.via AND c.live)"
REQUIRED = """CASE WHEN o.kind = 'qualification' THEN (SELECT bool_or(a.required)
        FROM learner_grant g JOIN assignment a ON a.id = g.assignment WHERE g.enrollment = e.id) END"""
_ENROLLMENTS = f"""
SELECT {ENROLLMENT.select("e")}, t.text,
    CASE WHEN e.rejection IS NOT NULL THEN (SELECT origin FROM admission WHERE reason = e.rejection) END,
    ARRAY(SELECT assignment FROM learner_grant WHERE enrollment = e.id ORDER BY 1),
    ARRAY(SELECT assignment FROM exclusion WHERE enrollment = e.id ORDER BY 1),
    {WITHIN}, {REQUIRED}, {OWN_HOLD}
FROM enrollment e JOIN person_fact p ON p.id = e.person JOIN offering_fact o ON o.id = e.offering
LEFT JOIN personal_text t ON t.id = e.rejection
WHERE ({IN_SCOPE.format("p.home")} OR e.person = %(self)s) AND (%(id)s::uuid IS NULL OR e.id = %(id)s)
    AND (%(person)s::uuid IS NULL OR e.person = %(person)s) AND (%(offering)s::uuid IS NULL OR e.offering = %(offering)s)
    AND (%(among)s::uuid[] IS NULL OR e.offering = ANY(%(among)s))
    AND (%(completed)s::bool IS NULL OR (e.completed_at IS NOT NULL) = %(completed)s)
    AND (%(pending)s::bool IS NULL OR (e.submitted AND e.live) = %(pending)s)
    AND (%(after)s::uuid IS NULL OR e.id > %(after)s)
ORDER BY e.id LIMIT %(limit)s
"""
_NOTES = """
SELECT g.enrollment, a.id, t.text::jsonb ->> 'title', t.text::jsonb ->> 'message', a.important
FROM learner_grant g JOIN assignment a ON a.id = g.assignment JOIN personal_text t ON t.id = a.note
WHERE g.enrollment = ANY(%s) ORDER BY a.important DESC, a.created_at, a.id
"""


def own_hold(conn: Connection, id: UUID) -> bool:
    """Something that the learner has asked for waits for an administrator (DUE-7)."""
    return bool(column(conn, f"SELECT true FROM enrollment e WHERE e.id = %s AND {OWN_HOLD}", bool, [id]))


def enrollments(
    conn: Connection, scope: Scope, query: EnrollmentQuery, cursor: str | None, limit: int
) -> Page[EnrollmentWithSources]:
    after = cursor_decode(cursor, UUID)[0] if cursor else None
    values = {
        **query.model_dump(),
        **scope.values,
        "after": after,
        "limit": limit + 1,
    }
    rows = [_with_sources(*row) for row in conn.execute(_ENROLLMENTS.encode(), values)]
    return page_of(rows, limit, lambda found: [found.row.id])


def _with_sources(*columns: Any) -> EnrollmentWithSources:
    own = len(EnrollmentRow._fields)
    return EnrollmentWithSources(EnrollmentRow(*columns[:own]), *columns[own:])


def notes(conn: Connection, ids: list[UUID]) -> dict[UUID, list[NoteView]]:
    """What the learners of these enrollments are told, by enrollment: important notes first."""
    found: dict[UUID, list[NoteView]] = {}
    for enrollment, assignment, title, message, important in conn.execute(_NOTES, [ids]):
        note = NoteView(assignment_id=assignment, title=title, message=message, important=important)
        found.setdefault(uuid_of(enrollment), []).append(note)
    return found
