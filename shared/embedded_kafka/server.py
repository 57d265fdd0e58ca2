"""The broker: one node that is broker and controller, on one data folder."""

import asyncio
import base64
import contextlib
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import uuid
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.embedded import CannotStart
from shared.embedded_kafka.programs import KafkaPrograms, default_cache
from shared.ports import HOST, free_port, is_free

"""Below those of outgoing connections: a client that tries to reach a killed broker must not be given the broker's port."""

_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "log.dirs": "log",
    "log.retention.ms": "-1",
    "log.retention.bytes": "-1",
    "log.cleaner.dedupe.buffer.size": "16777216",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # A killed broker is let in again when its last session is over, nine seconds later if nobody says otherwise.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
}

_LOGGING = """status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %m (%c)%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
"""


class EmbeddedKafka:
    """One broker on one data folder, which keeps its address. Starting it again adopts the one that still runs.

    What it has acknowledged survives its own death, but not the machine's. Not to be started from a running event loop.
    """

    START_SECONDS = 60
    STOP_SECONDS = 30

    def __init__(self, data: Path, *, port: int | None = None, cache: Path | None = None) -> None:
        self.data = data.absolute()
        self._port = port
        self._cache = cache or default_cache()
        self._log = self.data / "kafka.log"
        self._lock = self.data / "kafka.lock"
        """Held by the broker as long as it lives, and before by whoever is about to start it."""
        self._pid = self.data / "kafka.pid"
        self._made_archive = self.data / "classes.jsa"
        self._programs: KafkaPrograms | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers. Raises CannotStart."""
        self._programs = KafkaPrograms.find(self._cache)
        self.data.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + self.START_SECONDS
        ours: subprocess.Popen[bytes] | None = None
        while not self._answers():
            ours = ours or self._spawn_unless_alive(self._programs)
            if (ours is not None and ours.poll() is not None) or time.monotonic() > deadline:
                raise CannotStart(f"Kafka did not start; its log is {self._log}. {_complaint(self._log)}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the broker in order, or by force where it does not. Does nothing where none runs."""
        self._signal(signal.SIGTERM)
        if not self._has_ended():
            self.kill()
        elif self._programs is not None and self._made_archive.exists():
            self._programs.keep_archive(self._made_archive)

    def kill(self) -> None:
        """End it without any warning. Returns when it is gone."""
        self._signal(signal.SIGKILL)
        self._has_ended()

    def pid(self) -> int | None:
        """The broker's process id while it is alive."""
        written = self._pid.read_text().strip() if self._is_alive() else ""
        return int(written) if written else None

    @property
    def bootstrap(self) -> str:
        """Its address, the same from the first start on."""
        return f"{HOST}:{self._ports()[0]}"

    @property
    def classpath(self) -> str:
        """Kafka's jars, for Java programs that use them."""
        return KafkaPrograms.find(self._cache).classpath

    def command(self, main: str, *arguments: str) -> list[str]:
        """How one of Kafka's own programs is run, as `org.apache.kafka.tools.consumer.ConsoleConsumer`."""
        return KafkaPrograms.find(self._cache).command(main, *arguments)

    def _spawn_unless_alive(self, programs: KafkaPrograms) -> subprocess.Popen[bytes] | None:
        with self._lock.open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return None
            self._pid.write_text("")
            self._made_archive.unlink(missing_ok=True)
            self._configure()
            if not (self.data / "log").exists():
                self._format(programs)
            self._process = self._spawn(programs, lock.fileno())
            return self._process

    def _configure(self) -> None:
        broker, controller = self._choose_ports()
        settings = _SETTINGS | {
            "listeners": f"PLAINTEXT://{HOST}:{broker},CONTROLLER://{HOST}:{controller}",
            "controller.quorum.voters": f"1@{HOST}:{controller}",
        }
        (self.data / "server.properties").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        (self.data / "log4j2.properties").write_text(_LOGGING)

    def _format(self, programs: KafkaPrograms) -> None:
        """Beside its final place, so that what was half made when we were killed is made again."""
        fresh = self.data / "log.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        properties = str(self.data / "server.properties")
        command = programs.command(
            "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "--config", properties
        )
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=fresh)
        if done.returncode:
            raise CannotStart(f"Kafka could not prepare {self.data}: {(done.stderr or done.stdout).strip()}")
        (fresh / "log").rename(self.data / "log")
        fresh.rmdir()

    def _spawn(self, programs: KafkaPrograms, lock: int) -> subprocess.Popen[bytes]:
        flags = ["-Dlog4j2.configurationFile=log4j2.properties"]
        if not programs.archive.exists():
            flags.append(f"-XX:ArchiveClassesAtExit={self._made_archive}")
        command = programs.command("kafka.Kafka", "server.properties", flags=tuple(flags))
        with self._log.open("ab") as log:
            return subprocess.Popen(
                ["/bin/sh", "-c", 'echo $$ >"$0" && exec "$@"', self._pid, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.data,
                env=os.environ | {"MALLOC_ARENA_MAX": "2"},
                pass_fds=[lock],
            )

    def _answers(self) -> bool:
        """It is this folder's broker that answers, and it takes part in its cluster."""
        try:
            socket.create_connection((HOST, self._ports()[0]), timeout=1).close()
            identity = (self.data / "log" / "meta.properties").read_text()
        except OSError:
            return False
        cluster = asyncio.run(_cluster_at(self.bootstrap))
        return cluster is not None and f"cluster.id={cluster}" in identity.splitlines()

    def _ports(self) -> tuple[int, int]:
        """The broker's and the controller's."""
        broker, controller = (self.data / "ports").read_text().split()
        return int(broker), int(controller)

    def _choose_ports(self) -> tuple[int, int]:
        """Those it had before, if any. Raises CannotStart for one that is taken."""
        file = self.data / "ports"
        broker, controller = self._ports() if file.exists() else (free_port(), free_port())
        broker = self._port or broker
        for port in (broker, controller):
            if not is_free(port):
                raise CannotStart(
                    f"Port {port}, which Kafka in {self.data} uses, is taken by another program. Stop that program, or "
                    f"delete {file} so that other ports are chosen."
                )
        file.write_text(f"{broker} {controller}\n")
        return broker, controller

    def _is_alive(self) -> bool:
        try:
            with self._lock.open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def _signal(self, which: signal.Signals) -> None:
        pid = self.pid()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, which)

    def _has_ended(self) -> bool:
        deadline = time.monotonic() + self.STOP_SECONDS
        while self._is_alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        if self._process is not None:
            self._process.wait()
        return True


async def _cluster_at(bootstrap: str) -> str | None:
    """The id of the cluster whose broker answers there, when it has let the broker in."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5_000)
    try:
        await admin.start()
        found = await admin.describe_cluster()
    except (KafkaError, OSError, TimeoutError):
        return None
    finally:
        await admin.close()
    return str(found["cluster_id"]) if found["brokers"] else None


def _complaint(log: Path) -> str:
    """The last line of the log that says what was wrong, or nothing."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return next((line for line in reversed(lines) if re.match(r"\S.*(ERROR|FATAL|Exception|Error)", line)), "")
