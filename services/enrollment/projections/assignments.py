"""What the API shows of assignments: themselves with their counts, and the learners of one. Scope is a filter in each (SEC-2)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.projections.names import JOINS, NAME, PERSON, TO_PEOPLE
from shared.auth import Scope
from shared.contracts.enrollment import DueRule, describe
from shared.database import Connection, fetch
from shared.readmodel import Page, cursor_decode, page_of

IN_SCOPE = "(%(everything)s OR EXISTS (SELECT FROM unit_above WHERE unit = {} AND above = ANY(%(organisations)s)))"


class Counts(BaseModel):
    """The four counts of ASG-17."""

    active: int
    date_pending: int
    """Of the active ones: what their due date counts from is still to come (DUE-2)."""
    held: int
    """An exception waits for an administrator (DUE-4, DUE-5)."""
    refused: int
    """Kept away until somebody allows them again (ASG-7)."""


class AssignmentItem(BaseModel):
    """An assignment. `name` is None for a person who has no name here (yet, or any more)."""

    id: UUID
    revision: int
    offering_id: UUID
    offering_title: str | None
    """None: the catalog has not told it yet."""
    type: str
    target_id: UUID
    name: str | None
    include_below: bool
    live: bool
    batch: UUID
    created_at: datetime
    access_days: int | None
    """Shorter than the course's; None: as the course says (ASG-14)."""
    note: str | None
    """The title of what its learners are told (ASG-13)."""
    important: bool
    required: bool | None
    """Of a qualification: required, or optional (ASG-11)."""
    due: str
    """In words."""
    due_rule: DueRule | None
    counts: Counts
    learners: str
    """Where the learners are listed."""


_ASSIGNMENTS = f"""
SELECT a.id, a.revision, a.offering AS offering_id, o.title AS offering_title, a.type, a.target AS target_id, {NAME} AS name,
    a.include_below, a.live, a.batch, a.created_at, a.access_days, t.text::jsonb ->> 'title' AS note, a.important,
    a.due AS rule, (SELECT count(*) FROM learner_grant WHERE assignment = a.id) AS active,
    CASE WHEN a.due IS NULL OR a.due::jsonb ->> 'kind' IN ('fixed', 'field', 'enrollment') THEN 0 ELSE
        (SELECT count(*) FROM learner_grant l WHERE l.assignment = a.id
            AND due_date(a.due::jsonb, a.id, l.person, a.offering, a.target, NULL) = 'pending') END AS date_pending,
    (SELECT count(*) FROM hold h WHERE h.offering = a.offering AND h.assignment = a.id AND NOT h.refused) AS held,
    (SELECT count(*) FROM exclusion WHERE assignment = a.id) AS refused,
    CASE WHEN o.kind = 'qualification' THEN a.required END AS required
FROM assignment a {JOINS}
LEFT JOIN personal_text t ON t.id = a.note
LEFT JOIN offering_fact o ON o.id = a.offering
LEFT JOIN person_fact p ON a.type IN {TO_PEOPLE} AND p.id = a.target
WHERE {IN_SCOPE.format("coalesce(p.home, u.id)")}
    AND (%(id)s::uuid IS NULL OR a.id = %(id)s) AND (%(offering)s::uuid IS NULL OR a.offering = %(offering)s)
    AND (%(type)s::text IS NULL OR a.type = %(type)s) AND (%(targets)s::uuid[] IS NULL OR a.target = ANY(%(targets)s))
    AND (%(batch)s::uuid IS NULL OR a.batch = %(batch)s) AND (%(live)s::bool IS NULL OR a.live = %(live)s)
    AND (%(since)s::timestamptz IS NULL OR a.created_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR a.created_at < %(until)s)
    AND (%(after_time)s::timestamptz IS NULL OR (a.created_at, a.id) > (%(after_time)s, %(after)s::uuid))
ORDER BY a.created_at, a.id LIMIT %(limit)s
"""


class AssignmentQuery(BaseModel):
    """What to look for; None: anything."""

    id: UUID | None = None
    offering: UUID | None = None
    type: str | None = None
    targets: list[UUID] | None = None
    batch: UUID | None = None
    live: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


def assignments(
    conn: Connection, scope: Scope, query: AssignmentQuery, cursor: str | None, limit: int
) -> Page[AssignmentItem]:
    """List the orders of an enrollment, oldest first."""
    after_time, after = cursor_decode(cursor, datetime.fromisoformat, UUID) if cursor else (None, None)
    values = {**query.model_dump(), **scope.values, "after_time": after_time, "after": after, "limit": limit + 1}
    rows = fetch(conn, _item, _ASSIGNMENTS, values)
    return page_of(rows, limit, lambda row: [row.created_at.isoformat(), row.id])


def _item(
    *, id: UUID, rule: str | None, active: int, date_pending: int, held: int, refused: int, **columns: Any
) -> AssignmentItem:
    due_rule = DueRule.model_validate_json(rule) if rule else None
    return AssignmentItem(
        id=id,
        **columns,
        due=describe(due_rule),
        due_rule=due_rule,
        counts=Counts(active=active, date_pending=date_pending, held=held, refused=refused),
        learners=f"/api/enrollment/assignments/{id}/learners",
    )


class LearnerItem(BaseModel):
    """One learner of an assignment; excluded ones are kept away until allowed again (ASG-7), held ones wait (DUE-4)."""

    person_id: UUID
    name: str | None
    enrollment_id: UUID
    excluded: bool
    held: bool


_LEARNERS = f"""
SELECT l.person AS person_id, {PERSON.format("pf")} AS name, l.enrollment AS enrollment_id, l.excluded, l.held FROM (
    SELECT person, enrollment, false AS excluded, false AS held FROM learner_grant WHERE assignment = %(assignment)s
    UNION ALL SELECT person, enrollment, true, false FROM exclusion WHERE assignment = %(assignment)s
    UNION ALL SELECT h.person, h.enrollment, false, true
        FROM assignment a JOIN hold h ON h.offering = a.offering AND h.assignment = a.id AND NOT h.refused
        WHERE a.id = %(assignment)s
            AND NOT EXISTS (SELECT FROM learner_grant g WHERE g.assignment = a.id AND g.person = h.person)
) AS l JOIN person_fact p ON p.id = l.person LEFT JOIN profile pf ON pf.person_id = l.person
WHERE {IN_SCOPE.format("p.home")} AND (%(after)s::uuid IS NULL OR l.person > %(after)s)
ORDER BY l.person LIMIT %(limit)s
"""


def learners(conn: Connection, scope: Scope, assignment: UUID, cursor: str | None, limit: int) -> Page[LearnerItem]:
    after = cursor_decode(cursor, UUID)[0] if cursor else None
    values = {
        **scope.values,
        "assignment": assignment,
        "after": after,
        "limit": limit + 1,
    }
    rows = fetch(conn, LearnerItem, _LEARNERS, values)
    return page_of(rows, limit, lambda learner: [learner.person_id])
