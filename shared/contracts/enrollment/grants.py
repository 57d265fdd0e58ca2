"""How assignments begin and cease to hold learners: grants, exclusions, exceptions, due dates and access."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.catalog import Price
from shared.contracts.enrollment.vocabulary import (
    ExceptionKind,
    ExclusionReason,
    Hold,
    OfLearner,
    OfTerm,
    Resolution,
    TimeOfDay,
    Unassignment,
)
from shared.events import Event, TextRef, added_field


class LearnerAssigned(Event):
    """One assignment holds one learner: a grant. The stream is the enrollment, as for every event below.

    A `term` higher than the enrollment's last one opens that term.
    """

    TOPIC: ClassVar[str] = "enrollment.LearnerAssigned.v1"
    person_id: UUID
    offering_id: UUID
    assignment_id: UUID
    term: int
    access_until: date | None = added_field()
    """The last day of access that this assignment gives (ASG-14); None: no expiry."""
    price: Price | None = added_field()
    """For a term that opens: the price to pay before it can begin (ENR-2)."""
    afresh: bool = added_field(False)
    """For a term that opens: the completion on record has expired and does not count for it (ENR-1)."""
    due_on: date | None = added_field()
    """The term's new due date, if this assignment sets or moves it (DUE-3)."""
    since: date | None = added_field()
    """For an assignment with a due rule: the day that counts as its enrollment date (DUE-1)."""
    due_at: TimeOfDay | None = added_field()
    """With `due_on`: the time on that day, in the learner's time zone; None: the end of the day (DUE-1)."""


class LearnerUnassigned(Event):
    """The grant ended. Another event says what becomes of the enrollment."""

    TOPIC: ClassVar[str] = "enrollment.LearnerUnassigned.v1"
    person_id: UUID
    offering_id: UUID
    assignment_id: UUID
    term: int
    why: Unassignment


class LearnerWithdrawn(OfTerm):
    """The last grant was removed, so the term is over. Progress and completions stay on record."""

    TOPIC: ClassVar[str] = "enrollment.LearnerWithdrawn.v1"


class EnrollmentLeftWithoutSource(OfTerm):
    """The last grant ended by dropping out after the training had begun: the term continues, but is not renewed (ASG-10)."""

    TOPIC: ClassVar[str] = "enrollment.EnrollmentLeftWithoutSource.v1"


class LearnerExcluded(Event):
    """This assignment may not hold this learner until a person lifts the exclusion (ASG-7)."""

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
    """The last grant was cancelled in time, so the term is over and is not billed (ASG-15)."""

    TOPIC: ClassVar[str] = "enrollment.EnrollmentCancelled.v1"


class AccessShortened(Event):
    """One assignment gives access until an earlier day than before (ASG-14)."""

    TOPIC: ClassVar[str] = "enrollment.AccessShortened.v1"
    person_id: UUID
    offering_id: UUID
    assignment_id: UUID
    term: int
    access_until: date


class AccessExpired(OfTerm):
    """The last day of access passed before the training was completed, so the term is over (ENR-6)."""

    TOPIC: ClassVar[str] = "enrollment.AccessExpired.v1"


class DueDateSet(OfTerm):
    """The term's due date was set: by a rule (DUE-3), by the answer to an exception (DUE-6), or by hand (DUE-8)."""

    TOPIC: ClassVar[str] = "enrollment.DueDateSet.v1"
    due_on: date
    by: Literal["rule", "exception", "hand"]
    reason: TextRef | None = None
    due_at: TimeOfDay | None = added_field()
    """The time on that day, in the learner's time zone; None: the end of the day (DUE-1)."""


class ExceptionRaised(Event):
    """These assignments wait for an administrator: they enrol nobody and change no date until then (DUE-4, DUE-5).

    It replaces the open exception, if any: a learner has at most one on an offering.
    """

    TOPIC: ClassVar[str] = "enrollment.ExceptionRaised.v1"
    person_id: UUID
    offering_id: UUID
    kinds: tuple[ExceptionKind, ...]
    holds: tuple[Hold, ...]


class ExceptionAnswered(Event):
    """An administrator answered the exception, for all assignments that waited (DUE-6)."""

    TOPIC: ClassVar[str] = "enrollment.ExceptionAnswered.v1"
    person_id: UUID
    offering_id: UUID
    resolution: Resolution
    reason: TextRef | None = None


class HoldEnded(OfLearner):
    """An assignment no longer waits, because it or the cause is gone. An exception is over when none waits any more (DUE-6)."""

    TOPIC: ClassVar[str] = "enrollment.HoldEnded.v1"
