"""Assignments: offering, type and target, open until removed for the first time (RPT-2). Source: enrollment.

Whose removal was undone is the same assignment again, about the same (ASG-20): there is one row for each, and learners' memberships
say when it held them.
"""

from typing import NamedTuple
from uuid import UUID

from services.reporting.projections.periods import PeriodTable, first_of_stream, stream
from shared.contracts.enrollment import AssignmentCreated, AssignmentRemoved
from shared.events import Event


class Assignment(NamedTuple):
    assignment_id: UUID
    offering_id: UUID
    type: str
    target_id: UUID
    include_below: bool


def evolve(state: Assignment | None, event: Event) -> Assignment | None:
    match event:
        case AssignmentCreated(originator_version=1):
            return Assignment(event.originator_id, event.offering_id, event.type, event.target_id, event.include_below)
        case AssignmentRemoved():
            return None
    return state


ASSIGNMENT = PeriodTable(
    "assignment",
    Assignment,
    key=("assignment_id",),
    events=(AssignmentCreated, AssignmentRemoved),
    key_of=stream,
    evolve=evolve,
    opens=first_of_stream,
)
