"""P13: 32 threads that each write one command after another, against the same inserts without the append lock."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pydantic_core

from benchmarks import company
from benchmarks.harness import Bench, Goal, Result, paired, result
from services.enrollment.application.assignments.rows import assignment_row
from services.enrollment.application.ledger import Enrollments
from services.enrollment.domain.assignments import DEFAULT_SETTINGS, Target, create
from services.enrollment.main import PACKAGE
from services.enrollment.projections.tables import ASSIGNMENT
from shared.binary_copy import RowEncoder, copy_rows, copy_statement
from shared.database import Database
from shared.events import Event, encode
from shared.store import CommandContext, Decision, Row

ID, GOAL, SIZE, ROUNDS, WRITERS = "P13", Goal(">=", 0.50), 6_400, 5, 32

_EVENT = ("position", "stream", "version", "type", "recorded_at", "meta", "body")
_COMMAND = ("caller", "organisation", "key", "request_hash", "batch", "position", "result")


def run(bench: Bench) -> Result:
    size = max(bench.size or SIZE, WRITERS)
    empty = bench.template("no assignments", lambda _: None, PACKAGE)

    def ours() -> float:
        with bench.database(empty) as info, closing(Database(info, max_size=WRITERS + 4)) as database:
            ledger = Enrollments(database)

            def write() -> None:
                event, row, context = command()
                ledger.record(
                    context, Decision((event,), context.meta(), inserted=(row,)), {"id": str(event.originator_id)}
                )

            return at_once(size, write)

    def without_lock() -> float:
        with bench.database(empty) as info, closing(Database(info, max_size=WRITERS + 4)) as database:
            with database.connection() as conn:
                conn.execute("CREATE SEQUENCE place")
            local = threading.local()

            def write() -> None:
                event, row, context = command()
                stored = encode(event)
                text = pydantic_core.to_json({"id": str(event.originator_id)}).decode()
                with database.transaction() as conn:
                    found = conn.execute("SELECT nextval('place')").fetchone()
                    position = int(str(found[0])) if found else 0
                    conn.execute(
                        f"INSERT INTO events ({', '.join(_EVENT)}) VALUES (%s, %s, %s, %s, clock_timestamp(), %s, %s)".encode(),
                        [position, stored.originator_id, 1, stored.topic, context.meta().encode(), stored.state],
                    )
                    if not hasattr(local, "encoder"):
                        local.encoder = RowEncoder(list(ASSIGNMENT.columns.values()))
                    copy_rows(
                        conn, copy_statement("assignment", list(ASSIGNMENT.columns)), [local.encoder.row(row.values)]
                    )
                    conn.execute(
                        f"INSERT INTO command ({', '.join(_COMMAND)}) VALUES (%s, %s, %s, %s, %s, %s, %s)".encode(),
                        [context.actor, UUID(int=0), context.command_id, b"", context.correlation, position, text],
                    )

            return at_once(size, write)

    pairs = paired(bench.rounds or ROUNDS, ours, without_lock)
    return result(
        ID,
        "interactive writers / the same inserts without the lock",
        GOAL,
        pairs,
        "commands/s",
        writers=WRITERS,
        commands=size,
        fsync=True,
    )


def command() -> tuple[Event, Row, CommandContext]:
    context = CommandContext(company.ADMINISTRATOR)
    id, target = uuid4(), Target("individual", uuid4())
    row = assignment_row(
        id,
        company.OFFERING,
        target,
        settings=DEFAULT_SETTINGS,
        batch=context.correlation,
        now=datetime.now(UTC),
    )
    return create(id, company.OFFERING, target, DEFAULT_SETTINGS), Row(ASSIGNMENT, row), context


def at_once(size: int, write: Callable[[], None]) -> float:
    """Commands a second, of all writers together."""

    def work() -> None:
        for _ in range(size // WRITERS):
            write()

    threads = [threading.Thread(target=work) for _ in range(WRITERS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return size / (time.perf_counter() - began)
