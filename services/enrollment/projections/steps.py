"""What happened to the steps of one term, from its events: completed, attempted, launched (ENR-4)."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.projections.assignments import IN_SCOPE
from shared.auth import Scope
from shared.contracts.enrollment import ExamTaken, LabLaunched, StepCompleted
from shared.database import Connection, fetch


class StepEvent(NamedTuple):
    """Something that happened to a step. `times`: how often it did; `best`: the highest score of all attempts."""

    type: str
    step: int
    at: datetime
    score: int | None
    pass_mark: int | None
    passed: bool | None
    credited_from: UUID | None
    times: int
    best: int | None


_EVENTS = """
WITH said AS (
    SELECT version, type, recorded_at, convert_from(body, 'UTF8')::jsonb AS body FROM events
    WHERE stream = %(enrollment)s AND type = ANY(%(types)s)
), told AS (
    SELECT version, type, (body ->> 'step')::int AS step, recorded_at AS at, (body ->> 'score')::int AS score,
        (body ->> 'pass_mark')::int AS pass_mark, (body ->> 'passed')::bool AS passed,
        (body ->> 'credited_from')::uuid AS credited_from
    FROM said WHERE (body ->> 'term')::int = %(term)s
), numbered AS (
    SELECT *, row_number() OVER (PARTITION BY type, step ORDER BY version DESC) AS place,
        count(*) OVER (PARTITION BY type, step) AS times, max(score) OVER (PARTITION BY type, step) AS best
    FROM told
)
SELECT type, step, at, score, pass_mark, passed, credited_from, times, best FROM numbered
WHERE place <= CASE WHEN type = %(exam)s THEN %(attempts)s ELSE 1 END ORDER BY version DESC
"""
_TYPES = [event.TOPIC for event in (StepCompleted, ExamTaken, LabLaunched)]


def events(conn: Connection, enrollment: UUID, term: int, attempts: int) -> list[StepEvent]:
    """Newest first: of each step the last completion, the last launch, and so many attempts."""
    values = {"enrollment": enrollment, "term": term, "attempts": attempts, "types": _TYPES, "exam": ExamTaken.TOPIC}
    return fetch(conn, StepEvent, _EVENTS, values)


class Score(BaseModel):
    """The last result of an exam, in percent."""

    enrollment_id: UUID
    score: int
    pass_mark: int | None
    passed: bool


_SCORES = f"""
SELECT DISTINCT ON (s.stream) s.stream AS enrollment_id, (s.body ->> 'score')::int AS score,
    (s.body ->> 'pass_mark')::int AS pass_mark, (s.body ->> 'passed')::bool AS passed
FROM (SELECT stream, version, convert_from(body, 'UTF8')::jsonb AS body FROM events
    WHERE stream = ANY(%(ids)s) AND type = %(exam)s) AS s
JOIN enrollment e ON e.id = s.stream AND e.term = (s.body ->> 'term')::int JOIN person_fact p ON p.id = e.person
WHERE {IN_SCOPE.format("p.home")}
ORDER BY s.stream, s.version DESC
"""


def scores(conn: Connection, scope: Scope, ids: Sequence[UUID]) -> list[Score]:
    """Of these enrollments, within the scope, in the present term."""
    return fetch(conn, Score, _SCORES, {**scope.values, "ids": list(ids), "exam": ExamTaken.TOPIC})
