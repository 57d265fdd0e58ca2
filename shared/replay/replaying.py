"""Replay (AUD-2): rebuild read models from their sources beside the live ones, compare, and on request swap.

The rebuilt tables are made by the service's own migrations in a schema of their own, and written by the service's own
handlers through a `search_path` that holds nothing else: the live tables cannot leak into the result.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Protocol
from uuid import UUID

import psycopg
from psycopg import conninfo, sql
from pydantic import BaseModel

from shared.consumer import Consumer, Handler, checkpoints
from shared.database import Connection, Database, fetch, migrate, scalar
from shared.errors import Conflict
from shared.feeds import PROFILES, Checkpoint, Checkpoints, Feeds
from shared.replay.until import Until
from shared.settings import Settings

SCHEMA = "rebuild"
_REPLAY_LOCK = 7_400_104
_SWAP_PATIENCE = "10s"
_BATCH = 5_000
_LOOK_SECONDS = 0.1

Progress = Callable[[int], None]


class Projection(Handler, Protocol):
    """A handler that says which tables it writes. A table has exactly one source."""

    tables: tuple[str, ...]


class TableDifference(BaseModel):
    """`differences` counts the rows that are in only one of the two, so a row that was changed counts twice."""

    table: str
    live: int
    rebuilt: int
    differences: int


class Comparison(BaseModel):
    """The result of a replay: 0 differences mean that the live read models follow from the events, and from nothing else."""

    differences: int
    tables: list[TableDifference]
    positions: list[str]
    """The moment of the comparison, as `enrollment:1234`."""
    parked: int
    """Entries that the live consumers have parked. Until they are retried they explain no difference, but may cause some."""
    swapped: bool = False
    rebuild_seconds: float = 0.0
    """From the first entry to the last that the live read models had at the beginning."""


class Replay:
    """The replay of all projections of one service. `feeds` opens each projection's source."""

    def __init__(
        self,
        database: Database,
        projections: Sequence[Projection],
        feeds: Feeds,
        settings: Settings,
        *packages: str,
    ) -> None:
        self._live = database
        self._projections = projections
        self._feeds = feeds
        self._settings = settings
        self._packages = packages
        self._tables = [table for projection in projections for table in projection.tables]

    def run(self, *, swap: bool = False, progress: Progress = lambda _: None) -> Comparison:
        """Rebuild up to where the live read models are, compare at one common moment, and swap if asked.

        The live consumers go on; they are held for moments only. `progress` hears how many entries were taken so far.
        Raises Conflict while another replay of this service runs, or when a swap finds the tables in use.
        """
        with self._alone() as conn, ExitStack() as held:
            rebuild = held.enter_context(_beside(self._live, conn, self._packages, self._tables))
            settings = self._settings.model_copy(update={"consumer_batch": _BATCH})
            consumers = _Consumers(rebuild, self._projections, self._feeds, settings)
            held.callback(consumers.close)
            began = time.monotonic()
            consumers.catch_up(_reached(conn, self._projections), progress)
            rebuilt = time.monotonic()
            comparison = self._compare(consumers)
            comparison.rebuild_seconds = rebuilt - began
            if swap:
                _log(conn, self._tables, "LOGGED")
                self._swap(consumers)
                comparison.swapped = True
            return comparison

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        with psycopg.connect(self._live.conninfo, autocommit=True, application_name="replay") as conn:
            held = conn.execute("SELECT pg_try_advisory_lock(%s)", [_REPLAY_LOCK]).fetchone()
            if not held or not held[0]:
                raise Conflict("Another replay is running. Wait for it to finish.", kind="replay-running")
            try:
                yield conn
            finally:
                conn.execute("SELECT pg_advisory_unlock(%s)", [_REPLAY_LOCK])

    def _compare(self, consumers: "_Consumers") -> Comparison:
        """Hold the live consumers until the rebuilt ones stand at the same positions; then compare in a snapshot of both."""
        with ExitStack() as held:
            with self._live.transaction() as conn:
                _hold(conn)
                target = _reached(conn, self._projections)
                consumers.catch_up(target)
                snapshot = held.enter_context(self._live.transaction(snapshot=True))
                query = "SELECT count(*) FROM parked_event WHERE consumer = ANY(%s)"
                parked = scalar(snapshot, query, int, [_names(self._projections)])
                pending = consumers.pending_profiles(target)
            tables = [
                _difference(snapshot, table, pending if projection.source == PROFILES else [])
                for projection in self._projections
                for table in projection.tables
            ]
        return Comparison(
            differences=sum(table.differences for table in tables),
            tables=tables,
            positions=[f"{source}:{min(at.position for at in places.values())}" for source, places in target.items()],
            parked=parked,
        )

    def _swap(self, consumers: "_Consumers") -> None:
        """In one transaction, at the position of the live read models: rebuilt tables, positions and parked entries."""
        names = _names(self._projections)
        try:
            with self._live.transaction() as conn:
                conn.execute("SELECT set_config('lock_timeout', %s, true)", [_SWAP_PATIENCE])
                _hold(conn)
                consumers.catch_up(_reached(conn, self._projections))
                for table in self._tables:
                    _put_in_place(conn, table)
                for table in ("high_water", "parked_event"):
                    name = sql.Identifier(table)
                    conn.execute(sql.SQL("DELETE FROM {} WHERE consumer = ANY(%s)").format(name), [names])
                    source = sql.Identifier(SCHEMA, table)
                    conn.execute(sql.SQL("INSERT INTO {} SELECT * FROM {}").format(name, source))
        except psycopg.errors.LockNotAvailable:
            raise Conflict(
                "The read models are in use by a long query; nothing was swapped. Try again later."
            ) from None


@contextmanager
def _beside(live: Database, conn: Connection, packages: Sequence[str], tables: Sequence[str]) -> Iterator[Database]:
    """The same database seen through a schema of its own, made new and gone at the end.

    A crash takes it with it: until a swap nothing is written for that case, nor waited for.
    """
    drop = sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(SCHEMA))
    conn.execute(drop)
    conn.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
    known = conninfo.conninfo_to_dict(live.conninfo).get("options") or ""
    options = f"{known} -c search_path={SCHEMA} -c synchronous_commit=off".strip()
    inside = conninfo.make_conninfo(live.conninfo, options=options)
    try:
        migrate(inside, *packages)
        _log(conn, tables, "UNLOGGED")
        database = Database(inside, application="replay", max_size=2)
        try:
            yield database
        finally:
            database.close()
    finally:
        conn.execute(drop)


def _log(conn: Connection, tables: Sequence[str], how: str) -> None:
    for table in tables:
        conn.execute(sql.SQL("ALTER TABLE {} SET {}").format(sql.Identifier(SCHEMA, table), sql.SQL(how)))


class _Consumers:
    """The service's own consumers, writing into the rebuilt tables, each as far as it is told."""

    def __init__(
        self,
        database: Database,
        projections: Sequence[Projection],
        feeds: Feeds,
        settings: Settings,
    ) -> None:
        self._feeds = {projection.source: Until(feeds.open(projection.source)) for projection in projections}
        self._consumers = [Consumer(database, self._feeds[p.source], p, settings) for p in projections]
        self._taken = 0

    def catch_up(self, target: Mapping[str, Checkpoints], progress: Progress = lambda _: None) -> None:
        for feed, consumer in zip(self._feeds.values(), self._consumers, strict=True):
            feed.aim(target.get(feed.source, {}))
            while not feed.ended(consumer.reached()):
                if taken := consumer.step():
                    self._taken += taken
                    progress(self._taken)
                else:
                    feed.wait(_LOOK_SECONDS)

    def pending_profiles(self, target: Mapping[str, Checkpoints]) -> list[UUID]:
        """People whose profile was replaced after the common moment: the source has no longer what was so then."""
        feed = self._feeds.get(PROFILES)
        after = dict(target.get(PROFILES, {}))
        people: list[UUID] = []
        while feed and after and feed.unbounded.lag(after):
            for record in feed.unbounded.read(after, 10_000):
                if record.position > after[record.partition].position:
                    people.append(record.key)
                    after[record.partition] = Checkpoint(record.epoch, record.position, record.offset)
        return people

    def close(self) -> None:
        for feed in self._feeds.values():
            feed.close()


def _names(projections: Sequence[Projection]) -> list[str]:
    return sorted({projection.name for projection in projections})


def _hold(conn: Connection) -> None:
    """Until the end of this transaction no consumer of the service gets on; what they have written is committed."""
    conn.execute("LOCK TABLE high_water IN SHARE ROW EXCLUSIVE MODE")


def _reached(conn: Connection, projections: Sequence[Projection]) -> dict[str, dict[int, Checkpoint]]:
    found: dict[str, dict[int, Checkpoint]] = {}
    for projection in projections:
        if places := checkpoints(conn, projection):
            found[projection.source] = places
    return found


def _difference(conn: Connection, table: str, leave_out: Sequence[UUID]) -> TableDifference:
    where = sql.SQL("WHERE person_id <> ALL(%(leave_out)s)" if leave_out else "")
    counted = sql.SQL(
        "WITH live AS (SELECT * FROM {live} {where}), rebuilt AS (SELECT * FROM {rebuilt} {where}) "
        'SELECT %(table)s AS "table", (SELECT count(*) FROM live) AS live, (SELECT count(*) FROM rebuilt) AS rebuilt, '
        "(SELECT count(*) FROM ((TABLE live EXCEPT ALL TABLE rebuilt) UNION ALL "
        "(TABLE rebuilt EXCEPT ALL TABLE live)) AS only_one) AS differences"
    ).format(live=sql.Identifier(table), rebuilt=sql.Identifier(SCHEMA, table), where=where)
    values = {"table": table, "leave_out": list(leave_out)}
    (found,) = fetch(conn, TableDifference, counted.as_string(conn), values)
    return found


def _put_in_place(conn: Connection, table: str) -> None:
    live = conn.execute("SELECT current_schema()").fetchone()
    if live is None:
        raise Conflict("The live schema is not known.")
    conn.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(table)))
    rebuilt = sql.Identifier(SCHEMA, table)
    conn.execute(sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(rebuilt, sql.Identifier(str(live[0]))))
    conn.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
