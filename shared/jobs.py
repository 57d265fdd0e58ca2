"""Long work in steps (ADM-5): each step commits its effects together with the job's cursor, so a crash resumes."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from pydantic import JsonValue

from shared import telemetry
from shared.database import Connection, Database, keep_stepping
from shared.errors import NotFound
from shared.events import Meta
from shared.set_aside import SetAside, SetAsideRow, passing

log = telemetry.logger(__name__)

_COLUMNS = "id, kind, args, cursor, revision, done, total, state, error, result, meta, created_at, finished_at"
_LOCK_SPACE = 7_401
"""Advisory locks: one worker at a time per job."""


@dataclass(frozen=True)
class Job:
    """A job as it stands. `args`, `cursor` and `result` hold references, never data about people."""

    id: UUID
    kind: str
    args: dict[str, JsonValue]
    cursor: dict[str, JsonValue]
    revision: int
    done: int
    total: int | None
    state: str
    error: str | None
    result: JsonValue
    meta: str
    created_at: datetime
    finished_at: datetime | None

    @property
    def caused_by(self) -> Meta:
        return Meta.model_validate_json(self.meta)


class JobKind(Protocol):
    """How one kind of job is worked on."""

    kind: str

    def step(self, job: Job) -> None:
        """One bounded piece of work, which commits `advance` or `finish` with its effects. Called until finished."""
        ...


def enqueue(
    conn: Connection, id: UUID, kind: str, args: Mapping[str, JsonValue], meta: Meta, total: int | None = None
) -> None:
    """In the transaction of the command that wants the work."""
    conn.execute(
        "INSERT INTO job (id, kind, args, meta, total) VALUES (%s, %s, %s, %s, %s)",
        [id, kind, Jsonb(dict(args)), meta.encode(), total],
    )


def advance(conn: Connection, job: Job, *, cursor: Mapping[str, JsonValue], done: int, total: int | None = None) -> Job:
    """Compare and set: a step that another worker has made already changes nothing and rolls back. Returns the job after it."""
    _set(
        conn,
        job,
        "UPDATE job SET state = 'running', cursor = %s, done = %s, total = coalesce(%s, total), revision = revision + 1, "
        "worked_at = clock_timestamp() "
        "WHERE id = %s AND revision = %s AND state IN ('waiting', 'running')",
        [Jsonb(dict(cursor)), done, total],
    )
    total = job.total if total is None else total
    return replace(job, cursor=dict(cursor), done=done, total=total, revision=job.revision + 1, state="running")


def finish(conn: Connection, job: Job, *, result: JsonValue = None, done: int | None = None) -> None:
    _set(
        conn,
        job,
        "UPDATE job SET state = 'finished', result = %s, done = coalesce(%s, done), total = coalesce(%s, total, done), "
        "revision = revision + 1, finished_at = now() WHERE id = %s AND revision = %s AND state IN ('waiting', 'running')",
        [Jsonb(result), done, done],
    )


def fail(conn: Connection, job: Job, error: str) -> None:
    """The job cannot be done; `error` says why and holds no personal data."""
    _set(
        conn,
        job,
        "UPDATE job SET state = 'failed', error = %s, revision = revision + 1, finished_at = now() "
        "WHERE id = %s AND revision = %s",
        [error],
    )


def _set(conn: Connection, job: Job, statement: str, values: Sequence[object]) -> None:
    if conn.execute(statement.encode(), [*values, job.id, job.revision]).rowcount != 1:
        raise psycopg.OperationalError(f"job {job.id}: another worker was there first")


def find(conn: Connection, id: UUID) -> Job:
    """Raises NotFound."""
    with conn.cursor(row_factory=class_row(Job)) as cursor:
        job = cursor.execute(f"SELECT {_COLUMNS} FROM job WHERE id = %s".encode(), [id]).fetchone()
    if job is None:
        raise NotFound("There is no such job, or its record has been deleted.", field="job")
    return job


class Worker:
    """Works on the open jobs of the given kinds, one at a time, beside workers in other processes.

    Oldest first, to its end: a job may build on the one before it, as imports do. With `turns` they take turns, a step
    each, and none waits for a long one.
    """

    def __init__(
        self, name: str, database: Database, kinds: Sequence[JobKind], pause: float, *, turns: bool = False
    ) -> None:
        self.name = name
        self._database = database
        self._kinds = {kind.kind: kind for kind in kinds}
        self._pause = pause
        self._turns = turns
        self._aside = SetAside(database, name)

    def run(self, stop: threading.Event) -> None:
        keep_stepping(stop, self.step, self._pause, worker=self.name)

    def step(self) -> bool:
        """One step of the next job that no other worker holds. False when there is none."""
        with self._database.connection() as conn:
            ids = conn.execute(
                "SELECT id FROM job WHERE state IN ('waiting', 'running') AND kind = ANY(%s) "
                "ORDER BY CASE WHEN %s THEN coalesce(worked_at, created_at) ELSE created_at END, id LIMIT 20",
                [list(self._kinds), self._turns],
            ).fetchall()
            for (id,) in ids:
                lock = [_LOCK_SPACE, UUID(str(id)).int & 0x7FFFFFFF]
                held = conn.execute("SELECT pg_try_advisory_lock(%s, %s)", lock).fetchone()
                if held and held[0]:
                    try:
                        return self._step(find(conn, UUID(str(id))))
                    finally:
                        conn.execute("SELECT pg_advisory_unlock(%s, %s)", lock)
        return False

    def _step(self, job: Job) -> bool:
        if job.state not in ("waiting", "running"):
            return True
        try:
            self._kinds[job.kind].step(job)
        except Exception as error:
            if passing(error):
                raise
            log.exception("a job failed", job=str(job.id), kind=job.kind)
            with self._database.transaction() as conn:
                fail(conn, job, f"{type(error).__name__} in {job.kind}; see the log at that time for details")
                self._aside.add(conn, job.id, job.kind, error)
        return True

    def retry(self, row: SetAsideRow, meta: Meta) -> None:  # noqa: ARG002
        """It goes on where it crashed, in its turn; what crashes again is set aside again."""
        with self._database.transaction() as conn:
            conn.execute(
                "UPDATE job SET state = 'waiting', error = NULL, finished_at = NULL, revision = revision + 1 "
                "WHERE id = %s AND state = 'failed'",
                [row.subject],
            )

    def drop(self, conn: Connection, row: SetAsideRow) -> None:
        """It stays failed."""
