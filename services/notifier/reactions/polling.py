"""What is to be told at a moment, not by an event: looked for again and again."""

import threading
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from shared.database import Connection, Database, keep_stepping
from shared.events import Meta
from shared.set_aside import SetAside, SetAsideRow, isolate, passing


class Look(Protocol):
    """Finds what is due, set by set."""

    name: str
    """Of the worker."""
    kind: str
    """What each thing is that may be due, as `rollbook letters` shows it."""

    def due(self, conn: Connection) -> list[UUID]:
        """What may be due now, found without looking into any of it."""
        ...

    def tell(self, conn: Connection, only: Sequence[UUID] | None) -> int:
        """Write what is due into the ledger, of these alone where they are named. Returns how much that was."""
        ...


class PollingWorker:
    """Looks in a transaction of its own, and again at once while there is something, else after the pause (seconds).

    What crashes alone is set aside, and the rest is told (OPS-8).
    """

    def __init__(self, database: Database, pause: float, look: Look) -> None:
        self.name = look.name
        self._database = database
        self._pause = pause
        self._look = look
        self._aside = SetAside(database, look.name)

    def run(self, stop: threading.Event) -> None:
        keep_stepping(stop, self.step, self._pause, worker=self.name)

    def step(self) -> int:
        """Returns how much was due."""
        try:
            return self._tell(None)
        except Exception as error:
            if passing(error):
                raise
        with self._database.connection() as conn:
            due = self._look.due(conn)
        isolate(due, self._tell, lambda one, error: self._aside.put(one, self._look.kind, error))
        return 0

    def _tell(self, only: Sequence[UUID] | None) -> int:
        with self._database.transaction() as conn:
            return self._look.tell(conn, only)

    def retry(self, row: SetAsideRow, meta: Meta) -> None:  # noqa: ARG002
        """Tell it now. Raises what it crashes with."""
        with self._database.transaction() as conn:
            self._aside.settle(conn, [row.subject])
            self._look.tell(conn, [row.subject])

    def drop(self, conn: Connection, row: SetAsideRow) -> None:
        """It is looked at again with the others."""
