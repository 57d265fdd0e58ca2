"""Frameworks and their trees of organisations and positions. A unit is a stream."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from shared.contracts.directory import (
    FrameworkCreated,
    OrganisationProfiled,
    UnitCreated,
    UnitKind,
    UnitMoved,
    UnitRemoved,
    UnitRenamed,
)
from shared.errors import Conflict, Invalid
from shared.events import Event


@dataclass(frozen=True)
class Framework:
    id: UUID
    kind: UnitKind
    name: str
    external_id: str


@dataclass(frozen=True)
class Unit:
    """An organisation or a position as its events tell it."""

    id: UUID
    version: int
    kind: UnitKind
    framework: UUID
    parent: UUID | None
    name: str
    external_id: str
    removed: bool = False


def evolve(state: Unit | None, event: Event) -> Unit | None:
    if isinstance(event, UnitCreated):
        return Unit(
            id=event.originator_id,
            version=event.originator_version,
            kind=event.kind,
            framework=event.framework,
            parent=event.parent,
            name=event.name,
            external_id=event.external_id,
        )
    if state is None:
        return None
    now = replace(state, version=event.originator_version)
    match event:
        case UnitMoved():
            return replace(now, parent=event.parent, framework=event.framework)
        case UnitRenamed():
            return replace(now, name=event.name)
        case UnitRemoved():
            return replace(now, removed=True)
    return now


def create_framework(framework: Framework) -> FrameworkCreated:
    return FrameworkCreated(
        originator_id=framework.id,
        originator_version=1,
        kind=framework.kind,
        name=framework.name,
        external_id=framework.external_id,
    )


def create(unit: Unit, framework: Framework, parent: Unit | None) -> UnitCreated:
    """Refuses a framework of the other kind and a parent in another framework."""
    if framework.kind != unit.kind:
        raise Invalid(f"This framework is for {framework.kind}s, not {unit.kind}s.", field="framework_id")
    _same_framework(unit, parent)
    return UnitCreated(
        originator_id=unit.id,
        originator_version=1,
        kind=unit.kind,
        framework=unit.framework,
        parent=unit.parent,
        name=unit.name,
        external_id=unit.external_id,
    )


def rename(unit: Unit, name: str) -> tuple[Event, ...]:
    if unit.name == name:
        return ()
    return (UnitRenamed(originator_id=unit.id, originator_version=unit.version + 1, kind=unit.kind, name=name),)


def profile(unit: Unit, wanted: Mapping[str, object], *, same: bool) -> tuple[Event, ...]:
    """The profile of an organisation, whole; nothing when it is the `same` as before."""
    if unit.kind != "organisation":
        raise Invalid("Only an organisation has a profile; this is a position.", field="unit_id")
    return () if same else (OrganisationProfiled.unchecked_next(unit.id, unit.version, wanted),)


def move(unit: Unit, parent: Unit | None, above: Sequence[UUID]) -> tuple[Event, ...]:
    """`above`: the new parent and everything above it. A unit never comes below itself."""
    if unit.id in above:
        raise Conflict(
            "A unit cannot be moved below itself. Choose a parent outside its own branch.",
            field="parent_id",
            kind="unit-cycle",
        )
    _same_framework(unit, parent)
    if unit.parent == (parent.id if parent else None):
        return ()
    return (
        UnitMoved(
            originator_id=unit.id,
            originator_version=unit.version + 1,
            kind=unit.kind,
            framework=unit.framework,
            parent=parent.id if parent else None,
        ),
    )


def remove(unit: Unit, children: int, people: int, assignments: int) -> tuple[Event, ...]:
    """Refused while it holds children or people, or has assignments (ASG-10); the reason has the numbers."""
    if children or people:
        raise Conflict(
            f"This {unit.kind} still contains {people} people and {children} units. Move them first.",
            kind="unit-in-use",
            people=people,
            children=children,
        )
    if assignments:
        raise Conflict(
            f"This {unit.kind} still has {assignments} assignments. First preview their removal and confirm it: "
            "POST /api/enrollment/previews with action 'remove'.",
            kind="unit-has-assignments",
            assignments=assignments,
        )
    return (UnitRemoved(originator_id=unit.id, originator_version=unit.version + 1, kind=unit.kind),)


def _same_framework(unit: Unit, parent: Unit | None) -> None:
    if parent and (parent.framework != unit.framework or parent.kind != unit.kind):
        raise Invalid("The parent is in another framework.", field="parent_id")
