"""Groups and their names. Source: enrollment."""

from typing import NamedTuple
from uuid import UUID

from services.reporting.projections.periods import PeriodTable, stream
from shared.contracts.enrollment import GroupDescribed
from shared.events import Event


class Group(NamedTuple):
    """The group is its assignment."""

    group_id: UUID
    name: str


def evolve(state: Group | None, event: Event) -> Group | None:
    match event:
        case GroupDescribed():
            return Group(event.originator_id, event.name)
    return state


GROUP = PeriodTable(
    "learner_group",
    Group,
    key=("group_id",),
    events=(GroupDescribed,),
    key_of=stream,
    evolve=evolve,
    opens=lambda event: event.originator_version == 2,
)
"""The assignment is created first; then the group is described."""
