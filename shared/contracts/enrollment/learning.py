"""What a learner does in an open term, what is paid for it, and what is completed."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.catalog import Price
from shared.contracts.enrollment.terms import OfTerm
from shared.events import TextRef, later


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
    via: UUID | None = later()
    """Of a course: the enrollment on a certification that contains it. It needs no assignment of its own, and is not paid for;
    a term that was not open is opened (CAT-2)."""
    afresh: bool = later(False)
    """An earlier completion does not count for the term."""


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
