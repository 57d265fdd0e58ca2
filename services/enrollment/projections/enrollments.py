"""Enrollments as the API shows them. Scope is a filter (SEC-2)."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.projections.lists import IN_SCOPE
from shared.auth import Scope
from shared.contracts.enrollment import Ending, Payment
from shared.database import Connection, uuid_of
from shared.readmodel import Page, cursor_decode, cursor_encode


class EnrollmentRow(NamedTuple):
    """A row of `enrollment`, with the assignments that hold the learner and those that may not."""

    id: UUID
    person: UUID
    offering: UUID
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
    payment: Payment
    access_until: date | None
    valid_until: date | None
    serial: str | None
    revoked: bool
    due: date | None
    due_by_hand: bool
    due_at: str | None
    waiting: str | None
    returned_because: str | None
    grants: list[UUID]
    exclusions: list[UUID]
    via: UUID | None
    within: bool
    """The term of `via` is open."""
    required: bool | None
    """Of a qualification: one of its assignments requires it (ASG-11)."""


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
    pending: bool | None = None
    """Those that wait for an administrator (ENR-5), or not."""


_ENROLLMENTS = f"""
SELECT e.id, e.person, e.offering, e.term, e.live, e.begun, e.sourceless, e.steps, e.completed_version, e.completed_at, e.ended,
    e.launched, e.submitted, e.payment, e.access_until, e.valid_until, e.serial, e.revoked,
    e.due, e.due_by_hand, e.due_at, e.waiting, t.text,
    ARRAY(SELECT assignment FROM learner_grant WHERE enrollment = e.id ORDER BY 1),
    ARRAY(SELECT assignment FROM exclusion WHERE enrollment = e.id ORDER BY 1),
    e.via, EXISTS (SELECT FROM enrollment c WHERE c.id = e.via AND c.live),
    CASE WHEN o.kind = 'qualification' THEN
        (SELECT bool_or(a.required) FROM learner_grant g JOIN assignment a ON a.id = g.assignment WHERE g.enrollment = e.id) END
FROM enrollment e JOIN person_fact p ON p.id = e.person JOIN offering_fact o ON o.id = e.offering
LEFT JOIN personal_text t ON t.id = e.rejection
WHERE ({IN_SCOPE.format("p.home")} OR e.person = %(self)s) AND (%(id)s::uuid IS NULL OR e.id = %(id)s)
    AND (%(person)s::uuid IS NULL OR e.person = %(person)s) AND (%(offering)s::uuid IS NULL OR e.offering = %(offering)s)
    AND (%(among)s::uuid[] IS NULL OR e.offering = ANY(%(among)s))
    AND (%(pending)s::bool IS NULL OR (e.submitted AND e.live) = %(pending)s)
    AND (%(after)s::uuid IS NULL OR e.id > %(after)s)
ORDER BY e.id LIMIT %(limit)s
"""
_NOTES = """
SELECT g.enrollment, a.id, t.text::jsonb ->> 'title', t.text::jsonb ->> 'message', a.important
FROM learner_grant g JOIN assignment a ON a.id = g.assignment JOIN personal_text t ON t.id = a.note
WHERE g.enrollment = ANY(%s) ORDER BY a.important DESC, a.created_at, a.id
"""


def enrollments(
    conn: Connection, scope: Scope, query: EnrollmentQuery, cursor: str | None, limit: int
) -> Page[EnrollmentRow]:
    after = cursor_decode(cursor, UUID)[0] if cursor else None
    values = {
        **query.model_dump(),
        "everything": scope.everything,
        "organisations": list(scope.organisations),
        "after": after,
        "limit": limit + 1,
    }
    rows = [EnrollmentRow(*row) for row in conn.execute(_ENROLLMENTS.encode(), values)]  # type: ignore[arg-type]
    page = rows[:limit]
    return Page(items=page, next=cursor_encode(str(page[-1].id)) if len(rows) > limit else None)


def notes(conn: Connection, ids: list[UUID]) -> dict[UUID, list[NoteView]]:
    """What the learners of these enrollments are told, by enrollment: important notes first."""
    found: dict[UUID, list[NoteView]] = {}
    for enrollment, assignment, title, message, important in conn.execute(_NOTES, [ids]):
        note = NoteView(assignment_id=assignment, title=title, message=message, important=important)
        found.setdefault(uuid_of(enrollment), []).append(note)
    return found
