"""What every test may ask for: a real PostgreSQL server, and fresh migrated databases on it."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from shared import telemetry
from shared.database import Database, migrate
from shared.embedded import EmbeddedPostgres

pytest_plugins = ["features_plugin"]

Databases = Callable[..., Database]


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server for this run. Nothing on it outlives the run, so it need not survive a power cut."""
    telemetry.configure()
    folder = Path(tempfile.mkdtemp(prefix="rollbook-tests-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder, durable=False)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> Callable[..., str]:
    """A migrated database to copy from, made once for each set of packages."""
    made: dict[tuple[str, ...], str] = {}

    def of(*packages: str) -> str:
        if packages not in made:
            made[packages] = f"template_{len(made)}"
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
