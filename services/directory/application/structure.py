"""Commands on frameworks, units and fixed audiences (DIR-3, DIR-4, DIR-6)."""

from dataclasses import replace
from uuid import UUID, uuid5

from pydantic import BaseModel

from services.directory.application.keys import checked_key
from services.directory.application.ledger import Directory
from services.directory.application.rows import framework_row, unit_row
from services.directory.domain import structure
from services.directory.domain.structure import Framework, Unit
from services.directory.projections import structure as queries
from services.directory.projections.tables import ORGANISATION_PROFILE, UNIT
from shared.auth import Scope
from shared.contracts.directory import UnitKind
from shared.database import Connection
from shared.errors import Conflict, NotFound
from shared.http import check_version
from shared.limits import Key, Name
from shared.store import CommandContext, Decision, Receipt, Revision, Row, command

STRUCTURE = UUID("1f0dd3f2-7e0a-4df0-8b44-64cf3c2be9c9")
"""The name space of the ids of frameworks, units and audiences that a command creates."""


class NewFramework(BaseModel):
    kind: UnitKind
    name: Name
    external_id: Key


class NewUnit(BaseModel):
    """An organisation or a position; parent None: at the top of its framework."""

    framework_id: UUID
    parent_id: UUID | None = None
    name: Name
    external_id: Key


class Structure:
    """Frameworks and units."""

    def __init__(self, ledger: Directory) -> None:
        self._ledger = ledger

    @command
    def create_framework(self, context: CommandContext, new: NewFramework) -> Receipt:
        framework = Framework(new_id(context), new.kind, new.name, checked_key(new.external_id, "external_id"))
        with self._ledger.database.connection() as conn:
            if any(f.external_id == framework.external_id for f in queries.frameworks(conn, new.kind)):
                raise Conflict(
                    "A framework with this external id already exists. Choose another.",
                    field="external_id",
                    kind="taken",
                )
        decision = Decision(
            (structure.create_framework(framework),), context.meta(), inserted=(framework_row(framework),)
        )
        return self._ledger.record(context, decision, {"framework_id": str(framework.id)})

    @command
    def create_unit(self, context: CommandContext, scope: Scope, new: NewUnit) -> Receipt:
        external_id = checked_key(new.external_id, "external_id")
        with self._ledger.database.connection() as conn:
            framework = next((f for f in queries.frameworks(conn, None) if f.id == new.framework_id), None)
            if framework is None:
                raise NotFound("There is no such framework.", field="framework_id")
            if new.parent_id is None and not scope.everything:
                raise scope.beyond("A new top-level organisation is above all organisations", "parent_id")
            if framework.kind == "position" and not scope.everything:
                raise scope.beyond("Positions are shared by all organisations", "framework_id")
            parent = self._ledger.unit(conn, scope, new.parent_id, "parent_id") if new.parent_id else None
            _check_free(conn, framework.kind, external_id)
        unit = Unit(
            id=new_id(context),
            version=1,
            kind=framework.kind,
            framework=framework.id,
            parent=new.parent_id,
            name=new.name,
            external_id=external_id,
        )
        event = structure.create(
            unit, Framework(framework.id, framework.kind, framework.name, framework.external_id), parent
        )
        preconditions = (Revision("unit", parent.id, parent.version),) if parent else ()
        decision = Decision((event,), context.meta(), inserted=(unit_row(unit),), preconditions=preconditions)
        return self._ledger.record(context, decision, {"unit_id": str(unit.id)})

    def rename(self, context: CommandContext, scope: Scope, id: UUID, name: str, expected: int | None) -> Receipt:
        unit = self._for_edit(context, scope, id, expected)
        if isinstance(unit, Receipt):
            return unit
        events = structure.rename(unit, name)
        now = replace(unit, version=unit.version + len(events), name=name)
        return self._save(context, Decision(events, context.meta(), updated=(unit_row(now),)), id)

    def move(
        self, context: CommandContext, scope: Scope, id: UUID, parent_id: UUID | None, expected: int | None
    ) -> Receipt:
        """With everything below it; a ring is refused, also one that two moves would close together."""
        unit = self._for_edit(context, scope, id, expected)
        if isinstance(unit, Receipt):
            return unit
        if parent_id is None and not scope.everything:
            raise scope.beyond("The top level is above all organisations", "parent_id")
        with self._ledger.database.connection() as conn:
            parent = self._ledger.unit(conn, scope, parent_id, "parent_id") if parent_id else None
            above = queries.above(conn, parent_id)
        events = structure.move(unit, parent, list(above))
        now = replace(unit, version=unit.version + len(events), parent=parent_id)
        preconditions = tuple(Revision("unit", *one) for one in above.items())
        decision = Decision(events, context.meta(), updated=(unit_row(now),), preconditions=preconditions)
        return self._save(context, decision, id)

    def remove(self, context: CommandContext, scope: Scope, id: UUID, expected: int | None) -> Receipt:
        """Refused while it holds people or children, counted again under the append lock."""
        unit = self._for_edit(context, scope, id, expected)
        if isinstance(unit, Receipt):
            return unit
        with self._ledger.database.connection() as conn:
            events = structure.remove(unit, *queries.held(conn, id))

        def still_empty(conn: Connection) -> None:
            structure.remove(unit, *queries.held(conn, id))

        decision = Decision(events, context.meta(), deleted=(Row(UNIT, (id,)), Row(ORGANISATION_PROFILE, (id,))))
        return self._ledger.record(context, decision, {"unit_id": str(id)}, also=still_empty)

    def _for_edit(self, context: CommandContext, scope: Scope, id: UUID, expected: int | None) -> Unit | Receipt:
        if earlier := self._ledger.find_receipt(context):
            return earlier
        with self._ledger.database.connection() as conn:
            unit = self._ledger.unit(conn, scope, id)
            if unit.kind == "position" and not scope.everything:
                raise scope.beyond("Positions are shared by all organisations")
        check_version(expected, unit.version)
        return unit

    def _save(self, context: CommandContext, decision: Decision, id: UUID) -> Receipt:
        return self._ledger.record(context, decision, {"unit_id": str(id)})


def new_id(context: CommandContext) -> UUID:
    return uuid5(STRUCTURE, f"{context.actor}/{context.command_id}")


def _check_free(conn: Connection, kind: str, external_id: str) -> None:
    query = "SELECT FROM unit WHERE kind = %s AND external_id = %s"
    if conn.execute(query, [kind, external_id]).fetchone() is not None:
        raise Conflict(
            f"A {kind} with this external id already exists. Choose another.", field="external_id", kind="taken"
        )
