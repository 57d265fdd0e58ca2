"""What learners do in an open term, what they pay for it, and what they complete."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.catalog import Price
from shared.contracts.enrollment.vocabulary import OfTerm
from shared.events import TextRef, added_field


class OrderPlaced(OfTerm):
    """The learner started to pay for the term (ENR-2)."""

    TOPIC: ClassVar[str] = "enrollment.OrderPlaced.v1"
    order_id: UUID
    price: Price


class PaymentReceived(OfTerm):
    """The term is paid. `by-hand`: an administrator said so, with a reason (ENR-2)."""

    TOPIC: ClassVar[str] = "enrollment.PaymentReceived.v1"
    order_id: UUID | None
    by: Literal["provider", "by-hand"]
    reason: TextRef | None = None


class PaymentFailed(OfTerm):
    """The payment failed; the next attempt is a new order (ENR-2)."""

    TOPIC: ClassVar[str] = "enrollment.PaymentFailed.v1"
    order_id: UUID


class PaymentRefunded(OfTerm):
    """The payment was refunded. Before the training begins the term awaits payment again; afterwards an administrator decides
    (ENR-2)."""

    TOPIC: ClassVar[str] = "enrollment.PaymentRefunded.v1"
    order_id: UUID
    reopens: bool
    """The term awaits payment again."""


class TrainingBegun(OfTerm):
    """The learner began the training of the term."""

    TOPIC: ClassVar[str] = "enrollment.TrainingBegun.v1"
    via: UUID | None = added_field()
    """For a course: the enrollment on a certification that contains it. It needs no assignment and no payment of its own, and a
    term is opened if none is open (CAT-2)."""
    afresh: bool = added_field(False)
    """Earlier completions do not count for the term."""


class StepCompleted(OfTerm):
    """A step of the version that the enrollment follows was completed; `step` counts from 1."""

    TOPIC: ClassVar[str] = "enrollment.StepCompleted.v1"
    step: int
    credited_from: UUID | None = added_field()
    """The enrollment whose completion counted for this step (ENR-8)."""


class ExamTaken(OfTerm):
    """An exam's result in percent, and the mark required to pass (ENR-4)."""

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
    """All steps are complete, and an administrator has to review the completion (ENR-5)."""

    TOPIC: ClassVar[str] = "enrollment.CompletionSubmitted.v1"
    version: int | None


class CompletionRejected(OfTerm):
    """An administrator rejected the completion; these steps have to be completed again (ENR-5)."""

    TOPIC: ClassVar[str] = "enrollment.CompletionRejected.v1"
    steps: tuple[int, ...]
    reason: TextRef


class CompletionTakenBack(OfTerm):
    """A completion on record no longer counts (ENR-12). If all steps are complete, these have to be completed again."""

    TOPIC: ClassVar[str] = "enrollment.CompletionTakenBack.v1"
    steps: tuple[int, ...]
    reason: TextRef


class CertificateIssued(OfTerm):
    """A certificate was issued; anybody who has its serial can verify the completion (ENR-10). The days are the first and last
    on which it is valid."""

    TOPIC: ClassVar[str] = "enrollment.CertificateIssued.v1"
    serial: str
    completed_on: date
    valid_until: date | None


class CertificateRevoked(OfTerm):
    """The certificate is no longer valid, and its verification says so (ENR-12)."""

    TOPIC: ClassVar[str] = "enrollment.CertificateRevoked.v1"
    serial: str
    reason: TextRef


class EnrollmentCompleted(OfTerm):
    """All steps are complete, or the completion was recorded in another way. The version is on record for ever (CAT-15)."""

    TOPIC: ClassVar[str] = "enrollment.EnrollmentCompleted.v1"
    version: int | None
    completed_at: datetime
    valid_until: date | None = added_field()
    """The last day on which it counts; None: no expiry."""
    recorded: Literal["by-hand", "imported"] | None = added_field()
    """If not by its steps: recorded by an administrator (ENR-12), or imported from a former system (ENR-13), as of the
    beginning of that day."""
    evidence: TextRef | None = added_field()
