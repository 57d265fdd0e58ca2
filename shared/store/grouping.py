"""Commands of one process that wait for the append lock are written together: one lock, one commit for all of them (DESIGN 3)."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from psycopg import OperationalError

from shared.database import Connection
from shared.store.append import Prepared
from shared.store.decisions import Appended, Command

MOST = 64
"""Commands in one transaction."""


@dataclass
class Request:
    """What one caller wants written, and what came of it."""

    prepared: Sequence[Prepared]
    command: Command | None = None
    also: Callable[[Connection], None] | None = None
    outcome: Appended | BaseException | None = None

    @property
    def relies(self) -> bool:
        """It relies on rows that another request of the same transaction might change."""
        return any(one.decision and one.decision.preconditions for one in self.prepared)

    def result(self) -> Appended:
        """Raises what happened to it."""
        if isinstance(self.outcome, Appended):
            return self.outcome
        raise self.outcome or RuntimeError("the request was not written")


class Group:
    """Whoever is first writes for all who came meanwhile; the others find their outcome. `write` sets every outcome or raises.

    When it raises, nothing of the group was written, and each is tried alone: what one is to blame for, only that one hears.
    When the database was lost, nobody knows whether it was written: all of them hear that, and none is tried again.
    """

    def __init__(self, write: Callable[[Sequence[Request]], None]) -> None:
        self._write = write
        self._waiting: deque[Request] = deque()
        self._writing = threading.Lock()

    def do(self, request: Request) -> Appended:
        self._waiting.append(request)
        with self._writing:
            while request.outcome is None:
                self._write_together(self._next())
        return request.result()

    def _next(self) -> list[Request]:
        """In the order in which they came; one that relies on rows is the first of its group, or alone."""
        chosen = [self._waiting.popleft()]
        while self._waiting and len(chosen) < MOST and not self._waiting[0].relies:
            chosen.append(self._waiting.popleft())
        return chosen

    def _write_together(self, requests: Sequence[Request]) -> None:
        try:
            self._write(requests)
        except Exception as error:
            if len(requests) > 1 and not isinstance(error, OperationalError):
                for one in requests:
                    self._write_together([one])
                return
            for one in requests:
                one.outcome = error
        except BaseException as error:
            for one in requests:
                one.outcome = error
            raise
