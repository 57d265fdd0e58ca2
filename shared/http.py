"""The edge every service shares: problems, correlation, commands, ETags, limits, health (DESIGN 6)."""

import hashlib
import re
from collections.abc import Callable
from typing import Annotated
from uuid import uuid4

from anyio import CapacityLimiter, to_thread
from fastapi import Body, Depends, FastAPI, Header, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import telemetry
from shared.auth import SignedIn, Verifier
from shared.correlation import Correlation
from shared.database import Database
from shared.errors import Invalid, Stale
from shared.gauges import gauges
from shared.problems import PROBLEM, Problem, answer_with_problems
from shared.settings import Settings
from shared.store import Context
from shared.streams import Patience

log = telemetry.logger(__name__)

_PROBES = 4
_COMMAND_ID = re.compile(r"^[\x21-\x7e]{1,200}$")


def service_app(
    name: str,
    *,
    settings: Settings,
    verifier: Verifier,
    ready: Callable[[], None],
    database: Database,
    version: str = "1",
) -> FastAPI:
    """An application with the shared edge. `ready` raises when the service cannot serve; metrics tell of `database` too."""
    app = FastAPI(
        title=f"Rollbook {name}",
        version=version,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"/api/{name}/openapi.json",
        responses={"4XX": {"model": Problem, "description": "A problem, RFC 9457", "content": {PROBLEM: {}}}},
    )
    app.state.verifier = verifier
    app.state.settings = settings
    answer_with_problems(app)
    app.add_middleware(BodyLimit, limit=settings.body_bytes)
    app.add_middleware(Correlation, service=name)
    app.add_middleware(Patience, seconds=settings.stream_stall)
    _health(app, name, ready, database, settings.probe_seconds)
    return app


def _health(app: FastAPI, name: str, ready: Callable[[], None], database: Database, seconds: float) -> None:
    """In threads of their own: they answer also while all others wait for something."""
    probes = CapacityLimiter(_PROBES)

    @app.get(f"/api/{name}/health/live", include_in_schema=False)
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @app.get(f"/api/{name}/health/ready", include_in_schema=False)
    async def is_ready() -> JSONResponse:
        try:
            await to_thread.run_sync(ready, limiter=probes)
        except Exception as error:
            log.warning("not ready", service=name, reason=type(error).__name__)
            return JSONResponse({"status": "not ready", "reason": type(error).__name__}, 503)
        return JSONResponse({"status": "ready"})

    @app.get(f"/api/{name}/metrics", include_in_schema=False)
    async def metrics() -> PlainTextResponse:
        told = await to_thread.run_sync(gauges, name, database, seconds, limiter=probes)
        return PlainTextResponse(generate_latest().decode() + told, media_type="text/plain; version=0.0.4")


class BodyLimit:
    """Answers 413 before a larger body is read whole, whether or not its length was declared."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._limit:
            await self._too_large(scope, receive, send)
            return
        taken = 0
        answered = False

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit:
                raise _BodyTooLarge
            return message

        async def sending(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, counted, sending)
        except _BodyTooLarge:
            if not answered:
                await self._too_large(scope, receive, send)

    async def _too_large(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = Problem(
            type="urn:rollbook:problem:too-large",
            title="The request is too large",
            status=413,
            detail=f"A request may have {self._limit} bytes (ROLLBOOK_BODY_BYTES). Send it in parts, or use the command line.",
            instance=scope["path"],
        )
        response = Response(problem.model_dump_json(exclude_none=True), 413, media_type=PROBLEM)
        await response(scope, receive, send)


class _BodyTooLarge(Exception):
    pass


async def command_context(
    request: Request,
    caller: SignedIn,
    idempotency_key: Annotated[
        str | None, Header(description="Sent again, the first answer comes again (ASG-6).")
    ] = None,
) -> Context:
    """Who commands what: the route's `context`. Without an Idempotency-Key every request is a command of its own."""
    if idempotency_key is not None and not _COMMAND_ID.match(idempotency_key):
        raise Invalid("An Idempotency-Key has 1 to 200 printable characters and no blanks.", field="Idempotency-Key")
    asked = f"{request.method} {request.url.path}?{request.url.query} {request.headers.get('If-Match', '')}\n".encode()
    return Context(
        actor=caller.id,
        organisation=caller.home,
        request_hash=hashlib.sha256(asked + await request.body()).digest(),
        command_id=idempotency_key or str(uuid4()),
        correlation=request.state.correlation,
        traceparent=request.headers.get("traceparent"),
    )


Commanded = Annotated[Context, Depends(command_context)]


def etag(version: int) -> str:
    return f'"{version}"'


def if_match(request: Request) -> int | None:
    """The version that an edit was made on; None where the caller sent no If-Match."""
    text = request.headers.get("If-Match")
    if text is None or text.strip() == "*":
        return None
    version = text.strip().removeprefix("W/").strip('"')
    if not version.isdigit():
        raise Invalid('If-Match carries the ETag of the last answer, as "3".', field="If-Match")
    return int(version)


Expected = Annotated[int | None, Depends(if_match)]


def check_version(expected: int | None, actual: int) -> None:
    """Raises Stale when an edit was made on another version than the current one."""
    if expected is not None and expected != actual:
        raise Stale(
            f"If-Match names version {expected}, the current one is {actual}. Read it again and repeat the edit.",
            field="If-Match",
            current=actual,
        )


def wait_seconds(request: Request) -> float:
    """`Prefer: wait=N`, cut to the setting; 0 without it."""
    found = re.search(r"\bwait=(\d+)", request.headers.get("Prefer", ""))
    settings: Settings = request.app.state.settings
    return min(float(found.group(1)), settings.wait_limit) if found else 0.0


Wait = Annotated[float, Depends(wait_seconds)]


def page_size(request: Request, limit: Annotated[int | None, Query(ge=1, description="Items on a page")] = None) -> int:
    settings: Settings = request.app.state.settings
    if limit is not None and limit > settings.page_limit:
        raise Invalid(f"A page has at most {settings.page_limit} items (ROLLBOOK_PAGE_LIMIT).", field="limit")
    return limit or settings.page_default


PageSize = Annotated[int, Depends(page_size)]
Cursor = Annotated[str | None, Query(description="`next` of the page before")]

__all__ = [
    "Body",
    "Commanded",
    "Cursor",
    "Expected",
    "PageSize",
    "Problem",
    "Wait",
    "check_version",
    "etag",
    "service_app",
]
