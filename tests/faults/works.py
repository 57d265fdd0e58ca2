"""The suite as in production, two processes of each role, and what can be done to it."""

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from bugs import Planted

from services.cli import demo
from services.suite import forking
from services.suite.processes import Processes
from services.suite.running import own_settings
from shared.feeds.kafka import Loop
from shared.feeds.wire import partition_of
from shared.settings import Settings

PEOPLE = 150
SESSION = 2.0
TWICE = ("worker", "consumer", "relay", "mailer")

_TOLD = {
    "ROLLBOOK_KAFKA_SESSION_TIMEOUT": str(SESSION),
    "ROLLBOOK_MAIL_RETRY_FIRST": "1",
    "ROLLBOOK_EXCEPTION_NOTICE_DELAY": "1",
    "ROLLBOOK_KEY_REMINDER_DAYS": "0",
    "ROLLBOOK_KEY_MAILING_AT_ONCE": "1",
    "ROLLBOOK_REGISTRATION_SECONDS": "5",
    "ROLLBOOK_REGISTRATION_PAUSE": "1",
}
"""What is shorter here than in production, so that a cycle does not wait for it."""


class Works:
    """Processes on one data folder, with the demo company in them."""

    def __init__(self, data: Path, port: int, smtp_port: int, twice: tuple[str, ...] = TWICE) -> None:
        self.base = f"http://127.0.0.1:{port}"
        told: dict[str, Any] = {"port": port, "smtp_port": smtp_port, "base_url": self.base, "demo_size": PEOPLE}
        settings = Settings(**told, issuer=f"{self.base}/api/directory", catcher=True)
        self.processes = Processes(settings, data, twice=twice, told=_TOLD)
        self.loop = Loop()

    def start(self) -> None:
        self.processes.start()
        self.settings = self.processes.settings
        self.watch()
        self.processes.wait_until_ready()
        demo.fill(own_settings(self.settings, "directory"), [], demo.Console(quiet=True))

    def watch(self) -> None:
        """What ends is started again, from now on."""
        self._ended = threading.Event()
        self._watching = threading.Thread(target=self.processes.watch, args=(self._ended,), daemon=True)
        self._watching.start()

    def look_away(self) -> None:
        """What ends stays so, until `watch`."""
        self._ended.set()
        self._watching.join()

    def stop(self) -> None:
        """Nothing is kept, so nothing is ended in order."""
        with contextlib.suppress(AttributeError):
            self.look_away()
        for _, pid in self.pids():
            send_signal(pid, signal.SIGKILL)
        self.processes.stop()

    def plant(self, bug: str, *roles: str) -> None:
        """Every process of these roles, of all without any, is started again with this bug in it."""
        for child in self.processes.children:
            if not roles or child.role in roles:
                child.run = Planted(bug)
        for _, pid in self.pids(*roles):
            send_signal(pid, signal.SIGKILL)

    def heal(self) -> None:
        """Nobody has a planted bug any more. What it has done stays, but for what it has parked."""
        planted = {child.name for child in self.processes.children if child.run is not forking.run}
        for child in self.processes.children:
            child.run = forking.run
        for name, pid in self.pids():
            if name in planted:
                send_signal(pid, signal.SIGKILL)
        for service in ("directory", "enrollment", "keys", "notifier", "reporting"):
            self.query(service, "DELETE FROM parked_event")

    def query(self, service: str, text: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Asked until the database answers."""

        def asked() -> list[tuple[Any, ...]]:
            conninfo = self.settings.database_url.replace("{service}", service)
            with psycopg.connect(conninfo, connect_timeout=5) as conn:
                found = conn.execute(text.encode(), list(parameters) or None)
                return found.fetchall() if found.description else []

        return insist(asked, psycopg.OperationalError)

    # -- what can be done to it -------------------------------------------------------------------------------------

    def pids(self, *roles: str) -> list[tuple[str, int]]:
        children = [c for c in self.processes.children if c.running and c.process]
        return [(c.name, c.process.pid) for c in children if c.process and (not roles or c.name.split()[1] in roles)]

    def has_second(self, name: str) -> bool:
        """For the first of two."""
        return any(child.name == f"{name} 2" and child.running for child in self.processes.children)

    def backends(self) -> list[int]:
        return [int(pid) for (pid,) in self.query("enrollment", _BACKENDS)]

    def set_relay_back(self, service: str, source: str, part: float) -> None:
        """To a part of its way, as if it had been restored."""
        asked = f"SELECT position, partitions FROM relay WHERE source = '{source}'"
        ((position, partitions),) = self.query(service, asked)
        earlier = max(int(position * part), position - 2_000, 0)
        last = [0] * partitions
        told = f"SELECT position, stream FROM events WHERE position <= {earlier} ORDER BY 1"
        for at, stream in self.query(service, told):
            last[partition_of(stream, partitions)] = at
        change = "UPDATE relay SET position = %s, last = %s, leader = NULL WHERE source = %s AND position >= %s"
        self.query(service, change, [earlier, last, source, earlier])

    def send_garbage(self, source: str, chance: random.Random) -> None:
        def asked() -> None:
            self.loop.call(_garbage(self.settings, source, chance), 30.0)

        insist(asked, KafkaError, TimeoutError)


_BACKENDS = (
    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname LIKE 'rollbook_%' "
    "AND pid <> pg_backend_pid()"
)


async def _garbage(settings: Settings, source: str, chance: random.Random) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    try:
        for headers in (
            [],
            [("ce_type", b"x.Y.v1")],
            [("ce_position", b"-"), ("ce_type", b"enrollment.LearnerAssigned.v1")],
        ):
            partition = chance.randrange(settings.kafka_partitions.get(source, 1))
            topic = settings.kafka_prefix + source
            await producer.send_and_wait(topic, key=b"k", value=b"{not json", partition=partition, headers=headers)
    finally:
        await producer.stop()


def insist(ask: Callable[[], Any], *errors: type[Exception], seconds: float = 180.0) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except errors:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def send_signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def stop_for(pid: int, seconds: float) -> None:
    """SIGSTOP, then SIGCONT."""
    send_signal(pid, signal.SIGSTOP)
    time.sleep(seconds)
    send_signal(pid, signal.SIGCONT)
