"""The embedded feed: reads the other service's published view, as a role that may read nothing else."""

import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import args_row

from shared.database import Connection, Database, scalar
from shared.feeds import PROFILES, Checkpoints, Feed, Record, SourceDown
from shared.running import Runnable
from shared.store.recorder import CHANNEL

_LOG = (
    "SELECT position, position - 1, epoch::text, stream, type, version, recorded_at, meta, body FROM published_log "
    "WHERE position > %s ORDER BY position LIMIT %s"
)
_PROFILES = (
    "SELECT position, 0, epoch::text, person_id, 'directory.ProfileChanged.v1', revision, now(), '', body "
    "FROM published_profiles WHERE position > %s ORDER BY position LIMIT %s"
)
_BEHIND = "SELECT count(*) FROM published_log WHERE position > %s"
_PROFILES_BEHIND = "SELECT count(*) FROM published_profiles WHERE position > %s"


_uuid = lru_cache(maxsize=100)(UUID)
"""There are few epochs."""


def _record(position: int, previous: int, epoch: str, *rest: Any) -> Record:
    return Record(position, previous, _uuid(epoch), *rest)


class PostgresFeed:
    """One source, over one connection that is opened again whenever it breaks. For use by one thread at a time."""

    def __init__(self, source: str, conninfo: str) -> None:
        self.source = source
        self._conninfo = conninfo
        self._query, self._behind = (_PROFILES, _PROFILES_BEHIND) if source == PROFILES else (_LOG, _BEHIND)
        self._conn: Connection | None = None
        self._lock = threading.Lock()

    def partitions(self) -> int:
        return 1

    def read(self, after: Checkpoints, limit: int) -> list[Record]:
        with self._lock:
            try:
                with self._connection().cursor(binary=True, row_factory=args_row(_record)) as cursor:
                    return cursor.execute(self._query, [_position(after), limit]).fetchall()
            except psycopg.OperationalError as error:
                raise SourceDown(f"{self.source}: {type(error).__name__}") from error

    def lag(self, after: Checkpoints) -> int:
        with self._lock:
            try:
                return scalar(self._connection(), self._behind, int, [_position(after)])
            except psycopg.OperationalError as error:
                raise SourceDown(f"{self.source}: {type(error).__name__}") from error

    def wait(self, seconds: float) -> None:
        with self._lock:
            try:
                for _ in self._connection().notifies(timeout=seconds, stop_after=1):
                    return
            except psycopg.OperationalError as error:
                raise SourceDown(f"{self.source}: {type(error).__name__}") from error

    def close(self) -> None:
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def _connection(self) -> Connection:
        if self._conn is None or self._conn.closed:
            self._conn = psycopg.connect(self._conninfo, autocommit=True, application_name=f"feed {self.source}")
            self._conn.execute(f"LISTEN {CHANNEL}")
        return self._conn


def _position(after: Checkpoints) -> int:
    return after[0].position if 0 in after else 0


class PostgresFeeds:
    """Sources in the databases of their services. `conninfo`: by source, as a role that may read what is published."""

    def __init__(self, conninfo: Callable[[str], str]) -> None:
        self._conninfo = conninfo

    def open(self, source: str, group: str | None = None) -> Feed:
        """Consumers of one group do not share: the one that is first in the database takes a batch."""
        del group
        return PostgresFeed(source, self._conninfo(source))

    def publishers(self, database: Database, *sources: str) -> Sequence[Runnable]:
        """Nothing: the view is the publication."""
        del database, sources
        return ()
