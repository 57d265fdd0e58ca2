"""The edge every service shares: problems, correlation, commands, ETags, limits, health (DESIGN 6)."""

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Annotated
from uuid import uuid4

from anyio import CapacityLimiter, to_thread
from fastapi import Body, Depends, FastAPI, Header, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import generate_latest
from pydantic import WithJsonSchema

from shared import telemetry
from shared.auth import SignedIn, Verifier
from shared.correlation import Correlation
from shared.database import Database
from shared.documents import Api
from shared.errors import Invalid, Stale
from shared.gauges import gauges
from shared.limits import BIGGEST, Positions
from shared.limits import Cursor as CursorText
from shared.limits.wire import Edge
from shared.problems import Problem, answer_with_problems, refused
from shared.settings import Settings
from shared.store import Context
from shared.streams import Patience
from shared.worker_errors import Failing, failing

log = telemetry.logger(__name__)

_PROBES = 4
_COMMAND_ID = re.compile(r"[\x21-\x7e]{1,200}")
_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_VERSION = re.compile(r'(?:W/)?"?([0-9]{1,18})"?')

# As documents tell of headers; that they are so is checked where each is read, in words of its own.
_CommandId = Annotated[str, WithJsonSchema({"type": "string", "maxLength": 200, "pattern": "^[!-~]{1,200}$"})]
_Version = Annotated[str, WithJsonSchema({"type": "string", "maxLength": 25, "pattern": '^"[0-9]{1,18}"$'})]
_Preference = Annotated[str, WithJsonSchema({"type": "string", "maxLength": 14, "pattern": "^wait=[0-9]{1,9}$"})]


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
    app = Api(
        title=f"Rollbook {name}",
        version=version,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"/api/{name}/openapi.json",
        responses={
            "4XX": {"model": Problem, "description": "A problem, RFC 9457"},
            503: {"model": Problem, "description": "Not now, or not yet as new as was asked for: try again"},
        },
    )
    app.state.verifier = verifier
    app.state.settings = settings
    answer_with_problems(app)
    app.add_middleware(Edge, body_bytes=settings.body_bytes, json_depth=settings.json_depth, answer=refused)
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
            trouble = await to_thread.run_sync(failing, database, seconds, limiter=probes)
        except Exception as error:
            log.warning("not ready", service=name, reason=type(error).__name__)
            return JSONResponse({"status": "not ready", "reason": type(error).__name__}, 503)
        return JSONResponse(_standing(trouble))

    @app.get(f"/api/{name}/metrics", include_in_schema=False)
    async def metrics() -> PlainTextResponse:
        told = await to_thread.run_sync(gauges, name, database, seconds, limiter=probes)
        return PlainTextResponse(generate_latest().decode() + told, media_type="text/plain; version=0.0.4")


def _standing(trouble: Sequence[Failing]) -> dict[str, object]:
    """A service that answers is ready; `degraded` where a worker of it, in whatever process, does not do its work."""
    told = [{**one.model_dump(), "fix": one.fix} for one in trouble]
    return {"status": "degraded", "failing": told} if told else {"status": "ready"}


async def command_context(
    request: Request,
    caller: SignedIn,
    idempotency_key: Annotated[
        _CommandId | None, Header(description="Sent again, the first answer comes again (ASG-6).")
    ] = None,
) -> Context:
    """Who commands what: the route's `context`. Without an Idempotency-Key every request is a command of its own."""
    if idempotency_key is not None and not _COMMAND_ID.fullmatch(idempotency_key):
        raise Invalid("An Idempotency-Key has 1 to 200 printable characters and no blanks.", field="Idempotency-Key")
    asked = f"{request.method} {request.url.path}?{request.url.query} {request.headers.get('If-Match', '')}\n".encode()
    trace = request.headers.get("traceparent", "")
    return Context(
        actor=caller.id,
        organisation=caller.home,
        request_hash=hashlib.sha256(asked + await request.body()).digest(),
        command_id=idempotency_key or str(uuid4()),
        correlation=request.state.correlation,
        traceparent=trace if _TRACE.fullmatch(trace) else None,
    )


Commanded = Annotated[Context, Depends(command_context)]


def etag(version: int) -> str:
    return f'"{version}"'


def if_match(
    request: Request,
    _documented: Annotated[
        _Version | None, Header(alias="If-Match", description='The ETag that the edit was made on, as "3"')
    ] = None,
) -> int | None:
    """The version that an edit was made on; None where the caller sent no If-Match."""
    text = request.headers.get("If-Match")
    if text is None or text.strip() == "*":
        return None
    found = _VERSION.fullmatch(text.strip())
    if found is None:
        raise Invalid('If-Match carries the ETag of the last answer, as "3".', field="If-Match")
    return int(found[1])


Expected = Annotated[int | None, Depends(if_match)]


def check_version(expected: int | None, actual: int) -> None:
    """Raises Stale when an edit was made on another version than the current one."""
    if expected is not None and expected != actual:
        raise Stale(
            f"If-Match names version {expected}, the current one is {actual}. Read it again and repeat the edit.",
            field="If-Match",
            current=actual,
        )


def wait_seconds(
    request: Request,
    prefer: Annotated[
        _Preference | None, Header(description="`wait=N`: answer when it is done, or after N seconds")
    ] = None,
) -> float:
    """`Prefer: wait=N`, cut to the setting; 0 without it."""
    found = re.search(r"\bwait=([0-9]{1,9})", prefer or "")
    settings: Settings = request.app.state.settings
    return min(float(found.group(1)), settings.wait_limit) if found else 0.0


Wait = Annotated[float, Depends(wait_seconds)]

Limit = Annotated[int | None, Query(ge=1, le=BIGGEST, description="Items on a page")]


def page_size(request: Request, limit: Limit = None) -> int:
    settings: Settings = request.app.state.settings
    if limit is not None and limit > settings.page_limit:
        raise Invalid(f"A page has at most {settings.page_limit} items (ROLLBOOK_PAGE_LIMIT).", field="limit")
    return limit or settings.page_default


PageSize = Annotated[int, Depends(page_size)]
Cursor = Annotated[CursorText | None, Query(description="`next` of the page before")]
AtLeast = Annotated[
    Positions | None,
    Query(description="Positions, as enrollment:1234,directory:99: the answer is at least as new (RPT-6)"),
]

__all__ = [
    "AtLeast",
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
