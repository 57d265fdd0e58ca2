"""Profiles: who people are today. Personal data has no history. Source: directory.profiles."""

from collections.abc import Sequence

from shared.consumer import PROFILE_TYPES
from shared.database import Connection
from shared.events import Recorded
from shared.profiles import latest

_UPSERT = (
    "INSERT INTO profile AS known (person_id, revision, first_name, last_name, email, user_name) "
    "SELECT * FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[]) "
    "ON CONFLICT (person_id) DO UPDATE SET revision = excluded.revision, first_name = excluded.first_name, "
    "last_name = excluded.last_name, email = excluded.email, user_name = excluded.user_name "
    "WHERE known.revision < excluded.revision"
)


class ProfileTable:
    """The newest revision that came, per person; an older one that comes late is left out."""

    name = "profile"
    types = PROFILE_TYPES

    def write(self, conn: Connection, events: Sequence[Recorded]) -> None:
        rows = [
            (c.person_id, c.revision, c.profile.first_name, c.profile.last_name, c.profile.email, c.profile.user_name)
            for c in latest(events)
        ]
        if rows:
            conn.execute(_UPSERT, [list(column) for column in zip(*rows, strict=True)])


PROFILE = ProfileTable()
