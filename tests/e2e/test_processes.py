"""The suite as processes on Kafka: what an operator does to them."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from folders import new_folder
from running import REPOSITORY, Running, until

from services.cli.demo import ADMINISTRATOR
from services.suite import forking
from shared.database import Database
from shared.embedded import EmbeddedPostgres
from shared.ports import free_port
from shared.suite import SUITE

pytestmark = pytest.mark.timeout(600)
"""There are two dozen processes, and there may be two cores for all of them."""


@pytest.fixture
def data(kafka: str) -> Iterator[Path]:
    del kafka  # where no broker can be had, this skips, or fails in CI
    with new_folder("rollbook-processes-") as folder:
        yield folder


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


@pytest.mark.feature("EVT-4", "OPS-1")
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes under /proc")
def test_a_killed_process_is_replaced_and_a_killed_parent_leaves_none_behind(data: Path) -> None:
    with Running(data, size=0, feed="kafka") as suite:
        relay = suite.processes()["catalog relay"]["pid"]
        os.kill(relay, signal.SIGKILL)
        until(lambda: suite.processes()["catalog relay"]["pid"] != relay)
        assert suite.http.get("/api/nobody/x").json()["title"] == "There is no such service"
        children = [one["pid"] for one in suite.processes().values()]
        assert len(children) == sum(1 + len(member.roles) for member in SUITE) + len(["gateway", "portal"])
        suite.kill()
        until(lambda: not any(alive(pid) for pid in children))
        assert not any("Fatal Python error" in line for line in suite.said)

        suite.start()
        suite.sign_in(ADMINISTRATOR.user_name, ADMINISTRATOR.password)
        assert len(suite.every("/api/catalog/offerings")) == 12
        metrics = suite.http.get("/api/catalog/metrics").text
        assert 'rollbook_published_position{source="catalog"}' in metrics
        children = [one["pid"] for one in suite.processes().values()]
        assert suite.stop() == 0
        assert not any(alive(pid) for pid in children)
        assert not any("Fatal Python error" in line for line in suite.said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "nobody"], "There is no service nobody"),
        (["run", "catalog", "mailer"], "catalog has no role mailer. Choose from: api, worker"),
        (["run", "catalog", "cook"], "There is no role cook"),
        (["run", "catalog"], "ROLLBOOK_DATABASE_URL"),
        (["topics"], "Set ROLLBOOK_KAFKA"),
        (["migrate"], "must contain {service}"),
    ],
)
def test_what_cannot_be_run_says_why(words: list[str], said: str, postgres: EmbeddedPostgres) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ROLLBOOK_")}
    if "mailer" in words:
        environment["ROLLBOOK_DATABASE_URL"] = postgres.conninfo()
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", *words],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert said in " ".join(done.stdout.split())


def test_topics_without_a_broker_says_where_none_answered(postgres: EmbeddedPostgres) -> None:
    url = postgres.conninfo("{service}")
    environment = {**os.environ, "ROLLBOOK_KAFKA": f"127.0.0.1:{free_port()}", "ROLLBOOK_DATABASE_URL": url}
    try:
        run = [sys.executable, "-m", "services.cli"]
        subprocess.run([*run, "migrate", "--create"], cwd=REPOSITORY, env=environment, check=True, capture_output=True)
        done = subprocess.run(
            [*run, "topics"], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert environment["ROLLBOOK_KAFKA"] in " ".join(done.stdout.split())
    finally:
        for name in ("directory", "catalog", "enrollment", "keys", "notifier", "reporting"):
            postgres.drop_database(name)


def whats_there(service: str, role: str, environment: Mapping[str, str]) -> None:
    """What a forked process has when it begins: written where the environment says."""
    told = {"portal": "services.portal.main" in sys.modules, "pid": os.getpid()}
    Path(environment["ROLLBOOK_TOLD"]).write_text(json.dumps([service, role, told]))
    forking.run(service, "worker", environment)


@pytest.mark.feature("OPS-1")
def test_a_process_has_everything_imported_when_it_begins_and_ends_when_what_it_was_forked_from_does(
    tmp_path: Path, database: Callable[..., Database]
) -> None:
    """Otherwise each would import for seconds, and one that nobody watches would hold its port."""
    one, told = database("services.catalog"), tmp_path / "told"
    environment = {**os.environ, "ROLLBOOK_DATABASE_URL": one.conninfo, "ROLLBOOK_PORT": str(free_port())}
    process = forking.start(whats_there, "catalog", "worker", {**environment, "ROLLBOOK_TOLD": str(told)})
    service, role, found = json.loads(until(lambda: told.exists() and told.read_text()))
    assert (service, role, found["portal"], found["pid"]) == ("catalog", "worker", True, process.pid)
    live = f"http://127.0.0.1:{environment['ROLLBOOK_PORT']}/health/live"
    until(lambda: answers(live))
    assert process.pid is not None
    stat = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    os.kill(int(stat[1]), signal.SIGKILL)
    until(lambda: not alive(process.pid or 0))


def answers(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(url).status_code == 200
    return False
