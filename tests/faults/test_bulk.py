"""A bulk assignment whose worker is killed again and again goes on where it was; the end is as if nothing had been (ASG-22)."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from benchmarks import company
from services.enrollment.application.assignments.commands import AssignmentCommands
from services.enrollment.application.ledger import Enrollments
from shared.database import Database
from shared.store import CommandContext
from shared.suite import SOURCES

_LOOK_SECONDS = 0.002
_LONGEST = 120.0

_ORACLE = """
SELECT
    (SELECT count(*) FROM events WHERE type = 'enrollment.LearnerAssigned.v1'),
    (SELECT count(DISTINCT body) FROM events WHERE type = 'enrollment.LearnerAssigned.v1'),
    (SELECT max(position) = count(*) FROM events),
    (SELECT count(*) FROM enrollment e JOIN person_fact p ON p.id = e.person
        WHERE e.live AND e.revision = (SELECT max(version) FROM events WHERE stream = e.id)),
    (SELECT count(*) FROM learner_grant g JOIN enrollment e ON e.id = g.enrollment AND e.person = g.person),
    (SELECT count(*) FROM scope_part),
    (SELECT count(*) FROM evaluation_queue WHERE open)
"""


class WorkerProcess:
    """The service's own worker, started as an operator starts it."""

    def __init__(self, conninfo: str, chunk: int) -> None:
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "ROLLBOOK_DATABASE_URL": conninfo,
            "ROLLBOOK_FEEDS": json.dumps(dict.fromkeys(SOURCES, conninfo)),
            "ROLLBOOK_EVALUATOR_CHUNK": str(chunk),
            "ROLLBOOK_PORT": "0",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "services.cli", "run", "enrollment", "worker", "--with-parent"],
            env=self._environment,
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


@pytest.mark.feature("ASG-22")
@pytest.mark.timeout(0)
def test_a_bulk_assignment_killed_at_random_moments_ends_as_if_nothing_had_been(
    database: Callable[..., Database], request: pytest.FixtureRequest
) -> None:
    kills, people, seed = (request.config.getoption(name) for name in ("--kills", "--people", "--seed"))
    chance = random.Random(seed)
    one = database("services.enrollment")
    company.facts(people)(one.conninfo)
    ledger = Enrollments(one)
    AssignmentCommands(ledger, 10).create(CommandContext(uuid4()), [(company.OFFERING, company.TARGET)])
    worker = WorkerProcess(one.conninfo, max(1, people // (3 * kills)))
    moments = sorted(chance.sample(range(people), kills))
    seen = []
    try:
        for moment in moments:
            worker.start()
            wait_until(lambda moment=moment: assigned(one) >= moment)  # type: ignore[misc]
            time.sleep(chance.uniform(0, 0.05))
            worker.kill()
            seen.append(assigned(one))
        worker.start()
        wait_until(lambda: state(one) == "finished")
    finally:
        worker.kill()
    print(f"seed {seed}: killed {kills} times, at {seen} of {people} learners")
    assert sum(0 < number < people for number in seen) > kills // 2, "most were to die in the middle"
    with one.connection() as conn:
        assert conn.execute(_ORACLE.encode()).fetchone() == (people, people, True, people, people, 0, 0)
        assert conn.execute("SELECT done, total FROM job").fetchall() == [(people, people)]


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _LONGEST
    while not reached():
        assert time.monotonic() < deadline, "the worker does not get on"
        time.sleep(_LOOK_SECONDS)


def assigned(database: Database) -> int:
    with database.connection() as conn:
        row = conn.execute("SELECT coalesce(max(position), 1) - 1 FROM events").fetchone()
    return int(str(row[0])) if row else 0


def state(database: Database) -> str:
    with database.connection() as conn:
        row = conn.execute("SELECT state FROM job").fetchone()
    assert row is not None
    assert row[0] != "failed"
    return str(row[0])
