"""Profiles: the personal data of people, apart from every event (DIR-12). Only the latest revision travels."""

from collections.abc import Iterable
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.database import Connection
from shared.events import Event, Recorded


class Profile(BaseModel):
    """Who a person is. Lives in the directory and, as far as they need it, in the tables of services that show or mail people."""

    model_config = ConfigDict(frozen=True)

    first_name: str
    last_name: str
    email: str
    user_name: str
    external_id: str | None = None
    language: str | None = None
    time_zone: str | None = None


class ProfileChanged(Event):
    """A profile as it travels: never stored as an event, and applied only where its revision is higher."""

    profile: Profile

    @property
    def person_id(self) -> UUID:
        return self.originator_id

    @property
    def revision(self) -> int:
        return self.originator_version


def latest(changes: Iterable[Recorded]) -> list[ProfileChanged]:
    """The highest revision of each person in a batch."""
    newest: dict[UUID, ProfileChanged] = {}
    for recorded in changes:
        change = recorded.event
        if isinstance(change, ProfileChanged):
            known = newest.get(change.person_id)
            if known is None or known.revision < change.revision:
                newest[change.person_id] = change
    return list(newest.values())


_UPSERT = (
    "INSERT INTO profile AS known (person_id, revision, first_name, last_name, email, user_name) "
    "SELECT * FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[]) "
    "ON CONFLICT (person_id) DO UPDATE SET revision = excluded.revision, first_name = excluded.first_name, "
    "last_name = excluded.last_name, email = excluded.email, user_name = excluded.user_name "
    "WHERE known.revision < excluded.revision"
)


def save(conn: Connection, changes: Iterable[Recorded]) -> None:
    """Into a service's own table `profile`: the newest revision that came, per person; an older one that comes late is left out."""
    rows = [
        (c.person_id, c.revision, c.profile.first_name, c.profile.last_name, c.profile.email, c.profile.user_name)
        for c in latest(changes)
    ]
    if rows:
        conn.execute(_UPSERT, [list(column) for column in zip(*rows, strict=True)])
