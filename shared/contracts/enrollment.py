"""What happens to assignments (the sources) and enrollments (one learner on one offering)."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.catalog import Price
from shared.events import Event, TextRef, later

AssignmentType = Literal["individual", "audience", "organisation", "position", "manager", "self"]
"""The ways to assign that exist so far (ASG-1). `manager`: the management hierarchy under a person; `self`: self-enrollment."""

Unassignment = Literal["assignment-removed", "removed-by-hand", "dropped-out", "cancelled"]
ExclusionReason = Literal["removed-by-hand", "cancelled"]
Status = Literal[
    "not-enrolled",
    "awaiting-payment",
    "not-started",
    "in-progress",
    "pending-approval",
    "completed",
    "certification-expired",
    "access-expired",
    "withdrawn",
    "cancelled",
]
"""Where a learner stands on an offering (ENR-1), as every service calls it. It follows from the events; none says it."""
Ending = Literal["withdrawn", "cancelled", "expired"]
"""How a term is over."""
Payment = Literal["none", "due", "paid", "refunded"]
"""Of a term. `refunded`: after the start, for an administrator to decide."""


class AssignmentCreated(Event):
    """A source that brings learners to an offering. The stream is the assignment."""

    TOPIC: ClassVar[str] = "enrollment.AssignmentCreated.v1"
    offering_id: UUID
    type: AssignmentType
    target_id: UUID
    """The person, audience, organisation, position, or the manager as a person."""
    include_below: bool
    """Everything below an organisation or position; everybody below a manager instead of the direct team (ASG-3)."""
    access_days: int | None = later()
    """A shorter access period than the course's, in days (ASG-14)."""
    note: TextRef | None = later()
    """What the learners are told (ASG-13)."""
    important: bool = later(False)
    """The note is of high importance."""


class AssignmentRemoved(Event):
    """The source is gone; learners without another one are withdrawn (ASG-7)."""

    TOPIC: ClassVar[str] = "enrollment.AssignmentRemoved.v1"
    reason: TextRef | None = None


class OfTerm(Event):
    """What is said of one term of an enrollment."""

    person_id: UUID
    offering_id: UUID
    term: int


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


class OrderPlaced(OfTerm):
    """The learner went to pay for the term (ENR-2)."""

    TOPIC: ClassVar[str] = "enrollment.OrderPlaced.v1"
    order_id: UUID
    price: Price


class PaymentReceived(OfTerm):
    """The term is paid; `by-hand` by an administrator's word, with a reason (ENR-2)."""

    TOPIC: ClassVar[str] = "enrollment.PaymentReceived.v1"
    order_id: UUID | None
    by: Literal["provider", "by-hand"]
    reason: TextRef | None = None


class PaymentFailed(OfTerm):
    """A try to pay came to nothing; the next purchase is a new order (ENR-2)."""

    TOPIC: ClassVar[str] = "enrollment.PaymentFailed.v1"
    order_id: UUID


class PaymentRefunded(OfTerm):
    """The money went back: before the start the term awaits payment again, after it an administrator decides (ENR-2)."""

    TOPIC: ClassVar[str] = "enrollment.PaymentRefunded.v1"
    order_id: UUID
    reopens: bool
    """The term awaits payment again."""


class TrainingBegun(OfTerm):
    """The learner started to work on the term."""

    TOPIC: ClassVar[str] = "enrollment.TrainingBegun.v1"


class StepCompleted(OfTerm):
    """A step of the version that the enrollment follows; `step` counts from 1."""

    TOPIC: ClassVar[str] = "enrollment.StepCompleted.v1"
    step: int
    credited_from: UUID | None = later()
    """The enrollment whose completion counted for this step (ENR-8)."""


class ExamTaken(OfTerm):
    """A result of an exam, in percent, with the mark that it had to reach (ENR-4)."""

    TOPIC: ClassVar[str] = "enrollment.ExamTaken.v1"
    step: int
    score: int
    pass_mark: int | None
    passed: bool


class LabLaunched(OfTerm):
    """The learner started the lab of a step (ENR-4); from then on the term cannot be cancelled (ASG-15)."""

    TOPIC: ClassVar[str] = "enrollment.LabLaunched.v1"
    step: int


class CompletionSubmitted(OfTerm):
    """All steps are complete, and an administrator has to look at it (ENR-5)."""

    TOPIC: ClassVar[str] = "enrollment.CompletionSubmitted.v1"
    version: int | None


class CompletionRejected(OfTerm):
    """The administrator sent it back; these steps have to be completed again (ENR-5)."""

    TOPIC: ClassVar[str] = "enrollment.CompletionRejected.v1"
    steps: tuple[int, ...]
    reason: TextRef


class CompletionTakenBack(OfTerm):
    """A completion on record does not count any more (ENR-12); of steps that are all complete, these have to be completed again."""

    TOPIC: ClassVar[str] = "enrollment.CompletionTakenBack.v1"
    steps: tuple[int, ...]
    reason: TextRef


class CertificateIssued(OfTerm):
    """Whoever has the serial can verify the completion (ENR-10). The days are the first and the last on which it holds."""

    TOPIC: ClassVar[str] = "enrollment.CertificateIssued.v1"
    serial: str
    completed_on: date
    valid_until: date | None


class CertificateRevoked(OfTerm):
    """The certificate does not hold any more, and its verification says so (ENR-12)."""

    TOPIC: ClassVar[str] = "enrollment.CertificateRevoked.v1"
    serial: str
    reason: TextRef


class EnrollmentCompleted(OfTerm):
    """All steps are complete, or the completion was recorded otherwise; the version is recorded for ever (CAT-15)."""

    TOPIC: ClassVar[str] = "enrollment.EnrollmentCompleted.v1"
    version: int | None
    completed_at: datetime
    valid_until: date | None = later()
    """The last day on which it counts; None: without end."""
    recorded: Literal["by-hand", "imported"] | None = later()
    """Not by the steps: by an administrator (ENR-12), or from a former system (ENR-13); at the beginning of that day."""
    evidence: TextRef | None = later()
