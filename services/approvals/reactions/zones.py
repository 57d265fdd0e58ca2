"""Time zones of organisations and people: at which hour an approver is told what waits.

Consumers of their own, so that they read what lies before they were there.
"""

from collections.abc import Sequence
from uuid import UUID

from shared.consumer import PROFILE_TYPES
from shared.contracts.directory import OrganisationProfiled
from shared.database import Connection
from shared.events import Recorded
from shared.feeds import PROFILES
from shared.profiles import latest

# A time zone that the database does not know counts as not set.
_UNITS = """
INSERT INTO zone_fact (id, time_zone)
SELECT id, n.name FROM unnest(%s::uuid[], %s::text[]) AS t (id, zone) LEFT JOIN pg_timezone_names n ON n.name = zone
ON CONFLICT (id) DO UPDATE SET time_zone = excluded.time_zone
"""
_PEOPLE = """
INSERT INTO person_zone AS known (person, revision, time_zone)
SELECT person, revision, n.name FROM unnest(%s::uuid[], %s::int[], %s::text[]) AS t (person, revision, zone)
LEFT JOIN pg_timezone_names n ON n.name = zone
ON CONFLICT (person) DO UPDATE SET revision = excluded.revision, time_zone = excluded.time_zone
WHERE known.revision < excluded.revision
"""


class OrganisationZones:
    """Takes what organisations set."""

    name = "approvals organisation zones"
    source = "directory"
    group = "approvals.zones"
    tables: tuple[str, ...] = ("zone_fact",)
    types = frozenset({OrganisationProfiled.TOPIC})

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        zones: dict[UUID, str | None] = {}
        for event in (recorded.event for recorded in events):
            if isinstance(event, OrganisationProfiled):
                zones[event.originator_id] = event.time_zone
        conn.execute(_UNITS, [list(zones), list(zones.values())])


class PersonZones:
    """Takes the time zones of the directory's profiles."""

    name = "approvals person zones"
    source = PROFILES
    group = "approvals.zones.profiles"
    tables: tuple[str, ...] = ("person_zone",)
    types = PROFILE_TYPES

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        changes = latest(events)
        rows = [(change.person_id, change.revision, change.profile.time_zone) for change in changes]
        if rows:
            conn.execute(_PEOPLE, [list(values) for values in zip(*rows, strict=True)])
