"""Pools, and how many of their keys are in each state (KEY-1)."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.keys.projections.scope import in_scope, scope_parameters
from services.keys.projections.tables import POOL, PoolRow
from shared.auth import Scope
from shared.contracts.keys import KeyState
from shared.database import Connection, fetch, fetch_one
from shared.folding import fold
from shared.readmodel import Page, cursor_decode, page_of


class KeyCounts(BaseModel):
    """How many keys of a pool are in each state."""

    free: int = 0
    sent: int = 0
    reserved: int = 0
    redeemed: int = 0
    revoked: int = 0


class PoolView(BaseModel):
    """A pool. `version` is its ETag."""

    id: UUID
    version: int
    name: str
    offering_id: UUID
    offering_title: str | None
    organisation_id: UUID
    organisation_name: str | None
    starts: datetime
    expires: datetime
    access_days: int
    share_below: bool
    created_at: datetime
    keys: KeyCounts = KeyCounts()


class _Count(NamedTuple):
    pool: UUID
    state: KeyState
    keys: int


_SELECT = """
SELECT p.id, p.revision AS version, p.name, p.offering AS offering_id, o.title AS offering_title,
    p.organisation AS organisation_id, u.name AS organisation_name, p.starts, p.expires, p.access_days, p.share_below, p.created_at
FROM pool p LEFT JOIN offering_fact o ON o.id = p.offering LEFT JOIN unit_fact u ON u.id = p.organisation
"""


class PoolQuery(NamedTuple):
    """Filters; None: all. `name` is a part of it."""

    name: str | None = None
    offering: UUID | None = None
    organisation: UUID | None = None


def page(conn: Connection, scope: Scope, query: PoolQuery, cursor: str | None, limit: int) -> Page[PoolView]:
    """By name."""
    after = cursor_decode(cursor, str, UUID) if cursor else (None, None)
    statement = (
        f"{_SELECT} WHERE {in_scope('p.organisation')} "
        "AND (%(name)s::text IS NULL OR strpos(p.name_folded, %(name)s) > 0) "
        "AND (%(offering)s::uuid IS NULL OR p.offering = %(offering)s) "
        "AND (%(organisation)s::uuid IS NULL OR p.organisation = %(organisation)s) "
        "AND (%(after)s::text IS NULL OR (p.name_folded, p.id) > (%(after)s, %(after_id)s::uuid)) "
        "ORDER BY p.name_folded, p.id LIMIT %(limit)s"
    )
    values = {**query._asdict(), **scope_parameters(scope), "after": after[0], "after_id": after[1], "limit": limit + 1}
    values["name"] = None if query.name is None else fold(query.name)
    found = page_of(fetch(conn, PoolView, statement, values), limit, lambda pool: [fold(pool.name), pool.id])
    counted = counts(conn, [pool.id for pool in found.items])
    for pool in found.items:
        pool.keys = counted.get(pool.id, KeyCounts())
    return found


def view(conn: Connection, scope: Scope, id: UUID) -> PoolView | None:
    """None where there is none, or none that the scope shows."""
    statement = f"{_SELECT} WHERE p.id = %(id)s AND {in_scope('p.organisation')}"
    found = fetch_one(conn, PoolView, statement, {"id": id, **scope_parameters(scope)})
    if found:
        found.keys = counts(conn, [id]).get(id, KeyCounts())
    return found


def visible(conn: Connection, scope: Scope, id: UUID) -> PoolRow | None:
    """The row of a pool that the scope shows."""
    query = f"SELECT {POOL.select()} FROM pool WHERE id = %(id)s AND {in_scope('organisation')}"
    return fetch_one(conn, PoolRow, query, {"id": id, **scope_parameters(scope)})


def counts(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, KeyCounts]:
    query = "SELECT pool, state, count(*) AS keys FROM training_key WHERE pool = ANY(%s) GROUP BY pool, state"
    found: dict[UUID, KeyCounts] = {}
    for row in fetch(conn, _Count, query, [list(ids)]):
        setattr(found.setdefault(row.pool, KeyCounts()), row.state, row.keys)
    return found
