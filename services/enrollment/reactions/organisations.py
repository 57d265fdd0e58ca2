"""What organisations set of their profiles (DIR-7), and when people signed in for the first time (DIR-10)."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from services.enrollment.projections import dates, facts, organisations
from services.enrollment.projections.organisations import OrganisationFact
from services.enrollment.reactions.causes import by_cause
from shared import telemetry
from shared.contracts.directory import FirstSignedIn, OrganisationProfiled
from shared.database import Connection
from shared.events import Recorded

log = telemetry.logger(__name__)


class OrganisationFacts:
    """Reads the directory's history once more from the beginning: profiles, and first logins to the moment, from before these were
    asked for. Whoever has signed in is put in the queue.

    `DirectoryFacts` takes new ones too, in order with the people who come after them. No grant that is there changes by a profile.
    """

    name = "enrollment organisations"
    source = "directory"
    group = "enrollment.directory.organisations"
    tables: tuple[str, ...] = ("organisation_fact",)
    types = frozenset({OrganisationProfiled.TOPIC, FirstSignedIn.TOPIC})

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        save_profiles(conn, events)
        for meta, caused in by_cause(events, self.source):
            first = {r.event.originator_id: r.event.at for r in caused if isinstance(r.event, FirstSignedIn)}
            if first:
                dates.save_logins(conn, first)
                facts.enqueue(conn, first, meta)


def save_profiles(conn: Connection, events: Sequence[Recorded]) -> None:
    """Of the profiles among these events what matters here. A time zone that is not known here is as if it were not set."""
    profiles = [r.event for r in events if isinstance(r.event, OrganisationProfiled)]
    names = {profile.time_zone for profile in profiles if profile.time_zone}
    known = {name for name in organisations.known_zones(conn, names) if _loads(name)} if names else set()
    if names - known:
        log.warning("time zones are not known here, and do not count", zones=sorted(names - known))
    rows = [
        OrganisationFact(
            profile.originator_id,
            profile.originator_version,
            profile.access_days,
            profile.time_zone if profile.time_zone in known else None,
        )
        for profile in profiles
    ]
    organisations.save(conn, rows)


def _loads(name: str) -> bool:
    """Rules are asked in the database and here: both have to know it."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
