"""Exports of keys for distribution, and the record of them (KEY-5)."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.keys.api.dependencies import MANAGE, READ, DatabaseDep, ExportsDep, StreamsDep
from services.keys.projections import exports
from services.keys.projections.exports import ExportItem
from shared.auth import CurrentCaller
from shared.contracts.keys import ExportFormat, KeyState
from shared.documents import file
from shared.http import CommandContextDep, Cursor, PageSize
from shared.readmodel import Page

router = APIRouter(prefix="/api/keys", tags=["exports"])

_TYPES: dict[ExportFormat, str] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_FILES = file(_TYPES["csv"], "The keys, with a header row, in the format that was asked for")
_FILES[200]["content"] |= file(_TYPES["xlsx"], "")[200]["content"]


class ExportRequest(BaseModel):
    """Keys in a state, by default those that are free; null: all keys of the pool."""

    format: ExportFormat = "csv"
    state: KeyState | None = "free"


@router.post("/pools/{pool_id}/exports", response_class=StreamingResponse, responses=_FILES)
def export_keys(
    caller: CurrentCaller,
    context: CommandContextDep,
    export_commands: ExportsDep,
    streams: StreamsDep,
    pool_id: UUID,
    body: ExportRequest,
) -> StreamingResponse:
    """Export keys for distribution, streamed; that you did is on record. Answers 503 when too many downloads are running."""
    export = export_commands.record(context, caller.scope(MANAGE), pool_id, body.format, body.state)
    headers = {
        "Content-Disposition": f'attachment; filename="keys-{export.id}.{body.format}"',
        "Cache-Control": "no-store",
    }
    return streams.answer(
        lambda conn: export_commands.parts(conn, export), media_type=_TYPES[body.format], headers=headers
    )


@router.get("/pools/{pool_id}/exports")
def list_exports(
    caller: CurrentCaller, database: DatabaseDep, size: PageSize, pool_id: UUID, cursor: Cursor = None
) -> Page[ExportItem]:
    """List who exported keys of this pool, the newest first."""
    scope = caller.scope(READ)
    with database.connection() as conn:
        return exports.page(conn, scope, pool_id, cursor, size)
