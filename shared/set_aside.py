"""What crashes a worker is set aside alone, so that the rest goes on: work's own dead letters (OPS-8, DESIGN 4)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from traceback import walk_tb
from typing import Protocol, TypeVar
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout
from pydantic import JsonValue

from shared import telemetry
from shared.database import Connection, Database, column, fetch_one, scalar
from shared.events import Meta

log = telemetry.logger(__name__)

T = TypeVar("T")

_OURS = ("shared", "services")


def passing(error: BaseException) -> bool:
    """Whether it may be gone at the next try by itself: a database that is down, or an overtaken writer.

    A value beyond what the database can hold is an OperationalError, too, and does not pass.
    """
    if isinstance(error, psycopg.errors.ProgramLimitExceeded):
        return False
    return isinstance(error, psycopg.OperationalError | PoolTimeout)


def where(error: BaseException) -> str:
    """The kind of an error and the function of ours that raised it. Its text is left out: it may quote personal data."""
    place = ""
    for frame, _ in walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] in _OURS:
            place = f" in {module}.{frame.f_code.co_name}"
    return f"{type(error).__name__}{place}"


def isolate(
    items: Sequence[T], attempt: Callable[[Sequence[T]], object], alone: Callable[[T, Exception], object]
) -> None:
    """Attempt all at once; where that crashes, each half, until those that crash are alone.

    `attempt` has done nothing where it crashes, or may be repeated. What passes by itself is raised: all of it is done again later.
    """
    if not items:
        return
    try:
        attempt(items)
    except Exception as error:
        if passing(error):
            raise
        if len(items) == 1:
            alone(items[0], error)
            return
        middle = len(items) // 2
        isolate(items[:middle], attempt, alone)
        isolate(items[middle:], attempt, alone)


@dataclass(frozen=True)
class SetAsideRow:
    """One thing that crashes. `about` holds references that a retry needs."""

    worker: str
    subject: UUID
    kind: str
    about: dict[str, JsonValue]
    error: str
    tries: int


class Retryable(Protocol):
    """A worker whose work can be set aside."""

    name: str

    def retry(self, row: SetAsideRow, meta: Meta) -> None:
        """A person's word: try it again, at once where that is possible. Raises what it crashes with."""
        ...

    def drop(self, conn: Connection, row: SetAsideRow) -> None:
        """A person's word: give it up. In the transaction that forgets it."""
        ...


class SetAside:
    """What one worker has set aside."""

    def __init__(self, database: Database, worker: str) -> None:
        self.worker = worker
        self._database = database

    def add(self, conn: Connection, subject: UUID, kind: str, error: BaseException | str, **about: JsonValue) -> None:
        """It waits for a person from now on, and is seen (`rollbook letters`)."""
        said = error if isinstance(error, str) else where(error)
        log.error(
            "set aside; the rest goes on",
            worker=self.worker,
            kind=kind,
            subject=str(subject),
            exc_info=error if isinstance(error, BaseException) else None,
        )
        telemetry.SET_ASIDE.labels(self.worker).inc()
        conn.execute(
            "INSERT INTO set_aside (worker, subject, kind, about, error) VALUES (%s, %s, %s, %s, %s) "
            "ON CONFLICT (worker, subject) DO UPDATE SET kind = excluded.kind, about = excluded.about, "
            "error = excluded.error, tries = set_aside.tries + 1, last_at = clock_timestamp()",
            [self.worker, subject, kind, Jsonb(about), said],
        )

    def put(self, subject: UUID, kind: str, error: BaseException | str, **about: JsonValue) -> None:
        """The same, in a transaction of its own."""
        with self._database.transaction() as conn:
            self.add(conn, subject, kind, error, **about)

    def settle(self, conn: Connection, subjects: Collection[UUID]) -> None:
        """What was done after all waits no more."""
        conn.execute("DELETE FROM set_aside WHERE worker = %s AND subject = ANY(%s)", [self.worker, list(subjects)])

    def subjects(self, conn: Connection, kind: str | None = None) -> set[UUID]:
        """What waits for a person: all of it, or of one kind."""
        query = "SELECT subject FROM set_aside WHERE worker = %s AND (%s::text IS NULL OR kind = %s)"
        return set(column(conn, query, UUID, [self.worker, kind, kind]))

    def count(self, conn: Connection, about: Mapping[str, JsonValue]) -> int:
        """How many that concern the same."""
        query = "SELECT count(*) FROM set_aside WHERE worker = %s AND about @> %s"
        return scalar(conn, query, int, [self.worker, Jsonb(dict(about))])


def find(conn: Connection, worker: str, subject: UUID) -> SetAsideRow | None:
    """One thing, held until the transaction ends."""
    query = (
        "SELECT worker, subject, kind, about, error, tries FROM set_aside WHERE worker = %s AND subject = %s FOR UPDATE"
    )
    return fetch_one(conn, SetAsideRow, query, [worker, subject])


def decide(conn: Connection, row: SetAsideRow, action: str, by: Meta) -> None:
    """It waits no more, unless it has crashed once more meanwhile; who decided it stays on record."""
    conn.execute(
        "DELETE FROM set_aside WHERE worker = %s AND subject = %s AND tries = %s", [row.worker, row.subject, row.tries]
    )
    conn.execute(
        "INSERT INTO letter_decision (consumer, source, key, position, type, action, actor, correlation) "
        "VALUES (%s, %s, %s, 0, %s, %s, %s, %s)",
        [row.worker, row.worker, row.subject, row.kind, action, by.actor, by.correlation],
    )
