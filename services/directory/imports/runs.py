"""The runs of the import, as lists and pages show them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from services.directory.imports.options import Options
from shared.database import Connection, fetch
from shared.events import Meta
from shared.readmodel import Page, cursor_decode, page_of


class ImportView(BaseModel):
    """A run. `done` of `total` changes are carried out; `outcomes` are rows per outcome once checked."""

    id: UUID
    batch: UUID
    actor: UUID
    """Who began it."""
    feed: str
    state: str
    done: int
    total: int | None
    dry_run: bool
    outcomes: dict[str, int]
    ignored: list[str]
    """Headings that have no place here."""
    error: str | None
    created_at: datetime
    finished_at: datetime | None


_RUNS = (
    "SELECT j.id, j.meta, r.options, j.state, j.done, j.total, r.ignored, j.error, j.created_at, j.finished_at, "
    "coalesce(CASE WHEN j.state = 'finished' THEN j.result ELSE (SELECT jsonb_object_agg(outcome, n) "
    "FROM (SELECT outcome, count(*) AS n FROM import_row WHERE run = j.id GROUP BY 1) AS counted) END, '{}') AS outcomes "
    "FROM import_run r JOIN job j ON j.id = r.id WHERE "
)


def find(conn: Connection, id: UUID) -> ImportView | None:
    return next(iter(fetch(conn, _view, f"{_RUNS}r.id = %s", [id])), None)


def page(conn: Connection, cursor: str | None, limit: int) -> Page[ImportView]:
    """Newest first."""
    before: tuple[object, object] = ("infinity", UUID(int=0))
    if cursor:
        before = cursor_decode(cursor, datetime.fromisoformat, UUID)
    query = f"{_RUNS}(j.created_at, j.id) < (%s::timestamptz, %s) ORDER BY j.created_at DESC, j.id DESC LIMIT %s"
    return page_of(
        fetch(conn, _view, query, [*before, limit + 1]), limit, lambda run: [run.created_at.isoformat(), run.id]
    )


def _view(*, meta: str, options: str, **fields: Any) -> ImportView:
    caused_by, chosen = Meta.model_validate_json(meta), Options.model_validate_json(options)
    return ImportView(
        **fields,
        batch=caused_by.correlation,
        actor=caused_by.actor,
        feed=chosen.feed,
        dry_run=chosen.dry_run,
    )
