"""Assignments: the sources that bring learners to offerings, and when a new one is refused."""

from dataclasses import dataclass
from uuid import UUID

from shared.contracts.enrollment import AssignmentCreated, AssignmentRemoved, AssignmentType
from shared.errors import Conflict
from shared.events import Event, TextRef

LABELS: dict[AssignmentType, str] = {
    "individual": "Individual",
    "audience": "Audience",
    "organisation": "Organisation",
    "position": "Position",
    "manager": "Manager",
}
"""How each way to assign is called in reports (ASG-1)."""


@dataclass(frozen=True)
class Target:
    """Whom an assignment is for."""

    type: AssignmentType
    id: UUID
    include_below: bool = False


@dataclass(frozen=True)
class Assignment:
    """An assignment as its events tell it."""

    id: UUID
    version: int
    offering: UUID
    target: Target
    live: bool


@dataclass(frozen=True)
class Offering:
    """What the catalogue says of an offering, as far as assigning needs it. `published` None: no version yet."""

    id: UUID
    kind: str
    title: str
    active: bool
    published: int | None
    steps: int
    notifications: frozenset[str] = frozenset({"assigned", "withdrawn"})
    keep_begun: bool = True

    @property
    def open(self) -> bool:
        """New learners may come (CAT-3, CAT-4)."""
        return self.active and (self.kind != "certification" or self.published is not None)


def evolve(state: Assignment | None, event: Event) -> Assignment | None:
    match event:
        case AssignmentCreated():
            target = Target(event.type, event.target_id, event.include_below)
            return Assignment(event.originator_id, event.originator_version, event.offering_id, target, True)
        case AssignmentRemoved() if state is not None:
            return Assignment(state.id, event.originator_version, state.offering, state.target, False)
        case _:
            return state


def check_open(offering: Offering) -> None:
    """Refuses what new learners cannot come to, whatever the way (CAT-3, CAT-4)."""
    if not offering.active:
        raise Conflict(
            f"The {offering.kind} '{offering.title}' is not active, so nobody can be added. Activate it in the catalogue first.",
            field="offering_id",
            kind="offering-inactive",
        )
    if not offering.open:
        raise Conflict(
            f"The certification '{offering.title}' has no published version, so nobody can be added. Publish one first.",
            field="offering_id",
            kind="offering-unpublished",
        )


def create(id: UUID, offering: Offering, target: Target) -> AssignmentCreated:
    """Refuses an offering that is not open."""
    check_open(offering)
    return AssignmentCreated(
        originator_id=id,
        originator_version=1,
        offering_id=offering.id,
        type=target.type,
        target_id=target.id,
        include_below=target.include_below,
    )


def remove(state: Assignment, reason: TextRef | None) -> AssignmentRemoved:
    """Refuses one that was removed already."""
    if not state.live:
        raise Conflict("This assignment was removed already.", kind="assignment-removed")
    return AssignmentRemoved(originator_id=state.id, originator_version=state.version + 1, reason=reason)


def adding_text(kind: str, count: int, assignments: int) -> str:
    """What is asked before a rule is added (ASG-8), word for word."""
    these = "this" if assignments == 1 else "these"
    noun = "assignment" if assignments == 1 else "assignments"
    return f"Adding {these} {noun} will enrol {count} learners to this {kind} except where they are enrolled already."


def removing_text(kind: str, count: int) -> str:
    """What is asked before a rule is removed (ASG-8), word for word."""
    return f"This will withdraw {count} learners from this {kind} except where they have another assignment."
