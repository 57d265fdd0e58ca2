"""Assignments, which bring learners to offerings; groups and their members; held changes."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.contracts.enrollment.vocabulary import Admission, AssignmentType, By, DueRule
from shared.events import Event, TextRef, added_field


class AssignmentCreated(Event):
    """Something brings learners to an offering from now on. The stream is the assignment. After its removal: it is restored
    (ASG-20)."""

    TOPIC: ClassVar[str] = "enrollment.AssignmentCreated.v1"
    offering_id: UUID
    type: AssignmentType
    target_id: UUID
    """The person, audience, organisation, position, manager (a person), job role or trigger; a group's target is the group
    itself. For `request` and `key`: the person."""
    include_below: bool
    """Also everything below the organisation or position; everybody below the manager, instead of the direct team only (ASG-3)."""
    access_days: int | None = added_field()
    """A shorter access period than the course's, in days (ASG-14)."""
    note: TextRef | None = added_field()
    """A note to the learners (ASG-13)."""
    important: bool = added_field(False)
    """The note is of high importance."""
    due: DueRule | None = added_field()
    """The rule for its learners' due dates (DUE-1)."""
    required: bool = added_field(True)
    """For a qualification: whether it is required of the learners, or optional (ASG-11)."""
    origin_id: UUID | None = added_field()
    """For `request`: the access request that was approved (APR-2). For `key`: the redemption (KEY-4)."""
    reason: TextRef | None = added_field()
    """Why it was assigned, in the words of whoever did."""


class AdmissionRefused(Event):
    """An approved request or a reserved key could not become an assignment. The stream is its admission."""

    TOPIC: ClassVar[str] = "enrollment.AdmissionRefused.v1"
    type: Admission
    origin_id: UUID
    """The access request, or the redemption."""
    person_id: UUID
    offering_id: UUID
    kind: str
    """Why, as the kind of a problem (RFC 9457): `inactive-person`, `offering-inactive`, `still-enrolled` ..."""
    detail: str
    """The same in a sentence, which names the offering and nobody."""


class AssignmentRemoved(Event):
    """The assignment was removed; learners whom no other one holds are withdrawn (ASG-7)."""

    TOPIC: ClassVar[str] = "enrollment.AssignmentRemoved.v1"
    reason: TextRef | None = None
    undone: bool = added_field(False)
    """Removed by undoing the batch that created it (ASG-20): training that was begun is kept."""


class DueRuleSet(Event):
    """The assignment's due rule from now on; None: no due date (DUE-1). Existing due dates only ever move to a later day
    (DUE-3)."""

    TOPIC: ClassVar[str] = "enrollment.DueRuleSet.v1"
    due: DueRule | None


class GroupDescribed(Event):
    """A group's name and description, and what learners may do (GRP-1); always complete. The stream is its assignment."""

    TOPIC: ClassVar[str] = "enrollment.GroupDescribed.v1"
    name: str
    description: str
    allow_enrol: bool
    allow_withdraw: bool
    opens: datetime | None = None
    """When enrollment opens (CAT-19)."""
    closes: datetime | None = None
    """When it closes; excluded."""


class ChangeHeld(Event):
    """A change from an HR feed would enrol or withdraw too many learners, so it is held (ASG-21). The stream is its batch."""

    TOPIC: ClassVar[str] = "enrollment.ChangeHeld.v1"
    enrolled: int
    withdrawn: int


class ChangeReleased(Event):
    """An administrator released a held change."""

    TOPIC: ClassVar[str] = "enrollment.ChangeReleased.v1"
    reason: TextRef | None = None


class GroupJoined(Event):
    """A person joined a group. The stream is the membership: one for each group and person."""

    TOPIC: ClassVar[str] = "enrollment.GroupJoined.v1"
    person_id: UUID
    offering_id: UUID
    assignment_id: UUID
    by: By


class GroupLeft(Event):
    """A person left a group, or was removed from it (GRP-4, GRP-5). The stream is the membership."""

    TOPIC: ClassVar[str] = "enrollment.GroupLeft.v1"
    person_id: UUID
    offering_id: UUID
    assignment_id: UUID
    by: By
