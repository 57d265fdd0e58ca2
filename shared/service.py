"""What a service's main builds: its routes, and the workers that run beside them."""

import gc
import os
import sys
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

from fastapi import FastAPI

from shared import telemetry
from shared.running import Runnable, Stuck
from shared.set_aside import Retryable
from shared.settings import Settings
from shared.worker_errors import Failing, WorkerErrors

log = telemetry.logger(__name__)

_LONGEST_PAUSE = 30.0
_STUCK = 70
"""The exit code of a process that makes no progress: who runs it starts it again."""

Role = Literal["api", "worker", "consumer", "relay", "mailer"]
ROLES: tuple[Role, ...] = get_args(Role)
"""What a process can be: it answers requests, or it does one kind of work beside them."""


def tune(settings: Settings) -> None:
    """Once per process: threads that wait for the database get their turn soon, and batches of a thousand objects are
    not looked through again and again by the garbage collector."""
    sys.setswitchinterval(settings.thread_switch_interval)
    gc.set_threshold(settings.gc_threshold, 20, 50)


class Isolating(Runnable, Retryable, Protocol):
    """A worker that sets aside what crashes it alone, and goes on with the rest."""


@dataclass
class Service:
    """One service, built but not started. Its work is named by role, so that each can be a process of its own."""

    name: str
    app: FastAPI
    work: Mapping[Role, Sequence[Runnable]] = field(default_factory=dict)
    close: Callable[[], None] = lambda: None
    ready: Callable[[], None] = lambda: None
    """Raises when the service cannot serve."""
    errors: WorkerErrors | None = None
    """What its workers raise; a service without a database has none."""
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def roles(self) -> list[Role]:
        """Those that this service has, `api` first."""
        return ["api", *(role for role in ROLES if self.work.get(role))]

    @property
    def workers(self) -> list[Runnable]:
        return [worker for role in ROLES for worker in self.work.get(role, ())]

    def start(self, roles: Collection[Role] = ROLES) -> None:
        """Start the workers of these roles, a thread each."""
        for worker in (worker for role in ROLES if role in roles for worker in self.work.get(role, ())):
            thread = threading.Thread(
                target=_keep_running, args=(worker, self._stop, self.errors), name=worker.name, daemon=True
            )
            thread.start()
            self._threads.append(thread)

    def dead(self) -> list[str]:
        """Names of the workers that were started and run no more, although nobody stopped them."""
        return [] if self._stop.is_set() else [thread.name for thread in self._threads if not thread.is_alive()]

    def failing(self) -> list[Failing]:
        """The workers of this process that have raised the same error for a minute."""
        return self.errors.here() if self.errors else []

    def stop(self, seconds: float = 10.0) -> None:
        """End the workers between two steps, then close what the service holds."""
        self._stop.set()
        for thread in self._threads:
            thread.join(seconds)
        self.close()


def _keep_running(worker: Runnable, stop: threading.Event, errors: WorkerErrors | None) -> None:
    pause = 0.5
    while not stop.is_set():
        try:
            worker.run(stop)
        except Stuck:
            log.exception("no progress; this process ends, and whoever runs it starts another", worker=worker.name)
            os._exit(_STUCK)
        except Exception as error:
            if errors:
                errors.record(worker.name, error)
            telemetry.WORKER_FAILURES.labels(worker.name).inc()
            log.exception("a worker stopped; it starts again", worker=worker.name, seconds=pause)
            stop.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
