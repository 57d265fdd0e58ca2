"""How assignments come to hold learners, and leave them: grants, exclusions, exceptions, due dates and access."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.catalog import Price
from shared.contracts.enrollment.terms import (
    ExceptionKind,
    ExclusionReason,
    Hold,
    OfLearner,
    OfTerm,
    Resolution,
    TimeOfDay,
    Unassignment,
)
from shared.events import Event, TextRef, later


class LearnerAssigned(Event):
    """One assignment holds one learner: a grant. The stream is the enrollment, as for every event below.

    A `term` above the enrollment's last one opens that term.
    """

    TOPIC: ClassVar[str] = "enrollment.LearnerAssigned.v1"
    person_id: UUID
    offering_id: UUID
    assignment_id: UUID
    term: int
    access_until: date | None = later()
    """The last day of access that this assignment gives (ASG-14); None: without end."""
    price: Price | None = later()
    """Of a term that opens: what has to be paid before it can begin (ENR-2)."""
    afresh: bool = later(False)
    """Of a term that opens: the completion on record has expired and does not count for it (ENR-1)."""
    due_on: date | None = later()
    """The day on which the term is due from now on, where this assignment sets or moves it (DUE-3)."""
    since: date | None = later()
    """Of an assignment with a due date: the day that counts as its enrollment date (DUE-1)."""
    due_at: TimeOfDay | None = later()
    """With `due_on`: when on that day, by the learner's clock; None: at its end (DUE-1)."""


class LearnerUnassigned(Event):
    """The grant ended. What becomes of the enrollment, another event says."""

    TOPIC: ClassVar[str] = "enrollment.LearnerUnassigned.v1"
    person_id: UUID
    offering_id: UUID
    assignment_id: UUID
    term: int
    why: Unassignment


class LearnerWithdrawn(OfTerm):
    """The last grant was removed: the term is over. Progress and completions stay on record."""

    TOPIC: ClassVar[str] = "enrollment.LearnerWithdrawn.v1"


class EnrollmentLeftWithoutSource(OfTerm):
    """The last grant dropped out after the training had begun: the term goes on, nobody is asked to renew it (ASG-10)."""

    TOPIC: ClassVar[str] = "enrollment.EnrollmentLeftWithoutSource.v1"


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


class EnrollmentCancelled(OfTerm):
    """The last grant was cancelled within its time: the term is over and is not billed (ASG-15)."""

    TOPIC: ClassVar[str] = "enrollment.EnrollmentCancelled.v1"


class AccessShortened(Event):
    """One assignment gives access until an earlier day than it did (ASG-14)."""

    TOPIC: ClassVar[str] = "enrollment.AccessShortened.v1"
    person_id: UUID
    offering_id: UUID
    assignment_id: UUID
    term: int
    access_until: date


class AccessExpired(OfTerm):
    """The last day of access is over and the training was not completed: the term is over (ENR-6)."""

    TOPIC: ClassVar[str] = "enrollment.AccessExpired.v1"


class DueDateSet(OfTerm):
    """The term is due on that day: by a rule (DUE-3), as the answer to an exception (DUE-6), or by hand (DUE-8)."""

    TOPIC: ClassVar[str] = "enrollment.DueDateSet.v1"
    due_on: date
    by: Literal["rule", "exception", "hand"]
    reason: TextRef | None = None
    due_at: TimeOfDay | None = later()
    """When on that day, by the learner's clock; None: at its end (DUE-1)."""


class ExceptionRaised(Event):
    """These assignments wait for an administrator; nobody is enrolled by them, and no date changes (DUE-4, DUE-5).

    It replaces an exception that is open. Every learner has one on an offering at most.
    """

    TOPIC: ClassVar[str] = "enrollment.ExceptionRaised.v1"
    person_id: UUID
    offering_id: UUID
    kinds: tuple[ExceptionKind, ...]
    holds: tuple[Hold, ...]


class ExceptionAnswered(Event):
    """An administrator's answer for all assignments that wait (DUE-6)."""

    TOPIC: ClassVar[str] = "enrollment.ExceptionAnswered.v1"
    person_id: UUID
    offering_id: UUID
    resolution: Resolution
    reason: TextRef | None = None


class HoldEnded(OfLearner):
    """An assignment does not wait any more: it is gone, or its cause is. An exception without any is over (DUE-6)."""

    TOPIC: ClassVar[str] = "enrollment.HoldEnded.v1"
