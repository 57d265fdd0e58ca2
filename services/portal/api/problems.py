"""What went wrong, as a page: what happened, what stays as it was, what to do (SEC-4)."""

from dataclasses import dataclass
from typing import ClassVar, cast
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from pydantic import JsonValue
from starlette.exceptions import HTTPException

from services.portal.api.visitor import ForeignForm, SignInNeeded, writing_to
from services.portal.client.asking import ServiceProblem
from services.portal.rendering import HEADERS, Shell, Show
from services.portal.sealing import Sealer
from services.portal.session import Visit
from shared.errors import Refusal

TO_SECONDS = 86_400
"""How long a sign-in page remembers where somebody was going, and what they were sending."""
MOST_KEPT = 100_000
"""Characters of a sealed form: a longer one is not carried over a sign-in, and the page says so."""
_SECRET = ("password", "present_password", "new_password")
"""Fields that are not carried over a sign-in."""


@dataclass(frozen=True)
class ProblemView:
    """`kind`: the last part of the problem's type; `title` and `detail` are the service's words, where there are no own ones."""

    template: ClassVar[str] = "entrance/problem.html"
    status: int
    kind: str
    title: str = ""
    detail: str = ""
    retry_after: int | None = None


@dataclass(frozen=True)
class EndedView:
    """A form that came when the sign-in had ended. `form`: sealed, to be sent after the next one; empty: too long."""

    template: ClassVar[str] = "entrance/ended.html"
    form: str
    lost: bool
    """Whether something was in it that is not carried, such as a password."""


def handle(app: FastAPI) -> None:
    for kind in (ServiceProblem, Refusal, RequestValidationError, ForeignForm, HTTPException):
        app.add_exception_handler(kind, refused)
    app.add_exception_handler(SignInNeeded, sign_in_first)
    app.add_exception_handler(Exception, refused)


def plain_show(request: Request) -> Show:
    """For a page that is shown because another one could not be."""
    seen = getattr(request.state, "visit", None) or Visit()
    request.state.visit = seen
    return Show(Shell(seen.session, request.url.path, writing_to(request, seen.session), demo=request.app.state.demo))


async def refused(request: Request, error: Exception) -> Response:
    if isinstance(error, ServiceProblem) and error.status == 401:
        cast("Visit", request.state.visit).set(None)
        return await sign_in_first(request, error)
    return problem_page(request, error)


def problem_page(request: Request, error: Exception) -> Response:
    view = _view(error)
    headers = {"Retry-After": str(view.retry_after)} if view.retry_after else None
    return plain_show(request)(view, view.status, headers)


def _view(error: Exception) -> ProblemView:
    if isinstance(error, ServiceProblem):
        title, detail = (str(error.problem.get(name) or "") for name in ("title", "detail"))
        return ProblemView(error.status, error.kind, title, detail, error.retry_after)
    if isinstance(error, Refusal):
        return ProblemView(error.status, error.kind, error.title, error.detail)
    if isinstance(error, RequestValidationError):
        said = sorted({f"{one['loc'][-1]}: {one['msg']}" for one in error.errors()})
        return ProblemView(422, "form", detail="; ".join(said))
    if isinstance(error, ForeignForm):
        return ProblemView(403, "foreign-form")
    if isinstance(error, HTTPException):
        return ProblemView(error.status_code, "no-page" if error.status_code == 404 else "http", str(error.detail))
    return ProblemView(500, "crashed")


async def sign_in_first(request: Request, _: Exception) -> Response:
    """Lead to the sign-in, and from there to where somebody was going; a form is kept."""
    sealer = cast("Sealer", request.app.state.sealer)
    if request.method in ("GET", "HEAD"):
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        to = {} if path == "/" else {"to": sealer.seal("to", path, TO_SECONDS)}
        return RedirectResponse(f"/sign-in?{urlencode(to)}" if to else "/sign-in", 303, headers=HEADERS)
    given = (await request.form()).multi_items()
    kept: list[JsonValue] = [[name, value] for name, value in given if isinstance(value, str) and name not in _SECRET]
    sealed = sealer.seal("form", {"path": request.url.path, "fields": kept}, TO_SECONDS)
    form = sealed if len(sealed) <= MOST_KEPT and sealer.open("form", sealed) else ""
    return plain_show(request)(EndedView(form, len(kept) < len(given)), 401)
