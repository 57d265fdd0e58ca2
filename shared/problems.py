"""Problem documents (RFC 9457): one family of refusals, and what else can go wrong, as every service answers it."""

from typing import Any
from uuid import UUID

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg.errors import ProgramLimitExceeded, StatementTooComplex
from psycopg_pool import PoolTimeout
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from shared import telemetry
from shared.errors import Refusal, Unauthenticated

log = telemetry.logger(__name__)

PROBLEM = "application/problem+json"


class Problem(BaseModel):
    """RFC 9457. `field` names the input at fault; further members depend on `type`."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    field: str | None = None


def answer_with_problems(app: FastAPI) -> None:
    """Whatever a route raises becomes a problem document."""
    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _http)
    for beyond in (psycopg.DataError, ProgramLimitExceeded, StatementTooComplex):
        app.add_exception_handler(beyond, _beyond)
    app.add_exception_handler(psycopg.OperationalError, _down)
    app.add_exception_handler(PoolTimeout, _down)
    app.add_exception_handler(Exception, _crashed)


def _problem(request: Request, status: int, kind: str, title: str, detail: str, **extra: Any) -> JSONResponse:
    members = {"type": f"urn:rollbook:problem:{kind}", "title": title, "status": status, "detail": detail}
    members["instance"] = request.url.path
    return JSONResponse({**members, **{k: v for k, v in extra.items() if v is not None}}, status, media_type=PROBLEM)


def refused(request: Request, error: Exception) -> JSONResponse:
    """A refusal as a problem document."""
    assert isinstance(error, Refusal)
    extra = {key: _plain(value) for key, value in error.extra.items()}
    response = _problem(request, error.status, error.kind, error.title, error.detail, field=error.field, **extra)
    if isinstance(error, Unauthenticated):
        response.headers["WWW-Authenticate"] = "Bearer"
    if error.status in (429, 503):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _unreadable(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"field": ".".join(str(part) for part in e["loc"] if part != "body"), "detail": e["msg"]}
        for e in error.errors()
    ]
    detail = "; ".join(f"{e['field'] or 'body'}: {e['detail']}" for e in errors[:5])
    return _problem(
        request, 422, "invalid", "The input is not valid", detail, field=errors[0]["field"] or "body", errors=errors
    )


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _problem(request, error.status_code, "http", str(error.detail), str(error.detail))


def _beyond(request: Request, error: Exception) -> JSONResponse:
    """The last net: a value that the edge let through and the database does not take. It belongs to the limits of the edge."""
    log.error("the database does not take a value", path=_logged_path(request), exc_info=error)
    detail = (
        "Rollbook cannot store one of the values: it is too large or too long, or it contains invalid "
        "characters. Correct it and try again."
    )
    return _problem(request, 422, "invalid", "The input is not valid", detail)


def _down(request: Request, error: Exception) -> JSONResponse:
    log.warning("the database is down", reason=type(error).__name__)
    response = _problem(request, 503, "unavailable", "Not available now", "The database is not responding. Try again.")
    response.headers["Retry-After"] = "2"
    return response


def _crashed(request: Request, error: Exception) -> JSONResponse:
    log.error("a request crashed", path=_logged_path(request), exc_info=error)
    return _problem(
        request,
        500,
        "internal",
        "Rollbook failed",
        "Nothing was partly done. Search the log for the correlation id in this answer.",
        correlation=str(getattr(request.state, "correlation", "")),
    )


def _logged_path(request: Request) -> str:
    """Without the secret of an address that has one: logs have none."""
    secret = request.path_params.get("secret")
    return request.url.path.replace(str(secret), "***") if secret else request.url.path


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
