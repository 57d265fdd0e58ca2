"""One service's PostgreSQL database: a pool of connections, and its migrations."""

import importlib.resources
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources.abc import Traversable
from uuid import UUID

import psycopg
from psycopg import conninfo, sql
from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg_pool import ConnectionPool, PoolTimeout

from shared import telemetry
from shared.refolding import refold

log = telemetry.logger(__name__)

Connection = psycopg.Connection[tuple[object, ...]]

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
    def transaction(self, *, snapshot: bool = False, lazy: bool = False) -> Iterator[Connection]:
        """One transaction, READ COMMITTED; with `snapshot` a read-only one that sees a single moment.

        `lazy`: it does not wait for the disk. Where the database itself crashes, the last moments of such transactions may
        be gone, each as a whole: for what is then done again, and for nothing else.
        """
        with self._pool.connection() as conn, conn.transaction():
            if snapshot:
                conn.execute(_SNAPSHOT)
            if lazy:
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


class Uuids:
    """Many ids as one value of a query, `uuid[]`: encoded here in one go, since psycopg does it one by one."""

    def __init__(self, ids: Sequence[UUID]) -> None:
        head = struct.pack("!iiiii", 1, 0, 2950, len(ids), 1) if ids else struct.pack("!iii", 0, 0, 2950)
        self.encoded = head + b"".join([b"\0\0\0\x10" + id.bytes for id in ids])


class _UuidsDumper(Dumper):
    format = Format.BINARY

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self.oid = 2951  # of the instance: as the class's it would be taken for lists of UUID, too

    def dump(self, obj: Uuids) -> bytes:
        return obj.encoded


psycopg.adapters.register_dumper(Uuids, _UuidsDumper)


def uuid_of(value: object) -> UUID:
    """A value of a uuid column, or of an event that may have been given as text."""
    return value if isinstance(value, UUID) else UUID(str(value))


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
