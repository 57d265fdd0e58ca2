"""Exceptions: what holds a learner back on an offering, and what became of it; of each enrollment the last.

Source: enrollment.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from services.reporting.projections.periods import PeriodTable, first_of_stream, stream
from shared.contracts.enrollment import ExceptionAnswered, ExceptionRaised, HoldEnded
from shared.events import Event
from shared.store import Int4

ExceptionCase = Literal["open", "dismissed", "assigned", "realistic-date", "not-assigned", "over"]
"""`dismissed`: set aside, still held. `over`: its cause is gone. The others are answers (DUE-6)."""
_WAITING = ("open", "dismissed")


class LearnerException(NamedTuple):
    enrollment_id: UUID
    person_id: UUID
    offering_id: UUID
    raised_in: Int4
    """The version of the event that raised it: the next one has a higher one."""
    state: ExceptionCase
    kinds: Sequence[str]
    assignments: Sequence[UUID]
    """Those that wait, or waited last."""


def evolve(state: LearnerException | None, event: Event) -> LearnerException | None:
    match event:
        case ExceptionRaised():
            raised = state.raised_in if state and state.state == "open" else event.originator_version
            who = (event.originator_id, event.person_id, event.offering_id)
            return LearnerException(
                *who, raised, "open", list(event.kinds), [hold.assignment_id for hold in event.holds]
            )
        case _ if state is None or state.state not in _WAITING:
            return state
        case ExceptionAnswered():
            return state._replace(state=event.resolution)
        case HoldEnded():
            left = [id for id in state.assignments if id != event.assignment_id]
            return state._replace(assignments=left) if left else state._replace(state="over")
    return state


EXCEPTION = PeriodTable(
    "learner_exception",
    LearnerException,
    key=("enrollment_id",),
    events=(ExceptionRaised, ExceptionAnswered, HoldEnded),
    key_of=stream,
    evolve=evolve,
    opens=first_of_stream,
)
