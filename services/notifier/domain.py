"""Which events are a reason for an e-mail, and what becomes of one after an attempt (NTF-4, NTF-7)."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from shared.contracts.enrollment import (
    CertificateIssued,
    EnrollmentCancelled,
    ExceptionAnswered,
    ExceptionRaised,
    HoldEnded,
    LearnerAssigned,
    LearnerWithdrawn,
)
from shared.errors import Conflict
from shared.events import Recorded

Template = Literal["assigned", "withdrawn", "completed", "exceptions"]
Action = Literal["resend", "settled-sent", "settled-failed", "retry"]

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:rollbook:notifier:ledger")
_ANSWER_LENGTH = 500


class State(StrEnum):
    """Where an e-mail stands. Only `waiting` is ever taken by a mailer."""

    WAITING = "waiting"
    SENDING = "sending"
    """Committed before the mail server hears of the message."""
    SENT = "sent"
    """The mail server took it over."""
    FAILED = "failed"
    """Refused for good, or tried too often; a person may try again."""
    WITHDRAWN = "withdrawn"
    """Never sent: switched off, or its reason is gone (CAT-17, NTF-5)."""
    UNKNOWN = "unknown"
    """The mail server may have it. Never sent again without a person's word."""


class Standing(NamedTuple):
    """The last term of an enrollment that was opened, and whether it holds."""

    term: int
    enrolled: bool


class Reason(NamedTuple):
    """Why an e-mail is to be sent: a row of the ledger. `cause` is the event's stream and version; of a notice see `notice`."""

    cause_stream: UUID
    cause_version: int
    person_id: UUID
    template: Template
    cause_type: str
    caused_at: datetime
    batch: UUID
    offering_id: UUID
    enrollment_id: UUID | None
    assignment_id: UUID | None
    term: int | None
    """As the enrollment, none where the e-mail is about many learners."""
    serial: str | None
    """Of the certificate that the e-mail speaks of."""

    @property
    def message_id(self) -> UUID:
        """The same for the same cause, recipient and template, in every run and every restore."""
        return uuid5(_NAMESPACE, f"{self.cause_stream}/{self.cause_version}/{self.person_id}/{self.template}")


def follow(standing: Standing | None, recorded: Recorded) -> tuple[Standing | None, Reason | None]:
    """What an event of an enrollment makes of it, and the e-mail it gives reason for, if any.

    Only the grant that opens a term is one: a learner who is enrolled already hears nothing of a further
    assignment (ASG-6). An event taken before gives none again.
    """
    match recorded.event:
        case LearnerAssigned(term=term) if standing is None or term > standing.term:
            return Standing(term, True), _reason(recorded, recorded.event, "assigned", recorded.event.assignment_id)
        case LearnerWithdrawn(term=term) | EnrollmentCancelled(term=term) if _ends(standing, term):
            return Standing(term, False), _reason(recorded, recorded.event, "withdrawn", None)
        case _:
            return standing, None


def certified(recorded: Recorded, event: CertificateIssued) -> Reason | None:
    """The learner is told of a completion that can be shown and shared (ENR-11); of imported ones nobody is (ENR-13)."""
    if recorded.meta.reason_code == "import":
        return None
    return _reason(recorded, event, "completed", None, event.serial)


def _ends(standing: Standing | None, term: int) -> bool:
    return standing is None or standing == (term, True) or term > standing.term


def _reason(
    recorded: Recorded,
    event: LearnerAssigned | LearnerWithdrawn | EnrollmentCancelled | CertificateIssued,
    template: Template,
    assignment: UUID | None,
    serial: str | None = None,
) -> Reason:
    return Reason(
        cause_stream=event.originator_id,
        cause_version=event.originator_version,
        person_id=event.person_id,
        template=template,
        cause_type=event.TOPIC,
        caused_at=recorded.recorded_at,
        batch=recorded.meta.correlation,
        offering_id=event.offering_id,
        enrollment_id=event.originator_id,
        assignment_id=assignment,
        term=event.term,
        serial=serial,
    )


class Case(NamedTuple):
    """A learner whom an exception holds back (DUE-4). `version` is that of the last event taken."""

    enrollment_id: UUID
    version: int
    batch: UUID
    """What raised it while nothing waited; one that changes while it is open is not a new one."""
    person_id: UUID
    offering_id: UUID
    kinds: tuple[str, ...]
    waiting: frozenset[UUID]
    """The assignments that wait for an administrator; without any it was answered, or is over."""


def hold(case: Case | None, recorded: Recorded) -> Case | None:
    """What an event of an enrollment makes of its exception: the same one where nothing changes, or it was taken before."""
    event = recorded.event
    if case is not None and event.originator_version <= case.version:
        return case
    match event:
        case ExceptionRaised(originator_id=id, originator_version=version, kinds=kinds):
            batch = case.batch if case and case.waiting else recorded.meta.correlation
            waiting = frozenset(one.assignment_id for one in event.holds)
            return Case(id, version, batch, event.person_id, event.offering_id, kinds, waiting)
        case ExceptionAnswered(originator_version=version) if case:
            return case._replace(version=version, waiting=frozenset())
        case LearnerAssigned(assignment_id=assignment) | HoldEnded(assignment_id=assignment) if case:
            if assignment in case.waiting:
                return case._replace(version=event.originator_version, waiting=case.waiting - {assignment})
    return case


def notice(batch: UUID, offering: UUID, raised_at: datetime, administrator: UUID) -> Reason:
    """Administrators are told of all exceptions of a batch and an offering at once (DUE-7): these two are the cause."""
    return Reason(
        cause_stream=uuid5(_NAMESPACE, f"{batch}/{offering}"),
        cause_version=1,
        person_id=administrator,
        template="exceptions",
        cause_type=ExceptionRaised.TOPIC,
        caused_at=raised_at,
        batch=batch,
        offering_id=offering,
        enrollment_id=None,
        assignment_id=None,
        term=None,
        serial=None,
    )


class Fate(StrEnum):
    """What is known of a message after one attempt."""

    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not-accepted"
    """Provably: the server said so, or never had the whole message."""
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """Handed over, and no answer."""


@dataclass(frozen=True)
class Outcome:
    """How one attempt ended, with the mail server's words or, without any, what happened instead."""

    fate: Fate
    answer: str
    code: int | None = None

    @classmethod
    def answered(cls, code: int, answer: str) -> "Outcome":
        """By the server's reply: 2xx accepted, 4xx try again, 5xx never; what is none of these tells nothing."""
        fates = {2: Fate.ACCEPTED, 4: Fate.NOT_ACCEPTED, 5: Fate.REFUSED}
        return cls(fates.get(code // 100, Fate.UNKNOWN), answer, code)


@dataclass(frozen=True)
class Patience:
    """How long a temporary failure is borne: pauses in seconds, and the number of attempts."""

    first: float
    last: float
    attempts: int

    def pause(self, attempts: int) -> float:
        """Seconds after the given number of failed attempts; each is twice the one before, up to `last`."""
        return min(self.first * 2.0 ** min(attempts - 1, 60), self.last)


class Next(NamedTuple):
    """The state after an attempt; `pause` in seconds until the next one."""

    state: State
    reason: str | None
    pause: float


def after(outcome: Outcome, attempts: int, patience: Patience) -> Next:
    """What becomes of a message after its `attempts`-th attempt (NTF-7)."""
    match outcome.fate:
        case Fate.ACCEPTED:
            return Next(State.SENT, None, 0.0)
        case Fate.REFUSED:
            return Next(State.FAILED, "refused", 0.0)
        case Fate.UNKNOWN:
            return Next(State.UNKNOWN, "no-answer", 0.0)
        case Fate.NOT_ACCEPTED if attempts >= patience.attempts:
            return Next(State.FAILED, "tried-too-often", 0.0)
        case Fate.NOT_ACCEPTED:
            return Next(State.WAITING, "temporary-failure", patience.pause(attempts))


_BEFORE: dict[Action, State] = {
    "resend": State.UNKNOWN,
    "settled-sent": State.UNKNOWN,
    "settled-failed": State.UNKNOWN,
    "retry": State.FAILED,
}
_AFTER: dict[Action, State] = {
    "resend": State.WAITING,
    "settled-sent": State.SENT,
    "settled-failed": State.FAILED,
    "retry": State.WAITING,
}


def decided(action: Action, state: State) -> State:
    """The state that a person's word leads to. Raises Conflict where it does not apply."""
    if state is not _BEFORE[action]:
        raise Conflict(
            f"This e-mail is {state.value}; only one that is {_BEFORE[action].value} can be treated so. Read it again.",
            kind="message-state",
            state=state.value,
        )
    return _AFTER[action]


_ADDRESS = re.compile(r"[^\s<>:;,\"']+@[^\s<>:;,\"']+")


def without_personal_data(answer: str, address: str) -> str:
    """A mail server's words without addresses and without the recipient's mailbox name, on one line."""
    local = address.rpartition("@")[0]
    text = _ADDRESS.sub("(address)", answer)
    if local:
        text = re.sub(rf"(?<!\w){re.escape(local)}(?!\w)", "(address)", text, flags=re.IGNORECASE)
    return " ".join(text.split())[:_ANSWER_LENGTH]


def one_line(text: str) -> str:
    """Text for a header: no line breaks, no control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
