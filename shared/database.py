"""One service's PostgreSQL database: a pool of connections, and its migrations."""

import importlib.resources
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources.abc import Traversable
from typing import TypeVar, cast
from uuid import UUID

import psycopg
from psycopg import conninfo, sql
from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.rows import kwargs_row
from psycopg_pool import ConnectionPool, PoolTimeout

from shared import telemetry
from shared.refolding import refold

log = telemetry.logger(__name__)

T = TypeVar("T")
U = TypeVar("U")
Connection = psycopg.Connection[tuple[object, ...]]
Params = Sequence[object] | Mapping[str, object]

_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_STATS = {"open": "pool_size", "free": "pool_available", "waiting": "requests_waiting"}
_MIGRATION_LOCK = 7_400_101
INTERRUPTED_SECONDS = 30.0
"""A worker whose every step is interrupted for so long raises it: whoever runs the worker starts it again, and tells."""


class Database:
    """A pool for one database. Connections are in autocommit mode; `transaction` opens one explicitly."""

    def __init__(self, conninfo: str, *, application: str = "rollbook", max_size: int = 10) -> None:
        self.conninfo = conninfo
        self._pool = ConnectionPool(
            conninfo,
            min_size=1,
            max_size=max_size,
            kwargs={"autocommit": True, "application_name": application},
            check=ConnectionPool.check_connection,
            open=True,
            name=application,
        )

    @contextmanager
    def connection(self, seconds: float | None = None) -> Iterator[Connection]:
        """A connection in autocommit mode. Raises PoolTimeout where none is free within `seconds`, the pool's own 30 by default."""
        with self._pool.connection(seconds) as conn:
            yield conn

    @contextmanager
    def transaction(self, *, snapshot: bool = False, async_commit: bool = False) -> Iterator[Connection]:
        """One transaction, READ COMMITTED; with `snapshot` a read-only one that sees a single moment.

        `async_commit`: it does not wait for the disk. Where the database itself crashes, the last moments of such transactions may
        be gone, each as a whole: for what is then done again, and for nothing else.
        """
        with self._pool.connection() as conn, conn.transaction():
            if snapshot:
                conn.execute(_SNAPSHOT)
            if async_commit:
                conn.execute("SET LOCAL synchronous_commit = off")
            yield conn

    def close(self) -> None:
        self._pool.close()

    @property
    def busy(self) -> Mapping[str, int]:
        """Of the pool: connections that are open, those of them that are free, and who waits for one."""
        stats = self._pool.get_stats()
        return {name: stats.get(key, 0) for name, key in _STATS.items()}


@contextmanager
def snapshot(conn: Connection) -> Iterator[None]:
    """A transaction that reads one moment."""
    with conn.transaction():
        conn.execute(_SNAPSHOT)
        yield


def ensure_database(info: str) -> None:
    """Make the database that a conninfo names, where it is not there: from the server's database `postgres`."""
    name = str(conninfo.conninfo_to_dict(info).get("dbname"))
    with psycopg.connect(conninfo.make_conninfo(info, dbname="postgres"), autocommit=True) as conn:
        if conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))


class UuidArray:
    """Many ids as one value of a query, `uuid[]`: encoded here in one go, since psycopg does it one by one."""

    def __init__(self, ids: Sequence[UUID]) -> None:
        head = struct.pack("!iiiii", 1, 0, 2950, len(ids), 1) if ids else struct.pack("!iii", 0, 0, 2950)
        self.encoded = head + b"".join([b"\0\0\0\x10" + id.bytes for id in ids])


class _UuidsDumper(Dumper):
    format = Format.BINARY

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self.oid = 2951  # of the instance: as the class's it would be taken for lists of UUID, too

    def dump(self, obj: UuidArray) -> bytes:
        return obj.encoded


psycopg.adapters.register_dumper(UuidArray, _UuidsDumper)


def fetch(
    conn: Connection, cls: Callable[..., T], query: str, values: Params | None = None, *, binary: bool = False
) -> list[T]:
    """The rows of a query, each made by `cls` from its columns, which go by its names."""
    with conn.cursor(binary=binary, row_factory=kwargs_row(cls)) as cursor:
        return cursor.execute(query.encode(), values).fetchall()


def fetch_one(
    conn: Connection, cls: Callable[..., T], query: str, values: Params | None = None, *, binary: bool = False
) -> T | None:
    """The one row of a query, likewise; None where there is none."""
    with conn.cursor(binary=binary, row_factory=kwargs_row(cls)) as cursor:
        return cursor.execute(query.encode(), values).fetchone()


def scalar(conn: Connection, query: str, cls: type[T], values: Params | None = None) -> T:
    """The one value of a query's one row. Raises TypeError where it is none of `cls`, null included."""
    row = conn.execute(query.encode(), values).fetchone()
    if row is None or not isinstance(row[0], cls):
        raise TypeError(f"a value of {cls.__name__} was expected of: {query}")
    return row[0]


def column(conn: Connection, query: str, cls: type[T], values: Params | None = None) -> list[T]:
    """The one column of a query. Raises TypeError where one is none of `cls`, null included."""
    found = [value for (value,) in conn.execute(query.encode(), values)]
    if not all(isinstance(value, cls) for value in found):
        raise TypeError(f"values of {cls.__name__} were expected of: {query}")
    return cast("list[T]", found)


def pairs(
    conn: Connection, query: str, first: type[T], second: type[U], values: Params | None = None
) -> list[tuple[T, U]]:
    """The two columns of a query. Raises TypeError where a value is none of its class, null included."""
    found = conn.execute(query.encode(), values).fetchall()
    if not all(isinstance(one, first) and isinstance(other, second) for one, other in found):
        raise TypeError(f"pairs of {first.__name__} and {second.__name__} were expected of: {query}")
    return cast("list[tuple[T, U]]", found)


def uuid_of(value: object) -> UUID:
    """A value of a uuid column, or of an event that may have been given as text."""
    return value if isinstance(value, UUID) else UUID(str(value))


def int_of(value: object) -> int:
    """A number of a JSON object. Raises TypeError for what is none."""
    if not isinstance(value, int):
        raise TypeError(f"a number was expected, not {type(value).__name__}")
    return value


def migrate(conninfo: str, *packages: str) -> list[str]:
    """Bring the database to the newest schema: the kernel's migrations, then each package's. Returns what was applied.

    Safe to run by several processes at once; each file is applied once, all of them in one transaction, and what it added
    to be folded is folded in it.
    """
    applied = []
    with psycopg.connect(conninfo) as conn:
        conn.execute("SELECT pg_advisory_xact_lock(%s)", [_MIGRATION_LOCK])
        conn.execute(
            "CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, applied_at timestamptz DEFAULT now())"
        )
        known = {name for (name,) in conn.execute("SELECT name FROM migration")}
        for name, statements in _files(("shared", *packages)):
            if name not in known:
                conn.execute(statements)
                conn.execute("INSERT INTO migration (name) VALUES (%s)", [name])
                applied.append(name)
        refold(conn)
    return applied


def pending(conninfo: str, *packages: str) -> list[str]:
    """The migrations that are not applied yet, in order."""
    with psycopg.connect(conninfo) as conn:
        found = conn.execute("SELECT to_regclass('migration') IS NOT NULL").fetchone()
        known = {name for (name,) in conn.execute("SELECT name FROM migration")} if found and found[0] else set()
    return [name for name, _ in _files(("shared", *packages)) if name not in known]


def _files(packages: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for package in packages:
        folder: Traversable = importlib.resources.files(package) / "migrations"
        for file in sorted(folder.iterdir(), key=lambda f: f.name):
            if file.name.endswith(".sql"):
                yield f"{package}/{file.name}", file.read_bytes()


def keep_stepping(
    stop: threading.Event,
    step: Callable[[], object],
    pause: float,
    *,
    worker: str,
    also: tuple[type[Exception], ...] = (),
) -> None:
    """A worker's life: steps until `stop` is set, the next at once while one did something, else after the pause (seconds).

    A database that is down, and `also`, interrupt a step; the next one, after the pause, does it again. What interrupts every
    step for half a minute is raised, so that it is seen.
    """
    interruptions: tuple[type[Exception], ...] = (psycopg.OperationalError, PoolTimeout, *also)
    since: float | None = None
    while not stop.is_set():
        try:
            if not step():
                stop.wait(pause)
            since = None
        except interruptions as error:
            since = since or time.monotonic()
            if time.monotonic() - since > INTERRUPTED_SECONDS:
                raise
            log.warning("a step was interrupted; trying again", worker=worker, error=type(error).__name__)
            stop.wait(pause)
