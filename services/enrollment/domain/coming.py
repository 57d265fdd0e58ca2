"""How a learner may come by oneself, and the learner's one next action: by the rules of the commands themselves (ENR-1)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.groups import Group, check_joinable
from services.enrollment.domain.learning import next_step
from services.enrollment.domain.offerings import Offering, check_open, check_self_enrollment, check_window
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
    "held": "This waits for an administrator, who has been told.",
    "pending-approval": "An administrator looks at the completion. Wait for the decision.",
    "completed": "This is completed.",
}


@dataclass(frozen=True)
class Coming:
    """What decides, beside the offering, whether a person may come by oneself at this moment (CAT-5, GRP-3, ASG-7)."""

    now: datetime
    visible: bool = True
    active: bool = True
    taken_out: bool = False
    """An administrator has ended an own enrolment of this person, until somebody allows it again."""
    groups: tuple[Group, ...] = ()
    """Of the offering: those in which the person is not, and out of which nobody took the person."""


class Next(NamedTuple):
    """The one next action, or why there is none. `groups`: to enrol means to join one of these."""

    action: Action | None
    why_none: str | None = None
    groups: tuple[UUID, ...] = ()


def check_active(active: bool) -> None:
    """Refuses who is not, or no longer, with us."""
    if not active:
        raise Conflict("You are not an active person of the directory. Ask an administrator.", kind="inactive")


def check_own(offering: Offering, coming: Coming) -> None:
    """Refuses a learner who comes without a group where the offering, the time, or an administrator does not allow it (ENR-3)."""
    check_self_enrollment(offering, coming.now)
    check_active(coming.active)
    if coming.taken_out:
        raise Forbidden(
            "An administrator took you out of this offering. Ask an administrator to allow you again.", kind="excluded"
        )


def joinable(offering: Offering, coming: Coming) -> tuple[UUID, ...]:
    """The groups by which the person may enrol now (GRP-3)."""
    if not coming.active:
        return ()
    return tuple(
        group.assignment
        for group in coming.groups
        if _refusal(lambda group=group: check_joinable(group, offering, coming.now)) is None  # type: ignore[misc]
    )


def next_action(state: Enrollment, offering: Offering, today: date, coming: Coming | None) -> Next:
    """The learner's one next action (ENR-1). `coming` is needed where the status is one of `OUTSIDE`."""
    following = Next(None, _WAITING.get(status := state.status(today)))
    match status:
        case "awaiting-payment":
            following = Next("purchase")
        case "not-started" if offering.kind == "qualification":
            following = Next(None, "It is earned when all of its learning items are completed.")
        case "not-started":
            following = Next("begin-training")
        case "in-progress":
            following = _going_on(state, offering)
        case "completed" if offering.certificate and state.serial and not state.revoked:
            following = Next("download-certificate")
        case _ if status in OUTSIDE and coming:
            following = _way_in(offering, coming, certified=state.certified(today))
    return following


def _going_on(state: Enrollment, offering: Offering) -> Next:
    if not offering.steps:
        return Next(None, "It has no steps: an administrator, or the learning system, says when it is completed.")
    following = next_step(state, offering)
    exam = following is not None and offering.steps[following - 1].kind == "exam"
    return Next("take-exam" if exam else "continue-training")


def _way_in(offering: Offering, coming: Coming, *, certified: bool) -> Next:
    """Who has a completion that is still valid need not pay again."""
    if not coming.visible:
        return Next(None, "You do not see this offering any more. Ask an administrator to assign you.")
    enrol: Action = "purchase" if offering.price and not certified else "enrol"
    refusal = _refusal(lambda: check_own(offering, coming))
    if refusal is None:
        return Next(enrol)
    if groups := joinable(offering, coming):
        return Next(enrol, groups=groups)
    if offering.access == "request":
        refusal = _refusal(lambda: _check_request(offering, coming))
        if refusal is None:
            return Next("request-access")
    return Next(None, refusal.detail)


def _check_request(offering: Offering, coming: Coming) -> None:
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
