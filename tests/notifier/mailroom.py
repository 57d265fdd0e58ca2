"""The notifier with its sources, and the oracle: at most one accepted e-mail per cause, recipient and template."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from fastapi.testclient import TestClient
from issuer import Issuer
from postmaster import Postmaster

from services.notifier.domain import Patience
from services.notifier.mailer import Mailer, Queue
from services.notifier.mailer.letters import Letters
from services.notifier.mailer.mailer import MailServer
from services.notifier.main import build
from services.notifier.reactions import Watch
from shared.consumer import Consumer
from shared.contracts import catalog, directory, enrollment
from shared.database import Database
from shared.events import SYSTEM, Event, Meta, TextRef
from shared.feeds.postgres import PostgresFeeds
from shared.profiles import Profile
from shared.settings import Settings
from shared.store import Decision, Store

IMPATIENT = Patience(first=0.01, last=0.05, attempts=5)
_PROFILES = """
CREATE TABLE published_profiles (
    position bigint GENERATED ALWAYS AS IDENTITY,
    epoch uuid NOT NULL DEFAULT '5f0f6f0e-0000-4000-8000-000000000001', person_id uuid, revision int, body bytea
);
GRANT SELECT ON published_profiles TO rollbook_feed;
"""


class Mailroom:
    def __init__(
        self,
        fresh: Callable[..., Database],
        feed_conninfo: Callable[[Database], str],
        sources: dict[str, Store] | None = None,
        **settings: Any,
    ) -> None:
        """`sources`: of services that are there; without any this mailroom plays them."""
        self.sources = sources or {name: Store(fresh()) for name in ("catalog", "directory", "enrollment")}
        if not sources:
            with self.sources["directory"].database.connection() as conn:
                conn.execute(_PROFILES)
        self.database = fresh("services.notifier")
        self.issuer = Issuer()
        self.settings = Settings(database_url=self.database.conninfo, **settings)
        self.service = build(
            self.settings,
            feeds=PostgresFeeds(lambda source: feed_conninfo(self.sources[source.removesuffix(".profiles")].database)),
            verifier=self.issuer.verifier,
        )
        self.administrator = uuid4()
        self.http = self.client(("site-administrator", None))
        self._versions: Counter[UUID] = Counter()

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

    def tell(
        self,
        source: str,
        *events: tuple[type[Event], UUID, dict[str, Any]],
        reason_code: str = "command",
        batch: UUID | None = None,
    ) -> int:
        """Events of another service, in one append; of one batch, or of one each."""
        decisions = []
        for kind, stream, fields in events:
            self._versions[stream] += 1
            event = kind(originator_id=stream, originator_version=self._versions[stream], **fields)
            meta = Meta(actor=SYSTEM, correlation=batch or uuid4(), reason_code=reason_code)
            decisions.append(Decision((event,), meta))
        appended = self.sources[source].append(decisions)
        assert not appended.lost
        return appended.positions[-1]

    def course(self, title: str = "Fire safety") -> UUID:
        id = uuid4()
        fields = {"code": "C1", "title": title, "description": "", "activities": (), "minimum_minutes": 0}
        fields |= dict.fromkeys(("access_days", "certificate", "badge", "price"))
        self.tell("catalog", (catalog.CourseDescribed, id, fields))
        return id

    def switch(self, offering: UUID, *on: str) -> None:
        self.tell("catalog", (catalog.NotificationsSwitched, offering, {"on": on}))

    def people(self, count: int, home: UUID | None = None) -> list[UUID]:
        """Active people without profiles."""
        ids = [uuid4() for _ in range(count)]
        self.tell("directory", *[(directory.PersonRegistered, id, {"home_organisation": home}) for id in ids])
        return ids

    def person(self, email: str = "ada@example.org", home: UUID | None = None, **profile: Any) -> UUID:
        (id,) = self.people(1, home)
        self.profile(id, email, **profile)
        return id

    def profile(self, person: UUID, email: str, revision: int = 1, **fields: Any) -> None:
        profile = Profile(
            **{"first_name": "Ada", "last_name": "Lovelace", "user_name": email, "email": email, **fields}
        )
        body = b'{"profile":' + profile.model_dump_json().encode() + b"}"
        with self.sources["directory"].database.connection() as conn:
            conn.execute(
                "INSERT INTO published_profiles (person_id, revision, body) VALUES (%s, %s, %s)",
                [person, revision, body],
            )

    def assign(self, offering: UUID, *people: UUID, term: int = 1, assignment: UUID | None = None) -> UUID:
        assignment = assignment or uuid4()
        self.tell("enrollment", *[self._assigned(offering, person, assignment, term) for person in people])
        return assignment

    def _assigned(
        self, offering: UUID, person: UUID, assignment: UUID, term: int
    ) -> tuple[type[Event], UUID, dict[str, Any]]:
        fields = {"person_id": person, "offering_id": offering, "assignment_id": assignment, "term": term}
        return enrollment.LearnerAssigned, enrollment_of(person, offering), fields

    def newcomers(self, *addresses: str) -> None:
        """People with these addresses, assigned to a course of their own."""
        self.assign(self.course(), *[self.person(address) for address in addresses])

    def withdraw(
        self, offering: UUID, person: UUID, term: int = 1, kind: type[Event] = enrollment.LearnerWithdrawn
    ) -> None:
        fields = {"person_id": person, "offering_id": offering, "term": term}
        self.tell("enrollment", (kind, enrollment_of(person, offering), fields))

    def certify(self, offering: UUID, person: UUID, serial: str, **more: str) -> None:
        """A completion that has a certificate."""
        fields = {"person_id": person, "offering_id": offering, "term": 1, "serial": serial}
        fields |= {"completed_on": date(2026, 11, 23), "valid_until": None}
        self.tell("enrollment", (enrollment.CertificateIssued, enrollment_of(person, offering), fields), **more)

    def revoke(self, offering: UUID, person: UUID, serial: str) -> None:
        fields = {"person_id": person, "offering_id": offering, "term": 1, "serial": serial}
        fields |= {"reason": TextRef(id=uuid4(), digest="0" * 64)}
        self.tell("enrollment", (enrollment.CertificateRevoked, enrollment_of(person, offering), fields))

    def settle(self) -> None:
        """Until every consumer has taken everything, and everybody has been found who is to be told now."""
        watches = [worker for worker in self.service.workers if isinstance(worker, Watch)]
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

    def mailer(self, server: Postmaster, queue: Queue | None = None, kind: type[Mailer] = Mailer) -> Mailer:
        return kind(
            queue or Queue(self.database),
            Letters("Rollbook <rollbook@example.org>", "http://127.0.0.1:8000"),
            MailServer("127.0.0.1", server.port, connections=4, answer_seconds=20, down_pause=0.2, idle_pause=0.02),
            IMPATIENT,
        )

    def send(self, server: Postmaster, queue: Queue | None = None, until: Callable[[], bool] | None = None) -> None:
        """Run a mailer until nothing waits for it or, with `until`, until that holds."""
        self.settle()
        with running(self.mailer(server, queue)):
            eventually(until or self._idle)

    def _idle(self) -> bool:
        """Nothing is being sent, and what waits lacks something that no mailer can give. In one answer: one moment."""
        return all(
            row["state"] != "sending" and row["waiting_for"] not in ("retry", "mailer", "ready") for row in self.rows()
        )


def enrollment_of(person: UUID, offering: UUID) -> UUID:
    return UUID(int=person.int ^ offering.int, version=5)


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
