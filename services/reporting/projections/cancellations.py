"""Cancellations: which course assignments were cancelled, and when; they are not billed (ASG-15, ASG-19). Source: enrollment."""

from typing import NamedTuple
from uuid import UUID

from services.reporting.projections.periods import Key, PeriodTable
from shared.contracts.enrollment import LearnerUnassigned
from shared.events import Event
from shared.store import Int4


class Cancellation(NamedTuple):
    """`cancelled_in` is the version of the event: an assignment may hold, and lose, the same learner more than once."""

    enrollment_id: UUID
    assignment_id: UUID
    cancelled_in: Int4


def evolve(state: Cancellation | None, event: Event) -> Cancellation | None:
    match event:
        case LearnerUnassigned(why="cancelled"):
            return Cancellation(event.originator_id, event.assignment_id, event.originator_version)
    return state


def _key(event: Event) -> Key:
    assert isinstance(event, LearnerUnassigned)
    return (event.originator_id.int, event.assignment_id.int)


CANCELLATION = PeriodTable(
    "cancellation",
    Cancellation,
    key=("enrollment_id", "assignment_id"),
    events=(LearnerUnassigned,),
    key_of=_key,
    evolve=evolve,
    opens=lambda event: isinstance(event, LearnerUnassigned) and event.why != "cancelled",
)
