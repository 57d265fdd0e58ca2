"""P14: a hundred organisations with a thousand people go to another place, in a framework of 10,000 and in one of 1,000."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4, uuid5

import psycopg

from benchmarks import company
from benchmarks.harness import Bench, Goal, Result, paired, result
from benchmarks.p01_bulk_assignment import assign
from services.enrollment.application.evaluation.evaluator import Evaluator
from services.enrollment.application.ledger import Enrollments
from services.enrollment.main import PACKAGE
from services.enrollment.reactions.directory import DirectoryFacts
from shared.contracts.directory import UnitMoved
from shared.database import Database
from shared.events import SYSTEM, Meta, Recorded
from shared.settings import Settings

ID, GOAL, SIZE, ROUNDS = "P14", Goal("<=", 2), 100_000, 5
_EACH, _MOVED = 10, 100
"""People in an organisation, and how many organisations are moved."""
_ELSEWHERE = uuid5(company.NAMESPACE, "elsewhere")


def run(bench: Bench) -> Result:
    size = max(bench.size or SIZE, 10 * _MOVED * _EACH)
    whole, tenth = (bench.template(f"framework of {n}", framework(n), PACKAGE) for n in (size, size // 10))

    def of(template: str) -> float:
        with bench.database(template) as info:
            return rearrange(info)

    pairs = paired(bench.rounds or ROUNDS, lambda: of(whole), lambda: of(tenth))
    what = f"{_MOVED} organisations moved among {size // _EACH:,} / among {size // _EACH // 10:,}"
    return result(ID, what, GOAL, pairs, "s", learners=size, moved=_MOVED * _EACH, fsync=True)


def _unit(number: int) -> UUID:
    return uuid5(company.NAMESPACE, f"unit {number}")


def framework(people: int) -> Callable[[str], None]:
    """Everybody is in one of many organisations below one, which is assigned a course."""

    def fill(info: str) -> None:
        company.facts(people)(info)
        units = [_unit(number) for number in range(people // _EACH)]
        with psycopg.connect(info) as conn:
            conn.execute(
                "INSERT INTO unit_fact (id, revision, kind, parent, name) VALUES (%s, 1, 'organisation', NULL, 'Other')",
                [_ELSEWHERE],
            )
            conn.execute("INSERT INTO unit_above (unit, above) VALUES (%s, %s)", [_ELSEWHERE, _ELSEWHERE])
            conn.execute(
                "INSERT INTO unit_fact (id, revision, kind, parent, name) "
                "SELECT id, 1, 'organisation', %s, 'Unit' FROM unnest(%s::uuid[]) AS id",
                [company.ORGANISATION, units],
            )
            conn.execute(
                "INSERT INTO unit_above (unit, above) SELECT id, id FROM unnest(%(units)s::uuid[]) AS id "
                "UNION ALL SELECT id, %(root)s FROM unnest(%(units)s::uuid[]) AS id",
                {"units": units, "root": company.ORGANISATION},
            )
            conn.execute(
                "WITH placed AS (SELECT id, (row_number() OVER (ORDER BY id) - 1) / %s AS number FROM person_fact) "
                "UPDATE person_fact p SET home = (%s::uuid[])[number + 1] FROM placed WHERE placed.id = p.id",
                [_EACH, units],
            )
        assign(info)

    return fill


def rearrange(info: str) -> float:
    """Seconds from the events to the last enrollment that followed; writes only what changed."""
    settings = Settings()
    database = Database(info, max_size=settings.database_pool)
    try:
        ledger = Enrollments(database)
        evaluator = Evaluator(database, ledger.store, chunk=settings.evaluator_chunk, pause=settings.worker_pause)
        meta = Meta(actor=SYSTEM, correlation=uuid4())
        kind = {"kind": "organisation", "framework": uuid4(), "parent": _ELSEWHERE}
        events = [UnitMoved(originator_id=_unit(n), originator_version=2, **kind) for n in range(_MOVED)]
        before = ledger.store.max_notification_id() or 0
        began = time.perf_counter()
        with database.transaction() as conn:
            DirectoryFacts().apply(conn, [Recorded(1, datetime.now(UTC), event, meta) for event in events])
        while evaluator.step():
            pass
        seconds = time.perf_counter() - began
        written = (ledger.store.max_notification_id() or 0) - before
        assert written == 2 * _MOVED * _EACH, f"{written} events for {_MOVED * _EACH} people"
        return seconds
    finally:
        database.close()
