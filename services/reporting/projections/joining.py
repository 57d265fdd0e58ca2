"""Who came to a group, and by whom: a learner who joined, or an administrator who added them (RPT-2). Source: enrollment."""

from typing import NamedTuple
from uuid import UUID

from services.reporting.projections.periods import PeriodTable, first_of_stream, stream
from shared.contracts.enrollment import By, GroupJoined, GroupLeft
from shared.events import Event


class Joining(NamedTuple):
    joining_id: UUID
    """Of the person and the group."""
    person_id: UUID
    assignment_id: UUID
    joined_by: By


def evolve(state: Joining | None, event: Event) -> Joining | None:
    match event:
        case GroupJoined():
            return Joining(event.originator_id, event.person_id, event.assignment_id, event.by)
        case GroupLeft():
            return None
    return state


JOINING = PeriodTable(
    "joining",
    Joining,
    key=("joining_id",),
    events=(GroupJoined, GroupLeft),
    key_of=stream,
    evolve=evolve,
    opens=first_of_stream,
)
