"""What every page shares: how it is shown, who looks, and what it says when a service refuses."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from jinja2 import Environment, FileSystemLoader

from services.portal.client import SERVICES, Asked
from shared.errors import Refusal

HERE = Path(__file__).parents[1]
COOKIE = "rollbook_token"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def _token(request: Request) -> str | None:
    token = request.cookies.get(COOKIE)
    return token if token and token.isascii() and token.isprintable() else None


def _signed_in(request: Request) -> str:
    """Raises Asked, which leads to the sign-in."""
    token = _token(request)
    if not token:
        raise Asked(401, {"title": "Sign in first"})
    return token


def _own_form(request: Request) -> None:
    """Forms are taken from our own pages only. Raises Asked."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("Host"):
        raise Asked(
            403,
            {"title": "This form was sent from another site", "detail": "Open Rollbook itself and sign in there."},
        )


Token = Annotated[str | None, Depends(_token)]
"""Of whoever looks at the page, signed in or not."""
SignedIn = Annotated[str, Depends(_signed_in)]
OWN_FORM = [Depends(_own_form)]
"""For every route that a form is sent to."""


class Pages:
    """Renders templates with what every page shows."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )

    def render(self, name: str, token: str | None, status: int = 200, **values: Any) -> Response:
        html = self._templates.get_template(name).render(signed_in=bool(token), services=SERVICES, **values)
        return Response(html, status, headers=_HEADERS, media_type="text/html; charset=utf-8")

    def handle(self, app: FastAPI) -> None:
        """What a service refuses, or does not answer, is a page too."""
        app.add_exception_handler(Asked, self.refused)
        app.add_exception_handler(httpx.HTTPError, self.refused)
        app.add_exception_handler(RequestValidationError, self.refused)

    def refused(self, request: Request, error: Exception) -> Response:
        """In the service's own words; a token that no longer holds leads to the sign-in."""
        asked, token = refusal(error), _token(request)
        if asked.status == 401:
            leave = RedirectResponse("/?signed-out=1" if token else "/", 303)
            leave.delete_cookie(COOKIE)
            return leave
        return self.render("problem.html", token, asked.status, problem=asked.problem)


def refusal(error: Exception) -> Asked:
    """What went wrong when a service was asked."""
    if isinstance(error, Asked):
        return error
    if isinstance(error, Refusal):
        return Asked(error.status, {"title": error.title, "detail": error.detail})
    if isinstance(error, RequestValidationError):
        return Asked(422, {"title": "Something is missing, or cannot be read", "detail": _missing(error)})
    return Asked(
        502, {"title": "A service does not answer", "detail": "Try again in a moment; rollbook doctor says more."}
    )


def _missing(error: RequestValidationError) -> str:
    said = {f"{one['loc'][-1]}: {one['msg']}" for one in error.errors()}
    return f"{'; '.join(sorted(said))}. Go back, and send it again."
