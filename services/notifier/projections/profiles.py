"""Names and addresses, as far as e-mail needs them."""

from collections.abc import Sequence

from shared.consumer import PROFILE_TYPES, PROFILES
from shared.database import Connection
from shared.events import Recorded
from shared.profiles import latest


class Profiles:
    """Writes `profile`; a revision that is not higher than the known one is ignored."""

    name: str = "notifier.profiles"
    source: str = PROFILES
    group: str = "notifier.directory.profiles"
    tables: tuple[str, ...] = ("profile",)
    types: frozenset[str] = PROFILE_TYPES

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        changes = latest(events)
        profiles = [c.profile for c in changes]
        conn.execute(
            "INSERT INTO profile (person_id, revision, first_name, last_name, email, language) "
            "SELECT * FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[]) "
            "ON CONFLICT (person_id) DO UPDATE SET revision = excluded.revision, first_name = excluded.first_name, "
            "last_name = excluded.last_name, email = excluded.email, language = excluded.language "
            "WHERE profile.revision < excluded.revision",
            [
                [c.person_id for c in changes],
                [c.revision for c in changes],
                [p.first_name for p in profiles],
                [p.last_name for p in profiles],
                [p.email for p in profiles],
                [p.language for p in profiles],
            ],
        )
