"""One learner's standing on one offering, and what events make of it.

An assignment that holds a learner is a *grant*. A term opens with the first grant that comes while none is open, and is over when
the learner is withdrawn, cancelled, or out of access. docs/states.md has the table of what is possible when.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from services.enrollment.domain.due_dates import Deadline
from services.enrollment.domain.enrollment_ids import enrollment_id
from shared.contracts.catalog import Price
from shared.contracts.enrollment import (
    AccessExpired,
    AccessShortened,
    CertificateIssued,
    CertificateRevoked,
    CompletionRejected,
    CompletionSubmitted,
    CompletionTakenBack,
    DueDateSet,
    Ending,
    EnrollmentCancelled,
    EnrollmentCompleted,
    EnrollmentLeftWithoutSource,
    ExceptionAnswered,
    ExceptionRaised,
    ExceptionState,
    ExclusionLifted,
    Hold,
    HoldEnded,
    LabLaunched,
    LearnerAssigned,
    LearnerExcluded,
    LearnerUnassigned,
    LearnerWithdrawn,
    OrderPlaced,
    Payment,
    PaymentFailed,
    PaymentReceived,
    PaymentRefunded,
    Status,
    StepCompleted,
    TrainingBegun,
)
from shared.events import Event


@dataclass(frozen=True)
class Enrollment:
    """`term` 0: never enrolled. What is said of a term is said of the last one."""

    id: UUID
    person: UUID
    offering: UUID
    version: int = 0
    term: int = 0
    live: bool = False
    """A term is open."""
    ended: Ending | None = None
    """How the last term ended."""
    begun: bool = False
    unsourced: bool = False
    via: UUID | None = None
    """Of a course: the enrollment on a certification by which it is worked on, as long as that one's term is open (CAT-2)."""
    launched: bool = False
    """A lab was launched in this term."""
    steps: frozenset[int] = frozenset()
    submitted: bool = False
    """An administrator has to look at the completion."""
    rejection: UUID | None = None
    """Why the administrator sent it back, the text's id."""
    payment: Payment = "none"
    price: Price | None = None
    order: UUID | None = None
    """The order that may still be paid, or was."""
    access_until: date | None = None
    """The last day of access; None: without end."""
    completed_version: int | None = None
    completed_at: datetime | None = None
    valid_until: date | None = None
    """The last day on which the completion counts; None: without end."""
    serial: str | None = None
    """Of the completion's certificate."""
    revoked: bool = False
    grants: frozenset[UUID] = frozenset()
    access: Mapping[UUID, date] = field(default_factory=dict)
    """The last day of access by grant; a grant that is not named here gives it without end."""
    exclusions: frozenset[UUID] = frozenset()
    due: Deadline | None = None
    """When the term is due."""
    due_by_hand: bool = False
    holds: Mapping[UUID, Hold] = field(default_factory=dict)
    """The assignments that wait for the answer to an exception, and those that were answered with *do not assign* (DUE-6)."""
    refused: frozenset[UUID] = frozenset()
    """The latter."""
    exception: ExceptionState | None = None
    raised: int | None = None
    """The version of the event that raised the exception; one that changes while it is open stays the same."""

    @classmethod
    def unknown(cls, person: UUID, offering: UUID) -> "Enrollment":
        return cls(enrollment_id(person, offering), person, offering)

    @property
    def waiting(self) -> list[UUID]:
        """The assignments that an exception holds back."""
        return sorted(self.holds.keys() - self.refused)

    def certified(self, today: date) -> bool:
        """There is a completion, and it counts on that day."""
        return self.completed_at is not None and (self.valid_until is None or self.valid_until >= today)

    def accessible(self, today: date) -> bool:
        """A term is open and the day is not after its last day of access (ENR-6)."""
        return self.live and (self.via is not None or self.access_until is None or self.access_until >= today)

    def status(self, today: date) -> Status:
        """Derived, never set (ENR-1)."""
        if self.exception and not self.live and not self.certified(today):
            return "held"
        if self.ended in ("withdrawn", "cancelled"):
            return self.ended
        if self.completed_at is not None:
            return "completed" if self.certified(today) else "certification-expired"
        if self.term == 0:
            return "not-enrolled"
        return self._of_the_open_term() if self.accessible(today) else "access-expired"

    def _of_the_open_term(self) -> Status:
        if self.payment == "due" and self.via is None:
            return "awaiting-payment"
        if self.submitted:
            return "pending-approval"
        return "in-progress" if self.begun else "not-started"


_FIRST = LearnerAssigned | LearnerExcluded | TrainingBegun | ExceptionRaised | EnrollmentCompleted
"""What may happen to somebody who has no enrollment yet."""


def evolve(state: Enrollment | None, event: Event) -> Enrollment | None:
    """The standing after an event. Never judges."""
    if state is None:
        if not isinstance(event, _FIRST):
            return None
        state = Enrollment.unknown(event.person_id, event.offering_id)
    if isinstance(event, LearnerAssigned):
        now = _granted(state, event)
    else:
        now = _of_grants(state, event) or _of_learning(state, event) or _of_payment(state, event) or state
    return replace(now, version=event.originator_version)


def _granted(now: Enrollment, event: LearnerAssigned) -> Enrollment:
    if event.term > now.term:
        payment: Payment = "due" if event.price else "none"
        now = replace(_opened(now, event.term), payment=payment, price=event.price)
    if event.afresh:
        now = _without_completion(now)
    now = replace(_without_hold(now, event.assignment_id), unsourced=False)
    now = replace(now, due=Deadline(event.due_on, event.due_at) if event.due_on else now.due)
    return _held(now, now.grants | {event.assignment_id}, {event.assignment_id: event.access_until})


def _opened(now: Enrollment, term: int) -> Enrollment:
    now = replace(now, term=term, live=True, ended=None, begun=False, launched=False, steps=frozenset(), payment="none")
    return replace(now, via=None, due=None, due_by_hand=False, price=None, order=None, submitted=False, rejection=None)


def _within(now: Enrollment, event: TrainingBegun) -> Enrollment:
    """A course is worked on by a certification; its own assignments and their access stay as they are."""
    if event.term > now.term:
        until = now.access_until if now.grants else None
        now = replace(_opened(now, event.term), access_until=until)
    if event.afresh:
        now = _without_completion(now)
    return replace(now, begun=True, via=event.via)


def _held(now: Enrollment, grants: frozenset[UUID], changed: Mapping[UUID, date | None]) -> Enrollment:
    """By these grants: the latest day of access holds. The last grant that goes leaves the day as it was."""
    known = {**now.access, **changed}
    access = {grant: day for grant in grants if (day := known.get(grant)) is not None}
    until = now.access_until
    if grants:
        until = max(access.values()) if len(access) == len(grants) else None
    return replace(now, grants=grants, access=access, access_until=until)


def _without_completion(now: Enrollment) -> Enrollment:
    return replace(now, completed_version=None, completed_at=None, valid_until=None, serial=None, revoked=False)


def _raised(now: Enrollment, event: ExceptionRaised) -> Enrollment:
    still = {id: now.holds[id] for id in now.refused}
    holds = {**still, **{hold.assignment_id: hold for hold in event.holds}}
    raised = now.raised if now.exception == "open" else event.originator_version
    return replace(now, holds=holds, exception="open", raised=raised)


def _answered(now: Enrollment, event: ExceptionAnswered) -> Enrollment:
    if event.resolution == "dismissed":
        return replace(now, exception="dismissed")
    if event.resolution == "not-assigned":
        return replace(now, exception=None, raised=None, refused=frozenset(now.holds))
    return replace(now, exception=None, raised=None, holds={id: now.holds[id] for id in now.refused})


def _without_hold(now: Enrollment, assignment: UUID) -> Enrollment:
    """With the last one that waits the exception is over."""
    if assignment not in now.holds:
        return now
    holds = {id: hold for id, hold in now.holds.items() if id != assignment}
    now = replace(now, holds=holds, refused=now.refused - {assignment})
    return now if now.waiting else replace(now, exception=None, raised=None)


def _of_grants(state: Enrollment, event: Event) -> Enrollment | None:
    now: Enrollment | None = None
    match event:
        case LearnerUnassigned():
            now = _held(state, state.grants - {event.assignment_id}, {})
        case AccessShortened():
            now = _held(state, state.grants, {event.assignment_id: event.access_until})
        case LearnerExcluded():
            now = replace(state, exclusions=state.exclusions | {event.assignment_id})
        case ExclusionLifted():
            now = _without_hold(state, event.assignment_id)
            now = replace(now, exclusions=state.exclusions - {event.assignment_id})
        case HoldEnded():
            now = _without_hold(state, event.assignment_id)
        case ExceptionRaised():
            now = _raised(state, event)
        case ExceptionAnswered():
            now = _answered(state, event)
        case DueDateSet():
            now = replace(state, due=Deadline(event.due_on, event.due_at), due_by_hand=event.by == "hand")
        case LearnerWithdrawn():
            now = replace(state, live=False, ended="withdrawn", unsourced=False)
        case EnrollmentCancelled():
            now = replace(state, live=False, ended="cancelled", unsourced=False)
        case AccessExpired():
            now = replace(state, live=False, ended="expired")
        case EnrollmentLeftWithoutSource():
            now = replace(state, unsourced=True)
    return now


def _of_learning(state: Enrollment, event: Event) -> Enrollment | None:
    now: Enrollment | None = None
    match event:
        case TrainingBegun():
            now = replace(state, begun=True) if event.via is None else _within(state, event)
        case LabLaunched():
            now = replace(state, launched=True)
        case StepCompleted():
            now = replace(state, begun=True, steps=state.steps | {event.step})
        case CompletionSubmitted():
            now = replace(state, submitted=True, rejection=None)
        case CompletionRejected():
            now = replace(state, submitted=False, steps=state.steps - set(event.steps), rejection=event.reason.id)
        case EnrollmentCompleted():
            now = replace(_without_completion(state), completed_version=event.version, completed_at=event.completed_at)
            now = replace(now, valid_until=event.valid_until, submitted=False, rejection=None)
        case CompletionTakenBack():
            now = replace(_without_completion(state), steps=state.steps - set(event.steps))
        case CertificateIssued():
            now = replace(state, serial=event.serial, revoked=False)
        case CertificateRevoked():
            now = replace(state, revoked=state.revoked or state.serial == event.serial)
    return now


def _of_payment(state: Enrollment, event: Event) -> Enrollment | None:
    """A notice may come when its term is long over: then it changes nothing here."""
    now: Enrollment | None = None
    match event:
        case OrderPlaced() | PaymentReceived() | PaymentFailed() | PaymentRefunded() if event.term != state.term:
            pass
        case OrderPlaced():
            now = replace(state, order=event.order_id)
        case PaymentReceived():
            now = replace(state, payment="paid", order=event.order_id or state.order)
        case PaymentFailed() if event.order_id == state.order and state.payment == "due":
            now = replace(state, order=None)
        case PaymentRefunded() if event.order_id == state.order:
            now = replace(state, payment="due" if event.reopens else "refunded", order=None)
    return now
