"""Standing: how a learner stands on an offering, period by period. Source: enrollment."""

from datetime import date
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.reporting.projections.periods import PeriodTable, first_of_stream, stream
from shared.contracts.enrollment import (
    AccessExpired,
    CompletionRejected,
    CompletionSubmitted,
    CompletionTakenBack,
    DueDateSet,
    EnrollmentCancelled,
    EnrollmentCompleted,
    EnrollmentLeftWithoutSource,
    LearnerAssigned,
    LearnerWithdrawn,
    PaymentReceived,
    PaymentRefunded,
    TrainingBegun,
)
from shared.events import Event
from shared.store import Int4

State = Literal[
    "awaiting-payment",
    "not-started",
    "in-progress",
    "pending-approval",
    "completed",
    "access-expired",
    "withdrawn",
    "cancelled",
]


class Standing(NamedTuple):
    """`state` follows from the others: a term that is over is withdrawn, cancelled or out of access; a completion stays on record.

    A completion that has expired is completed here: nothing happened on that day.
    """

    enrollment_id: UUID
    person_id: UUID
    offering_id: UUID
    term: Int4
    live: bool = False
    begun: bool = False
    without_source: bool = False
    completed: bool = False
    ended: str | None = None
    waits_for: str | None = None
    """payment or approval."""
    state: State = "not-started"
    due_on: date | None = None
    """The day on which the term is due."""


class StandingColumns(BaseModel):
    """What the membership report shows of a standing, in this order; None where there is none."""

    state: str | None
    due_on: date | None
    """The day on which the term is due (DUE-3)."""


_EVENTS = (
    LearnerAssigned,
    LearnerWithdrawn,
    EnrollmentCancelled,
    AccessExpired,
    EnrollmentLeftWithoutSource,
    TrainingBegun,
    CompletionSubmitted,
    CompletionRejected,
    EnrollmentCompleted,
    CompletionTakenBack,
    PaymentReceived,
    PaymentRefunded,
    DueDateSet,
)


def evolve(state: Standing | None, event: Event) -> Standing | None:
    now: Standing | None
    if isinstance(event, LearnerAssigned):
        now = _assigned(state, event)
    elif isinstance(event, TrainingBegun) and event.via is not None:
        now = _within(state, event)
    elif state is None:
        now = _completed_elsewhere(event) if isinstance(event, EnrollmentCompleted) else None
    else:
        now = _changed(state, event)
    if now is None:
        return None
    told = _state(now)
    return now if now.state == told else now._replace(state=told)


def _assigned(state: Standing | None, event: LearnerAssigned) -> Standing:
    waits_for = "payment" if event.price else None
    if state is None:
        who = (event.originator_id, event.person_id, event.offering_id)
        return Standing(*who, event.term, live=True, waits_for=waits_for, due_on=event.due_on)
    if event.term > state.term:
        completed = state.completed and not event.afresh
        opened = state._replace(term=event.term, live=True, begun=False, ended=None, waits_for=waits_for)
        state = opened._replace(completed=completed, due_on=None)
    return state._replace(without_source=False, due_on=event.due_on or state.due_on)


def _within(state: Standing | None, event: TrainingBegun) -> Standing:
    """A course is worked on by a certification, without an assignment to it, and without paying for it."""
    if state is None:
        who = (event.originator_id, event.person_id, event.offering_id)
        return Standing(*who, event.term, live=True, begun=True, state="in-progress")
    if event.term > state.term:
        state = state._replace(term=event.term, live=True, ended=None, due_on=None)
    return state._replace(begun=True, waits_for=None, completed=state.completed and not event.afresh)


def _completed_elsewhere(event: EnrollmentCompleted) -> Standing:
    """A completion of somebody who was never enrolled."""
    who = (event.originator_id, event.person_id, event.offering_id)
    return Standing(*who, event.term, completed=True, state="completed")


def _changed(state: Standing, event: Event) -> Standing:
    now = state
    match event:
        case LearnerWithdrawn():
            now = state._replace(live=False, ended="withdrawn", without_source=False)
        case EnrollmentCancelled():
            now = state._replace(live=False, ended="cancelled", without_source=False)
        case AccessExpired():
            now = state._replace(live=False, ended="access-expired")
        case EnrollmentLeftWithoutSource():
            now = state._replace(without_source=True)
        case DueDateSet():
            now = state._replace(due_on=event.due_on)
        case TrainingBegun():
            now = state._replace(begun=True)
        case CompletionSubmitted():
            now = state._replace(waits_for="approval")
        case CompletionRejected():
            now = state._replace(waits_for=None)
        case EnrollmentCompleted():
            now = state._replace(completed=True, waits_for=None)
        case CompletionTakenBack():
            now = state._replace(completed=False)
        case PaymentReceived() if event.term == state.term and state.waits_for == "payment":
            now = state._replace(waits_for=None)
        case PaymentRefunded(reopens=True):
            now = state._replace(waits_for="payment")
    return now


_WAITING: dict[str | None, State] = {"payment": "awaiting-payment", "approval": "pending-approval"}
_ENDED: dict[str | None, State] = {"cancelled": "cancelled", "access-expired": "access-expired"}


def _state(standing: Standing) -> State:
    over = not standing.live and standing.term > 0
    if over and not (standing.completed and standing.ended == "access-expired"):
        return _ENDED.get(standing.ended, "withdrawn")
    if standing.completed:
        return "completed"
    return _WAITING.get(standing.waits_for) or ("in-progress" if standing.begun else "not-started")


STANDING = PeriodTable(
    "standing",
    Standing,
    key=("enrollment_id",),
    events=_EVENTS,
    key_of=stream,
    evolve=evolve,
    opens=first_of_stream,
)
