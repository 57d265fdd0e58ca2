"""Audiences and their names. Source: directory."""

from typing import NamedTuple
from uuid import UUID

from services.reporting.projections.periods import PeriodTable, first_of_stream, stream
from shared.contracts.directory import AudienceCreated, AudienceRemoved
from shared.events import Event


class Audience(NamedTuple):
    audience_id: UUID
    name: str


def evolve(state: Audience | None, event: Event) -> Audience | None:
    match event:
        case AudienceCreated():
            return Audience(event.originator_id, event.name)
        case AudienceRemoved():
            return None
    return state


AUDIENCE = PeriodTable(
    "audience",
    Audience,
    key=("audience_id",),
    events=(AudienceCreated, AudienceRemoved),
    key_of=stream,
    evolve=evolve,
    opens=first_of_stream,
)
