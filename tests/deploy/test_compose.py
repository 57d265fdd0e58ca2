"""docker-compose.yml without Docker: its form, its completeness, and every command of ours in it as it stands (OPS-2)."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
import yaml

from services.suite.processes import LAYOUT
from shared.embedded import EmbeddedPostgres
from shared.ports import free_port

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
OURS = {name: one for name, one in COMPOSE["services"].items() if one["image"] == "rollbook"}
STEPS = ("migrate", "topics", "demo")
START_SECONDS = 120.0
_END_WITH_PARENT = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
if os.getppid() != int(sys.argv[1]):
    sys.exit("The parent has ended already.")
os.execv(sys.argv[2], sys.argv[2:])
"""
"""PR_SET_PDEATHSIG, SIGKILL: the kernel remembers it for what the process becomes. A parent that ended before that is
seen by its number: the process has another one then."""


@pytest.mark.feature("OPS-2")
def test_the_file_fits_the_compose_schema() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.feature("OPS-2")
def test_there_is_a_container_for_each_service_and_role_each_checked_and_only_the_gateway_is_published() -> None:
    wanted = {f"{service}-{role}" for service, roles in LAYOUT.items() for role in roles if service != "gateway"}
    assert {"gateway", "portal", *wanted, *STEPS} == set(OURS)
    for name, one in COMPOSE["services"].items():
        assert name in STEPS or "test" in one["healthcheck"], name
        assert name == "gateway" or "ports" not in one, name
    assert COMPOSE["services"]["gateway"]["ports"] == ["127.0.0.1:8000:8000"]
    for name, one in OURS.items():
        for needed in one["depends_on"]:
            assert needed in COMPOSE["services"], f"{name} waits for {needed}"


@pytest.mark.feature("OPS-2")
def test_the_image_is_made_of_files_that_are_there() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.M)
    assert copied
    for line in copied:
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
    assert re.search(r"^USER rollbook$", dockerfile, re.M)
    assert "--require-hashes" in dockerfile


def started(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """It ends with these tests, also when they are killed or run into their time limit and nothing is tidied up."""
    ending = [sys.executable, "-c", _END_WITH_PARENT, str(os.getpid())] if sys.platform == "linux" else []
    return subprocess.Popen([*ending, *command], env=environment, cwd=ROOT, start_new_session=True)


class Containers:
    """Our containers' commands on this machine: each has a port of its own instead of an address of its own."""

    def __init__(self, postgres: EmbeddedPostgres, kafka: str) -> None:
        self.tag = f"compose_{uuid4().hex[:6]}"
        self.postgres = postgres
        self.kafka = kafka
        self.ports = {name: free_port() for name in OURS}
        self.smtp_port = free_port()
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def environment(self, name: str) -> dict[str, str]:
        told = {key: self._here(str(value)) for key, value in OURS[name]["environment"].items()}
        told["ROLLBOOK_PORT"] = str(self.ports[name])
        told["ROLLBOOK_KAFKA_PREFIX"] = f"{self.tag}."
        told["ROLLBOOK_DATABASE_POOL"] = "3"
        return {**os.environ, **told, "PYTHONPATH": str(ROOT)}

    def _here(self, value: str) -> str:
        """Names of containers become ports of this machine."""
        value = re.sub(r"postgresql://\S+/rollbook_", self.postgres.conninfo(f"{self.tag}_"), value)
        value = value.replace("kafka:9092", self.kafka).replace("8025", str(self.smtp_port))
        value = value.replace("http://127.0.0.1:8000", f"http://127.0.0.1:{self.ports['gateway']}")
        for name, port in self.ports.items():
            value = value.replace(f"http://{name}:8000", f"http://127.0.0.1:{port}")
        return "127.0.0.1" if value in ("0.0.0.0", "notifier-worker") else value

    def command(self, name: str) -> list[str]:
        program, *words = OURS[name]["command"]
        assert program == "rollbook"
        return [sys.executable, "-m", "services.cli", *words]

    def step(self, name: str) -> str:
        """One that ends. Returns what it said."""
        done = subprocess.run(
            self.command(name),
            env=self.environment(name),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, name: str) -> None:
        self.running[name] = started(self.command(name), self.environment(name))

    def healthy(self, name: str) -> bool:
        """By the file's own check."""
        kind, program, *words = OURS[name]["healthcheck"]["test"]
        assert (kind, program) == ("CMD", "python")
        here = [word.replace(":8000/", f":{self.ports[name]}/") for word in words]
        try:
            return subprocess.run([sys.executable, *here], capture_output=True, timeout=10, check=False).returncode == 0
        except subprocess.TimeoutExpired:  # not yet: two dozen others are starting
            return False

    def stop(self) -> dict[str, int]:
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        return {name: process.wait(30) for name, process in self.running.items()}


@pytest.fixture
def containers(postgres: EmbeddedPostgres, kafka: str) -> Iterator[Containers]:
    one = Containers(postgres, kafka)
    try:
        yield one
    finally:
        for process in one.running.values():
            if process.poll() is None:
                process.kill()
                process.wait()
    with psycopg.connect(postgres.conninfo(), autocommit=True) as conn:
        names = conn.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{one.tag}%"]).fetchall()
    for (name,) in names:
        postgres.drop_database(name)


@pytest.mark.feature("OPS-2")
@pytest.mark.timeout(400)
def test_every_command_of_ours_runs_as_it_stands_gets_healthy_and_ends_in_order(containers: Containers) -> None:
    containers.step("migrate")
    assert "created" in containers.step("topics")
    assert "created" not in containers.step("topics")
    long = [name for name in OURS if name not in STEPS]
    for name in long:
        containers.start(name)
    deadline = time.monotonic() + START_SECONDS
    waiting = set(long)
    while waiting:
        assert time.monotonic() < deadline, f"not healthy: {waiting}"
        waiting = {name for name in waiting if not containers.healthy(name)}
        time.sleep(0.2)
    assert "admin" in containers.step("demo")
    with httpx.Client(base_url=f"http://127.0.0.1:{containers.ports['gateway']}", timeout=30.0) as http:
        form = {"grant_type": "password", "username": "admin", "password": "rollbook-demo"}
        token = http.post("/api/directory/token", data=form).json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        wanted = len(http.get("/api/catalog/offerings", params={"limit": 500}).json()["items"])
        assert wanted
        assert "admin" in http.get("/sign-in").text
        reached = 0
        deadline = time.monotonic() + START_SECONDS
        while reached < wanted:
            assert time.monotonic() < deadline, "reporting does not hear of the catalog"
            metrics = http.get("/api/reporting/metrics").text
            found = re.search(r'applied_position{consumer="reporting",source="catalog"} (\d+)', metrics)
            reached = int(found.group(1)) if found else 0
            time.sleep(0.2)
    assert set(containers.stop().values()) == {0}


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux to end what its parent leaves behind")
def test_what_these_tests_start_ends_when_they_are_killed() -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    tests = (
        "import os, time; from tests.deploy.test_compose import started; "
        f"print(started({sleep!r}, dict(os.environ)).pid, flush=True); time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    parent = subprocess.Popen([sys.executable, "-c", tests], env=environment, stdout=subprocess.PIPE, cwd=ROOT)
    assert parent.stdout is not None
    left = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 20.0
    while _alive(left):
        assert time.monotonic() < deadline, f"process {left} goes on"
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
