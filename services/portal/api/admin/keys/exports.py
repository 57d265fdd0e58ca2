"""Keys go out in a file, and each time is on record (KEY-5)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask

from services.portal.api.admin.jobs import PASSED_ON
from services.portal.api.admin.keys.keys import STATES
from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import keys
from services.portal.client.asking import Asking, Listed, ServiceProblem
from services.portal.client.keys import Export, Pool
from services.portal.rendering import HEADERS, Show
from shared.limits import Cursor, Line

router = APIRouter(prefix="/admin/keys/{pool_id}/exports")


@dataclass(frozen=True)
class ExportsView:
    """`state` and `format` are what was chosen; `following`: the address of the next page."""

    template: ClassVar[str] = "admin/keys/exports.html"
    pool: Pool
    found: Listed[Export]
    states: tuple[str, ...]
    state: str
    format: str
    following: str | None
    refused: ServiceProblem | None


@router.get("")
def list_exports(ask: Ask, show: ShowDep, pool_id: UUID, cursor: Annotated[Cursor, Query()] = "") -> Response:
    return _page(ask, show, pool_id, cursor)


@router.post("")
def export(
    ask: Ask, show: ShowDep, pool_id: UUID, format: Annotated[Line, Form()] = "csv", state: Annotated[Line, Form()] = ""
) -> Response:
    """A download, and an export of its own each time: a file that came twice was taken twice."""
    try:
        answer = keys.export(ask, pool_id, format, state)
    except ServiceProblem as problem:
        return _page(ask, show, pool_id, "", state, format, refused_in(problem, 400, 403, 404, 409, 422, 429, 503))
    headers = {**HEADERS, **{name: answer.headers[name] for name in PASSED_ON if name in answer.headers}}
    return StreamingResponse(answer.iter_bytes(), headers=headers, background=BackgroundTask(answer.close))


def _page(
    ask: Asking,
    show: Show,
    pool_id: UUID,
    cursor: str,
    state: str = "free",
    format: str = "csv",
    refused: ServiceProblem | None = None,
) -> Response:
    pool = ask.begin(lambda: keys.pool(ask, pool_id))
    found = keys.exports(ask, pool_id, cursor)
    following = f"/admin/keys/{pool_id}/exports?{urlencode({'cursor': found.next})}" if found.next else None
    view = ExportsView(pool.result(), found, STATES, state, format, following, refused)
    return show(view, refused.status if refused else 200)
