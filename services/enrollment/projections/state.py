"""State rows that are written with their events."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from shared.contracts.enrollment import DueRule, ExceptionState
from shared.database import Connection, uuid_of
from shared.store import Table

ASSIGNMENT = Table(
    "assignment",
    ("id",),
    {
        "id": "uuid",
        "revision": "int8",
        "offering": "uuid",
        "type": "text",
        "target": "uuid",
        "include_below": "bool",
        "live": "bool",
        "batch": "uuid",
        "created_at": "timestamptz",
        "access_days": "int4",
        "note": "uuid",
        "important": "bool",
        "due": "text",
        "undone": "bool",
        "required": "bool",
    },
)
ENROLLMENT = Table(
    "enrollment",
    ("id",),
    {
        "id": "uuid",
        "revision": "int8",
        "person": "uuid",
        "offering": "uuid",
        "term": "int4",
        "live": "bool",
        "begun": "bool",
        "sourceless": "bool",
        "steps": "int4[]",
        "completed_version": "int4",
        "completed_at": "timestamptz",
        "ended": "text",
        "launched": "bool",
        "submitted": "bool",
        "rejection": "uuid",
        "payment": "text",
        "access_until": "date",
        "valid_until": "date",
        "serial": "text",
        "revoked": "bool",
        "due": "date",
        "due_by_hand": "bool",
        "waiting": "text",
        "due_at": "text",
        "via": "uuid",
    },
)
GRANT = Table(
    "learner_grant",
    ("assignment", "person"),
    {"assignment": "uuid", "person": "uuid", "enrollment": "uuid", "access_until": "date", "since": "date"},
)
GRANTED_ACCESS = Table(
    "learner_grant", ("assignment", "person"), {"assignment": "uuid", "person": "uuid", "access_until": "date"}
)
"""What changes of a grant when its access is shortened."""
EXCLUSION = Table(
    "exclusion", ("assignment", "person"), {"assignment": "uuid", "person": "uuid", "enrollment": "uuid", "why": "text"}
)


EXCEPTION = Table(
    "exception_case",
    ("enrollment", "raised"),
    {
        "enrollment": "uuid",
        "raised": "int8",
        "person": "uuid",
        "offering": "uuid",
        "state": "text",
        "kinds": "text[]",
        "changed": "int8",
    },
)
GROUP = Table(
    "learner_group",
    ("assignment",),
    {
        "assignment": "uuid",
        "revision": "int8",
        "offering": "uuid",
        "name": "text",
        "description": "text",
        "allow_enrol": "bool",
        "allow_withdraw": "bool",
        "opens": "timestamptz",
        "closes": "timestamptz",
    },
)
MEMBER = Table("group_member", ("assignment", "person"), {"assignment": "uuid", "person": "uuid", "joined_by": "text"})
JOB_ROLE_HOLDER = Table(
    "job_role_holder", ("job_role", "person"), {"job_role": "uuid", "person": "uuid", "since": "timestamptz"}
)
TRIGGER = Table(
    "trigger",
    ("id",),
    {
        "id": "uuid",
        "revision": "int8",
        "name": "text",
        "kind": "text",
        "target": "uuid",
        "include_below": "bool",
        "field": "text",
        "on_or_after": "date",
        "on_or_before": "date",
        "assignment": "uuid",
        "offering": "uuid",
        "job_role": "uuid",
        "undo": "bool",
        "live": "bool",
        "taken_back": "bool",
        "batch": "uuid",
        "created_at": "timestamptz",
    },
)
TRIGGER_STANDING = Table(
    "trigger_standing",
    ("trigger", "person"),
    {"trigger": "uuid", "person": "uuid", "version": "int8", "met": "bool", "fired": "bool"},
)
CERTIFICATE = Table(
    "certificate",
    ("serial",),
    {
        "serial": "text",
        "enrollment": "uuid",
        "person": "uuid",
        "offering": "uuid",
        "completed_on": "date",
        "valid_until": "date",
        "revoked": "bool",
        "reason": "uuid",
    },
)
REVOCATION = Table("certificate", ("serial",), {"serial": "text", "revoked": "bool", "reason": "uuid"})
PLACE = Table("dirty", ("id",), {"id": "uuid", "revision": "int8", "meta": "text", "open": "bool"})
"""A person's place in the queue, where there was none."""
MOVED_PLACE = Table("dirty", ("id",), {"id": "uuid", "revision": "int8"})
"""What changes of it for decisions that must not be made twice at the same moment."""
EXPIRY = Table("enrollment", ("id",), {"id": "uuid", "revision": "int8", "live": "bool", "ended": "text"})
"""What changes of an enrollment when its access expires."""


class Held(BaseModel):
    """An assignment that waits for the answer to an exception, or was refused by it (DUE-6)."""

    assignment_id: UUID
    since: date
    cause: str
    refused: bool


class Waiting(BaseModel):
    """What `enrollment.waiting` holds."""

    exception: ExceptionState | None
    raised: int | None
    holds: list[Held]


class AssignmentRow(NamedTuple):
    """A row of `assignment`."""

    id: UUID
    revision: int
    offering: UUID
    type: str
    target: UUID
    include_below: bool
    live: bool
    batch: UUID
    created_at: datetime
    access_days: int | None = None
    note: UUID | None = None
    important: bool = False
    due: str | None = None
    """A due rule, as JSON."""
    undone: bool = False
    """It was removed with the batch that created it (ASG-20)."""
    required: bool = True
    """Of a qualification (ASG-11)."""

    @property
    def due_rule(self) -> DueRule | None:
        return DueRule.model_validate_json(self.due) if self.due else None


def assignments(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, AssignmentRow]:
    query = f"SELECT {', '.join(ASSIGNMENT.columns)} FROM assignment WHERE id = ANY(%s)".encode()
    rows = [AssignmentRow(*row) for row in conn.execute(query, [list(ids)], binary=True)]  # type: ignore[arg-type]
    return {row.id: row for row in rows}


def set_aside(conn: Connection) -> set[UUID]:
    """Those that were set aside by the evaluator: too many people crash by them. One that was edited since is followed again."""
    rows = conn.execute(
        "SELECT a.id FROM set_aside s JOIN assignment a ON a.id = s.subject AND a.revision = (s.about ->> 'revision')::bigint "
        "WHERE s.kind = 'assignment' AND a.live"
    )
    return {uuid_of(id) for (id,) in rows}


def rules_for(conn: Connection, person: UUID) -> list[UUID]:
    """Every live assignment that may concern a person: the person's own, and all that are no single person's."""
    rows = conn.execute(
        "SELECT id FROM assignment WHERE live AND (type NOT IN ('individual', 'self') OR target = %s) ORDER BY id",
        [person],
    )
    return [uuid_of(id) for (id,) in rows]


def assigned_to(conn: Connection, type: str, target: UUID) -> list[AssignmentRow]:
    """The live assignments of one target, on all offerings."""
    query = f"SELECT {', '.join(ASSIGNMENT.columns)} FROM assignment WHERE live AND type = %s AND target = %s".encode()
    return [AssignmentRow(*row) for row in conn.execute(query, [type, target], binary=True)]  # type: ignore[arg-type]


def live_targets(
    conn: Connection, offerings: Sequence[UUID], targets: Sequence[tuple[str, UUID]]
) -> dict[tuple[UUID, str, UUID], UUID]:
    """The live assignments among offerings x targets, by (offering, type, target): the ones a new one would repeat (ASG-2)."""
    rows = conn.execute(
        "SELECT offering, type, target, id FROM assignment JOIN unnest(%s::text[], %s::uuid[]) AS t (type, target) "
        "USING (type, target) WHERE live AND offering = ANY(%s)",
        [[type for type, _ in targets], [target for _, target in targets], offerings],
    )
    return {(offering, type, target): id for offering, type, target, id in rows}  # type: ignore[misc]
