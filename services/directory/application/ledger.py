"""The events of the directory, and what every command needs to load."""

from uuid import UUID

from services.directory.domain import people, structure
from services.directory.domain.people import Person
from services.directory.domain.structure import Unit
from services.directory.projections import people as people_queries
from services.directory.projections import structure as units
from services.directory.projections.tables import ProfileRow
from shared.auth import Scope
from shared.database import Connection
from shared.errors import Corrupt, NotFound
from shared.store import ServiceApplication


class Directory(ServiceApplication):
    """People, units, frameworks and audiences."""

    name = "directory"

    def person(self, conn: Connection, scope: Scope, id: UUID) -> tuple[Person, ProfileRow]:
        """Raises NotFound, also for someone outside the scope (SEC-2)."""
        seen = people_queries.visible(conn, scope, [id])
        profile = people_queries.profile(conn, id) if seen else None
        if profile is None:
            raise NotFound("There is no such person, or none that you may see.", field="person_id")
        person = self.load(id, people.evolve)
        if person is None:
            raise Corrupt(f"person {id} has a profile and no events")
        return person, profile

    def account(self, conn: Connection, scope: Scope, id: UUID, actor: UUID) -> tuple[Person, ProfileRow]:
        """The same for whatever changes who signs in as somebody, or whether anybody can: that reaches as far as the permission
        roles that this person holds, so Forbidden where one of them reaches beyond the scope (SEC-4). Oneself one may change."""
        person, profile = self.person(conn, scope, id)
        if id != actor and not all(self._covers(conn, scope, organisation) for _, organisation in person.roles):
            raise scope.beyond("This person holds permission roles outside your organisations", "person_id")
        return person, profile

    def _covers(self, conn: Connection, scope: Scope, organisation: UUID | None) -> bool:
        return scope.everything or (organisation is not None and units.within(conn, scope, organisation))

    def unit(self, conn: Connection, scope: Scope, id: UUID, field: str = "unit_id") -> Unit:
        """Raises NotFound, also for an organisation outside the scope."""
        unit = self.load(id, structure.evolve) if units.unit(conn, scope, id) else None
        if unit is None or unit.removed:
            raise NotFound("There is no such unit, or none that you may see.", field=field)
        return unit

    def check_home(self, conn: Connection, scope: Scope, home: UUID | None, field: str = "home_organisation") -> None:
        """A home, or a role's place, is an organisation within the scope; none at all only for those who manage everything."""
        if home is None:
            if not scope.everything:
                raise scope.beyond("Without an organisation the role applies everywhere", field)
            return
        unit = units.unit(conn, scope, home)
        if unit is None or unit.kind != "organisation" or not units.within(conn, scope, home):
            raise NotFound("There is no such organisation, or none that you may see.", field=field)
