"""What an organisation sets of its profile, and what holds for it (DIR-7)."""

from typing import Literal
from uuid import UUID

from psycopg.rows import class_row
from pydantic import BaseModel

from shared.database import Connection

Setting = Literal["access_days", "anonymous_registration", "key_field", "time_zone"]
SETTINGS: tuple[Setting, ...] = ("access_days", "anonymous_registration", "key_field", "time_zone")


class Settings(BaseModel):
    """What one organisation sets; None: as the organisation above."""

    access_days: int | None = None
    anonymous_registration: bool | None = None
    key_field: bool | None = None
    time_zone: str | None = None


class Holding(BaseModel):
    """What holds where nobody sets anything else."""

    access_days: int = 180
    anonymous_registration: bool = False
    key_field: bool = False
    time_zone: str = "UTC"


class ProfileView(BaseModel):
    """`version` is the organisation's ETag. `origin`: the organisation that sets each value; null: nobody does."""

    version: int
    set: Settings
    holds: Holding
    origin: dict[Setting, UUID | None]


class _Above(Settings):
    id: UUID


def own(conn: Connection, id: UUID) -> Settings | None:
    """None where it sets nothing and never did."""
    query = "SELECT access_days, anonymous_registration, key_field, time_zone FROM organisation_profile WHERE id = %s"
    with conn.cursor(row_factory=class_row(Settings)) as cursor:
        return cursor.execute(query, [id]).fetchone()


def profile(conn: Connection, id: UUID, version: int) -> ProfileView:
    """Each value comes from the nearest organisation, upwards, that sets it."""
    query = (
        "WITH RECURSIVE above AS (SELECT id, parent, 1 AS depth FROM unit WHERE id = %s "
        "UNION SELECT u.id, u.parent, a.depth + 1 FROM unit u JOIN above a ON u.id = a.parent WHERE a.depth < 1000) "
        "SELECT p.id, p.access_days, p.anonymous_registration, p.key_field, p.time_zone "
        "FROM above a JOIN organisation_profile p ON p.id = a.id ORDER BY a.depth"
    )
    with conn.cursor(row_factory=class_row(_Above)) as cursor:
        above = cursor.execute(query, [id]).fetchall()
    origin = {name: next((o for o in above if getattr(o, name) is not None), None) for name in SETTINGS}
    return ProfileView(
        version=version,
        set=Settings.model_validate(next((o.model_dump(exclude={"id"}) for o in above if o.id == id), {})),
        holds=Holding.model_validate({name: getattr(o, name) for name, o in origin.items() if o}),
        origin={name: o.id if o else None for name, o in origin.items()},
    )
