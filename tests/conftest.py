"""What every test may ask for: a real PostgreSQL server, fresh migrated databases on it, and a real Kafka broker."""

import os
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from folders import new_folder
from xdist.scheduler import LoadFileScheduling

from shared import telemetry
from shared.database import Database, migrate
from shared.embedded import CannotStart, EmbeddedPostgres
from shared.embedded_kafka import EmbeddedKafka

pytest_plugins = ["features_plugin"]

Databases = Callable[..., Database]

os.environ |= {"ROLLBOOK_PASSWORD_MEMORY": "64", "ROLLBOOK_PASSWORD_PASSES": "1"}
"""Hundreds of tests sign in, and a password's hash as strong as in production takes 0.2 s of a core."""


@pytest.fixture(scope="module", autouse=True)
def _environment_as_it_was() -> Iterator[None]:
    """What a file leaves in the environment, the settings of every later test would read."""
    before = {name: value for name, value in os.environ.items() if name.startswith("ROLLBOOK_")}
    yield
    assert {name: value for name, value in os.environ.items() if name.startswith("ROLLBOOK_")} == before


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server for this run, so it need not survive a power cut; or the one that ROLLBOOK_TESTS_SERVER keeps for many runs."""
    telemetry.configure()
    if kept := os.environ.get("ROLLBOOK_TESTS_SERVER"):
        server = EmbeddedPostgres(Path(kept), durable=False)
        server.start()
        yield server
        return
    with new_folder("rollbook-tests-") as folder:
        server = EmbeddedPostgres(folder, durable=False)
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> Callable[..., str]:
    """A migrated database to copy from, made once for each set of packages."""
    made: dict[tuple[str, ...], str] = {}

    def of(*packages: str) -> str:
        if packages not in made:
            made[packages] = f"template_{sha256(repr(packages).encode()).hexdigest()[:12]}"
            migrate(postgres.create_database(made[packages]), *packages)
        return made[packages]

    return of


@pytest.fixture
def database(postgres: EmbeddedPostgres, template: Callable[..., str]) -> Iterator[Databases]:
    """`database("services.directory")`: a fresh database with the kernel's and those migrations."""
    opened: list[tuple[str, Database]] = []

    def fresh(*packages: str, max_size: int = 20) -> Database:
        name = f"test_{uuid4().hex[:12]}"
        opened.append((name, Database(postgres.create_database(name, template(*packages)), max_size=max_size)))
        return opened[-1][1]

    yield fresh
    for name, one in opened:
        one.close()
        postgres.drop_database(name)


@pytest.fixture
def feed_conninfo() -> Callable[[Database], str]:
    """How another service reads this database: as the role that may read only what is published."""
    return lambda database: database.conninfo.replace("user=rollbook ", "user=rollbook_feed ")


@pytest.fixture(scope="session")
def broker() -> Iterator[EmbeddedKafka | None]:
    """This run's own Kafka, or None where KAFKA_BOOTSTRAP_SERVERS names another. Without Java a skip; in CI an error."""
    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        yield None
        return
    with new_folder("rollbook-kafka-") as folder:
        server = EmbeddedKafka(folder)
        try:
            server.start()
        except CannotStart as reason:
            required = os.environ.get("CI") or os.environ.get("ROLLBOOK_REQUIRE_KAFKA") == "1"
            refuse = pytest.fail if required else pytest.skip
            refuse(f"Apache Kafka cannot run here. {reason}")
        else:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def kafka(broker: EmbeddedKafka | None) -> str:
    """The address of a real Apache Kafka, which all tests of this run share: take names of your own."""
    return os.environ["KAFKA_BOOTSTRAP_SERVERS"] if broker is None else broker.bootstrap


SUITES = ("tests/browser/", "tests/e2e/", "tests/faults/")
"""Here the whole suite runs, a browser or two dozen processes: one after the other, or they keep each other waiting."""


class Files(LoadFileScheduling):  # type: ignore[misc] # xdist has no types
    """A file's tests stay in one process, for its fixtures; those with whole suites together."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "suites" if file.startswith(SUITES) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Files:
    return Files(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cycles", type=int, default=3, help="how many faults tests/faults injects")
    parser.addoption("--seed", type=int, default=20_261_123, help="of the first fault; the next has the next")
    parser.addoption("--seeded-bugs", action="store_true", help="show that tests/faults finds each of its seeded bugs")
    parser.addoption("--kills", type=int, default=5, help="how often the worker of a bulk assignment is killed")
    parser.addoption("--restarts", type=int, default=8, help="how often the suite in one process is killed")
    parser.addoption("--people", type=int, default=10_000, help="learners of that assignment")
    parser.addoption(
        "--examples", type=int, default=0, help="how many histories tests/properties tries; 0: the usual ones"
    )
