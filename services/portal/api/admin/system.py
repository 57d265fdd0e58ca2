"""What runs, and the documentation of each service's API."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Response

from services.portal.api.visitor import Ask, ShowDep, SignedIn
from services.portal.assets import assets
from services.portal.client.suite import Running, running
from services.portal.rendering import HEADERS
from shared.errors import NotFound
from shared.limits import Line
from shared.suite import SERVICES

router = APIRouter(prefix="/admin/system")
_POLICY = "Content-Security-Policy"
_API_POLICY = "; ".join(
    part
    for part in HEADERS[_POLICY].replace("img-src 'self'", "img-src 'self' data:").split("; ")
    if "trusted" not in part
)


@dataclass(frozen=True)
class SystemView:
    template: ClassVar[str] = "admin/system.html"
    running: list[Running]


@dataclass(frozen=True)
class ApiView:
    template: ClassVar[str] = "admin/api.html"
    service: str
    css: str
    js: str


@router.get("")
def system(ask: Ask, show: ShowDep) -> Response:
    return show(SystemView(running(ask)))


@router.get("/api/{service}")
def documentation(service: Line, _: SignedIn, show: ShowDep) -> Response:
    """Swagger UI, which writes its page by itself: only here it may do so, and show the pictures in its style sheet."""
    if service not in SERVICES:
        raise NotFound("There is no service of this name.")
    files = assets()
    return show(ApiView(service, files["api.css"].name, files["api.js"].name), headers={_POLICY: _API_POLICY})
