"""The proof of a service's history over HTTP: how far it is signed, and slices of it (AUD-3, AUD-4)."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from shared.audit.exporting import Slice, export_on
from shared.audit.notes import Signer, origin_of
from shared.auth import CurrentCaller, Permission
from shared.database import Connection, Database, fetch_one, scalar
from shared.errors import Conflict
from shared.limits import Moment
from shared.settings import Settings
from shared.streams import Streams

MEDIA_TYPE = "application/jsonl"
_LINES = 200
"""That are sent together."""
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "Lines of JSON", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}
}


class Signed(BaseModel):
    """How far a history is signed. `checkpoint` is the last one as it was signed, None: there is none; `signed_at`: when.
    `public_key` verifies it, None: this service has no key."""

    events: int
    signed: int = 0
    signed_at: datetime | None = None
    checkpoint: str | None = None
    public_key: str | None = None


def audit_routes(service: str, database: Database, settings: Settings, streams: Streams | None = None) -> APIRouter:
    """For whoever may export the history, of the whole suite: a slice is not narrowed to an organisation."""
    router = APIRouter(prefix=f"/api/{service}/audit", tags=["audit"])
    downloads = streams or Streams(settings, service)

    @router.get("/signed")
    def signed(caller: CurrentCaller) -> Signed:
        """Tell how many events are recorded, how many of them are signed, and the last checkpoint (AUD-3)."""
        caller.everywhere(Permission.EXPORT_HISTORY)
        query = (
            "SELECT (SELECT coalesce(max(position), 0) FROM events) AS events, coalesce(c.size, 0) AS signed, c.signed_at, "
            "c.note AS checkpoint FROM (SELECT) one LEFT JOIN LATERAL (SELECT size, signed_at, note FROM audit_checkpoint "
            "WHERE origin = %s ORDER BY size DESC LIMIT 1) c ON true"
        )
        with database.connection() as conn:
            found = fetch_one(conn, Signed, query, [origin_of(service, scalar(conn, "SELECT id FROM epoch", UUID))])
        assert found is not None
        key = Signer(settings.audit_key).public.hex() if settings.audit_key else None
        return found.model_copy(update={"public_key": key})

    @router.get("/export", response_class=StreamingResponse, responses=_FILE)
    def export(
        caller: CurrentCaller,
        learner: Annotated[UUID | None, Query(description="Only events about this person")] = None,
        offering: Annotated[UUID | None, Query(description="Only events about this offering")] = None,
        since: Annotated[Moment | None, Query(description="Only events recorded at this time or later")] = None,
        until: Annotated[Moment | None, Query(description="Only events recorded before this time")] = None,
    ) -> StreamingResponse:
        """Export a slice of the history as JSON Lines with proofs that `rollbook audit verify --file` checks anywhere (AUD-4).
        Answers 409 while nothing is signed."""
        caller.everywhere(Permission.EXPORT_HISTORY)
        if not settings.audit_key:
            raise Conflict(
                "An export is signed, and this service has no key. Set ROLLBOOK_AUDIT_KEY.", kind="not-signed"
            )
        slice, signer = Slice(learner, offering, since, until), Signer(settings.audit_key)

        def parts(conn: Connection) -> Iterator[bytes]:
            lines = export_on(conn, service, slice, signer)
            while together := "".join(islice(lines, _LINES)):
                yield together.encode()

        headers = {
            "Content-Disposition": f'attachment; filename="history-{service}.jsonl"',
            "Cache-Control": "no-store",
        }
        return downloads.answer(parts, media_type=MEDIA_TYPE, headers=headers)

    return router
