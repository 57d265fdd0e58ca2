"""What becomes of an e-mail after an attempt (NTF-4, NTF-7)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from shared.errors import Conflict

Action = Literal["resend", "settled-sent", "settled-failed", "retry"]

_ANSWER_LENGTH = 500


class State(StrEnum):
    """Where an e-mail stands. Only `waiting` is ever taken by a mailer."""

    WAITING = "waiting"
    HELD = "held"
    """Its command said so: it waits until a person releases or drops it (NTF-3)."""
    SENDING = "sending"
    """Committed before the mail server hears of the message."""
    SENT = "sent"
    """The mail server took it over."""
    FAILED = "failed"
    """Refused for good, or tried too often; a person may try again."""
    WITHDRAWN = "withdrawn"
    """Never sent: switched off, silenced, dropped, or its reason is gone (CAT-17, NTF-3, NTF-5)."""
    UNKNOWN = "unknown"
    """The mail server may have it. Never sent again without a person's word."""


class DeliveryOutcome(StrEnum):
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

    fate: DeliveryOutcome
    answer: str
    code: int | None = None

    @classmethod
    def answered(cls, code: int, answer: str) -> "Outcome":
        """By the server's reply: 2xx accepted, 4xx try again, 5xx never; what is none of these tells nothing."""
        fates = {2: DeliveryOutcome.ACCEPTED, 4: DeliveryOutcome.NOT_ACCEPTED, 5: DeliveryOutcome.REFUSED}
        return cls(fates.get(code // 100, DeliveryOutcome.UNKNOWN), answer, code)


@dataclass(frozen=True)
class RetryPolicy:
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


def after(outcome: Outcome, attempts: int, patience: RetryPolicy) -> Next:
    """What becomes of a message after its `attempts`-th attempt (NTF-7)."""
    match outcome.fate:
        case DeliveryOutcome.ACCEPTED:
            return Next(State.SENT, None, 0.0)
        case DeliveryOutcome.REFUSED:
            return Next(State.FAILED, "refused", 0.0)
        case DeliveryOutcome.UNKNOWN:
            return Next(State.UNKNOWN, "no-answer", 0.0)
        case DeliveryOutcome.NOT_ACCEPTED if attempts >= patience.attempts:
            return Next(State.FAILED, "tried-too-often", 0.0)
        case DeliveryOutcome.NOT_ACCEPTED:
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
            f"This e-mail is {state.value}; this action needs one that is {_BEFORE[action].value}. Read it again.",
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
    return one_line(text)[:_ANSWER_LENGTH]


def one_line(text: str) -> str:
    """A machine's words on one line, with single blanks, and nothing that cannot be seen."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def unbroken(typed: str) -> str:
    """A person's words on one line, else as they were typed: a blank for line breaks and control characters."""
    return _CONTROLS.sub(" ", typed)
