"""One process of one service: what `rollbook run SERVICE [ROLE...]` starts. The environment alone configures it."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Collection, Iterator
from importlib import import_module

import uvicorn
from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import generate_latest
from starlette.types import ASGIApp, Receive, Scope, Send

from services.suite.gateway import gateway
from shared.auth import Verifier
from shared.feeds.configured import configured
from shared.service import ROLES, Role, Service, tune
from shared.settings import Settings
from shared.suite import SERVICES, SUITE

_PROBES = 4
"""Probes that are answered at once, in threads of their own: also while all others wait for something."""


def demos_of(settings: Settings) -> list[FastAPI]:
    """The payment provider and the learning system of a demo, where this is one; they are imported where they are needed."""
    found = []
    if settings.demo_payments:
        payments = import_module("services.suite.demo_payments")
        found.append(payments.demo_payments(settings.payment_secret, settings.base_url))
    if settings.demo_learning:
        learning = import_module("services.suite.demo_learning")
        progress = import_module("services.suite.demo_progress")
        found += [learning.learning(settings), progress.demo_progress(learning.folder(settings))]
    return found


class CannotRun(RuntimeError):
    """This process cannot be started; the message says what to do."""


def own_settings(settings: Settings, service: str) -> Settings:
    """`{service}` in the database's address stands for the service's name."""
    return settings.model_copy(update={"database_url": settings.database_url.replace("{service}", service)})


def build(name: str, settings: Settings) -> Service:
    """Raises CannotRun for a name that is none of ours, or without a database."""
    if name == "gateway":
        proxies = settings.trusted_proxies
        app = gateway(settings.routes, demos_of(settings), stall=settings.stream_stall, proxies=proxies)
        return Service("gateway", app)
    if name == "portal":
        main = import_module("services.portal.main")
        portal: Service = main.build(settings, sign_ins=main.sign_ins(settings))
        return portal
    member = next((member for member in SUITE if member.name == name), None)
    if member is None:
        raise CannotRun(f"There is no service {name}. Choose one of: {', '.join((*SERVICES, 'portal', 'gateway'))}.")
    own = own_settings(settings, name)
    if not own.database_url:
        raise CannotRun(f"Set ROLLBOOK_DATABASE_URL to the database of {name}, or to a URL that contains {{service}}.")
    verifier = Verifier.from_url(own.issuer, own.audience, own.jwks_url or f"{own.issuer}/jwks")
    build = import_module(member.module).build
    service: Service = build(own, feeds=configured(own), verifier=None if member.issues_tokens else verifier)
    return service


def known(roles: Collection[str]) -> list[Role]:
    """In the order of `ROLES`. Raises CannotRun."""
    if unknown := set(roles) - set(ROLES):
        raise CannotRun(f"There is no role {', '.join(sorted(unknown))}. Choose from: {', '.join(ROLES)}.")
    return [role for role in ROLES if role in roles]


def run(name: str, roles: Collection[Role], settings: Settings, *, until: Callable[[], None] | None = None) -> None:
    """Until SIGTERM or Ctrl-C, or until this returns; then in order. No roles: all that the service has. Raises CannotRun."""
    tune(settings)
    service = build(name, settings)
    unknown = set(roles) - set(service.roles)
    if unknown:
        raise CannotRun(f"{name} has no role {', '.join(sorted(unknown))}. Choose from: {', '.join(service.roles)}.")
    chosen = tuple(roles) or tuple(service.roles)
    app = _Probed(service, service.app if "api" in chosen else None)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,  # addresses can be secrets: of calendars, say
        timeout_graceful_shutdown=5,
        lifespan="off",
        proxy_headers=False,  # the applications do that, as ROLLBOOK_TRUSTED_PROXIES says
    )
    if until:
        threading.Thread(target=_end_after, args=(until,), name="until", daemon=True).start()
    service.start([role for role in ROLES if role in chosen])
    try:
        with _signals_end_it():
            uvicorn.Server(config).run()
    finally:
        service.stop()


def standard_input_ends() -> None:
    """As it does when the parent does. Not through `sys.stdin`: its lock would be held when the interpreter ends."""
    while os.read(0, 4096):
        pass


def _end_after(until: Callable[[], None]) -> None:
    until()
    os.kill(os.getpid(), signal.SIGTERM)


@contextlib.contextmanager
def _signals_end_it() -> Iterator[None]:
    """The web server passes a signal on once it has stopped, and then it has done its work."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Probed:
    """Every process answers probes under /health and /metrics, whatever else it does."""

    def __init__(self, service: Service, app: ASGIApp | None) -> None:
        self._probes = _probes(service)
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        ours = self._app is None or path.startswith("/health/") or path == "/metrics"
        await (self._probes if ours or self._app is None else self._app)(scope, receive, send)


def _probes(service: Service) -> FastAPI:
    app = FastAPI(title=f"Rollbook {service.name} probes", docs_url=None, redoc_url=None, openapi_url=None)
    own = CapacityLimiter(_PROBES)

    @app.get("/health/live")
    async def live() -> JSONResponse:
        dead = service.dead()
        return JSONResponse({"status": "dead" if dead else "live", "workers": dead}, 503 if dead else 200)

    @app.get("/health/ready")
    async def ready() -> JSONResponse:
        try:
            await to_thread.run_sync(service.ready, limiter=own)
        except Exception as error:
            return JSONResponse({"status": "not ready", "reason": type(error).__name__}, 503)
        if trouble := service.failing():
            told = [{**one.model_dump(), "fix": one.fix} for one in trouble]
            return JSONResponse({"status": "not ready", "failing": told}, 503)
        return await live()

    @app.get("/metrics")
    async def metrics() -> PlainTextResponse:
        return PlainTextResponse(generate_latest(), media_type="text/plain; version=0.0.4")

    return app
