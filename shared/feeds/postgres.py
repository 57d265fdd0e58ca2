"""The embedded feed: reads the other service's published view, as a role that may read nothing else."""

import threading

import psycopg

from shared.database import Connection
from shared.events import Position
from shared.feeds import PROFILES, Record
from shared.store.recorder import CHANNEL

_LOG = (
    "SELECT position, position - 1, epoch, stream, type, version, recorded_at, meta, body FROM published_log "
    "WHERE position > %s ORDER BY position LIMIT %s"
)
_PROFILES = (
    "SELECT position, 0, epoch, person_id, 'directory.ProfileChanged.v1', revision, now(), '', body "
    "FROM published_profiles WHERE position > %s ORDER BY position LIMIT %s"
)


class PostgresFeed:
    """One source, over one connection that is opened again whenever it breaks. For use by one thread at a time."""

    def __init__(self, source: str, conninfo: str) -> None:
        self.source = source
        self._conninfo = conninfo
        self._query = _PROFILES if source == PROFILES else _LOG
        self._conn: Connection | None = None
        self._lock = threading.Lock()

    def read(self, after: Position | None, limit: int) -> list[Record]:
        with self._lock:
            rows = self._connection().execute(self._query, [after.number if after else 0, limit], binary=True)
            return [Record(*row) for row in rows]  # type: ignore[arg-type]

    def wait(self, seconds: float) -> None:
        with self._lock:
            for _ in self._connection().notifies(timeout=seconds, stop_after=1):
                return

    def close(self) -> None:
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def _connection(self) -> Connection:
        if self._conn is None or self._conn.closed:
            self._conn = psycopg.connect(self._conninfo, autocommit=True, application_name=f"feed {self.source}")
            self._conn.execute(f"LISTEN {CHANNEL}")
        return self._conn
