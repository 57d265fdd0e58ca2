"""The notifier with its sources, and the oracle: at most one accepted e-mail per cause, recipient and template."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

from fastapi.testclient import TestClient
from issuer import Issuer
from notifier.builders import Builders, own_sources
from notifier.fake_smtp import FakeSmtpServer

from services.notifier.domain import RetryPolicy
from services.notifier.mailer import Mailer, Queue
from services.notifier.mailer.key_mails import KeyMails
from services.notifier.mailer.letters import Letters
from services.notifier.mailer.mailer import MailServer
from services.notifier.main import build
from services.notifier.reactions import PollingWorker
from shared.consumer import Consumer
from shared.database import Database
from shared.feeds.postgres import PostgresFeeds
from shared.settings import Settings
from shared.store import Store

IMPATIENT = RetryPolicy(first=0.01, last=0.05, attempts=5)


class Harness(Builders):
    """The service itself, which nothing drives but `settle` and `send`; its sources are built by its base class."""

    def __init__(
        self,
        fresh: Callable[..., Database],
        feed_conninfo: Callable[[Database], str],
        sources: dict[str, Store] | None = None,
        **settings: Any,
    ) -> None:
        """`sources`: of services that are there; without any the harness builds them. Administrators are told of exceptions without
        delay, unless the settings say otherwise."""
        super().__init__(sources or own_sources(fresh))
        self.database = fresh("services.notifier")
        self.issuer = Issuer()
        self.settings = Settings(database_url=self.database.conninfo, **{"exception_notice_delay": 0, **settings})
        self.service = build(
            self.settings,
            feeds=PostgresFeeds(lambda source: feed_conninfo(self.sources[source.removesuffix(".profiles")].database)),
            verifier=self.issuer.verifier,
        )
        self.key_mails: KeyMails | None = None
        self.administrator = uuid4()
        self.http = self.client(("site-administrator", None))

    def client(self, *roles: tuple[str, UUID | None], person: UUID | None = None) -> TestClient:
        headers = self.issuer.headers(person or self.administrator, *roles)
        return TestClient(self.service.app, headers=headers)

    def close(self) -> None:
        for consumer in self.consumers:
            consumer._feed.close()
        self.service.close()

    @property
    def consumers(self) -> list[Consumer]:
        return [worker for worker in self.service.workers if isinstance(worker, Consumer)]

    def settle(self) -> None:
        """Until every consumer has taken everything, and everybody has been found who is to be told now."""
        watches = [worker for worker in self.service.workers if isinstance(worker, PollingWorker)]
        while sum(part.step() for part in (*self.consumers, *watches)):
            pass

    def rows(self, **wanted: Any) -> list[dict[str, Any]]:
        answer = self.http.get("/api/notifier/ledger", params={"limit": 500, **wanted})
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def states(self) -> dict[str, int]:
        counted = self.http.get("/api/notifier/counts").json()
        return {state: n for state, n in counted.items() if n}

    def mailer(self, server: FakeSmtpServer, queue: Queue | None = None, kind: type[Mailer] = Mailer) -> Mailer:
        return kind(
            queue or Queue(self.database),
            Letters("Rollbook <rollbook@example.org>", "http://127.0.0.1:8000"),
            MailServer("127.0.0.1", server.port, connections=4, answer_seconds=20, down_pause=0.2, idle_pause=0.02),
            IMPATIENT,
            self.key_mails,
        )

    def send(self, server: FakeSmtpServer, queue: Queue | None = None, until: Callable[[], bool] | None = None) -> None:
        """Run a mailer until nothing waits for it or, with `until`, until that holds."""
        self.settle()
        with running(self.mailer(server, queue)):
            eventually(until or self._idle)

    def _idle(self) -> bool:
        """Nothing is being sent or is to be withdrawn, and what waits lacks something that no mailer can give. In one answer: one
        moment."""
        turns = ("retry", "mailer", "ready", "reason-gone", "switched-off")
        return all(row["state"] != "sending" and row["waiting_for"] not in turns for row in self.rows())

    def notices(self) -> list[tuple[str, str, str | None]]:
        rows = self.rows(template="exceptions")
        return sorted((row["person_id"], row["state"], row["reason"] or row["waiting_for"]) for row in rows)


OpenHarness = Callable[..., Harness]
"""With the settings that are given."""


@contextmanager
def running(*mailers: Mailer) -> Iterator[list[BaseException]]:
    """Mailers in threads of their own. Yields what they raised."""
    stop = threading.Event()
    raised: list[BaseException] = []

    def run(mailer: Mailer) -> None:
        try:
            mailer.run(stop)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(mailer,)) for mailer in mailers]
    for thread in threads:
        thread.start()
    try:
        yield raised
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)


def eventually(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def doubled(accepted: Sequence[str]) -> set[str]:
    """The oracle: ids of messages that the mail server accepted more than once."""
    return {message for message, count in Counter(accepted).items() if count > 1}
