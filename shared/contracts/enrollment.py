"""What happens to assignments (the sources) and enrollments (one learner on one offering)."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events import Event, TextRef

AssignmentType = Literal["individual", "audience", "organisation", "position", "manager"]
"""The ways to assign that exist so far (ASG-1). `manager` is the management hierarchy under a person."""

Unassignment = Literal["assignment-removed", "removed-by-hand", "dropped-out"]
ExclusionReason = Literal["removed-by-hand"]


class AssignmentCreated(Event):
    """A source that brings learners to an offering. The stream is the assignment."""

    TOPIC: ClassVar[str] = "enrollment.AssignmentCreated.v1"
    offering_id: UUID
    type: AssignmentType
    target_id: UUID
    """The person, audience, organisation, position, or the manager as a person."""
    include_below: bool
    """Everything below an organisation or position; everybody below a manager instead of the direct team (ASG-3)."""


class AssignmentRemoved(Event):
    """The source is gone; learners without another one are withdrawn (ASG-7)."""

    TOPIC: ClassVar[str] = "enrollment.AssignmentRemoved.v1"
    reason: TextRef | None = None


class LearnerAssigned(Event):
    """One assignment holds one learner: a grant. The stream is the enrollment, as for every event below.

    A `term` above the enrollment's last one opens that term.
    """

    TOPIC: ClassVar[str] = "enrollment.LearnerAssigned.v1"
    person_id: UUID
    offering_id: UUID
    assignment_id: UUID
    term: int


class LearnerUnassigned(Event):
    """The grant ended. What becomes of the enrollment, another event says."""

    TOPIC: ClassVar[str] = "enrollment.LearnerUnassigned.v1"
    person_id: UUID
    offering_id: UUID
    assignment_id: UUID
    term: int
    why: Unassignment


class LearnerWithdrawn(Event):
    """The last grant was removed: the term is over. Progress and completions stay on record."""

    TOPIC: ClassVar[str] = "enrollment.LearnerWithdrawn.v1"
    person_id: UUID
    offering_id: UUID
    term: int


class EnrollmentLeftWithoutSource(Event):
    """The last grant dropped out after the training had begun: the term goes on, nobody is asked to renew it (ASG-10)."""

    TOPIC: ClassVar[str] = "enrollment.EnrollmentLeftWithoutSource.v1"
    person_id: UUID
    offering_id: UUID
    term: int


class LearnerExcluded(Event):
    """This assignment may not hold this learner until a person lifts it (ASG-7)."""

    TOPIC: ClassVar[str] = "enrollment.LearnerExcluded.v1"
    person_id: UUID
    offering_id: UUID
    assignment_id: UUID
    why: ExclusionReason
    reason: TextRef | None = None


class ExclusionLifted(Event):
    TOPIC: ClassVar[str] = "enrollment.ExclusionLifted.v1"
    person_id: UUID
    offering_id: UUID
    assignment_id: UUID


class TrainingBegun(Event):
    """The learner started to work on the term."""

    TOPIC: ClassVar[str] = "enrollment.TrainingBegun.v1"
    person_id: UUID
    offering_id: UUID
    term: int


class StepCompleted(Event):
    """A step of the version that the enrollment follows; `step` counts from 1."""

    TOPIC: ClassVar[str] = "enrollment.StepCompleted.v1"
    person_id: UUID
    offering_id: UUID
    term: int
    step: int


class EnrollmentCompleted(Event):
    """All steps are complete; the version is recorded for ever (CAT-15)."""

    TOPIC: ClassVar[str] = "enrollment.EnrollmentCompleted.v1"
    person_id: UUID
    offering_id: UUID
    term: int
    version: int | None
    completed_at: datetime
