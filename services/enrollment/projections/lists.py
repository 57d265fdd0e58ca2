"""What the API shows of assignments: themselves with their counts, and the learners of one. Scope is a filter in each (SEC-2)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row
from pydantic import BaseModel

from services.enrollment.projections.names import JOINS, NAME, PERSON
from shared.auth import Scope
from shared.contracts.enrollment import DueRule, describe
from shared.database import Connection, uuid_of
from shared.jobs import Job
from shared.readmodel import Page, cursor_decode, cursor_encode

IN_SCOPE = "(%(everything)s OR EXISTS (SELECT FROM unit_above WHERE unit = {} AND above = ANY(%(organisations)s)))"


class JobView(BaseModel):
    """A long job: how far it is, and what came of it."""

    id: UUID
    kind: str
    state: str
    done: int
    total: int | None
    error: str | None
    result: dict[str, str | None] | None
    batch: UUID
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, job: Job) -> "JobView":
        fields = {name: getattr(job, name) for name in cls.model_fields if name != "batch"}
        return cls(**fields, batch=job.caused_by.correlation)


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
SELECT a.id, a.revision, a.offering, a.type, a.target, {NAME},
    a.include_below, a.live, a.batch, a.created_at, a.access_days, t.text::jsonb ->> 'title', a.important,
    a.due, (SELECT count(*) FROM learner_grant WHERE assignment = a.id),
    CASE WHEN a.due IS NULL OR a.due::jsonb ->> 'kind' IN ('fixed', 'field', 'enrollment') THEN 0 ELSE
        (SELECT count(*) FROM learner_grant l WHERE l.assignment = a.id
            AND due_date(a.due::jsonb, a.id, l.person, a.offering, a.target, NULL) = 'pending') END,
    (SELECT count(*) FROM hold h WHERE h.offering = a.offering AND h.assignment = a.id AND NOT h.refused),
    (SELECT count(*) FROM exclusion WHERE assignment = a.id),
    CASE WHEN o.kind = 'qualification' THEN a.required END
FROM assignment a {JOINS}
LEFT JOIN personal_text t ON t.id = a.note
LEFT JOIN offering_fact o ON o.id = a.offering
LEFT JOIN person_fact p ON a.type IN ('individual', 'manager', 'self') AND p.id = a.target
WHERE {IN_SCOPE.format("coalesce(p.home, u.id)")}
    AND (%(id)s::uuid IS NULL OR a.id = %(id)s) AND (%(offering)s::uuid IS NULL OR a.offering = %(offering)s)
    AND (%(type)s::text IS NULL OR a.type = %(type)s) AND (%(target)s::uuid IS NULL OR a.target = %(target)s)
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
    target: UUID | None = None
    batch: UUID | None = None
    live: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


def assignments(
    conn: Connection, scope: Scope, query: AssignmentQuery, cursor: str | None, limit: int
) -> Page[AssignmentItem]:
    """Oldest first."""
    after_time, after = cursor_decode(cursor, datetime.fromisoformat, UUID) if cursor else (None, None)
    values = {**query.model_dump(), **scope.model_dump(), "after_time": after_time, "after": after, "limit": limit + 1}
    values["organisations"] = list(scope.organisations)
    rows = conn.execute(_ASSIGNMENTS.encode(), values).fetchall()
    items = [_assignment(row) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return Page(items=items, next=cursor_encode(last.created_at.isoformat(), str(last.id)) if last else None)


def _assignment(row: tuple[object, ...]) -> AssignmentItem:
    names = (
        "id",
        "revision",
        "offering_id",
        "type",
        "target_id",
        "name",
        "include_below",
        "live",
        "batch",
        "created_at",
        "access_days",
        "note",
        "important",
    )
    active, pending, held, refused = (int(str(count)) for count in row[14:18])
    rule = DueRule.model_validate_json(str(row[13])) if row[13] else None
    return AssignmentItem(
        **dict(zip(names, row[:13], strict=True)),
        required=row[18],
        due=describe(rule),
        due_rule=rule,
        counts=Counts(active=active, date_pending=pending, held=held, refused=refused),
        learners=f"/api/enrollment/assignments/{row[0]}/learners",
    )


def shown(conn: Connection, scope: Scope, ids: Sequence[UUID]) -> set[UUID]:
    """Those of these assignments that the list shows."""
    query = (
        "SELECT a.id FROM assignment a LEFT JOIN unit_fact u ON a.type IN ('organisation', 'position') AND u.id = a.target "
        "LEFT JOIN person_fact p ON a.type IN ('individual', 'manager', 'self') AND p.id = a.target "
        f"WHERE a.id = ANY(%(ids)s) AND {IN_SCOPE.format('coalesce(p.home, u.id)')}"
    )
    values = {"ids": list(ids), "everything": scope.everything, "organisations": list(scope.organisations)}
    return {uuid_of(id) for (id,) in conn.execute(query.encode(), values)}


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
        "assignment": assignment,
        "everything": scope.everything,
        "organisations": list(scope.organisations),
        "after": after,
        "limit": limit + 1,
    }
    with conn.cursor(row_factory=class_row(LearnerItem)) as cur:
        rows = cur.execute(_LEARNERS.encode(), values).fetchall()
    page = rows[:limit]
    return Page(items=page, next=cursor_encode(str(page[-1].person_id)) if len(rows) > limit else None)
