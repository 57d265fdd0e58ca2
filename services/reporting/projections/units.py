"""Units: organisations and positions, with name and parent. Source: directory."""

from typing import NamedTuple
from uuid import UUID

from services.reporting.projections.periods import PeriodTable, first_of_stream, stream
from shared.contracts.directory import UnitCreated, UnitMoved, UnitRemoved, UnitRenamed
from shared.events import Event


class Unit(NamedTuple):
    unit_id: UUID
    kind: str
    framework: UUID
    parent: UUID | None
    name: str


def evolve(state: Unit | None, event: Event) -> Unit | None:
    match event:
        case UnitCreated():
            return Unit(event.originator_id, event.kind, event.framework, event.parent, event.name)
        case UnitRemoved():
            return None
        case _ if state is None:
            return None
        case UnitMoved():
            return state._replace(framework=event.framework, parent=event.parent)
        case UnitRenamed():
            return state._replace(name=event.name)
    return state


UNIT = PeriodTable(
    "unit",
    Unit,
    key=("unit_id",),
    events=(UnitCreated, UnitMoved, UnitRenamed, UnitRemoved),
    key_of=stream,
    evolve=evolve,
    opens=first_of_stream,
)
