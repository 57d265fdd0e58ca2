"""State rows that are written with their events."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from shared.contracts.enrollment import (
    OF_ONE_PERSON,
    AssignmentType,
    DueRule,
    Ending,
    ExceptionState,
    Payment,
    TriggerCondition,
    TriggerKind,
)
from shared.database import Connection, column, fetch, scalar
from shared.store import Int4, Table


class AssignmentRow(NamedTuple):
    """A row of `assignment`."""

    id: UUID
    revision: int
    offering: UUID
    type: AssignmentType
    target: UUID
    include_below: bool
    live: bool
    batch: UUID
    created_at: datetime
    access_days: Int4 | None = None
    note: UUID | None = None
    important: bool = False
    due: str | None = None
    """A due rule, as JSON."""
    undone: bool = False
    """It was removed with the batch that created it (ASG-20)."""
    required: bool = True
    """Of a qualification (ASG-11)."""
    origin: UUID | None = None
    """The access request, or the redemption of a key, that it comes from."""

    @property
    def due_rule(self) -> DueRule | None:
        return DueRule.model_validate_json(self.due) if self.due else None


class EnrollmentRow(NamedTuple):
    """A row of `enrollment`: what `domain.Enrollment` says, as the database keeps it. `application/evaluation/state_rows` goes
    there and back, by the names of the fields."""

    id: UUID
    revision: int
    person: UUID
    offering: UUID
    term: Int4
    live: bool
    begun: bool
    unsourced: bool
    steps: list[Int4]
    completed_version: Int4 | None
    completed_at: datetime | None
    ended: Ending | None
    launched: bool
    submitted: bool
    rejection: UUID | None
    payment: Payment
    access_until: date | None
    valid_until: date | None
    serial: str | None
    revoked: bool
    due: date | None
    due_by_hand: bool
    waiting: str | None
    """`Waiting`, as JSON."""
    due_at: str | None
    via: UUID | None


class GroupRow(NamedTuple):
    """A row of `learner_group`: what `domain.Group` says. `application/assignments/rows` goes there and back."""

    assignment: UUID
    revision: int
    offering: UUID
    name: str
    description: str
    allow_enrol: bool
    allow_withdraw: bool
    opens: datetime | None
    closes: datetime | None
    name_folded: str


class TriggerRow(NamedTuple):
    """A row of `trigger`."""

    id: UUID
    revision: int
    name: str
    kind: TriggerKind
    target: UUID | None
    include_below: bool
    field: str | None
    on_or_after: date | None
    on_or_before: date | None
    assignment: UUID | None
    offering: UUID | None
    job_role: UUID | None
    undo: bool
    live: bool
    taken_back: bool
    batch: UUID
    created_at: datetime

    @property
    def when(self) -> TriggerCondition:
        return TriggerCondition(
            kind=self.kind,
            target_id=self.target,
            include_below=self.include_below,
            field=self.field,
            on_or_after=self.on_or_after,
            on_or_before=self.on_or_before,
        )


ASSIGNMENT = Table.of("assignment", AssignmentRow)
ENROLLMENT = Table.of("enrollment", EnrollmentRow)
GROUP = Table.of("learner_group", GroupRow, key=("assignment",))
TRIGGER = Table.of("trigger", TriggerRow)
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
MEMBER = Table("group_member", ("assignment", "person"), {"assignment": "uuid", "person": "uuid", "joined_by": "text"})
JOB_ROLE_HOLDER = Table(
    "job_role_holder", ("job_role", "person"), {"job_role": "uuid", "person": "uuid", "since": "timestamptz"}
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
QUEUE_ENTRY = Table("evaluation_queue", ("id",), {"id": "uuid", "revision": "int8", "meta": "text", "open": "bool"})
"""A person's place in the queue, where there was none."""
MOVED_PLACE = Table("evaluation_queue", ("id",), {"id": "uuid", "revision": "int8"})
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


def assignments(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, AssignmentRow]:
    query = f"SELECT {ASSIGNMENT.select()} FROM assignment WHERE id = ANY(%s)"
    return {row.id: row for row in fetch(conn, AssignmentRow, query, [list(ids)], binary=True)}


def set_aside(conn: Connection) -> set[UUID]:
    """Those that were set aside by the evaluator: too many people crash by them. One that was edited since is followed again."""
    query = (
        "SELECT a.id FROM set_aside s JOIN assignment a ON a.id = s.subject AND a.revision = (s.about ->> 'revision')::bigint "
        "WHERE s.kind = 'assignment' AND a.live"
    )
    return set(column(conn, query, UUID))


def rules_for(conn: Connection, person: UUID) -> list[UUID]:
    """Every live assignment that may concern a person: the person's own, and all that are no single person's."""
    query = f"SELECT id FROM assignment WHERE live AND (type NOT IN {OF_ONE_PERSON} OR target = %s) ORDER BY id"
    return column(conn, query, UUID, [person])


def offering_there(conn: Connection, offering: UUID) -> bool:
    """Whether the catalog has told of it."""
    return scalar(conn, "SELECT EXISTS (SELECT FROM offering_fact WHERE id = %s)", bool, [offering])


def assigned_to(conn: Connection, type: str, target: UUID) -> list[AssignmentRow]:
    """The live assignments of one target, on all offerings."""
    query = f"SELECT {ASSIGNMENT.select()} FROM assignment WHERE live AND type = %s AND target = %s"
    return fetch(conn, AssignmentRow, query, [type, target], binary=True)


def live_targets(
    conn: Connection, offerings: Sequence[UUID], targets: Sequence[tuple[str, UUID]]
) -> dict[tuple[UUID, str, UUID], UUID]:
    """The live assignments among offerings x targets, by (offering, type, target): the ones a new one would repeat (ASG-2)."""
    query = (
        f"SELECT {ASSIGNMENT.select('a')} FROM assignment a JOIN unnest(%s::text[], %s::uuid[]) AS t (type, target) "
        "USING (type, target) WHERE live AND offering = ANY(%s)"
    )
    values = [[type for type, _ in targets], [target for _, target in targets], offerings]
    return {(row.offering, row.type, row.target): row.id for row in fetch(conn, AssignmentRow, query, values)}
