"""People and organisations: who is active and belongs where; and the names of people."""

from collections.abc import Sequence

from services.keys.projections import registrations
from services.keys.projections.registrations import OrganisationFact
from shared.consumer import PROFILE_TYPES
from shared.contracts.directory import OrganisationProfiled, UnitCreated, UnitRemoved
from shared.database import Connection
from shared.directory_facts import PEOPLE, UNITS, save_people, save_units
from shared.events import Recorded
from shared.feeds import PROFILES
from shared.folding import key
from shared.profiles import save


class DirectoryFacts:
    """Takes the directory's events."""

    name = "keys facts"
    source = "directory"
    group = "keys.directory"
    tables: tuple[str, ...] = ("person_fact", "unit_fact", "unit_above")
    types = frozenset(c.TOPIC for c in (*PEOPLE, *UNITS))

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        save_units(conn, events)
        save_people(conn, events)


class RegistrationFacts:
    """Takes the directory's events, from the first one on, for what organisations are called and set (KEY-7, DIR-7)."""

    name = "keys registration facts"
    source = "directory"
    group = "keys.directory.registration"
    tables: tuple[str, ...] = ("organisation_fact",)
    types = frozenset(c.TOPIC for c in (UnitCreated, UnitRemoved, OrganisationProfiled))

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        known = registrations.organisations(conn, [recorded.event.originator_id for recorded in events])
        for event in (recorded.event for recorded in events):
            id = event.originator_id
            match event:
                case UnitCreated() if event.kind == "organisation":
                    known[id] = OrganisationFact(id, key(event.external_id), None, None)
                case OrganisationProfiled():
                    told = {name: getattr(event, name) for name in ("anonymous_registration", "key_field")}
                    known[id] = known[id]._replace(**told)
                case UnitRemoved():
                    known.pop(id, None)
                    registrations.forget_organisations(conn, [id])
        registrations.save_organisations(conn, list(known.values()))


class Profiles:
    """Takes the directory's profiles."""

    name = "keys profiles"
    source = PROFILES
    group = "keys.directory.profiles"
    tables: tuple[str, ...] = ("profile",)
    types = PROFILE_TYPES

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        save(conn, events)
