"""The state rows of what the domain has decided."""

from services.directory.domain.people import Person
from services.directory.domain.structure import Framework, Unit
from services.directory.projections import tables
from services.directory.projections.tables import FRAMEWORK, UNIT, FrameworkRow, UnitRow
from shared.folding import fold
from shared.store import Row


def framework_row(framework: Framework) -> Row:
    return Row(FRAMEWORK, FrameworkRow(framework.id, 1, framework.kind, framework.name, framework.external_id))


def unit_row(unit: Unit) -> Row:
    row = UnitRow(
        id=unit.id,
        revision=unit.version,
        kind=unit.kind,
        framework=unit.framework,
        parent=unit.parent,
        name=unit.name,
        external_id=unit.external_id,
        name_folded=fold(unit.name),
    )
    return Row(UNIT, row)


def person_row(person: Person) -> Row:
    return tables.person_row(
        person.id,
        person.version,
        active=person.active,
        home=person.home,
        country=person.country,
        dates=person.dates,
    )
