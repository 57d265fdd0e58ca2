"""Assignments: the sources that bring learners to offerings; groups, and who is in them."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.contracts.enrollment.terms import AssignmentType, By, DueRule
from shared.events import Event, TextRef, later


class AssignmentCreated(Event):
    """A source that brings learners to an offering. The stream is the assignment. After its removal: it is there again (ASG-20)."""

    TOPIC: ClassVar[str] = "enrollment.AssignmentCreated.v1"
    offering_id: UUID
    type: AssignmentType
    target_id: UUID
    """The person, audience, organisation, position, the manager as a person, the job role, the trigger, or the group: itself."""
    include_below: bool
    """Everything below an organisation or position; everybody below a manager instead of the direct team (ASG-3)."""
    access_days: int | None = later()
    """A shorter access period than the course's, in days (ASG-14)."""
    note: TextRef | None = later()
    """What the learners are told (ASG-13)."""
    important: bool = later(False)
    """The note is of high importance."""
    due: DueRule | None = later()
    """When its learners have to be done (DUE-1)."""
    required: bool = later(True)
    """Of a qualification: required of its learners, or optional (ASG-11)."""


class AssignmentRemoved(Event):
    """The source is gone; learners without another one are withdrawn (ASG-7)."""

    TOPIC: ClassVar[str] = "enrollment.AssignmentRemoved.v1"
    reason: TextRef | None = None
    undone: bool = later(False)
    """With the batch that created it (ASG-20): training that was begun stays."""


class DueRuleSet(Event):
    """From now on its learners have to be done then; None: whenever (DUE-1). Dates that are there move only later (DUE-3)."""

    TOPIC: ClassVar[str] = "enrollment.DueRuleSet.v1"
    due: DueRule | None


class GroupDescribed(Event):
    """What a group is called, what it says to learners, and what they may do (GRP-1); whole. The stream is its assignment."""

    TOPIC: ClassVar[str] = "enrollment.GroupDescribed.v1"
    name: str
    description: str
    allow_enrol: bool
    allow_withdraw: bool
    opens: datetime | None = None
    """From when on learners may enrol (CAT-19)."""
    closes: datetime | None = None
    """From when on they may not any more."""


class ChangeHeld(Event):
    """A change of a feed would enrol or withdraw too many learners, so it waits (ASG-21). The stream is its batch."""

    TOPIC: ClassVar[str] = "enrollment.ChangeHeld.v1"
    enrolled: int
    withdrawn: int


class ChangeReleased(Event):
    """An administrator let a held change through."""

    TOPIC: ClassVar[str] = "enrollment.ChangeReleased.v1"
    reason: TextRef | None = None


class GroupJoined(Event):
    """A person is in a group from now on. The stream is the membership: one for each group and person."""

    TOPIC: ClassVar[str] = "enrollment.GroupJoined.v1"
    person_id: UUID
    offering_id: UUID
    assignment_id: UUID
    by: By


class GroupLeft(Event):
    """A person is not in a group any more (GRP-4, GRP-5). The stream is the membership."""

    TOPIC: ClassVar[str] = "enrollment.GroupLeft.v1"
    person_id: UUID
    offering_id: UUID
    assignment_id: UUID
    by: By
