"""Membership: which assignment holds which learner, from when until when (RPT-1). Source: enrollment."""

from typing import NamedTuple
from uuid import UUID

from services.reporting.projections.periods import Key, PeriodTable
from shared.contracts.enrollment import LearnerAssigned, LearnerUnassigned
from shared.events import Event
from shared.store import Int4


class Membership(NamedTuple):
    enrollment_id: UUID
    person_id: UUID
    offering_id: UUID
    assignment_id: UUID
    term: Int4


def evolve(state: Membership | None, event: Event) -> Membership | None:
    match event:
        case LearnerAssigned():
            return Membership(event.originator_id, event.person_id, event.offering_id, event.assignment_id, event.term)
        case LearnerUnassigned():
            return None
    return state


_EVENTS = (LearnerAssigned, LearnerUnassigned)


def _key(event: Event) -> Key:
    assert isinstance(event, _EVENTS)
    return (event.person_id.int, event.offering_id.int, event.assignment_id.int)


MEMBERSHIP = PeriodTable(
    "membership",
    Membership,
    key=("person_id", "offering_id", "assignment_id"),
    events=_EVENTS,
    key_of=_key,
    evolve=evolve,
    opens=lambda event: isinstance(event, LearnerAssigned),
)
