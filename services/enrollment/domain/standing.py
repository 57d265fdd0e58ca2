"""What an enrollment's events make of it, and how the next ones are collected."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.enrollment.domain.due_dates import Deadline
from services.enrollment.domain.enrollment import Enrollment
from shared.contracts.enrollment import (
    AccessExpired,
    AccessShortened,
    CertificateIssued,
    CertificateRevoked,
    CompletionRejected,
    CompletionSubmitted,
    CompletionTakenBack,
    DueDateSet,
    EnrollmentCancelled,
    EnrollmentCompleted,
    EnrollmentLeftWithoutSource,
    ExceptionAnswered,
    ExceptionRaised,
    ExclusionLifted,
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
    StepCompleted,
    TrainingBegun,
)
from shared.events import Event


def evolve(state: Enrollment | None, event: Event) -> Enrollment | None:
    """The standing after an event. Never judges."""
    match event:
        case LearnerAssigned():
            now = _granted(state or Enrollment.unknown(event.person_id, event.offering_id), event)
        case LearnerExcluded():
            now = state or Enrollment.unknown(event.person_id, event.offering_id)
            now = replace(now, exclusions=now.exclusions | {event.assignment_id})
        case TrainingBegun() if event.via is not None:
            now = _within(state or Enrollment.unknown(event.person_id, event.offering_id), event)
        case ExceptionRaised():
            now = _raised(state or Enrollment.unknown(event.person_id, event.offering_id), event)
        case EnrollmentCompleted():
            now = state or Enrollment.unknown(event.person_id, event.offering_id)
            now = replace(
                _without_completion(now),
                completed_version=event.version,
                completed_at=event.completed_at,
                valid_until=event.valid_until,
                submitted=False,
                rejection=None,
            )
        case _ if state is None:
            return None
        case _:
            now = _of_grants(state, event) or _of_learning(state, event) or _of_payment(state, event) or state
    return replace(now, version=event.originator_version)


def _granted(now: Enrollment, event: LearnerAssigned) -> Enrollment:
    if event.term > now.term:
        payment: Payment = "due" if event.price else "none"
        now = replace(_opened(now, event.term), payment=payment, price=event.price)
    if event.afresh:
        now = _without_completion(now)
    now = replace(_without_hold(now, event.assignment_id), sourceless=False)
    now = replace(now, due=Deadline(event.due_on, event.due_at) if event.due_on else now.due)
    return _held(now, now.grants | {event.assignment_id}, {event.assignment_id: event.access_until})


def _opened(now: Enrollment, term: int) -> Enrollment:
    now = replace(now, term=term, live=True, ended=None, begun=False, launched=False, steps=frozenset(), via=None)
    now = replace(now, submitted=False, rejection=None, payment="none", price=None, order=None)
    return replace(now, due=None, due_by_hand=False)


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
    match event.resolution:
        case "dismissed":
            return replace(now, exception="dismissed")
        case "not-assigned":
            return replace(now, exception=None, raised=None, refused=frozenset(now.holds))
        case _:
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
        case ExclusionLifted():
            now = replace(
                _without_hold(state, event.assignment_id), exclusions=state.exclusions - {event.assignment_id}
            )
        case HoldEnded():
            now = _without_hold(state, event.assignment_id)
        case ExceptionAnswered():
            now = _answered(state, event)
        case DueDateSet():
            now = replace(state, due=Deadline(event.due_on, event.due_at), due_by_hand=event.by == "hand")
        case LearnerWithdrawn():
            now = replace(state, live=False, ended="withdrawn", sourceless=False)
        case EnrollmentCancelled():
            now = replace(state, live=False, ended="cancelled", sourceless=False)
        case AccessExpired():
            now = replace(state, live=False, ended="expired")
        case EnrollmentLeftWithoutSource():
            now = replace(state, sourceless=True)
    return now


def _of_learning(state: Enrollment, event: Event) -> Enrollment | None:
    now: Enrollment | None = None
    match event:
        case TrainingBegun():
            now = replace(state, begun=True)
        case LabLaunched():
            now = replace(state, launched=True)
        case StepCompleted():
            now = replace(state, begun=True, steps=state.steps | {event.step})
        case CompletionSubmitted():
            now = replace(state, submitted=True, rejection=None)
        case CompletionRejected():
            now = replace(state, submitted=False, steps=state.steps - set(event.steps), rejection=event.reason.id)
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


class Writing:
    """Collects the next events of one enrollment, and its state as they are added."""

    def __init__(self, state: Enrollment) -> None:
        self.before = state
        self.state = state
        self.events: list[Event] = []

    def add(self, kind: type[Event], **fields: object) -> None:
        fields |= {"person_id": self.state.person, "offering_id": self.state.offering}
        self.take(kind.next_of(self.state.id, self.state.version, fields))

    def take(self, event: Event) -> None:
        """One that was decided elsewhere, on this state."""
        self.events.append(event)
        self.state = evolve(self.state, event) or self.state

    def change(self) -> "Change | None":
        """None when nothing was added."""
        return Change(self.before, self.state, tuple(self.events)) if self.events else None


@dataclass(frozen=True)
class Change:
    """What was decided on one enrollment: its next events, and its standing before and after them."""

    before: Enrollment
    after: Enrollment
    events: tuple[Event, ...]


def joined(first: Change | None, then: Change | None) -> Change | None:
    """Two changes as one; the second was decided on what the first comes to."""
    if first is None or then is None:
        return first or then
    return Change(first.before, then.after, (*first.events, *then.events))
