"""How a learner may come by oneself, and the learner's one next action: by the rules of the commands themselves (ENR-1)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.groups import Group, check_joinable
from services.enrollment.domain.offerings import Offering, check_open, check_self_enrollment, check_window
from services.enrollment.domain.progress import next_step
from shared.contracts.enrollment import Status
from shared.errors import Conflict, Forbidden, Refusal

Action = Literal[
    "enrol",
    "purchase",
    "request-access",
    "begin-training",
    "continue-training",
    "take-exam",
    "download-certificate",
]
OUTSIDE: frozenset[Status] = frozenset(
    {"not-enrolled", "withdrawn", "cancelled", "access-expired", "certification-expired"}
)
"""There is nothing to go on with: the next action is to come, or to come back."""
_WAITING: dict[Status, str] = {
    "held": "This is waiting for an administrator, who has been notified.",
    "pending-approval": "An administrator is reviewing the completion. Wait for the decision.",
    "completed": "This is completed.",
}


@dataclass(frozen=True)
class SelfEnrollmentState:
    """What decides, beside the offering, whether a person may come by oneself at this moment (CAT-5, GRP-3, ASG-7)."""

    now: datetime
    visible: bool = True
    active: bool = True
    taken_out: bool = False
    """An administrator has ended an own enrollment of this person, until somebody allows it again."""
    requested: bool = False
    """A request for access waits for a decision (APR-1)."""
    groups: tuple[Group, ...] = ()
    """Of the offering: those in which the person is not, and out of which nobody took the person."""


class NextAction(NamedTuple):
    """The one next action, or why there is none. `groups`: to enrol means to join one of these."""

    action: Action | None
    why_none: str | None = None
    groups: tuple[UUID, ...] = ()


def untold(state: Enrollment) -> Enrollment:
    """As a learner is told who is held by what others have assigned: nothing of that (DUE-4)."""
    return replace(state, exception=None, raised=None, holds={}, refused=frozenset()) if state.holds else state


def check_active(active: bool) -> None:
    """Refuses who is not, or no longer, with us."""
    if not active:
        raise Conflict("You are not an active person in the directory. Ask an administrator.", kind="inactive")


def check_own(offering: Offering, coming: SelfEnrollmentState) -> None:
    """Refuses a learner who comes without a group where the offering, the time, or an administrator does not allow it (ENR-3)."""
    check_self_enrollment(offering, coming.now)
    check_active(coming.active)
    if coming.taken_out:
        raise Forbidden(
            "An administrator excluded you from this offering. Ask an administrator to allow you again.",
            kind="excluded",
        )


def joinable(offering: Offering, coming: SelfEnrollmentState) -> tuple[UUID, ...]:
    """The groups by which the person may enrol now (GRP-3)."""
    if not coming.active:
        return ()
    return tuple(group.assignment for group in coming.groups if _is_joinable(group, offering, coming.now))


def _is_joinable(group: Group, offering: Offering, now: datetime) -> bool:
    return _refusal(lambda: check_joinable(group, offering, now)) is None


def next_action(state: Enrollment, offering: Offering, today: date, coming: SelfEnrollmentState | None) -> NextAction:
    """The learner's one next action (ENR-1). `coming` is needed where the status is one of `OUTSIDE`."""
    following = NextAction(None, _WAITING.get(status := state.status(today)))
    match status:
        case "awaiting-payment":
            following = NextAction("purchase")
        case "not-started" if offering.kind == "qualification":
            following = NextAction(None, "It is earned when all of its learning items are completed.")
        case "not-started":
            following = NextAction("begin-training")
        case "in-progress":
            following = _going_on(state, offering)
        case "completed" if offering.certificate and state.serial and not state.revoked:
            following = NextAction("download-certificate")
        case _ if status in OUTSIDE and coming:
            following = _way_in(offering, coming, certified=state.certified(today))
    return following


def _going_on(state: Enrollment, offering: Offering) -> NextAction:
    if not offering.steps:
        return NextAction(
            None, "It has no steps: an administrator or the learning system reports when it is completed."
        )
    following = next_step(state, offering)
    exam = following is not None and offering.steps[following - 1].kind == "exam"
    return NextAction("take-exam" if exam else "continue-training")


def _way_in(offering: Offering, coming: SelfEnrollmentState, *, certified: bool) -> NextAction:
    """Who has a completion that is still valid need not pay again."""
    if not coming.visible:
        return NextAction(None, "You can no longer see this offering. Ask an administrator to assign you.")
    if coming.requested:
        return NextAction(None, "Access requested. You will be told when it is decided.")
    enrol: Action = "purchase" if offering.price and not certified else "enrol"
    refusal = _refusal(lambda: check_own(offering, coming))
    if refusal is None:
        return NextAction(enrol)
    if groups := joinable(offering, coming):
        return NextAction(enrol, groups=groups)
    if offering.access == "request":
        refusal = _refusal(lambda: _check_request(offering, coming))
        if refusal is None:
            return NextAction("request-access")
    return NextAction(None, refusal.detail)


def _check_request(offering: Offering, coming: SelfEnrollmentState) -> None:
    """Refuses a request for access where nobody could come by it (CAT-4, CAT-19)."""
    check_open(offering)
    check_active(coming.active)
    check_window(offering, coming.now)


def _refusal(check: Callable[[], None]) -> Refusal | None:
    try:
        check()
    except Refusal as refusal:
        return refusal
    return None
