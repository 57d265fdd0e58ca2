"""Batches as administrators see them: who began one, what it did in numbers, and whether it was undone (ASG-20)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.projections import names
from services.enrollment.projections.batches import RecentBatch, first_position, like
from shared.auth import Scope
from shared.contracts import enrollment as events
from shared.database import Connection, fetch, fetch_one
from shared.events import SYSTEM, Meta
from shared.readmodel import Page, cursor_decode, cursor_number, page_of

What = Literal[
    "assignments-created",
    "assignments-removed",
    "due-rules-set",
    "requirements-set",
    "groups-described",
    "members-added",
    "members-removed",
    "learners-excluded",
    "exclusions-lifted",
    "job-roles-assigned",
    "job-roles-taken-back",
    "triggers-created",
    "triggers-stopped",
    "learners-assigned",
    "learners-unassigned",
    "exceptions-raised",
    "completions-recorded",
    "other",
]
COMMANDED: Mapping[str, What] = {
    events.AssignmentCreated.TOPIC: "assignments-created",
    events.AssignmentRemoved.TOPIC: "assignments-removed",
    events.DueRuleSet.TOPIC: "due-rules-set",
    events.RequirementSet.TOPIC: "requirements-set",
    events.GroupDescribed.TOPIC: "groups-described",
    events.GroupJoined.TOPIC: "members-added",
    events.GroupLeft.TOPIC: "members-removed",
    events.LearnerExcluded.TOPIC: "learners-excluded",
    events.ExclusionLifted.TOPIC: "exclusions-lifted",
    events.JobRoleAssigned.TOPIC: "job-roles-assigned",
    events.JobRoleUnassigned.TOPIC: "job-roles-taken-back",
    events.TriggerCreated.TOPIC: "triggers-created",
    events.TriggerStopped.TOPIC: "triggers-stopped",
}
"""What commands about assignments record themselves."""
WHAT: Mapping[str, What] = {
    **COMMANDED,
    events.LearnerAssigned.TOPIC: "learners-assigned",
    events.LearnerUnassigned.TOPIC: "learners-unassigned",
    events.ExceptionRaised.TOPIC: "exceptions-raised",
    events.EnrollmentCompleted.TOPIC: "completions-recorded",
}


class BatchItem(BaseModel):
    """A command about assignments. `actor_name` None: one whom the caller may not know."""

    id: UUID
    actor_id: UUID
    actor_name: str | None
    reason_code: str
    began_at: datetime
    did: What
    """What the command recorded last."""


class NumberOf(BaseModel):
    """How much of something a batch did, on one offering."""

    what: What
    offering_id: UUID | None
    offering_title: str | None
    number: int


class Undone(BaseModel):
    """The batch that took this one back."""

    batch: UUID
    actor_id: UUID
    at: datetime


class Began(NamedTuple):
    """The first event of a batch: who acted, why and when."""

    meta: str
    recorded_at: datetime

    @property
    def actor(self) -> UUID | None:
        """None: Rollbook itself."""
        actor = Meta.model_validate_json(self.meta).actor
        return None if actor == SYSTEM else actor

    @property
    def reason_code(self) -> str:
        return Meta.model_validate_json(self.meta).reason_code


class BatchQuery(NamedTuple):
    """What to look for; None: anything."""

    actor: UUID | None
    since: datetime | None


class _Command(NamedTuple):
    batch: UUID
    caller: UUID
    position: int
    recorded_at: datetime
    type: str
    meta: str


class _Number(NamedTuple):
    type: str
    offering: UUID | None
    title: str | None
    number: int


_COMMANDS = """
SELECT batch, caller, last.position, began AS recorded_at, e.type, e.meta FROM (
    SELECT c.batch, c.caller, max(c.position) AS position, min(e.recorded_at) AS began
    FROM command c JOIN events e ON e.position = c.position AND e.type = ANY(%(types)s)
    WHERE (%(actor)s::uuid IS NULL OR c.caller = %(actor)s) AND (%(since)s::timestamptz IS NULL OR e.recorded_at >= %(since)s)
    GROUP BY c.batch, c.caller
) AS last JOIN events e ON e.position = last.position
WHERE %(before)s::bigint IS NULL OR last.position < %(before)s
ORDER BY last.position DESC LIMIT %(limit)s
"""
_NUMBERS = """
SELECT done.type, done.offering, o.title, sum(done.number)::bigint AS number FROM (
    SELECT e.type, coalesce((convert_from(e.body, 'UTF8')::jsonb ->> 'offering_id')::uuid, a.offering) AS offering,
        count(*) AS number
    FROM events e LEFT JOIN assignment a ON a.id = e.stream
    WHERE e.position >= %(first)s AND e.meta LIKE %(batch)s GROUP BY 1, 2
) AS done LEFT JOIN offering_fact o ON o.id = done.offering
GROUP BY 1, 2, 3 ORDER BY o.title, done.type
"""
_UNDONE = """
SELECT batch, caller AS actor_id, recorded_at AS at FROM command
WHERE recorded_at >= %(since)s AND result LIKE '%%"undone"%%' AND result::jsonb ->> 'undone' = %(batch)s
ORDER BY recorded_at DESC, position DESC
"""


def commands(conn: Connection, scope: Scope, query: BatchQuery, cursor: str | None, limit: int) -> Page[BatchItem]:
    """Commands about assignments, the newest first, as long as they are remembered. The scope says whose names are told."""
    before = cursor_decode(cursor, cursor_number)[0] if cursor else None
    values = {**query._asdict(), "types": list(COMMANDED), "before": before, "limit": limit + 1}
    found = page_of(fetch(conn, _Command, _COMMANDS, values), limit, lambda row: [row.position])
    called = names.of_people(conn, scope, {row.caller for row in found.items})
    items = [
        BatchItem(
            id=row.batch,
            actor_id=row.caller,
            actor_name=called.get(row.caller),
            reason_code=Meta.model_validate_json(row.meta).reason_code,
            began_at=row.recorded_at,
            did=COMMANDED[row.type],
        )
        for row in found.items
    ]
    return Page(items=items, next=found.next)


def began(conn: Connection, batch: RecentBatch) -> Began | None:
    """None: there is no such batch, or it is too old."""
    query = "SELECT meta, recorded_at FROM events WHERE position >= %s AND meta LIKE %s ORDER BY position LIMIT 1"
    return fetch_one(conn, Began, query, [first_position(conn, batch.days), like(batch.id)])


def numbers(conn: Connection, batch: RecentBatch) -> list[NumberOf]:
    """What it did, its jobs included: as much as is done by now."""
    values = {"first": first_position(conn, batch.days), "batch": like(batch.id)}
    told: dict[tuple[What, UUID | None], NumberOf] = {}
    for row in fetch(conn, _Number, _NUMBERS, values):
        what = WHAT.get(row.type, "other")
        one = told.setdefault(
            (what, row.offering),
            NumberOf(what=what, offering_id=row.offering, offering_title=row.title, number=0),
        )
        one.number += row.number
    return list(told.values())


def undone(conn: Connection, batch: UUID, since: datetime) -> Undone | None:
    """The last batch that undid this one, and was not undone itself."""
    return next((one for one in _undoing(conn, batch, since) if undone(conn, one.batch, one.at) is None), None)


def _undoing(conn: Connection, batch: UUID, since: datetime) -> Sequence[Undone]:
    return fetch(conn, Undone, _UNDONE, {"batch": str(batch), "since": since})
