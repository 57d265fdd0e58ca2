"""Workers that raise the same error again and again are seen: by probes, `rollbook doctor`, metrics and pages (OPS-4, OPS-5)."""

import time
from typing import NamedTuple

import psycopg
from psycopg.rows import class_row
from psycopg_pool import PoolTimeout
from pydantic import BaseModel

from shared.database import Database
from shared.errors import Corrupt
from shared.set_aside import where

FAILING_SECONDS = 60.0
"""An error that is raised for so long, and still is, is told."""
_OVER_SECONDS = 120.0
"""One that was not raised for so long is over. The longest pause between two starts of a worker is half a minute."""

_RECORD = f"""
INSERT INTO worker_error AS w (worker, error) VALUES (%s, %s) ON CONFLICT (worker) DO UPDATE SET
    since = CASE WHEN w.error = excluded.error AND w.last_at > clock_timestamp() - interval '{_OVER_SECONDS} seconds'
        THEN w.since ELSE clock_timestamp() END,
    times = CASE WHEN w.error = excluded.error AND w.last_at > clock_timestamp() - interval '{_OVER_SECONDS} seconds'
        THEN w.times + 1 ELSE 1 END,
    error = excluded.error, last_at = clock_timestamp()
"""
FAILING = f"""
SELECT worker, error, extract(epoch FROM last_at - since)::float8 AS seconds FROM worker_error
WHERE last_at - since >= interval '{FAILING_SECONDS} seconds'
    AND last_at > clock_timestamp() - interval '{_OVER_SECONDS} seconds' ORDER BY worker
"""


class Failing(BaseModel):
    """A worker that has raised the same error for so many seconds, and what ends it."""

    worker: str
    error: str
    seconds: float

    @property
    def fix(self) -> str:
        if self.error.startswith("Corrupt"):
            return "Follow the error message: the entry at which it stopped cannot be skipped."
        return (
            "The trace is in the log ('a worker stopped'). rollbook letters list shows what was set aside; if nothing was, "
            "the code has to be fixed: report the trace."
        )


class _Seen(NamedTuple):
    error: str
    since: float
    last: float


class WorkerErrors:
    """What the workers of one service raise: in its database, for all to see, and in memory, for the probes of this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[str, _Seen] = {}

    def record(self, worker: str, error: BaseException) -> None:
        """Where the database is down only this process knows of it."""
        said, now = _said(error), time.monotonic()
        before = self._seen.get(worker)
        goes_on = before is not None and before.error == said and now - before.last < _OVER_SECONDS
        self._seen[worker] = _Seen(said, before.since if before and goes_on else now, now)
        try:
            with self._database.transaction(async_commit=True) as conn:
                conn.execute(_RECORD.encode(), [worker, said])
        except (psycopg.OperationalError, PoolTimeout):
            pass

    def here(self) -> list[Failing]:
        """Those of this process."""
        now = time.monotonic()
        return [
            Failing(worker=worker, error=seen.error, seconds=seen.last - seen.since)
            for worker, seen in sorted(self._seen.items())
            if seen.last - seen.since >= FAILING_SECONDS and now - seen.last < _OVER_SECONDS
        ]


def failing(database: Database, seconds: float | None = None) -> list[Failing]:
    """Those of all processes of this service. Raises PoolTimeout where there is no connection for so long."""
    with database.connection(seconds) as conn, conn.cursor(row_factory=class_row(Failing)) as rows:
        return rows.execute(FAILING.encode()).fetchall()


def _said(error: BaseException) -> str:
    """Our own words where it is an error of ours: those hold no personal data."""
    return f"Corrupt: {error}" if isinstance(error, Corrupt) else where(error)
