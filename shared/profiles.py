"""Profiles: the personal data of people, apart from every event (DIR-12). Only the latest revision travels."""

from collections.abc import Iterable
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.database import Connection
from shared.events import Event, Recorded
from shared.folding import fold


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
    "INSERT INTO profile AS known (person_id, revision, first_name, last_name, email, user_name, "
    "first_name_folded, last_name_folded, email_folded) SELECT * FROM unnest(%s::uuid[], %s::int[], "
    "%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[]) "
    "ON CONFLICT (person_id) DO UPDATE SET revision = excluded.revision, first_name = excluded.first_name, "
    "last_name = excluded.last_name, email = excluded.email, user_name = excluded.user_name, "
    "first_name_folded = excluded.first_name_folded, last_name_folded = excluded.last_name_folded, "
    "email_folded = excluded.email_folded "
    "WHERE known.revision < excluded.revision"
)


def save(conn: Connection, changes: Iterable[Recorded]) -> None:
    """Into a service's own table `profile`: the newest revision that came, per person; an older one that comes late is left out."""
    rows = [(c.person_id, c.revision, *_columns(c.profile)) for c in latest(changes)]
    if rows:
        conn.execute(_UPSERT, [list(column) for column in zip(*rows, strict=True)])


def _columns(of: Profile) -> tuple[str, ...]:
    folded = (fold(of.first_name), fold(of.last_name), fold(of.email))
    return (of.first_name, of.last_name, of.email, of.user_name, *folded)
