"""Commands that wait for their time. Time is data: it is the database's clock unless a test sets it."""

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from shared.database import Connection, Database, fetch, fetch_one, keep_stepping
from shared.events import Meta
from shared.set_aside import SetAside, SetAsideRow, passing


class Timer(NamedTuple):
    id: UUID
    due: datetime
    kind: str
    subject: UUID
    meta: str

    @property
    def command_id(self) -> str:
        """The command that a timer runs carries this id: however often it is tried, it happens once."""
        return f"{self.id}@{self.due.isoformat()}"


class TimerHandler(Protocol):
    def __call__(self, timer: Timer) -> None:
        """Run the ordinary command with the timer's command id. Its own transaction removes the timer (`clear`)."""
        ...


def set_timer(conn: Connection, id: UUID, due: datetime, kind: str, subject: UUID, meta: Meta) -> None:
    """Set it, or move it: one id, one time."""
    conn.execute(
        "INSERT INTO timer (id, due, kind, subject, meta) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT (id) DO UPDATE SET due = excluded.due, meta = excluded.meta",
        [id, due, kind, subject, meta.encode()],
    )


def clear(conn: Connection, timer: Timer) -> None:
    """Only at the time it was read with: a timer that was moved meanwhile stays."""
    conn.execute("DELETE FROM timer WHERE id = %s AND due = %s", [timer.id, timer.due])


_DUE = """
SELECT id, due, kind, subject, meta FROM timer t WHERE due <= coalesce(%s, clock_timestamp()) AND kind = ANY(%s)
    AND NOT EXISTS (SELECT FROM set_aside a WHERE a.worker = %s AND a.subject = t.id AND (a.about ->> 'due')::timestamptz = t.due)
ORDER BY due, id LIMIT %s
"""
_ONE = "SELECT id, due, kind, subject, meta FROM timer WHERE id = %s"


class TimerWorker:
    """Rings the due timers of one service. One that crashes is set aside, and the others ring."""

    BATCH = 100

    def __init__(self, name: str, database: Database, rings: Mapping[str, TimerHandler], pause: float) -> None:
        self.name = name
        self._database = database
        self._rings = rings
        self._pause = pause
        self._aside = SetAside(database, name)

    def run(self, stop: threading.Event) -> None:
        keep_stepping(stop, self.step, self._pause, worker=self.name)

    def step(self, now: datetime | None = None) -> int:
        """Ring what is due at `now`, the database's clock where it is None. Returns how many rang."""
        with self._database.connection() as conn:
            due = fetch(conn, Timer, _DUE, [now, list(self._rings), self.name, self.BATCH])
        for timer in due:
            try:
                self._rings[timer.kind](timer)
            except Exception as error:
                if passing(error):
                    raise
                self._aside.put(timer.id, timer.kind, error, of=str(timer.subject), due=timer.due.isoformat())
        return len(due)

    def retry(self, row: SetAsideRow, meta: Meta) -> None:  # noqa: ARG002
        """Ring it now, if it is still there."""
        with self._database.connection() as conn:
            timer = fetch_one(conn, Timer, _ONE, [row.subject])
        if timer:
            self._rings[timer.kind](timer)

    def drop(self, conn: Connection, row: SetAsideRow) -> None:
        """It never rings; one that was set to another time meanwhile does."""
        conn.execute("DELETE FROM timer WHERE id = %s AND due = %s::timestamptz", [row.subject, row.about["due"]])
