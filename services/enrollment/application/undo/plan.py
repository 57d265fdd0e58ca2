"""What undoing a batch comes to (ASG-20)."""

from dataclasses import dataclass, field
from uuid import UUID

from services.enrollment.application.group_names import holder
from services.enrollment.domain.groups import Group
from services.enrollment.projections import batches
from services.enrollment.projections.batches import Irreversible, IrreversibleKind
from services.enrollment.projections.tables import AssignmentRow
from shared.contracts.enrollment import (
    AccessShortened,
    AssignmentCreated,
    AssignmentRemoved,
    CertificateRevoked,
    CompletionRejected,
    CompletionTakenBack,
    DueDateSet,
    DueRuleSet,
    EnrollmentCompleted,
    ExceptionAnswered,
    GroupDescribed,
    GroupJoined,
    GroupLeft,
    JobRoleAssigned,
    JobRoleUnassigned,
    LearnerExcluded,
    PaymentReceived,
    PaymentRefunded,
    RequirementSet,
    StepCompleted,
    TrainingBegun,
    TriggerCreated,
)
from shared.database import Connection
from shared.store import Decision

WHY: dict[IrreversibleKind, str] = {
    "changed-since": "It has been changed by another command since.",
    "assigned-again": "The same target has been assigned again since.",
    "name-taken": "Another group of the offering has the name now.",
    "from-job-role": "It comes from a job role. Change the job role's qualifications in the catalog.",
    "not-an-assignment": "Progress, completions, payments, access, answers and due dates set by hand are kept. "
    "Change them individually.",
}

ALSO_TOLD = (
    StepCompleted,
    TrainingBegun,
    EnrollmentCompleted,
    CompletionRejected,
    CompletionTakenBack,
    CertificateRevoked,
    PaymentReceived,
    PaymentRefunded,
    AccessShortened,
    ExceptionAnswered,
    DueDateSet,
)
"""What stays, and is told: progress, payments, answers."""
RULES = (JobRoleAssigned, JobRoleUnassigned, TriggerCreated, RequirementSet)
REVERSED = (
    *RULES,
    AssignmentCreated,
    AssignmentRemoved,
    DueRuleSet,
    GroupDescribed,
    GroupJoined,
    GroupLeft,
    LearnerExcluded,
)
"""What is reversed."""


@dataclass
class Plan:
    """What undoing a batch comes to."""

    decision: Decision
    removed: list[UUID] = field(default_factory=list)
    kept: list[UUID] = field(default_factory=list)
    """Assignments that it created and that stay, with whom they hold: another command has changed them since."""
    expanded: dict[UUID, list[UUID]] = field(default_factory=dict)
    """By offering: the assignments whose scope is evaluated."""
    marked: list[UUID] = field(default_factory=list)
    triggers: list[UUID] = field(default_factory=list)
    """Triggers that are taken back, or act again: whomever they concern is looked at."""
    named: list[Group] = field(default_factory=list)
    """Groups that are there again, or have an earlier name again."""
    left: list[Irreversible] = field(default_factory=list)

    def expand(self, offering: UUID, assignment: UUID) -> None:
        self.expanded.setdefault(offering, []).append(assignment)

    def leave(
        self, kind: IrreversibleKind, offering: UUID | None, assignment: UUID | None, person: UUID | None = None
    ) -> None:
        item = Irreversible(kind=kind, why=WHY[kind], offering_id=offering, assignment_id=assignment, person_id=person)
        self.left.append(item)


def group_of(row: AssignmentRow, version: int, event: GroupDescribed) -> Group:
    """As it was told to be."""
    return Group(
        assignment=row.id,
        version=version,
        offering=row.offering,
        name=event.name,
        description=event.description,
        allow_enrol=event.allow_enrol,
        allow_withdraw=event.allow_withdraw,
        opens=event.opens,
        closes=event.closes,
    )


def group_before(conn: Connection, row: AssignmentRow, version: int) -> Group:
    """As it was told to be before a version, at the version that comes next."""
    told = batches.before(conn, row.id, version, (GroupDescribed.TOPIC,))
    assert isinstance(told, GroupDescribed)
    return group_of(row, row.revision + 1, told)


def can_be_named(conn: Connection, plan: Plan, group: Group) -> bool:
    """Whether the group can have its name again, which is checked once more when it is written."""
    if holder(conn, group):
        plan.leave("name-taken", group.offering, group.assignment)
        return False
    plan.named.append(group)
    return True
