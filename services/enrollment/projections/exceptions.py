"""Exceptions, open and handled ones (DUE-4 to DUE-6). Scope is a filter (SEC-2)."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.projections.assignments import IN_SCOPE
from services.enrollment.projections.names import JOINS, NAME
from shared.auth import Scope
from shared.contracts.enrollment import AssignmentType, ExceptionAnswered, ExceptionKind, TimeOfDay
from shared.database import Connection, fetch
from shared.readmodel import Page, cursor_decode, cursor_number, page_of

CaseState = Literal["open", "dismissed", "assigned", "realistic-date", "not-assigned", "over"]
"""`dismissed`: set aside, still held. `over`: its cause is gone, or it was raised again. The others are answers."""


class HeldSource(BaseModel):
    """An assignment that waits; `name` None for a person who has no name here."""

    assignment_id: UUID
    type: AssignmentType
    name: str | None


class OtherOffering(BaseModel):
    """A certification of the learner that contains the same course (DUE-5)."""

    offering_id: UUID
    title: str


class ExceptionFacts(BaseModel):
    """What makes it an exception today, and the day that each answer would set."""

    sources: list[HeldSource]
    minimum_minutes: int
    """The time that the offering needs at least."""
    due_on: date | None
    """When the learner would be due by *assign anyway*; None: without a date, or not yet known."""
    due_at: TimeOfDay | None
    realistic_on: date | None
    """When the learner would be due by *set realistic due date and assign*."""
    realistic_at: TimeOfDay | None
    others: list[OtherOffering]
    empty: list[str]
    """What a due date counts from that is empty: `field hired`, `job-start`, `position-assigned` ..."""


class ExceptionItem(BaseModel):
    """One exception of one learner on one offering."""

    enrollment_id: UUID
    raised: int
    """With the enrollment, its name."""
    person_id: UUID
    offering_id: UUID
    offering_title: str
    offering_kind: str
    state: CaseState
    kinds: list[ExceptionKind]
    raised_at: datetime
    changed_at: datetime
    changed_by: UUID
    """Who answered it, where somebody did."""
    reason: str | None
    """What that person wrote."""
    facts: ExceptionFacts | None = None
    """Of one that waits."""


class ExceptionCount(BaseModel):
    """How many exceptions are of one offering, kind or state."""

    value: str
    name: str | None = None
    """The offering's title."""
    count: int


class ExceptionCounts(BaseModel):
    """How many exceptions match; each counts once for every kind that it has."""

    waiting: int
    """Without an answer, set aside ones too."""
    states: list[ExceptionCount]
    kinds: list[ExceptionCount]
    """Of those that wait, whichever kind was asked for."""
    offerings: list[ExceptionCount]
    """Of those that wait, whichever offering was asked for: the 500 with the most."""


class ExceptionQuery(BaseModel):
    """What to look for; None: anything."""

    enrollments: list[UUID] | None = None
    offering: UUID | None = None
    person: UUID | None = None
    state: CaseState | None = None
    kind: ExceptionKind | None = None
    waiting: bool | None = None
    """Those without an answer, set aside ones too."""


_CASES = f"""
SELECT c.enrollment AS enrollment_id, c.raised, c.person AS person_id, c.offering AS offering_id, o.title AS offering_title,
    o.kind AS offering_kind, c.state, c.kinds, r.recorded_at AS raised_at, h.recorded_at AS changed_at,
    (h.meta::jsonb ->> 'actor')::uuid AS changed_by, t.text AS reason
FROM exception_case c JOIN person_fact p ON p.id = c.person JOIN offering_fact o ON o.id = c.offering
JOIN events r ON r.stream = c.enrollment AND r.version = c.raised
JOIN events h ON h.stream = c.enrollment AND h.version = c.changed
LEFT JOIN events a ON c.state NOT IN ('open', 'over') AND a.stream = c.enrollment AND a.version BETWEEN c.raised AND c.changed
    AND a.type = '{ExceptionAnswered.TOPIC}' AND a.meta = h.meta
LEFT JOIN personal_text t ON t.id = (convert_from(a.body, 'UTF8')::jsonb -> 'reason' ->> 'id')::uuid
WHERE {IN_SCOPE.format("p.home")} AND (%(enrollments)s::uuid[] IS NULL OR c.enrollment = ANY(%(enrollments)s))
    AND (%(offering)s::uuid IS NULL OR c.offering = %(offering)s) AND (%(person)s::uuid IS NULL OR c.person = %(person)s)
    AND (%(state)s::text IS NULL OR c.state = %(state)s) AND (%(kind)s::text IS NULL OR %(kind)s = ANY(c.kinds))
    AND (%(waiting)s::bool IS NULL OR (c.state IN ('open', 'dismissed')) = %(waiting)s)
    AND (%(after)s::uuid IS NULL OR (c.enrollment, c.raised) > (%(after)s, %(after_raised)s::bigint))
ORDER BY c.enrollment, c.raised LIMIT %(limit)s
"""
_COUNTED = f"""
WITH found AS (
    SELECT c.state, c.kinds, c.offering, c.state IN ('open', 'dismissed') AS waits,
        %(kind)s::text IS NULL OR %(kind)s = ANY(c.kinds) AS of_kind,
        %(offering)s::uuid IS NULL OR c.offering = %(offering)s AS of_offering
    FROM exception_case c JOIN person_fact p ON p.id = c.person WHERE {IN_SCOPE.format("p.home")}
)
SELECT 'state' AS what, state AS value, NULL AS name, count(*) AS many FROM found WHERE of_kind AND of_offering GROUP BY state
UNION ALL SELECT 'kind', kind, NULL, count(*) FROM found CROSS JOIN unnest(kinds) AS kind WHERE waits AND of_offering GROUP BY kind
UNION ALL (SELECT 'offering', o.id::text, o.title, count(*) FROM found JOIN offering_fact o ON o.id = offering
    WHERE waits AND of_kind GROUP BY o.id, o.title ORDER BY count(*) DESC, o.title LIMIT 500)
"""


def exceptions(
    conn: Connection, scope: Scope, query: ExceptionQuery, cursor: str | None, limit: int
) -> Page[ExceptionItem]:
    """In the order of their names."""
    after, after_raised = cursor_decode(cursor, UUID, cursor_number) if cursor else (None, None)
    values = {**query.model_dump(), **scope.values, "after": after, "after_raised": after_raised}
    values |= {"limit": limit + 1}
    rows = fetch(conn, ExceptionItem, _CASES, values)
    return page_of(rows, limit, lambda case: [case.enrollment_id, case.raised])


class _Count(NamedTuple):
    what: str
    value: str
    name: str | None
    many: int


def exception_counts(
    conn: Connection, scope: Scope, offering: UUID | None, kind: ExceptionKind | None
) -> ExceptionCounts:
    """How many there are by state, kind and offering, each as far as the other two filters go."""
    found: dict[str, list[ExceptionCount]] = {"state": [], "kind": [], "offering": []}
    for row in fetch(conn, _Count, _COUNTED, {**scope.values, "offering": offering, "kind": kind}):
        found[row.what].append(ExceptionCount(value=row.value, name=row.name, count=row.many))
    waiting = sum(one.count for one in found["state"] if one.value in ("open", "dismissed"))
    return ExceptionCounts(waiting=waiting, states=found["state"], kinds=found["kind"], offerings=found["offering"])


def sources(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, HeldSource]:
    """What these assignments are called."""
    query = f"SELECT a.id AS assignment_id, a.type, {NAME} AS name FROM assignment a {JOINS} WHERE a.id = ANY(%s)"
    return {one.assignment_id: one for one in fetch(conn, HeldSource, query, [list(ids)])}
