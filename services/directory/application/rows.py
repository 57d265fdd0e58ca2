"""The state rows of what the domain has decided."""

from services.directory.domain.people import Person
from services.directory.domain.structure import Framework, Unit
from services.directory.projections import tables
from services.directory.projections.tables import FRAMEWORK, UNIT
from shared.folding import fold
from shared.store import Row


def framework_row(framework: Framework) -> Row:
    return Row(FRAMEWORK, (framework.id, 1, framework.kind, framework.name, framework.external_id))


def unit_row(unit: Unit) -> Row:
    own = (unit.id, unit.version, unit.kind, unit.framework, unit.parent, unit.name, unit.external_id)
    return Row(UNIT, (*own, fold(unit.name)))


def person_row(person: Person) -> Row:
    return tables.person_row(person.id, person.version, person.active, person.home, person.country, person.dates)
