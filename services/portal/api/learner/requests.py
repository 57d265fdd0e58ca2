"""The own requests: what became of each, who decides, its history; not asking any more (APR-3, DUE-9)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client.asking import Asking, Listed, ServiceProblem
from services.portal.client.requests import AskedFor, AskedWhole, cancel_request, own_request, own_requests
from services.portal.rendering import Show
from shared.limits import Cursor

router = APIRouter(prefix="/requests")


@dataclass(frozen=True)
class RequestsView:
    template: ClassVar[str] = "learner/requests.html"
    found: Listed[AskedFor]
    following: str | None


@dataclass(frozen=True)
class RequestView:
    """`refused`: why it could not be cancelled."""

    template: ClassVar[str] = "learner/request.html"
    found: AskedWhole
    refused: ServiceProblem | None = None


@router.get("")
def requests(ask: Ask, show: ShowDep, cursor: Annotated[Cursor, Query()] = "") -> Response:
    found = own_requests(ask, cursor=cursor)
    return show(RequestsView(found, f"{router.prefix}?{urlencode({'cursor': found.next})}" if found.next else None))


@router.get("/{request_id}")
def request(request_id: UUID, ask: Ask, show: ShowDep) -> Response:
    return _page(ask, show, request_id)


@router.post("/{request_id}/cancel")
def cancel(request_id: UUID, ask: Ask, show: ShowDep, key: Annotated[UUID, Form()]) -> Response:
    try:
        cancel_request(ask, str(request_id), str(key))
    except ServiceProblem as problem:
        return _page(ask, show, request_id, refused_in(problem, 409))
    return show.go(f"{router.prefix}/{request_id}", said="request-cancelled")


def _page(ask: Asking, show: Show, request_id: UUID, refused: ServiceProblem | None = None) -> Response:
    return show(RequestView(own_request(ask, str(request_id)), refused), refused.status if refused else 200)
