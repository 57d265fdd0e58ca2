"""The embedded default: every service in one process, on one PostgreSQL server, at one address. Not for production."""

import contextlib
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from services.portal import main as portal
from services.portal.api.entrance.sign_in import SignIn
from services.suite.demo_learning import folder, learning
from services.suite.demo_payments import demo_payments
from services.suite.demo_progress import demo_progress
from services.suite.own_secrets import with_own_secrets
from shared import telemetry
from shared.auth import Verifier
from shared.database import ensure_database, migrate
from shared.embedded import ADMIN, FEED, EmbeddedPostgres, default_data
from shared.feeds.postgres import PostgresFeeds
from shared.service import Service, tune
from shared.settings import Settings
from shared.suite import SOURCES, SUITE

log = telemetry.logger(__name__)


class CannotServe(RuntimeError):
    """The suite cannot start; the message says what to do."""


@dataclass(frozen=True)
class Place:
    """Where the suite's databases are: one for each service, on one server."""

    conninfo: Callable[[str], str]
    """By service."""
    feed_conninfo: Callable[[str], str]
    """By service, as the role that may read only what is published."""

    def settings(self, base: Settings, service: str) -> Settings:
        feeds = {source: self.feed_conninfo(owner) for source, owner in SOURCES.items()}
        return base.model_copy(update={"database_url": self.conninfo(service), "feeds": feeds})


def embedded(server: EmbeddedPostgres) -> Place:
    """The databases on our own server, made and migrated."""
    for member in SUITE:
        applied = migrate(server.create_database(f"rollbook_{member.name}"), import_module(member.module).PACKAGE)
        log.info("migrated", service=member.name, applied=len(applied))
    return Place(
        lambda service: server.conninfo(f"rollbook_{service}", user=ADMIN),
        lambda service: server.conninfo(f"rollbook_{service}", user=FEED),
    )


def external(url: str, *, create: bool = False) -> Place:
    """The databases on a server of the operator's: `{service}` in the address stands for each service's name.

    `create`: make the databases that are not there, which asks for the right to.
    """
    if "{service}" not in url:
        raise CannotServe("ROLLBOOK_DATABASE_URL must contain {service}, since each service has a database of its own.")
    for member in SUITE:
        if create:
            ensure_database(url.format(service=member.name))
        migrate(url.format(service=member.name), import_module(member.module).PACKAGE)
    return Place(lambda service: url.format(service=service), lambda service: url.format(service=service))


def with_service_secret(settings: Settings) -> Settings:
    """Where none is set, one for this run: all services are told it by whoever starts them."""
    return (
        settings if settings.service_secret else settings.model_copy(update={"service_secret": secrets.token_hex(32)})
    )


@contextlib.contextmanager
def server(settings: Settings) -> Iterator[Place]:
    """The database server for this run: ours is started, and ended with the run; another is used as it is."""
    if settings.database_url:
        yield external(settings.database_url)
        return
    own = EmbeddedPostgres(Path(settings.data) if settings.data else default_data())
    own.start()
    try:
        yield embedded(own)
    finally:
        own.stop()


class Suite:
    """All services behind one address: the path says which one answers."""

    def __init__(self, settings: Settings, place: Place) -> None:
        settings = with_service_secret(settings)
        self.settings = settings
        self.place = place
        self.sign_ins: list[SignIn] = []
        """Demo accounts, shown on the start page."""
        verifier = Verifier.from_url(settings.issuer, settings.audience, settings.jwks_url or f"{settings.issuer}/jwks")

        feeds = PostgresFeeds(lambda source: place.feed_conninfo(SOURCES[source]))
        self.services: list[Service] = [
            *(
                import_module(member.module).build(
                    place.settings(settings, member.name),
                    feeds=feeds,
                    verifier=None if member.issues_tokens else verifier,
                )
                for member in SUITE
            ),
            portal.build(settings, sign_ins=self.sign_ins),
        ]
        self._apps: dict[str, ASGIApp] = {service.name: service.app for service in self.services}
        if settings.demo_payments:
            self._apps["demo-payments"] = demo_payments(settings.payment_secret, settings.base_url)
        if settings.demo_learning:
            self._apps["demo-learning"] = learning(settings)
            self._apps["demo"] = demo_progress(folder(settings))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        parts = str(scope["path"]).split("/", 3)
        name = parts[2] if len(parts) > 2 and parts[1] == "api" else "portal"
        await self._apps.get(name, self._apps["portal"])(scope, receive, send)

    def start(self) -> None:
        for service in self.services:
            service.start()

    def stop(self) -> None:
        for service in reversed(self.services):
            service.stop()


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def serve(settings: Settings, *, ready: Callable[[Suite], None]) -> None:
    """Run until Ctrl-C or SIGTERM, then end in order; the data is kept. `ready` is called once the address answers.

    Raises CannotServe when the port is taken or the database cannot be had.
    """
    tune(settings)
    with _port(settings) as listening, server(settings) as place:
        suite = Suite(with_own_secrets(settings, settings.data or default_data()), place)
        config = uvicorn.Config(
            suite, log_config=None, access_log=False, timeout_graceful_shutdown=5, lifespan="on", proxy_headers=False
        )
        web = _Server(config, lambda: ready(suite))
        try:
            suite.start()
            with _signals_end_it():
                web.run(sockets=[listening])
        finally:
            suite.stop()


@contextlib.contextmanager
def _signals_end_it() -> Iterator[None]:
    """SIGTERM ends as Ctrl-C does; the web server passes on either once it has stopped, and then it has done its work."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        threading.Thread(target=self._ready, name="once ready", daemon=True).start()


@contextlib.contextmanager
def _port(settings: Settings) -> Iterator[socket.socket]:
    listening = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise CannotServe(
            f"{settings.host}:{settings.port} is already in use ({error.strerror}). Stop the program that uses "
            f"it, or choose another port: "
            f"rollbook up --port {settings.port + 1}"
        ) from error
    try:
        yield listening
    finally:
        listening.close()
