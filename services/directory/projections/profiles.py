"""What an organisation sets of its profile, and what holds for it and its people (DIR-7)."""

from typing import Literal, get_args
from uuid import UUID

from pydantic import BaseModel

from shared.database import Connection, fetch, fetch_one
from shared.folding import key
from shared.limits import Email, Line, Remark

Setting = Literal[
    "access_days",
    "anonymous_registration",
    "key_field",
    "time_zone",
    "contact",
    "record_assignment_types",
    "record_assignment_names",
]
SETTINGS: tuple[Setting, ...] = get_args(Setting)


class Contact(BaseModel):
    """Whom the people of an organisation ask. Inherited as a whole."""

    name: Line = ""
    """A person, or an office."""
    email: Email | None = None
    telephone: Line = ""
    text: Remark = ""
    """Address, opening times."""


class Settings(BaseModel):
    """What one organisation sets; None: as the organisation above."""

    access_days: int | None = None
    anonymous_registration: bool | None = None
    key_field: bool | None = None
    time_zone: str | None = None
    contact: Contact | None = None
    record_assignment_types: bool | None = None
    record_assignment_names: bool | None = None


class EffectiveSettings(BaseModel):
    """What holds where nobody sets anything else."""

    access_days: int = 180
    anonymous_registration: bool = False
    key_field: bool = False
    time_zone: str = "UTC"
    contact: Contact | None = None
    """None: nobody has named one."""
    record_assignment_types: bool = False
    """The record of learning tells by which types of assignments somebody was enrolled (LRN-5)."""
    record_assignment_names: bool = False
    """And what these assignments are called."""


class ProfileView(BaseModel):
    """`version` is the organisation's ETag. `origin`: the organisation that sets each value; null: nobody does."""

    version: int
    set: Settings
    holds: EffectiveSettings
    origin: dict[Setting, UUID | None]


class Named(BaseModel):
    """An organisation, by what it is called."""

    id: UUID
    name: str


class Holding(EffectiveSettings):
    """What holds for one person, by the home organisation."""

    organisation: Named | None
    """None: the person has no home organisation."""


class ProviderView(BaseModel):
    """An OpenID Connect provider where people sign in."""

    id: str
    name: str


class SignInOptions(BaseModel):
    """What strangers may do at an organisation's sign-in page."""

    organisation: Named | None = None
    """None where it does not exist, or offers nothing."""
    registration: bool = False
    key_field: bool = False
    """People may register with a training key."""
    contact: Contact | None = None
    """Whom to ask."""
    providers: list[ProviderView] = []


class _Above(Settings):
    id: UUID


_COLUMNS = (
    "p.access_days, p.anonymous_registration, p.key_field, p.time_zone, t.text::json AS contact, "
    "p.record_assignment_types, p.record_assignment_names"
)
_TEXT = "LEFT JOIN personal_text t ON t.id = p.contact"


def named_organisation(conn: Connection, named: str) -> Named | None:
    """By its external id, or by its id."""
    query = (
        "SELECT id, name FROM unit WHERE kind = 'organisation' AND (external_id = %s OR id::text = lower(%s)) "
        "ORDER BY external_id = %s DESC LIMIT 1"
    )
    return fetch_one(conn, Named, query, [key(named), named, key(named)])


def own(conn: Connection, id: UUID) -> Settings | None:
    """None where it sets nothing and never did."""
    return fetch_one(conn, Settings, f"SELECT {_COLUMNS} FROM organisation_profile p {_TEXT} WHERE p.id = %s", [id])


def profile(conn: Connection, id: UUID, version: int) -> ProfileView:
    """Each value comes from the nearest organisation, upwards, that sets it."""
    query = (
        "WITH RECURSIVE above AS (SELECT id, parent, 1 AS depth FROM unit WHERE id = %s "
        "UNION SELECT u.id, u.parent, a.depth + 1 FROM unit u JOIN above a ON u.id = a.parent WHERE a.depth < 1000) "
        f"SELECT p.id, {_COLUMNS} FROM above a JOIN organisation_profile p ON p.id = a.id {_TEXT} ORDER BY a.depth"
    )
    above = fetch(conn, _Above, query, [id])
    origin = {name: next((o for o in above if getattr(o, name) is not None), None) for name in SETTINGS}
    return ProfileView(
        version=version,
        set=Settings.model_validate(next((o.model_dump(exclude={"id"}) for o in above if o.id == id), {})),
        holds=EffectiveSettings.model_validate({name: getattr(o, name) for name, o in origin.items() if o}),
        origin={name: o.id if o else None for name, o in origin.items()},
    )


def holding(conn: Connection, person: UUID) -> Holding | None:
    """What holds for somebody. None where there is no such person."""
    query = "SELECT u.id, u.name FROM person p JOIN unit u ON u.id = p.home WHERE p.id = %s"
    home = fetch_one(conn, Named, query, [person])
    if home is None and conn.execute("SELECT FROM person WHERE id = %s", [person]).fetchone() is None:
        return None
    holds = profile(conn, home.id, 0).holds if home else EffectiveSettings()
    return Holding(organisation=home, **dict(holds))


def sign_in_options(conn: Connection, named: str | None) -> SignInOptions:
    """Of an organisation by its external id or id; strangers learn nothing of one that has not opened itself to them."""
    found = named_organisation(conn, named) if named else None
    holds = profile(conn, found.id, 0).holds if found else EffectiveSettings()
    if not holds.anonymous_registration:
        return SignInOptions()
    return SignInOptions(organisation=found, registration=True, key_field=holds.key_field, contact=holds.contact)
