"""P1: a bulk assignment, validated, idempotent and durable, against COPY of the same event and state rows."""

import psycopg

from benchmarks import company
from benchmarks.harness import Bench, Goal, Result, copy_in, copy_out, paired, rate, result
from services.enrollment.application.assignments.commands import AssignmentCommands
from services.enrollment.application.evaluation.evaluator import Evaluator
from services.enrollment.application.evaluation.fan_out import FanOut
from services.enrollment.application.ledger import Enrollments
from services.enrollment.main import PACKAGE
from shared.database import Database
from shared.jobs import Worker
from shared.settings import Settings
from shared.store import CommandContext

ID, GOAL, SIZE, ROUNDS = "P1", Goal(">=", 0.50), 100_000, 5

ROWS = {
    "events (position, stream, version, type, recorded_at, meta, body)": (
        "SELECT position, stream, version, type, recorded_at, meta, body FROM events ORDER BY position"
    ),
    "enrollment": "SELECT * FROM enrollment ORDER BY ctid",
    "learner_grant": "SELECT * FROM learner_grant ORDER BY ctid",
}


def run(bench: Bench) -> Result:
    size = bench.size or SIZE
    template = bench.template(f"company of {size}", company.facts(size), PACKAGE)
    written: dict[str, list[bytes]] = {}

    def ours() -> float:
        with bench.database(template) as info:
            found = rate(size, lambda: assign(info))
            if not written:
                with psycopg.connect(info) as conn:
                    written.update({target: copy_out(conn, query) for target, query in ROWS.items()})
                    check(conn, size)
        return found

    def by_hand() -> float:
        with bench.database(template) as info, psycopg.connect(info, autocommit=True) as conn:
            return rate(size, lambda: copy_in(conn, list(written.items())))

    pairs = paired(bench.rounds or ROUNDS, ours, by_hand)
    return result(ID, "bulk assignment / COPY of the same rows", GOAL, pairs, "learners/s", learners=size, fsync=True)


def assign(info: str) -> None:
    """The command, and all the work that it queues, as the worker of the service does it."""
    settings = Settings()
    database = Database(info, max_size=settings.database_pool)
    try:
        ledger = Enrollments(database)
        AssignmentCommands(ledger, settings.assignment_rows_limit).create(
            CommandContext(company.ADMINISTRATOR), [(company.OFFERING, company.TARGET)]
        )
        evaluator = Evaluator(database, ledger.store, chunk=settings.evaluator_chunk, pause=settings.worker_pause)
        expansion = FanOut(database, evaluator, settings.evaluator_chunk, settings.job_step)
        worker = Worker("jobs", database, [expansion], settings.worker_pause)
        while worker.step():
            pass
    finally:
        database.close()


def check(conn: "psycopg.Connection[tuple[object, ...]]", size: int) -> None:
    row = conn.execute(
        "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM enrollment WHERE live), (SELECT count(*) FROM learner_grant)"
    ).fetchone()
    assert row == (size + 1, size, size), row
