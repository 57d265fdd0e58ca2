"""Standing: how a learner stands on an offering, period by period. Source: enrollment."""

from typing import Literal, NamedTuple, get_args
from uuid import UUID

from services.reporting.projections.periods import PeriodTable, first_of_stream, stream
from shared.contracts.enrollment import (
    EnrollmentCompleted,
    EnrollmentLeftWithoutSource,
    LearnerAssigned,
    LearnerWithdrawn,
    TrainingBegun,
)
from shared.events import Event

State = Literal["not-started", "in-progress", "completed", "withdrawn"]
STATES: tuple[State, ...] = get_args(State)


class Standing(NamedTuple):
    """`state` follows from the flags: a term that is over is withdrawn; a completion stays on record in later terms."""

    enrollment_id: UUID
    person_id: UUID
    offering_id: UUID
    term: int
    live: bool
    begun: bool
    without_source: bool
    completed: bool
    state: State


def evolve(state: Standing | None, event: Event) -> Standing | None:
    match event:
        case LearnerAssigned() if state is None:
            now = Standing(
                event.originator_id,
                event.person_id,
                event.offering_id,
                event.term,
                True,
                False,
                False,
                False,
                "not-started",
            )
        case _ if state is None:
            return None
        case LearnerAssigned() if event.term > state.term:
            now = state._replace(term=event.term, live=True, begun=False, without_source=False)
        case LearnerAssigned():
            now = state._replace(without_source=False)
        case LearnerWithdrawn():
            now = state._replace(live=False, without_source=False)
        case EnrollmentLeftWithoutSource():
            now = state._replace(without_source=True)
        case TrainingBegun():
            now = state._replace(begun=True)
        case EnrollmentCompleted():
            now = state._replace(completed=True)
        case _:
            return state
    told = _state(now)
    return now if now.state == told else now._replace(state=told)


def _state(standing: Standing) -> State:
    if not standing.live:
        return "withdrawn"
    if standing.completed:
        return "completed"
    return "in-progress" if standing.begun else "not-started"


STANDING = PeriodTable(
    "standing",
    Standing,
    {
        "enrollment_id": "uuid",
        "person_id": "uuid",
        "offering_id": "uuid",
        "term": "int4",
        "live": "bool",
        "begun": "bool",
        "without_source": "bool",
        "completed": "bool",
        "state": "text",
    },
    key=("enrollment_id",),
    events=(LearnerAssigned, LearnerWithdrawn, EnrollmentLeftWithoutSource, TrainingBegun, EnrollmentCompleted),
    key_of=stream,
    evolve=evolve,
    opens=first_of_stream,
)
