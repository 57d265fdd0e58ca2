"""What undoing a batch comes to (ASG-20)."""

from dataclasses import dataclass, field
from uuid import UUID

from services.enrollment.domain.assignments import Assignment, Target
from services.enrollment.domain.groups import Group
from services.enrollment.projections.batches import Irreversible, IrreversibleKind
from services.enrollment.projections.state import AssignmentRow
from shared.contracts.enrollment import GroupDescribed
from shared.store import Decision

WHY: dict[IrreversibleKind, str] = {
    "changed-since": "Another command has changed it since.",
    "assigned-again": "The same target was assigned again since.",
    "of-job-role": "It goes with a job role. Change the job role's qualifications in the catalogue.",
    "not-an-assignment": "Progress, completions, payments, access, answers and dates by hand stay. Change them one by one.",
}


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
    left: list[Irreversible] = field(default_factory=list)

    def expand(self, offering: UUID, assignment: UUID) -> None:
        self.expanded.setdefault(offering, []).append(assignment)

    def leave(
        self, kind: IrreversibleKind, offering: UUID | None, assignment: UUID | None, person: UUID | None = None
    ) -> None:
        item = Irreversible(kind=kind, why=WHY[kind], offering_id=offering, assignment_id=assignment, person_id=person)
        self.left.append(item)


def assignment_of(row: AssignmentRow) -> Assignment:
    """As the rules know it, without what it shares."""
    return Assignment(row.id, row.revision, row.offering, Target(row.type, row.target, row.include_below), row.live)  # type: ignore[arg-type]


def group_of(row: AssignmentRow, version: int, told: GroupDescribed) -> Group:
    """As it was told to be."""
    said = (told.name, told.description, told.allow_enrol, told.allow_withdraw, told.opens, told.closes)
    return Group(row.id, version, row.offering, *said)
