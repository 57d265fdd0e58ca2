"""One learner's standing on one offering, as its events tell it.

An assignment that holds a learner is a *grant*. A term opens with the first grant that comes while none is open, and is over when
the learner is withdrawn, cancelled, or out of access. docs/states.md has the table of what is possible when.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha1
from uuid import UUID

from shared.contracts.catalog import Price
from shared.contracts.enrollment import (
    AccessExpired,
    AccessShortened,
    CertificateIssued,
    CertificateRevoked,
    CompletionRejected,
    CompletionSubmitted,
    CompletionTakenBack,
    Ending,
    EnrollmentCancelled,
    EnrollmentCompleted,
    EnrollmentLeftWithoutSource,
    ExclusionLifted,
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

_NAMESPACE = UUID("6f1d0e1c-6a55-4d0c-9a41-0d0b3f6f7a11")
_VARIANT_AND_VERSION_5 = (0x8000 << 48) | (5 << 76)
_NEITHER_VARIANT_NOR_VERSION = ~((0xC000 << 48) | (0xF000 << 64))


def enrollment_id(person: UUID, offering: UUID) -> UUID:
    """There is one enrollment for each learner and offering, and its id says so: a UUID of version 5."""
    return enrollment_ids([person], offering)[0]


def enrollment_ids(people: Iterable[UUID], offering: UUID) -> list[UUID]:
    """As `uuid5` makes them of `person/offering`, in half the time."""
    begun, on = sha1(_NAMESPACE.bytes, usedforsecurity=False), f"/{offering}".encode()
    ids = []
    for person in people:
        hashed = begun.copy()
        hashed.update(str(person).encode() + on)
        number = int.from_bytes(hashed.digest()[:16], "big")
        ids.append(UUID(int=(number & _NEITHER_VARIANT_NOR_VERSION) | _VARIANT_AND_VERSION_5))
    return ids


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
    sourceless: bool = False
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

    @classmethod
    def unknown(cls, person: UUID, offering: UUID) -> "Enrollment":
        return cls(enrollment_id(person, offering), person, offering)

    def holds(self, today: date) -> bool:
        """There is a completion, and it counts on that day."""
        return self.completed_at is not None and (self.valid_until is None or self.valid_until >= today)

    def accessible(self, today: date) -> bool:
        """A term is open and the day is not after its last day of access (ENR-6)."""
        return self.live and (self.access_until is None or self.access_until >= today)

    def status(self, today: date) -> Status:
        """Derived, never set (ENR-1)."""
        if self.ended in ("withdrawn", "cancelled"):
            return self.ended
        if self.completed_at is not None:
            return "completed" if self.holds(today) else "certification-expired"
        if self.term == 0:
            return "not-enrolled"
        return self._of_the_open_term() if self.accessible(today) else "access-expired"

    def _of_the_open_term(self) -> Status:
        if self.payment == "due":
            return "awaiting-payment"
        if self.submitted:
            return "pending-approval"
        return "in-progress" if self.begun else "not-started"


def evolve(state: Enrollment | None, event: Event) -> Enrollment | None:
    """The standing after an event. Never judges."""
    match event:
        case LearnerAssigned():
            now = _granted(state or Enrollment.unknown(event.person_id, event.offering_id), event)
        case LearnerExcluded():
            now = state or Enrollment.unknown(event.person_id, event.offering_id)
            now = replace(now, exclusions=now.exclusions | {event.assignment_id})
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
        now = replace(now, term=event.term, live=True, ended=None, begun=False, launched=False, steps=frozenset())
        now = replace(now, submitted=False, rejection=None, payment=payment, price=event.price, order=None)
    if event.afresh:
        now = _without_completion(now)
    return _held(
        replace(now, sourceless=False), now.grants | {event.assignment_id}, {event.assignment_id: event.access_until}
    )


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


def _of_grants(state: Enrollment, event: Event) -> Enrollment | None:
    now: Enrollment | None = None
    match event:
        case LearnerUnassigned():
            now = _held(state, state.grants - {event.assignment_id}, {})
        case AccessShortened():
            now = _held(state, state.grants, {event.assignment_id: event.access_until})
        case ExclusionLifted():
            now = replace(state, exclusions=state.exclusions - {event.assignment_id})
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
        event = kind.next_of(self.state.id, self.state.version, fields)
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
