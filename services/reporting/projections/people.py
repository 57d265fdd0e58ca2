"""People: home organisation and whether they are active. Ids only; names are profiles. Source: directory."""

from typing import NamedTuple
from uuid import UUID

from services.reporting.projections.periods import PeriodTable, first_of_stream, stream
from shared.contracts.directory import PersonDeactivated, PersonMoved, PersonReactivated, PersonRegistered
from shared.events import Event


class Person(NamedTuple):
    person_id: UUID
    home_organisation: UUID | None
    active: bool


def evolve(state: Person | None, event: Event) -> Person | None:
    match event:
        case PersonRegistered():
            return Person(event.originator_id, event.home_organisation, True)
        case _ if state is None:
            return None
        case PersonMoved():
            return state._replace(home_organisation=event.home_organisation)
        case PersonDeactivated():
            return state._replace(active=False)
        case PersonReactivated():
            return state._replace(active=True)
    return state


PERSON = PeriodTable(
    "person",
    Person,
    key=("person_id",),
    events=(PersonRegistered, PersonMoved, PersonDeactivated, PersonReactivated),
    key_of=stream,
    evolve=evolve,
    opens=first_of_stream,
)
