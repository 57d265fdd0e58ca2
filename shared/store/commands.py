"""Commands are remembered for a set time, then forgotten; what they did stays for ever."""

import threading
from collections.abc import Mapping

from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from shared import telemetry
from shared.database import Database

log = telemetry.logger(__name__)

_HOUR = 3_600.0
_COMMANDS = "DELETE FROM command WHERE recorded_at < now() - make_interval(days => %(days)s)"


class RetentionWorker:
    """A worker that clears away, once an hour, what is only kept for a time. `more`: further statements by what they clear."""

    def __init__(self, service: str, database: Database, days: int, more: Mapping[str, str] | None = None) -> None:
        self.name = f"{service} forgetting"
        self._database = database
        self._days = days
        self._statements = {"commands": _COMMANDS, **(more or {})}

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self.step()
            except (OperationalError, PoolTimeout):
                log.warning("clearing away was interrupted; trying again in an hour", worker=self.name)
            stop.wait(_HOUR)

    def step(self) -> dict[str, int]:
        """Clear away what is too old. Returns how many rows went, by what they were."""
        with self._database.transaction() as conn:
            return {
                what: conn.execute(statement.encode(), {"days": self._days}).rowcount
                for what, statement in self._statements.items()
            }
