"""Long jobs as the API shows them: what each is about, who started it, how far it is (ADM-5). Scope is a filter (SEC-2)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.projections.assignments import IN_SCOPE
from services.enrollment.projections.names import JOINS, NAME, TO_PEOPLE
from shared.auth import Scope
from shared.contracts.enrollment import AssignmentType
from shared.database import Connection, fetch, scalar
from shared.events import SYSTEM
from shared.readmodel import Page, cursor_decode, page_of

JobState = Literal["open", "finished", "failed"]
"""`open`: waits for its turn, or is worked on."""


class JobTarget(BaseModel):
    """Whom an assignment is for that a job carries out; `name` None for a person who has no name here."""

    type: AssignmentType
    name: str | None


class JobView(BaseModel):
    """A long job: what it is about, how far it is, and what came of it."""

    id: UUID
    kind: str
    state: str
    done: int
    """Learners, where it is about learners."""
    total: int | None
    """None: not known yet."""
    error: str | None
    result: dict[str, str | None] | None
    batch: UUID
    started_by: UUID | None
    """None: Rollbook itself."""
    offering_id: UUID | None
    offering_title: str | None
    trigger_id: UUID | None
    trigger_name: str | None
    job_role_name: str | None
    preview_id: UUID | None
    """Of people who were selected: counts it, or carries it out."""
    preview_title: str | None
    """Of its offerings."""
    assignments: int
    """How many assignments it carries out."""
    targets: list[JobTarget]
    """Of the first ten of them."""
    created_at: datetime
    finished_at: datetime | None


class JobQuery(BaseModel):
    """Which jobs; None: any. `caller` sees the own ones, whatever the scope."""

    caller: UUID
    id: UUID | None = None
    mine: bool | None = None
    state: JobState | None = None


_ABOUT = "CASE WHEN jsonb_typeof(j.args -> 'assignments') = 'array' THEN j.args -> 'assignments' ELSE '[]' END"
_ACTOR = "(j.meta::jsonb ->> 'actor')::uuid"
_SEEN = f"""
(%(everything)s OR {_ACTOR} = %(caller)s OR ({_ABOUT} <> '[]' AND NOT EXISTS (
    SELECT FROM jsonb_array_elements_text({_ABOUT}) AS about (id) LEFT JOIN assignment a ON a.id = about.id::uuid
    LEFT JOIN unit_fact u ON a.type IN ('organisation', 'position') AND u.id = a.target
    LEFT JOIN person_fact p ON a.type IN {TO_PEOPLE} AND p.id = a.target
    WHERE a.id IS NULL OR NOT {IN_SCOPE.format("coalesce(p.home, u.id)")})))
"""
"""A job is for who started it, who reads everything, or who may see all the assignments that it is about."""
_OPEN = "j.state IN ('waiting', 'running')"
_JOBS = f"""
SELECT j.id, j.kind, j.state, j.done, j.total, j.error, j.result, (j.meta::jsonb ->> 'correlation')::uuid AS batch,
    nullif({_ACTOR}, '{SYSTEM}') AS started_by, o.id AS offering_id, o.title AS offering_title,
    t.id AS trigger_id, t.name AS trigger_name, r.name AS job_role_name,
    n.id AS preview_id, n.summary ->> 'title' AS preview_title, jsonb_array_length({_ABOUT}) AS assignments,
    ARRAY(SELECT jsonb_build_object('type', a.type, 'name', {NAME})
        FROM (SELECT * FROM jsonb_array_elements_text({_ABOUT}) LIMIT 10) AS about (id) JOIN assignment a ON a.id = about.id::uuid
        {JOINS}) AS targets,
    j.created_at, j.finished_at
FROM job j LEFT JOIN offering_fact o ON o.id = (j.args ->> 'offering')::uuid
LEFT JOIN trigger t ON t.id = (j.args ->> 'trigger')::uuid
LEFT JOIN job_role_fact r ON r.id = (j.args ->> 'job_role')::uuid
LEFT JOIN plan n ON n.id = (j.args ->> 'plan')::uuid
WHERE {_SEEN} AND (%(id)s::uuid IS NULL OR j.id = %(id)s) AND (%(mine)s::bool IS NULL OR ({_ACTOR} = %(caller)s) = %(mine)s)
    AND (%(state)s::text IS NULL OR CASE WHEN %(state)s = 'open' THEN {_OPEN} ELSE j.state = %(state)s END)
    AND (%(after_time)s::timestamptz IS NULL OR (j.created_at, j.id) < (%(after_time)s, %(after)s::uuid))
ORDER BY j.created_at DESC, j.id DESC LIMIT %(limit)s
"""
_RUNNING = f"SELECT count(*) FROM job j WHERE {_OPEN} AND {_SEEN}"


def jobs(conn: Connection, scope: Scope, query: JobQuery, cursor: str | None, limit: int) -> Page[JobView]:
    """The newest first."""
    after_time, after = cursor_decode(cursor, datetime.fromisoformat, UUID) if cursor else (None, None)
    values = {**query.model_dump(), **scope.values, "after_time": after_time, "after": after, "limit": limit + 1}
    return page_of(fetch(conn, JobView, _JOBS, values), limit, lambda job: [job.created_at.isoformat(), job.id])


def running(conn: Connection, scope: Scope, caller: UUID) -> int:
    """How many of those that one may see are not over."""
    return scalar(conn, _RUNNING, int, {**scope.values, "caller": caller})
