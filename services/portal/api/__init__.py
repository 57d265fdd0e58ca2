"""The pages: start, membership report, caught e-mails, and each service's API documentation; those of assignments are beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, get_args
from urllib.parse import quote, urlencode

import httpx
from fastapi import APIRouter, FastAPI, Form, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles

from services.portal.api.assignments import TYPES, assignment_pages
from services.portal.api.showing import COOKIE, HERE, OWN_FORM, Pages, SignedIn, Token, refusal
from services.portal.client import SERVICES, Asked, Services
from shared.contracts.enrollment import Status
from shared.limits import Line, Number, Secret
from shared.limits.wire import Edge

STATES = tuple(state for state in get_args(Status) if state not in ("not-enrolled", "held", "certification-expired"))
"""Those that a report can be filtered by: the others are told by no event."""


@dataclass(frozen=True)
class SignIn:
    """A demo account, shown on the start page."""

    user_name: str
    password: str
    role: str


def portal(services: Services, sign_ins: Sequence[SignIn], *, secure: bool, body_bytes: int) -> FastAPI:
    """All pages. `sign_ins` are shown on the start page; `secure`: the cookie goes over HTTPS only."""
    show = Pages()
    app = FastAPI(title="Rollbook", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Edge, body_bytes=body_bytes, json_depth=1, answer=show.refused)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    show.handle(app)
    for router in (
        _entrance(show, services, sign_ins, secure=secure),
        assignment_pages(show, services),
        _reading(show, services),
    ):
        app.include_router(router)
    return app


def _entrance(show: Pages, services: Services, sign_ins: Sequence[SignIn], *, secure: bool) -> APIRouter:
    router = APIRouter()

    @router.get("/")
    def start(token: Token) -> Response:
        return show.render("start.html", token, running=services.running(), sign_ins=sign_ins, failed=False)

    @router.post("/sign-in", dependencies=OWN_FORM)
    def sign_in(user_name: Annotated[Line, Form()], password: Annotated[Secret, Form()]) -> Response:
        try:
            token = services.token(user_name, password)
        except (Asked, httpx.HTTPError) as error:
            if refusal(error).status not in (400, 401):
                raise
            running = services.running()
            return show.render("start.html", None, 401, running=running, sign_ins=sign_ins, failed=True)
        answer = RedirectResponse("/report", 303)
        answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure, path="/")
        return answer

    @router.post("/sign-out", dependencies=OWN_FORM)
    def sign_out() -> Response:
        answer = RedirectResponse("/", 303)
        answer.delete_cookie(COOKIE)
        return answer

    return router


def _reading(show: Pages, services: Services) -> APIRouter:
    router = APIRouter()

    @router.get("/report")
    def report(request: Request, token: SignedIn) -> Response:
        asked = {k: v for k, v in request.query_params.items() if v and k in _REPORT_PARAMS}
        found = services.listed("/api/reporting/membership", token, asked)
        total = services.asked("/api/reporting/membership/count", token, _without(asked, "cursor", "sort"))["total"]
        values: dict[str, Any] = {
            "types": TYPES,
            "states": STATES,
            "offerings": services.offerings(token),
            "asked": asked,
            "total": total,
            "following": urlencode({**asked, "cursor": found.next}) if found.next else None,
        }
        return show.render("report.html", token, rows=found.items, **values)

    @router.get("/mail")
    def mail(request: Request, token: SignedIn) -> Response:
        params = {k: v for k, v in request.query_params.items() if k == "cursor"}
        found = services.listed("/api/notifier/caught", token, params)
        following = urlencode({"cursor": found.next}) if found.next else None
        return show.render("mail.html", token, letters=found.items, following=following)

    @router.get("/mail/{id}")
    def letter(id: Number, token: SignedIn) -> Response:
        return show.render("letter.html", token, letter=services.asked(f"/api/notifier/caught/{id}", token))

    @router.get("/verify/{serial}")
    def verify(serial: Line, token: Token) -> Response:
        """For anyone who holds a certificate (ENR-10)."""
        found = services.asked(f"/api/enrollment/certificates/{quote(serial, safe='')}", None)
        return show.render("verify.html", token, certificate=found)

    @router.get("/docs/{service}")
    def documentation(service: Line, token: Token) -> Response:
        if service not in SERVICES:
            raise _no_page()
        found = services.asked(f"/api/{service}/openapi.json", None)
        return show.render("docs.html", token, service=service, api=found)

    @router.get("/{path:path}")
    def nothing(path: str) -> Response:  # noqa: ARG001
        raise _no_page()

    return router


_REPORT_PARAMS = frozenset({"offering_id", "type", "state", "as_of", "cursor", "sort"})


def _no_page() -> Asked:
    return Asked(404, {"title": "There is no such page", "detail": "Begin at the start page."})


def _without(params: Mapping[str, str], *names: str) -> dict[str, str]:
    return {key: value for key, value in params.items() if key not in names}
