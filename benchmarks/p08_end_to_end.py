"""P8: from the command to the last row of the report, in the embedded suite and through Kafka, against P1's denominator."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from uuid import uuid4

import psycopg

from benchmarks import company
from benchmarks.harness import Bench, Goal, Result, Setting, copy_in, copy_out, paired, rate, result
from benchmarks.p01_bulk_assignment import ROWS, assign
from services.enrollment.application.assignments.commands import AssignmentCommands
from services.enrollment.application.ledger import Enrollments
from services.enrollment.main import PACKAGE
from services.suite.embedded import Place, Suite
from services.suite.processes import Processes
from shared.database import Database, migrate
from shared.embedded import ADMIN, FEED
from shared.ports import free_port
from shared.settings import Settings
from shared.store import CommandContext
from shared.suite import SERVICES, SUITE

ID, SIZE, ROUNDS = "P8", 100_000, 5
EMBEDDED, KAFKA = Goal(">=", 0.25), Goal(">=", 0.12)
_LONGEST = 300.0


@dataclass
class Running:
    """A whole suite, and the databases of two of its services."""

    enrollment: str
    reporting: str


def run(bench: Bench) -> list[Result]:
    size = bench.size or SIZE
    rounds = bench.rounds or ROUNDS
    template = bench.template(f"company of {size}", company.facts(size), PACKAGE)
    with bench.database(template) as info:
        assign(info)
        with psycopg.connect(info) as conn:
            rows = {target: copy_out(conn, query) for target, query in ROWS.items()}

    def by_hand() -> float:
        with bench.database(template) as info, psycopg.connect(info, autocommit=True) as conn:
            return rate(size, lambda: copy_in(conn, list(rows.items())))

    def through(suite: Callable[[Bench, int], AbstractContextManager[Running]]) -> Callable[[], float]:
        def measured() -> float:
            with suite(bench, size) as running:
                return rate(size, lambda: request_and_wait(running, size))

        return measured

    told: dict[str, Setting] = {"learners": size, "fsync": True, "notifications": "off"}
    return [
        result(
            ID,
            "request to report, embedded / COPY of P1",
            EMBEDDED,
            paired(rounds, through(embedded), by_hand),
            "learners/s",
            **told,
        ),
        result(
            f"{ID}k",
            "request to report, Kafka / COPY of P1",
            KAFKA,
            paired(rounds, through(processes), by_hand),
            "learners/s",
            **told,
        ),
    ]


def request_and_wait(running: Running, size: int) -> None:
    with closing(Database(running.enrollment, max_size=2)) as database:
        AssignmentCommands(Enrollments(database), 10_000).create(
            CommandContext(company.ADMINISTRATOR), [(company.OFFERING, company.TARGET)]
        )
    deadline = time.monotonic() + _LONGEST
    with psycopg.connect(running.reporting, autocommit=True) as conn:
        while time.monotonic() < deadline:
            row = conn.execute("SELECT count(*) FROM (SELECT FROM membership LIMIT %s) AS found", [size]).fetchone()
            if row and row[0] == size:
                return
            time.sleep(0.1)
    raise TimeoutError(f"the report has not {size} rows after {_LONGEST:.0f} s")


@contextmanager
def embedded(bench: Bench, size: int) -> Iterator[Running]:
    """Every service in this process, as `make up` runs them."""
    run = uuid4().hex[:8]
    for member in SUITE:
        package = import_module(member.module).PACKAGE
        migrate(bench.postgres.create_database(f"suite_{run}_{member.name}"), package)
    place = Place(
        lambda service: bench.postgres.conninfo(f"suite_{run}_{service}", user=ADMIN),
        lambda service: bench.postgres.conninfo(f"suite_{run}_{service}", user=FEED),
    )
    company.facts(size)(place.conninfo("enrollment"))
    suite = Suite(Settings(), place)
    bench.settle()
    suite.start()
    try:
        yield Running(place.conninfo("enrollment"), place.conninfo("reporting"))
    finally:
        suite.stop()
        for name in SERVICES:
            bench.postgres.drop_database(f"suite_{run}_{name}")


@contextmanager
def processes(bench: Bench, size: int) -> Iterator[Running]:
    """A process for each service and role, with a database server and a broker of their own."""
    base = Settings(port=free_port(), smtp_port=free_port())
    url = f"http://127.0.0.1:{base.port}"
    settings = base.model_copy(update={"base_url": url, "issuer": f"{url}/api/directory", "catcher": True})
    suite = Processes(settings, bench.folder / f"processes-{uuid4().hex[:8]}")
    suite.start()
    try:
        suite.wait_until_ready()
        told = suite.settings.database_url
        company.facts(size)(told.format(service="enrollment"))
        yield Running(told.format(service="enrollment"), told.format(service="reporting"))
    finally:
        suite.stop()
