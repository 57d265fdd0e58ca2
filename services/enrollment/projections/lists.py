"""What the API shows of assignments: themselves with their counts, and the learners of one. Scope is a filter in each (SEC-2)."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row
from pydantic import BaseModel

from shared.auth import Scope
from shared.database import Connection
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
    """The four counts of ASG-17. Dates and exceptions are still to come, so two of them are always 0."""

    active: int
    date_pending: int
    held: int
    refused: int


class AssignmentItem(BaseModel):
    """An assignment. `name` is None for people, whose names are with the directory."""

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
    due: str
    counts: Counts
    learners: str
    """Where the learners are listed."""


_ASSIGNMENTS = f"""
SELECT a.id, a.revision, a.offering, a.type, a.target, coalesce(u.name, g.name), a.include_below, a.live, a.batch, a.created_at,
    a.access_days, t.text::jsonb ->> 'title', a.important,
    (SELECT count(*) FROM learner_grant WHERE assignment = a.id), (SELECT count(*) FROM exclusion WHERE assignment = a.id)
FROM assignment a
LEFT JOIN unit_fact u ON a.type IN ('organisation', 'position') AND u.id = a.target
LEFT JOIN personal_text t ON t.id = a.note
LEFT JOIN audience_fact g ON a.type = 'audience' AND g.id = a.target
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
    after_time, after = cursor_decode(cursor, 2) if cursor else (None, None)
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
    active, refused = int(str(row[13])), int(str(row[14]))
    return AssignmentItem(
        **dict(zip(names, row[:13], strict=True)),
        due="none",
        counts=Counts(active=active, date_pending=0, held=0, refused=refused),
        learners=f"/api/enrollment/assignments/{row[0]}/learners",
    )


class LearnerItem(BaseModel):
    """One learner of an assignment; excluded ones are kept away until allowed again (ASG-7)."""

    person_id: UUID
    enrollment_id: UUID
    excluded: bool


_LEARNERS = f"""
SELECT l.person AS person_id, l.enrollment AS enrollment_id, l.excluded FROM (
    SELECT person, enrollment, false AS excluded FROM learner_grant WHERE assignment = %(assignment)s
    UNION ALL SELECT person, enrollment, true FROM exclusion WHERE assignment = %(assignment)s
) AS l JOIN person_fact p ON p.id = l.person
WHERE {IN_SCOPE.format("p.home")} AND (%(after)s::uuid IS NULL OR l.person > %(after)s)
ORDER BY l.person LIMIT %(limit)s
"""


def learners(conn: Connection, scope: Scope, assignment: UUID, cursor: str | None, limit: int) -> Page[LearnerItem]:
    after = cursor_decode(cursor, 1)[0] if cursor else None
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
