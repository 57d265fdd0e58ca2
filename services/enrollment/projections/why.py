"""What it takes to tell why a learner is enrolled: the events, and what makes the learner part of a target today (LRN-8)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from shared.contracts.enrollment import AssignmentType
from shared.database import Connection, fetch
from shared.events import Meta, Recorded, decode

PlacementKind = Literal["home", "job", "manager"]


class AssignmentFact(NamedTuple):
    """An assignment, also one that was removed."""

    id: UUID
    type: AssignmentType
    target: UUID
    include_below: bool
    live: bool
    due: str | None


class Placement(NamedTuple):
    """What makes the learner part of an organisation or position, or of the team of a manager."""

    assignment: UUID
    kind: PlacementKind
    unit: UUID | None
    job: UUID | None
    since: date | None
    """The first day of the job, or that on which the position was assigned."""
    path: list[str]
    """The names of the units, from the learner's to that of the assignment."""
    managers: list[UUID]
    """From the learner's own manager to that of the assignment."""


_EVENTS = """
SELECT position, type, stream, version, body, recorded_at, meta FROM events WHERE stream = ANY(%s) ORDER BY position
"""
_ASSIGNMENTS = "SELECT id, type, target, include_below, live, due FROM assignment WHERE id = ANY(%s)"
_PLACEMENTS = """
WITH RECURSIVE placed AS (
    SELECT 'home' AS kind, home AS unit, NULL::uuid AS job, NULL::date AS since FROM person_fact WHERE id = %(person)s
    UNION ALL
    SELECT 'job', organisation, id, starts FROM current_job WHERE person = %(person)s
    UNION ALL
    SELECT 'job', j.position, j.id, coalesce(d.assigned_on, j.starts)
    FROM current_job j LEFT JOIN position_date d ON d.job = j.id WHERE j.person = %(person)s
), up AS (
    SELECT l.job, l.leader, ARRAY[c.person] AS managers FROM current_leader l JOIN current_job c ON c.id = l.leader
    WHERE l.person = %(person)s
    UNION ALL
    SELECT up.job, l.leader, managers || c.person FROM up JOIN current_leader l ON l.job = up.leader
    JOIN current_job c ON c.id = l.leader WHERE c.person <> ALL(managers)
)
SELECT a.id AS assignment, placed.kind, placed.unit, placed.job, placed.since, '{}'::uuid[] AS managers,
    ARRAY(SELECT u.name FROM unit_above x JOIN unit_fact u ON u.id = x.above
        WHERE x.unit = placed.unit AND x.distance <= reach.distance ORDER BY x.distance) AS path
FROM assignment a JOIN unit_above reach ON reach.above = a.target AND (a.include_below OR reach.unit = a.target)
JOIN placed ON placed.unit = reach.unit
WHERE a.id = ANY(%(assignments)s) AND a.type IN ('organisation', 'position')
UNION ALL
SELECT id, 'manager', NULL, job, NULL, managers, '{}' FROM (
    SELECT DISTINCT ON (a.id) a.id, up.job, up.managers FROM assignment a
    JOIN up ON up.managers[cardinality(up.managers)] = a.target AND (a.include_below OR cardinality(up.managers) = 1)
    WHERE a.id = ANY(%(assignments)s) AND a.type = 'manager' ORDER BY a.id, cardinality(up.managers), up.job
) AS led
ORDER BY 1, 2, 4
"""


def history(conn: Connection, streams: Sequence[UUID]) -> list[Recorded]:
    """The events of these streams, oldest first."""
    return fetch(conn, _told, _EVENTS, [list(streams)], binary=True)


def _told(
    *, position: int, type: str, stream: UUID, version: int, body: bytes, recorded_at: datetime, meta: str
) -> Recorded:
    return Recorded(position, recorded_at, decode(type, stream, version, body), Meta.model_validate_json(meta))


def assignments(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, AssignmentFact]:
    return {one.id: one for one in fetch(conn, AssignmentFact, _ASSIGNMENTS, [list(ids)])}


def placements(conn: Connection, person: UUID, ids: Sequence[UUID]) -> list[Placement]:
    """What makes the person part of the targets of these assignments today; none for the other types."""
    return fetch(conn, Placement, _PLACEMENTS, {"person": person, "assignments": list(ids)})
