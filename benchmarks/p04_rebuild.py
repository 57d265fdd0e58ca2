"""P4: the reports rebuilt from the events beside the live ones, against COPY of the finished rows into the same tables."""

from contextlib import closing

import psycopg

from benchmarks import history
from benchmarks.harness import Bench, Goal, Result, copy_in, copy_out, paired, rate, result
from services.reporting.main import PACKAGE
from services.reporting.projections.sources import PROJECTIONS
from shared.database import Database
from shared.replay import Comparison, Replay
from shared.settings import Settings

ID, GOAL, SIZE, ROUNDS = "P4", Goal(">=", 0.40), 100_000, 5


def run(bench: Bench) -> Result:
    size = bench.size or SIZE
    with bench.database(history.store(bench, size)) as enrollment:
        live = history.reports(bench, size)(enrollment)
        with bench.database(live) as info, psycopg.connect(info) as conn:
            rows = {
                table: copy_out(conn, f"SELECT * FROM {table} ORDER BY ctid") for table in history.PROJECTION.tables
            }
        empty = bench.template("no reports", lambda _: None, PACKAGE)

        def ours() -> float:
            with bench.database(live) as info:
                compared = rebuild(info, enrollment)
                assert compared.differences == 0, compared
                return (size + 1) / compared.rebuild_seconds

        def by_hand() -> float:
            with bench.database(empty) as info, psycopg.connect(info, autocommit=True) as conn:
                return rate(size + 1, lambda: copy_in(conn, list(rows.items())))

        pairs = paired(bench.rounds or ROUNDS, ours, by_hand)
    return result(
        ID, "rebuild of the reports / COPY of the finished rows", GOAL, pairs, "events/s", events=size + 1, fsync=True
    )


def rebuild(info: str, enrollment: str) -> Comparison:
    settings = Settings()
    with closing(Database(info, max_size=settings.database_pool)) as database:
        return Replay(database, PROJECTIONS, history.feeds(enrollment), settings, PACKAGE).run()
