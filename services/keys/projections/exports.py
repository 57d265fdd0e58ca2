"""The record of exports: who took which keys out, and when (KEY-5)."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.keys.projections.scope import in_scope, scope_parameters
from shared.auth import Scope
from shared.contracts.keys import ExportFormat, KeyState
from shared.database import Connection, fetch
from shared.readmodel import Page, cursor_decode, page_of


class ExportItem(BaseModel):
    """An export of a pool's keys. `state` null: keys in whatever state. The name where the caller may see that person."""

    id: UUID
    pool_id: UUID
    format: ExportFormat
    state: KeyState | None
    keys: int
    actor_id: UUID
    actor_name: str | None
    at: datetime


_PAGE = f"""
SELECT e.id, e.pool AS pool_id, e.format, e.state, e.keys, e.actor AS actor_id,
    CASE WHEN {in_scope("h.home")} THEN f.first_name || ' ' || f.last_name END AS actor_name, e.at
FROM pool_export e JOIN pool p ON p.id = e.pool
LEFT JOIN person_fact h ON h.id = e.actor LEFT JOIN profile f ON f.person_id = e.actor
WHERE e.pool = %(pool)s AND {in_scope("p.organisation")}
    AND (%(before)s::timestamptz IS NULL OR e.at < %(before)s OR (e.at = %(before)s AND e.id > %(after)s::uuid))
ORDER BY e.at DESC, e.id LIMIT %(limit)s
"""


def page(conn: Connection, scope: Scope, pool: UUID, cursor: str | None, limit: int) -> Page[ExportItem]:
    """The newest first."""
    place = cursor_decode(cursor, datetime.fromisoformat, UUID) if cursor else (None, None)
    values = {"pool": pool, "before": place[0], "after": place[1], "limit": limit + 1}
    rows = fetch(conn, ExportItem, _PAGE, {**values, **scope_parameters(scope)})
    return page_of(rows, limit, lambda export: [export.at.isoformat(), export.id])
