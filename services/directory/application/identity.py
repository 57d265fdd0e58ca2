"""What identifies a person: e-mail, user name and external id, each unique and as it is kept (DIR-1)."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import available_timezones

from services.directory.application.keys import checked_key
from services.directory.projections import people as queries
from services.directory.projections.tables import ProfileRow
from shared.addresses import NotAnAddress, read_address
from shared.database import Connection
from shared.errors import Conflict, Invalid
from shared.limits import Text

UserName = Annotated[str, Text(254, 1)]


def with_keys(profile: ProfileRow, **sent: Any) -> ProfileRow:
    """With what was sent; keys that were sent, or all where nothing was, as they are kept."""
    now = profile._replace(**sent)
    given = {name: getattr(now, name) for name in ("email", "user_name", "external_id") if not sent or name in sent}
    kept: dict[str, Any] = {name: checked_key(value, name) for name, value in given.items() if value is not None}
    return now._replace(**kept)


def check_unique(conn: Connection, profile: ProfileRow) -> None:
    names = {"email": "e-mail", "user_name": "user name", "external_id": "external id"}
    for field in queries.taken(conn, profile):
        raise Conflict(
            f"Someone else already has this {names[field]} (letter case does not count). Use another one, or edit that person.",
            field=field,
            kind="taken",
        )


def check_email(typed: str, field: str = "email") -> None:
    """Raises Invalid."""
    try:
        domain = read_address(typed).domain
    except NotAnAddress as wrong:
        raise Invalid(f"This is not a valid e-mail address (anna@example.org): {wrong}.", field=field) from wrong
    if "." not in domain and domain != "localhost":
        raise Invalid("This is not a valid e-mail address (anna@example.org): its domain has no dot.", field=field)


def check_zone(name: str | None) -> None:
    """Raises Invalid."""
    if name is not None and name not in available_timezones():
        raise Invalid("There is no such time zone. Use an IANA name, such as Europe/Zurich.", field="time_zone")


def still_there(organisation: UUID | None) -> Callable[[Connection], None]:
    """Under the append lock: the organisation was not removed meanwhile."""

    def guard(conn: Connection) -> None:
        found = conn.execute("SELECT FROM unit WHERE id = %s", [organisation]).fetchone()
        if organisation and found is None:
            raise Conflict("This organisation was just removed. Choose another one.", field="home_organisation")

    return guard
