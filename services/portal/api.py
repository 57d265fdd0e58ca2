"""The pages: start, membership report, caught e-mails, and each service's API documentation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args
from urllib.parse import quote, urlencode, urlsplit

import httpx
from fastapi import APIRouter, Cookie, Form, Request, Response
from fastapi.responses import RedirectResponse
from jinja2 import Environment, FileSystemLoader

from services.portal.client import SERVICES, Asked, Services
from shared.contracts.enrollment import AssignmentType, Status

HERE = Path(__file__).parent
COOKIE = "rollbook_token"
TYPES = get_args(AssignmentType)
STATES = tuple(state for state in get_args(Status) if state not in ("not-enrolled", "held", "certification-expired"))
"""Those that a report can be filtered by: the others are told by no event."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Token = Annotated[str | None, Cookie(alias=COOKIE)]


@dataclass(frozen=True)
class SignIn:
    """A demo account, shown on the start page."""

    user_name: str
    password: str
    role: str


class Pages:
    """Renders templates with what every page shows."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )

    def render(self, name: str, token: str | None, status: int = 200, **values: Any) -> Response:
        html = self._templates.get_template(name).render(signed_in=bool(token), services=SERVICES, **values)
        return Response(html, status, headers=_HEADERS, media_type="text/html; charset=utf-8")

    def problem(self, asked: Asked, token: str | None) -> Response:
        """What a service refused, in its own words; a token that no longer holds leads to the sign-in."""
        if asked.status == 401:
            leave = RedirectResponse("/?signed-out=1", 303)
            leave.delete_cookie(COOKIE)
            return leave
        return self.render("problem.html", token, asked.status, problem=asked.problem)


def pages(services: Services, sign_ins: Sequence[SignIn], *, secure: bool) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    show = Pages()

    @router.get("/")
    def start(token: Token = None) -> Response:
        return show.render("start.html", token, running=services.running(), sign_ins=sign_ins, failed=False)

    @router.post("/sign-in")
    def sign_in(request: Request, user_name: Annotated[str, Form()], password: Annotated[str, Form()]) -> Response:
        if not _same_site(request):
            return show.render("problem.html", None, 403, problem=_FOREIGN)
        try:
            token = services.token(user_name, password)
        except (Asked, httpx.HTTPError) as error:
            if _asked(error).status not in (400, 401):
                return show.problem(_asked(error), None)
            running = services.running()
            return show.render("start.html", None, 401, running=running, sign_ins=sign_ins, failed=True)
        answer = RedirectResponse("/report", 303)
        answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure, path="/")
        return answer

    @router.post("/sign-out")
    def sign_out(request: Request) -> Response:
        answer = RedirectResponse("/", 303)
        if _same_site(request):
            answer.delete_cookie(COOKIE)
        return answer

    @router.get("/report")
    def report(request: Request, token: Token = None) -> Response:
        if not token:
            return RedirectResponse("/", 303)
        asked = {k: v for k, v in request.query_params.items() if v and k in _REPORT_PARAMS}
        try:
            found = services.listed("/api/reporting/membership", token, asked)
            total = services.asked("/api/reporting/membership/count", token, _without(asked, "cursor", "sort"))["total"]
            offerings = services.listed("/api/catalog/offerings", token, {"limit": "500"}).items
        except (Asked, httpx.HTTPError) as error:
            return show.problem(_asked(error), token)
        following = urlencode({**asked, "cursor": found.next}) if found.next else None
        values: dict[str, Any] = {
            "types": TYPES,
            "states": STATES,
            "offerings": offerings,
            "asked": asked,
            "total": total,
        }
        return show.render("report.html", token, rows=found.items, following=following, **values)

    @router.get("/mail")
    def mail(request: Request, token: Token = None) -> Response:
        if not token:
            return RedirectResponse("/", 303)
        params = {k: v for k, v in request.query_params.items() if k == "cursor"}
        try:
            found = services.listed("/api/notifier/caught", token, params)
        except (Asked, httpx.HTTPError) as error:
            return show.problem(_asked(error), token)
        following = urlencode({"cursor": found.next}) if found.next else None
        return show.render("mail.html", token, letters=found.items, following=following)

    @router.get("/mail/{id}")
    def letter(id: int, token: Token = None) -> Response:
        if not token:
            return RedirectResponse("/", 303)
        try:
            found = services.asked(f"/api/notifier/caught/{id}", token)
        except (Asked, httpx.HTTPError) as error:
            return show.problem(_asked(error), token)
        return show.render("letter.html", token, letter=found)

    @router.get("/verify/{serial}")
    def verify(serial: str, token: Token = None) -> Response:
        """For anyone who holds a certificate (ENR-10)."""
        try:
            found = services.asked(f"/api/enrollment/certificates/{quote(serial, safe='')}", None)
        except (Asked, httpx.HTTPError) as error:
            return show.problem(_asked(error), token)
        return show.render("verify.html", token, certificate=found)

    @router.get("/docs/{service}")
    def documentation(service: str, token: Token = None) -> Response:
        if service not in SERVICES:
            return show.render("problem.html", token, 404, problem=_NO_PAGE)
        try:
            found = services.asked(f"/api/{service}/openapi.json", None)
        except (Asked, httpx.HTTPError) as error:
            return show.problem(_asked(error), token)
        return show.render("docs.html", token, service=service, api=found)

    @router.get("/{path:path}")
    def nothing(path: str, token: Token = None) -> Response:  # noqa: ARG001
        return show.render("problem.html", token, 404, problem=_NO_PAGE)

    return router


_REPORT_PARAMS = frozenset({"offering_id", "type", "state", "as_of", "cursor", "sort"})
_NO_PAGE = {"title": "There is no such page", "detail": "Begin at the start page."}
_FOREIGN = {"title": "This form was sent from another site", "detail": "Open Rollbook itself and sign in there."}


def _same_site(request: Request) -> bool:
    """Forms are taken from our own pages only."""
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("Host")


def _without(params: Mapping[str, str], *names: str) -> dict[str, str]:
    return {key: value for key, value in params.items() if key not in names}


def _asked(error: Exception) -> Asked:
    if isinstance(error, Asked):
        return error
    return Asked(
        502, {"title": "A service does not answer", "detail": "Try again in a moment; rollbook doctor says more."}
    )
