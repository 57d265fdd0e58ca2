"""What a service's main builds: its routes, and the workers that run beside them."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fastapi import FastAPI

from shared import telemetry

log = telemetry.logger(__name__)

_LONGEST_PAUSE = 30.0


class Runnable(Protocol):
    name: str

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; what it raises makes it start again after a pause."""
        ...


@dataclass
class Service:
    """One service, built but not started."""

    name: str
    app: FastAPI
    workers: Sequence[Runnable] = ()
    close: Callable[[], None] = lambda: None
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Start the workers, a thread each."""
        for worker in self.workers:
            thread = threading.Thread(target=_keep_running, args=(worker, self._stop), name=worker.name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, seconds: float = 10.0) -> None:
        """End the workers between two steps, then close what the service holds."""
        self._stop.set()
        for thread in self._threads:
            thread.join(seconds)
        self.close()


def _keep_running(worker: Runnable, stop: threading.Event) -> None:
    pause = 0.5
    while not stop.is_set():
        try:
            worker.run(stop)
        except Exception:
            telemetry.WORKER_FAILURES.labels(worker.name).inc()
            log.exception("a worker stopped; it starts again", worker=worker.name, seconds=pause)
            stop.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
