"""Exceptions, open and handled ones (DUE-4 to DUE-6). Scope is a filter (SEC-2)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from psycopg.rows import class_row
from pydantic import BaseModel

from services.enrollment.projections.lists import IN_SCOPE
from shared.auth import Scope
from shared.contracts.enrollment import ExceptionKind
from shared.database import Connection
from shared.readmodel import Page, cursor_decode, cursor_encode, cursor_number

CaseState = Literal["open", "dismissed", "assigned", "realistic-date", "not-assigned", "over"]
"""`dismissed`: set aside, still held. `over`: its cause is gone, or it was raised again. The others are answers."""


class ExceptionItem(BaseModel):
    """One exception of one learner on one offering."""

    enrollment_id: UUID
    raised: int
    """With the enrollment, its name."""
    person_id: UUID
    offering_id: UUID
    state: CaseState
    kinds: list[ExceptionKind]
    raised_at: datetime
    changed_at: datetime
    changed_by: UUID
    """Who answered it, where somebody did."""


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
SELECT c.enrollment AS enrollment_id, c.raised, c.person AS person_id, c.offering AS offering_id, c.state, c.kinds,
    r.recorded_at AS raised_at, h.recorded_at AS changed_at, (h.meta::jsonb ->> 'actor')::uuid AS changed_by
FROM exception_case c JOIN person_fact p ON p.id = c.person
JOIN events r ON r.stream = c.enrollment AND r.version = c.raised
JOIN events h ON h.stream = c.enrollment AND h.version = c.changed
WHERE {IN_SCOPE.format("p.home")} AND (%(enrollments)s::uuid[] IS NULL OR c.enrollment = ANY(%(enrollments)s))
    AND (%(offering)s::uuid IS NULL OR c.offering = %(offering)s) AND (%(person)s::uuid IS NULL OR c.person = %(person)s)
    AND (%(state)s::text IS NULL OR c.state = %(state)s) AND (%(kind)s::text IS NULL OR %(kind)s = ANY(c.kinds))
    AND (%(waiting)s::bool IS NULL OR (c.state IN ('open', 'dismissed')) = %(waiting)s)
    AND (%(after)s::uuid IS NULL OR (c.enrollment, c.raised) > (%(after)s, %(after_raised)s::bigint))
ORDER BY c.enrollment, c.raised LIMIT %(limit)s
"""


def exceptions(
    conn: Connection, scope: Scope, query: ExceptionQuery, cursor: str | None, limit: int
) -> Page[ExceptionItem]:
    """In the order of their names."""
    after, after_raised = cursor_decode(cursor, UUID, cursor_number) if cursor else (None, None)
    values = {**query.model_dump(), **scope.model_dump(), "after": after, "after_raised": after_raised}
    values |= {"organisations": list(scope.organisations), "limit": limit + 1}
    with conn.cursor(row_factory=class_row(ExceptionItem)) as cur:
        rows = cur.execute(_CASES.encode(), values).fetchall()
    page = rows[:limit]
    more = cursor_encode(str(page[-1].enrollment_id), str(page[-1].raised)) if len(rows) > limit else None
    return Page(items=page, next=more)
