"""Machine clients, as lists show them (SEC-5)."""

from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from shared.database import Connection, fetch
from shared.readmodel import Page, cursor_decode, page_of
from shared.store import Int4, Table


class ClientRow(NamedTuple):
    """A row of `machine_client`."""

    id: UUID
    revision: Int4
    name: str
    organisation: UUID | None
    permissions: list[str]
    revoked: bool


CLIENT = Table.of("machine_client", ClientRow)


class ClientView(BaseModel):
    """`organisation` null: for everything."""

    id: UUID
    name: str
    organisation: UUID | None
    permissions: list[str]
    revoked: bool


def clients(conn: Connection, cursor: str | None, limit: int) -> Page[ClientView]:
    """By name, revoked ones too."""
    after = cursor_decode(cursor, str, UUID) if cursor else ("", UUID(int=0))
    query = (
        "SELECT id, name, organisation, permissions, revoked FROM machine_client WHERE (name, id) > (%s, %s::uuid) "
        "ORDER BY name, id LIMIT %s"
    )
    return page_of(fetch(conn, ClientView, query, [*after, limit + 1]), limit, lambda one: [one.name, one.id])
