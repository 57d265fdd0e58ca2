"""What facts of other services mean for a request: whether it may be asked, and when it is closed, fulfilled, refused or over."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.approvals.domain.requests import Request, about, close
from shared.contracts.approvals import (
    AssignmentEnd,
    Closing,
    RequestedAssignmentEnded,
    RequestFulfilled,
    RequestRefused,
)
from shared.contracts.catalog import LearnerAccess
from shared.errors import Conflict
from shared.events import Event

EnrollmentState = Literal["live", "pending", "completed", "over"]
"""`pending`: completed, and somebody has to look at it first (ENR-5)."""


@dataclass(frozen=True)
class OfferingSituation:
    """An offering, as far as it decides about requests."""

    title: str
    open: bool
    """It takes new learners (CAT-3, CAT-4)."""
    access: LearnerAccess
    visible: bool
    """To the learner, without being assigned (CAT-6, CAT-7)."""
    opens: datetime | None
    closes: datetime | None
    """When it takes requests (CAT-19); the end is not included."""


@dataclass(frozen=True)
class EnrollmentSituation:
    """How the learner stands on the offering, as far as it decides about requests."""

    id: UUID
    term: int
    state: EnrollmentState
    due_on: date | None
    valid_until: date | None

    def enrolled(self, today: date) -> bool:
        """There is nothing to ask for: a term is open, or a completion is valid."""
        valid = self.state == "completed" and (self.valid_until is None or today <= self.valid_until)
        return valid or self.state in ("live", "pending")


@dataclass(frozen=True)
class Answer:
    """What enrollment said of an approved request."""

    assignment: UUID | None
    problem: str | None
    detail: str | None
    ended: AssignmentEnd | None


@dataclass(frozen=True)
class Situation:
    """Everything that decides what becomes of a request by itself."""

    now: datetime
    today: date
    active: bool
    """The learner is still there."""
    offering: OfferingSituation
    enrollment: EnrollmentSituation | None
    outcome: Answer | None

    @property
    def seen(self) -> bool:
        """The learner may know of the offering (CAT-6, CAT-7)."""
        return self.offering.visible or bool(self.enrollment and self.enrollment.enrolled(self.today))


def check_requestable(situation: Situation) -> None:
    """Refuses a request for access that nobody could grant, or that nobody needs (CAT-4, CAT-5, CAT-19)."""
    check_active(situation)
    offering, now = situation.offering, situation.now
    if situation.enrollment and situation.enrollment.enrolled(situation.today):
        raise Conflict(f"You are already enrolled in '{offering.title}'.", kind="already-enrolled")
    if not offering.open:
        raise Conflict(f"'{offering.title}' does not take new learners at present.", kind="offering-inactive")
    if offering.access == "self-enrollment":
        raise Conflict(f"'{offering.title}' is open to self-enrollment: enrol yourself.", kind="not-requestable")
    if offering.opens and now < offering.opens:
        raise Conflict(
            f"'{offering.title}' takes requests from {offering.opens:%Y-%m-%d %H:%M} UTC.", kind="not-yet-open"
        )
    if offering.closes and now >= offering.closes:
        raise Conflict(
            f"'{offering.title}' has taken no requests since {offering.closes:%Y-%m-%d %H:%M} UTC.", kind="closed"
        )


def check_active(situation: Situation) -> None:
    """Refuses who is not, or no longer, with us."""
    if not situation.active:
        raise Conflict("You are not an active person in the directory. Ask an administrator.", kind="inactive")


def reconcile(state: Request, situation: Situation) -> Event | None:
    """What follows from the facts, if anything does."""
    if state.status == "open":
        why = _closing(state, situation)
        return close(state, why) if why else None
    if state.outcome == "pending":
        return _answered(state, situation)
    if state.outcome == "fulfilled" and state.assignment and situation.outcome and situation.outcome.ended:
        told = {"assignment_id": state.assignment, "why": situation.outcome.ended}
        return RequestedAssignmentEnded.unchecked_next(state.id, state.version, {**about(state), **told})
    return None


def _closing(state: Request, situation: Situation) -> Closing | None:
    if not situation.active:
        return "learner-left"
    if state.kind == "access":
        return _access_closing(situation)
    enrollment = situation.enrollment
    if enrollment is None or (state.kind == "completion" and enrollment.term != state.term):
        return "settled-otherwise"
    wanted: EnrollmentState = "live" if state.kind == "later-due-date" else "pending"
    return None if enrollment.state == wanted else "settled-otherwise"


def _access_closing(situation: Situation) -> Closing | None:
    offering = situation.offering
    if situation.enrollment and situation.enrollment.enrolled(situation.today):
        return "enrolled-otherwise"
    if not offering.open:
        return "offering-inactive"
    if not offering.visible:
        return "hidden"
    return "not-requestable" if offering.access == "self-enrollment" else None


def _answered(state: Request, situation: Situation) -> Event | None:
    outcome, enrollment = situation.outcome, situation.enrollment
    if outcome and outcome.problem:
        told = {"problem": outcome.problem, "detail": outcome.detail or ""}
        return RequestRefused.unchecked_next(state.id, state.version, {**about(state), **told})
    done = {
        "access": outcome is not None and outcome.assignment is not None,
        "later-due-date": enrollment is not None and enrollment.due_on == state.due_on,
        "completion": enrollment is not None and enrollment.term == state.term and enrollment.state == "completed",
    }
    if not done[state.kind]:
        return None
    assignment = outcome.assignment if outcome and state.kind == "access" else None
    return RequestFulfilled.unchecked_next(state.id, state.version, {**about(state), "assignment_id": assignment})
