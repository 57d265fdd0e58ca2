"""What is to be told at a moment, not by an event: looked for again and again."""

import threading
from collections.abc import Callable

from shared.database import Connection, Database, keep_stepping


class Watch:
    """Looks in a transaction of its own, and again at once while there is something, else after the pause (seconds)."""

    def __init__(self, name: str, database: Database, pause: float, look: Callable[[Connection], int]) -> None:
        """`look` writes what is due into the ledger, and returns how much that was."""
        self.name = name
        self._database = database
        self._pause = pause
        self._look = look

    def run(self, stop: threading.Event) -> None:
        keep_stepping(stop, self.step, self._pause, worker=self.name)

    def step(self) -> int:
        """Returns how much was due."""
        with self._database.transaction() as conn:
            return self._look(conn)
