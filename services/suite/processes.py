"""The suite as it is run in production, on one machine: a process for each service and role, and events through Kafka.

The parent starts what has ended, database and broker too, and ends everything in order. Children whose parent is killed
end by themselves.
"""

import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

import httpx

from services.suite import forking
from services.suite.embedded import CannotServe, embedded, with_service_secret
from services.suite.own_secrets import with_own_secrets
from shared import telemetry
from shared.database import Database
from shared.embedded import ADMIN, EmbeddedPostgres, default_data
from shared.embedded_kafka import EmbeddedKafka
from shared.feeds import topics
from shared.ports import free_port
from shared.service import ROLES, Role
from shared.settings import Settings
from shared.suite import SERVICES, SUITE

log = telemetry.logger(__name__)

LAYOUT: Mapping[str, tuple[Role, ...]] = {
    **{member.name: tuple(role for role in ROLES if role in ("api", *member.roles)) for member in SUITE},
    "gateway": ("api",),
}
"""A process each; the portal follows when there is something to show."""

_CATCHES = ("notifier", "worker")
"""Holds the mail catcher's port, so there is one of it."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0
_STABLE_SECONDS = 10.0
_LOOK_SECONDS = 0.1
_END_SECONDS = 15.0


def topic_sources() -> dict[str, list[str]]:
    """The sources of each service that has some."""
    return {member.name: list(member.publishes) for member in SUITE if member.publishes}


def create_topics(settings: Settings) -> list[topics.Topic]:
    """Of all sources; again: nothing. Raises SourceDown without a broker, Corrupt for another number of partitions."""
    made: list[topics.Topic] = []
    for service, sources in topic_sources().items():
        with contextlib.closing(Database(settings.database_url.replace("{service}", service), max_size=2)) as database:
            made += topics.create(settings, database, sources)
    return made


@dataclass
class Child:
    """One process. `name` is service and role, as `enrollment relay`; a second one of a role has a number behind."""

    name: str
    service: str
    role: Role
    environment: dict[str, str]
    run: forking.Run = forking.run
    process: BaseProcess | None = None
    started_at: float = 0.0
    pause: float = _FIRST_PAUSE
    due_at: float = 0.0

    def start(self) -> None:
        self.process = forking.start(self.run, self.service, self.role, self.environment)
        self.started_at = time.monotonic()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.is_alive()


@dataclass
class Processes:
    """Database, broker and children on one data folder."""

    settings: Settings
    data: Path
    twice: tuple[str, ...] = ()
    """Roles that get a second process."""
    told: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of every child."""
    children: list[Child] = field(default_factory=list)
    _ports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settings = with_own_secrets(self.settings, self.data)
        self.postgres = EmbeddedPostgres(self.data)
        self.kafka = EmbeddedKafka(self.data / "kafka")
        self._lock = threading.Lock()

    def start(self) -> None:
        """Raises CannotStart, CannotServe."""
        self.postgres.start()
        embedded(self.postgres)
        self.kafka.start()
        url = self.postgres.conninfo("rollbook_{service}", user=ADMIN)
        told = with_service_secret(self.settings).model_copy(
            update={"database_url": url, "kafka": self.kafka.bootstrap}
        )
        self.settings = told
        create_topics(told)
        for service, roles in LAYOUT.items():
            for role in roles:
                for copy in range(2 if role in self.twice and (service, role) != _CATCHES else 1):
                    self._add(service, role, copy)

    def _add(self, service: str, role: Role, copy: int = 0, **more: str) -> None:
        name = f"{service} {role}" + (f" {copy + 1}" if copy else "")
        port = self._port(name)
        environment = {**os.environ, **self._environment(), **self.told, "ROLLBOOK_PORT": str(port), **more}
        with self._lock:
            self.children.append(Child(name, service, role, environment))
            self.children[-1].start()
            self._write()

    def _port(self, name: str) -> int:
        if name == "gateway api":
            return self.settings.port
        if name not in self._ports:
            self._ports[name] = free_port()
        return self._ports[name]

    def _environment(self) -> dict[str, str]:
        s = self.settings
        routes = {name: f"http://127.0.0.1:{self._port(f'{name} api')}" for name in (*SERVICES, "portal")}
        return {
            "ROLLBOOK_DATABASE_URL": s.database_url,
            "ROLLBOOK_DATABASE_POOL": str(s.database_pool),
            "ROLLBOOK_KAFKA": s.kafka,
            "ROLLBOOK_BASE_URL": s.base_url,
            "ROLLBOOK_SERVICE_SECRET": s.service_secret,
            "ROLLBOOK_ISSUER": s.issuer,
            "ROLLBOOK_JWKS_URL": f"{routes['directory']}/api/directory/jwks",
            "ROLLBOOK_ROUTES": json.dumps(routes),
            "ROLLBOOK_SMTP_PORT": str(s.smtp_port),
            "ROLLBOOK_CATCHER": "true",
            "ROLLBOOK_PAYMENT_URL": s.payment_url,
            "ROLLBOOK_PAYMENT_SECRET": s.payment_secret,
            "ROLLBOOK_DEMO_PAYMENTS": str(s.demo_payments),
            "ROLLBOOK_BREAKER_LEARNERS": str(s.breaker_learners),
            "ROLLBOOK_BREAKER_MINIMUM": str(s.breaker_minimum),
            **{"ROLLBOOK_DEMO_LEARNING": str(s.demo_learning), "ROLLBOOK_LAUNCH_SECRET": s.launch_secret},
            "ROLLBOOK_DATA": str(self.data.resolve()),
            "ROLLBOOK_TRAINING_KEY_SECRETS": json.dumps(s.training_key_secrets),
            "ROLLBOOK_SESSION_SECRET": s.session_secret,
            **{"ROLLBOOK_AUDIT_KEY": s.audit_key, "ROLLBOOK_AUDIT_CHECKPOINTS": str(s.audit_checkpoints)},
        }

    def show(self, sign_ins: list[tuple[str, str, str, str, str]]) -> None:
        """Start the portal, with the accounts that its first page shows."""
        self._add("portal", "api", ROLLBOOK_SIGN_INS=json.dumps(sign_ins))

    def wait_until_ready(self) -> None:
        """Raises CannotServe."""
        deadline = time.monotonic() + (seconds := self.settings.start_seconds)
        with httpx.Client(base_url=f"http://127.0.0.1:{self.settings.port}", timeout=5.0) as http:
            waiting = list(SERVICES)
            while waiting:
                if time.monotonic() > deadline:
                    late = f"{', '.join(waiting)} are not ready after {seconds:g} s (ROLLBOOK_START_SECONDS)"
                    raise CannotServe(f"{late}. The log above says why.")
                with contextlib.suppress(httpx.HTTPError):
                    if http.get(f"/api/{waiting[0]}/health/ready").status_code == 200:
                        waiting.pop(0)
                        continue
                time.sleep(_LOOK_SECONDS)

    def watch(self, stop: threading.Event) -> None:
        """Start again what has ended, until `stop`."""
        while not stop.wait(_LOOK_SECONDS):
            if self.postgres.pid() is None:
                log.warning("the database has ended; it starts again")
                self._again(self.postgres.start)
            if self.kafka.pid() is None:
                log.warning("the broker has ended; it starts again")
                self._again(self.kafka.start)
            with self._lock:
                for child in self.children:
                    self._look_after(child)

    def _again(self, start: Callable[[], None]) -> None:
        try:
            start()
        except Exception as error:
            log.warning("it did not start; trying again", reason=str(error)[:300])
            time.sleep(1.0)

    def _look_after(self, child: Child) -> None:
        if child.running:
            return
        now = time.monotonic()
        if not child.due_at:
            stable = now - child.started_at > _STABLE_SECONDS
            child.pause = _FIRST_PAUSE if stable else min(child.pause * 2, _LONGEST_PAUSE)
            child.due_at = now + child.pause
            code = child.process.exitcode if child.process else None
            log.warning("a process has ended; it starts again", process=child.name, code=code, seconds=child.pause)
        elif now >= child.due_at:
            child.due_at = 0.0
            child.start()
            self._write()

    def _write(self) -> None:
        """For whoever wants to look at, or end, one process."""
        found = [
            {"name": c.name, "pid": c.process.pid, "port": int(c.environment["ROLLBOOK_PORT"])}
            for c in self.children
            if c.process
        ]
        fresh = self.data / "processes.json.new"
        fresh.write_text(json.dumps(found, indent=1))
        fresh.replace(self.data / "processes.json")

    def stop(self) -> None:
        """Children first, then broker and database."""
        with self._lock:
            running = [child.process for child in self.children if child.running and child.process]
            for process in running:
                process.terminate()
                with contextlib.suppress(ProcessLookupError):  # one that is stopped takes no signal
                    os.kill(process.pid or 0, signal.SIGCONT)
            deadline = time.monotonic() + _END_SECONDS
            for process in running:
                process.join(max(0.1, deadline - time.monotonic()))
                if process.is_alive():
                    process.kill()
                    process.join()
        self.kafka.stop()
        self.postgres.stop()


def default_folder() -> Path:
    """Beside the embedded suite's: a source keeps its number of partitions for ever, and there it has one."""
    usual = default_data()
    return usual.with_name(f"{usual.name}-kafka")


def serve(settings: Settings, *, ready: Callable[[Processes], None]) -> None:
    """Run until Ctrl-C or SIGTERM, then end in order; the data is kept. `ready` is called once all services answer."""
    _check_port(settings)
    processes = Processes(settings, settings.data or default_folder())
    stop = threading.Event()
    with _signals(stop):
        try:
            processes.start()
            threading.Thread(target=processes.watch, args=(stop,), name="watch", daemon=True).start()
            processes.wait_until_ready()
            ready(processes)
            stop.wait()
        finally:
            stop.set()
            processes.stop()


@contextlib.contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    before = {s: signal.signal(s, lambda *_: _end(stop)) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(stop: threading.Event) -> None:
    """The first signal ends it in order, also out of a start that is under way; further ones change nothing."""
    if not stop.is_set():
        stop.set()
        raise KeyboardInterrupt


def _check_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise CannotServe(
                f"{settings.host}:{settings.port} is already in use ({error.strerror}). Stop the program that "
                f"uses it, or choose another "
                f"port: rollbook up --port {settings.port + 1}"
            ) from error
