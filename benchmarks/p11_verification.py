"""P11: every event of a signed history verified against its checkpoints, against COPY of the same rows out of the database."""

from contextlib import closing

import psycopg

from benchmarks import history
from benchmarks.harness import Bench, Goal, Result, paired, rate, result
from shared.audit.notes import Signer
from shared.audit.sealing import Sealer
from shared.audit.settings import AuditSettings
from shared.audit.verifying import verify
from shared.database import Database, scalar

ID, GOAL, SIZE, ROUNDS = "P11", Goal(">=", 0.30), 1_000_000, 5
_KEY = "c3" * 32


def run(bench: Bench) -> Result:
    size = bench.size or SIZE
    with bench.database(history.store(bench, size)) as info:
        events = sealed(info)
        keys = [Signer(_KEY).public]

        def ours() -> float:
            return rate(events, lambda: whole(info, keys, events))

        def by_hand() -> float:
            with psycopg.connect(info, autocommit=True) as conn:
                return rate(events, lambda: copied(conn))

        pairs = paired(bench.rounds or ROUNDS, ours, by_hand)
    return result(ID, "verification of the history / COPY out of the same rows", GOAL, pairs, "events/s", events=events)


def sealed(info: str) -> int:
    """How many events were hashed and signed."""
    with closing(Database(info, max_size=2)) as database:
        sealer = Sealer("enrollment", database, AuditSettings(audit_key=_KEY))
        while sealer.step():
            pass
        with database.connection() as conn:
            conn.execute("VACUUM ANALYZE events")
            return scalar(conn, "SELECT count(*) FROM events", int)


def whole(info: str, keys: list[bytes], events: int) -> None:
    found = verify(info, "enrollment", keys)
    assert (found.sealed, found.findings) == (events, []), found


def copied(conn: psycopg.Connection[tuple[object, ...]]) -> None:
    """Without keeping them: as fast as they come."""
    query = "COPY (SELECT * FROM events ORDER BY position) TO STDOUT (FORMAT BINARY)"
    with conn.cursor().copy(query.encode()) as copy:
        for _ in copy:
            pass
