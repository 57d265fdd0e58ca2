"""The edge every service shares: problems, correlation, commands, ETags, limits, health (DESIGN 6)."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, TypeVar, cast
from uuid import UUID, uuid4

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Body, Depends, FastAPI, Header, Query, Request, params
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import generate_latest
from pydantic import BaseModel, WithJsonSchema
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from shared import telemetry
from shared.auth import CurrentCaller, MaybeCaller, Verifier
from shared.correlation import Correlation
from shared.database import Database
from shared.documents import Api
from shared.errors import Invalid, Stale
from shared.gauges import gauges
from shared.interface import interface
from shared.limits import BIGGEST, Positions
from shared.limits import Cursor as CursorText
from shared.limits.wire import Edge
from shared.notification_choice import NOTIFICATIONS, notification_choice
from shared.problems import Problem, answer_with_problems, refused
from shared.settings import Settings
from shared.store import CommandContext
from shared.streams import Patience
from shared.worker_errors import Failing, failing

T = TypeVar("T")

log = telemetry.logger(__name__)

_NOBODY = UUID(int=0)
_PROBES = 4
_COMMAND_ID = re.compile(r"[\x21-\x7e]{1,200}")
_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_VERSION = re.compile(r'(?:W/)?"?([0-9]{1,18})"?')

# As documents tell of headers; that they are so is checked where each is read, in words of its own.
_CommandId = Annotated[str, WithJsonSchema({"type": "string", "maxLength": 200, "pattern": "^[!-~]{1,200}$"})]
_Version = Annotated[str, WithJsonSchema({"type": "string", "maxLength": 25, "pattern": '^"[0-9]{1,18}"$'})]
_Choice = Annotated[str, WithJsonSchema({"type": "string", "enum": ["send", "hold", "silence"]})]
_Preference = Annotated[str, WithJsonSchema({"type": "string", "maxLength": 14, "pattern": "^wait=[0-9]{1,9}$"})]


Responses = Mapping[int | str, dict[str, Any]]
_PROBLEMS: Responses = {
    "4XX": {"model": Problem, "description": "A problem, RFC 9457"},
    503: {"model": Problem, "description": "Not available now, or not yet as recent as requested: try again"},
}


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
        responses={**_PROBLEMS},
    )
    app.state.verifier = verifier
    app.state.settings = settings
    answer_with_problems(app)
    app.add_middleware(Edge, body_bytes=settings.body_bytes, json_depth=settings.json_depth, answer=refused)
    app.add_middleware(Correlation, service=name)
    app.add_middleware(Patience, seconds=settings.stream_stall)
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))
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


def joined(
    *routers: APIRouter, dependencies: Sequence[params.Depends] = (), responses: Responses = _PROBLEMS
) -> APIRouter:
    """The routes of a service, for `serve`. Called where its module is loaded, what they take and answer is worked out once,
    not for each application of the process. `responses`: documented of each route, beside its own."""
    one = APIRouter(responses={**responses}, dependencies=dependencies)
    for router in routers:
        one.include_router(router)
    return one


def serve(app: FastAPI, routes: APIRouter) -> None:
    """From now on the application has these routes, as `include_router` gives it them, but shared with others of the process."""
    app.router.routes.extend(routes.routes)


def provide(app: FastAPI, *services: object) -> None:
    """What the routes of a service use: one of each class, for `use`."""
    app.state.services = {type(service): service for service in services}


def use(cls: type[T]) -> Any:
    """A route's parameter that is the service's one object of this class: `Annotated[Undo, use(Undo)]`."""

    async def find(request: Request) -> T:
        return cast("T", request.app.state.services[cls])

    return Depends(find)


async def command_context(
    request: Request,
    caller: CurrentCaller,
    idempotency_key: Annotated[
        _CommandId | None, Header(description="Repeating a request with the same key returns the first answer (ASG-6).")
    ] = None,
    _documented: Annotated[
        _Choice | None,
        Header(alias=NOTIFICATIONS, description="What becomes of e-mails that this causes; needs `hold-mail` (NTF-3)"),
    ] = None,
) -> CommandContext:
    """Who commands what: the route's `context`. Without an Idempotency-Key every request is a command of its own."""
    _check_command_id(idempotency_key)
    withheld = notification_choice(request.headers, caller)
    told = f"{request.headers.get('If-Match', '')}{f' {withheld}' if withheld else ''}"
    asked = f"{request.method} {request.url.path}?{request.url.query} {told}\n".encode()
    trace = request.headers.get("traceparent", "")
    return CommandContext(
        actor=caller.id,
        organisation=caller.home,
        request_hash=hashlib.sha256(asked + await request.body()).digest(),
        command_id=idempotency_key or str(uuid4()),
        correlation=request.state.correlation,
        traceparent=trace if _TRACE.fullmatch(trace) else None,
        interface=interface(request.headers),
        notifications=withheld,
    )


def _check_command_id(text: str | None) -> None:
    if text is not None and not _COMMAND_ID.fullmatch(text):
        raise Invalid(
            "An Idempotency-Key must have 1 to 200 printable characters and no spaces.", field="Idempotency-Key"
        )


CommandContextDep = Annotated[CommandContext, Depends(command_context)]


async def maybe_command_context(
    request: Request,
    caller: MaybeCaller,
    idempotency_key: Annotated[_CommandId | None, Header(description="As for every command; only with a token")] = None,
) -> CommandContext | None:
    """The same on a route that strangers may use too; None where one does."""
    return None if caller is None else await command_context(request, caller, idempotency_key)


MaybeCommandContextDep = Annotated[CommandContext | None, Depends(maybe_command_context)]


async def stranger_context(
    request: Request,
    idempotency_key: Annotated[_CommandId | None, Header(description="As for every command")] = None,
) -> CommandContext:
    """The same on a route that asks for no token: nobody in particular commands it."""
    _check_command_id(idempotency_key)
    id, correlation = idempotency_key or str(uuid4()), request.state.correlation
    return CommandContext(_NOBODY, command_id=id, correlation=correlation, interface=interface(request.headers))


StrangerContextDep = Annotated[CommandContext, Depends(stranger_context)]


def without_secrets(context: CommandContext, asked: BaseModel, *secrets: str) -> CommandContext:
    """The same command, known by a hash of its request without these fields: a fast hash of a password, kept for weeks, would be
    as good as the password. Sent again with another secret only, it is the same command."""
    text = f"{type(asked).__name__} {asked.model_dump_json(exclude=set(secrets))}"
    return replace(context, request_hash=hashlib.sha256(text.encode()).digest())


def etag(version: int) -> str:
    return f'"{version}"'


def if_match(
    request: Request,
    _documented: Annotated[
        _Version | None, Header(alias="If-Match", description='The ETag that the edit is based on, such as "3"')
    ] = None,
) -> int | None:
    """The version that an edit was made on; None where the caller sent no If-Match."""
    text = request.headers.get("If-Match")
    if text is None or text.strip() == "*":
        return None
    found = _VERSION.fullmatch(text.strip())
    if found is None:
        raise Invalid('If-Match must be the ETag of the last answer, such as "3".', field="If-Match")
    return int(found[1])


IfMatch = Annotated[int | None, Depends(if_match)]


def check_version(expected: int | None, actual: int) -> None:
    """Raises Stale when an edit was made on another version than the current one."""
    if expected is not None and expected != actual:
        raise Stale(
            f"If-Match is for version {expected}, but the current version is {actual}. Read it again and repeat the edit.",
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


PreferWait = Annotated[float, Depends(wait_seconds)]

Limit = Annotated[int | None, Query(ge=1, le=BIGGEST, description="Items on a page")]


def page_size(request: Request, limit: Limit = None) -> int:
    settings: Settings = request.app.state.settings
    if limit is not None and limit > settings.page_limit:
        raise Invalid(
            f"A page can have at most {settings.page_limit} items (ROLLBOOK_PAGE_LIMIT). Ask for fewer.", field="limit"
        )
    return limit or settings.page_default


PageSize = Annotated[int, Depends(page_size)]
Cursor = Annotated[CursorText | None, Query(description="`next` from the previous page")]
AtLeast = Annotated[
    Positions | None,
    Query(description="Positions, such as enrollment:1234,directory:99: the answer is at least that recent (RPT-6)"),
]

__all__ = [
    "AtLeast",
    "Body",
    "CommandContextDep",
    "Cursor",
    "IfMatch",
    "PageSize",
    "PreferWait",
    "Problem",
    "check_version",
    "etag",
    "provide",
    "service_app",
    "use",
]
