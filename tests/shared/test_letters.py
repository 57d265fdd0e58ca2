"""Dead letters as an operator has them: over HTTP, on a real service; and retries beside a consumer that goes on."""

import threading
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from issuer import Issuer
from pipeline import META, Noting, Pipeline

from services.reporting.main import build
from shared.consumer import Consumer
from shared.contracts.directory import PersonMoved, PersonRegistered
from shared.database import Connection, Database
from shared.events import SYSTEM, Meta, Recorded
from shared.feeds.postgres import PostgresFeeds
from shared.settings import Settings
from shared.store import Decision, Store

LETTERS = "/api/reporting/letters"


class Reports:
    """The reporting service behind a directory that tells of people."""

    def __init__(self, fresh: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> None:
        self.directory = Store(fresh())
        self.database = fresh("services.reporting")
        issuer = Issuer()
        settings = Settings(database_url=self.database.conninfo, page_limit=500)
        feeds = PostgresFeeds(lambda _: feed_conninfo(self.directory.database))
        self.service = build(settings, feeds=feeds, verifier=issuer.verifier)
        consumers = [w for w in self.service.workers if isinstance(w, Consumer)]
        self.consumer = next(c for c in consumers if c.source == "directory")
        self.operator = uuid4()
        self.http = TestClient(self.service.app, headers=issuer.headers(self.operator, ("site-administrator", None)))
        self.auditor = TestClient(self.service.app, headers=issuer.headers(uuid4(), ("auditor", None)))

    def tell(self, person: UUID, version: int = 1, home: UUID | None = None) -> None:
        cls = PersonRegistered if version == 1 else PersonMoved
        event = cls(originator_id=person, originator_version=version, home_organisation=home)
        self.directory.append([Decision((event,), Meta(actor=SYSTEM, correlation=uuid4()))])

    def take(self) -> None:
        while self.consumer.step():
            pass

    def poison(self, person: UUID) -> None:
        with self.database.connection() as conn:
            conn.execute(f"ALTER TABLE person ADD CONSTRAINT poison CHECK (person_id <> '{person}')".encode())

    def mend(self) -> None:
        with self.database.connection() as conn:
            conn.execute("ALTER TABLE person DROP CONSTRAINT poison")

    def people(self) -> set[UUID]:
        with self.database.connection() as conn:
            return {UUID(str(id)) for (id,) in conn.execute("SELECT person_id FROM person WHERE valid_to IS NULL")}


@pytest.fixture
def reports(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[Reports]:
    one = Reports(database, feed_conninfo)
    yield one
    one.consumer._feed.close()
    one.service.close()


@pytest.mark.feature("OPS-8")
def test_a_poisoned_key_is_listed_shown_and_retried_and_its_neighbours_go_on(reports: Reports) -> None:
    good, bad = uuid4(), uuid4()
    reports.poison(bad)
    reports.tell(bad)
    reports.tell(good)
    reports.tell(bad, 2, home=uuid4())
    reports.take()
    assert reports.people() == {good}

    (letter,) = reports.http.get(LETTERS).json()["items"]
    assert (letter["source"], letter["key"], letter["entries"], letter["position"]) == ("directory", str(bad), 2, 1)
    assert letter["error"] == "CheckViolation in reporting"
    first, second = reports.http.get(f"{LETTERS}/directory/{bad}").json()
    assert (first["type"], first["body"]["home_organisation"]) == (PersonRegistered.TOPIC, None)
    assert (second["version"], second["error"]) == (2, None)

    again = reports.http.post(f"{LETTERS}/directory/{bad}/retry")
    assert (again.status_code, again.json()["type"]) == (409, "urn:rollbook:problem:crashed-again")
    assert reports.people() == {good}
    assert len(reports.http.get(f"{LETTERS}/directory/{bad}").json()) == 2

    reports.mend()
    assert reports.http.post(f"{LETTERS}/directory/{bad}/retry").json() == {"entries": 2}
    assert reports.people() == {good, bad}
    assert reports.http.get(LETTERS).json()["items"] == []
    assert reports.http.post(f"{LETTERS}/directory/{bad}/retry").status_code == 404
    decided = reports.http.get(f"{LETTERS}/decisions").json()["items"]
    assert [(d["position"], d["action"], d["actor"]) for d in decided] == [
        (3, "retried", str(reports.operator)),
        (1, "retried", str(reports.operator)),
    ]


@pytest.mark.feature("OPS-8")
def test_only_the_first_entry_is_dropped_and_what_waited_behind_it_is_retried(reports: Reports) -> None:
    bad = uuid4()
    reports.poison(bad)
    reports.tell(bad)
    reports.tell(bad, 2)
    reports.take()
    address = f"{LETTERS}/directory/{bad}"
    assert reports.http.post(f"{address}/drop", json={"position": 2}).status_code == 404
    assert reports.http.post(f"{address}/drop", json={"position": 1}).json() == {"entries": 1}
    assert [entry["position"] for entry in reports.http.get(address).json()] == [2]
    reports.mend()
    assert reports.http.post(f"{address}/retry").json() == {"entries": 1}
    assert [d["action"] for d in reports.http.get(f"{LETTERS}/decisions").json()["items"]] == ["retried", "dropped"]


@pytest.mark.feature("OPS-8", "SEC-4")
def test_dead_letters_are_for_operators(reports: Reports) -> None:
    for answer in (
        reports.auditor.get(LETTERS),
        reports.auditor.get(f"{LETTERS}/decisions"),
        reports.auditor.get(f"{LETTERS}/directory/{uuid4()}"),
        reports.auditor.post(f"{LETTERS}/directory/{uuid4()}/retry"),
        reports.auditor.post(f"{LETTERS}/directory/{uuid4()}/drop", json={"position": 1}),
    ):
        assert answer.status_code == 403
        assert "operate" in answer.json()["detail"]


@pytest.mark.feature("DIR-12", "OPS-8")
def test_a_parked_profile_is_listed_and_never_shown(reports: Reports) -> None:
    person = uuid4()
    with reports.database.connection() as conn:
        conn.execute(
            "INSERT INTO parked_event (consumer, source, key, position, previous, epoch, type, version, recorded_at, meta, "
            "body, error) VALUES ('reporting', 'directory.profiles', %s, 1, 0, %s, 'directory.ProfileChanged.v1', 1, now(), "
            "'', %s, 'CheckViolation in reporting')",
            [person, uuid4(), b'{"profile":{"last_name":"Lovelace"}}'],
        )
    (letter,) = reports.http.get(LETTERS).json()["items"]
    assert letter["source"] == "directory.profiles"
    shown = reports.http.get(f"{LETTERS}/directory.profiles/{person}")
    assert (shown.status_code, shown.json()[0]["body"]) == (200, None)
    assert "Lovelace" not in shown.text


def test_letters_are_paged(reports: Reports) -> None:
    with reports.database.connection() as conn:
        conn.execute("ALTER TABLE person ADD CONSTRAINT poison CHECK (false) NOT VALID")
    for _ in range(5):
        reports.tell(uuid4())
    reports.take()
    seen, cursor = [], None
    while True:
        page = reports.http.get(LETTERS, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [item["key"] for item in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.feature("OPS-5")
def test_metrics_tell_from_the_database_what_waits_and_how_far_each_consumer_is(reports: Reports) -> None:
    bad = uuid4()
    reports.poison(bad)
    reports.tell(bad)
    reports.take()
    told = reports.http.get("/api/reporting/metrics").text.splitlines()
    assert 'rollbook_parked_keys{consumer="reporting",source="directory"} 1' in told
    assert 'rollbook_applied_position{consumer="reporting",source="directory"} 1' in told


class Slow(Noting):
    """Lets a test in between a retry's effects and its end."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.go_on = threading.Event(), threading.Event()

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        super().apply(conn, events)
        self.entered.set()
        assert self.go_on.wait(20)


@pytest.mark.feature("OPS-8")
def test_an_event_that_comes_while_its_key_is_retried_neither_overtakes_nor_is_left_waiting(
    database: Callable[..., Database], feed_conninfo: Callable[[Database], str]
) -> None:
    pipeline = Pipeline(database, feed_conninfo)
    try:
        key = uuid4()
        pipeline.handler.poisoned = {key}
        pipeline.tell(key)
        pipeline.take()
        pipeline.handler.poisoned = set()
        slow = Slow()
        retrying = Consumer(pipeline.database, pipeline.feed, slow, pipeline.settings)
        retry = threading.Thread(target=retrying.retry, args=(key, META))
        retry.start()
        assert slow.entered.wait(20)
        pipeline.tell(key)
        taking = threading.Thread(target=pipeline.take)
        taking.start()
        taking.join(0.5)
        assert taking.is_alive()  # it waits for the retry to end
        slow.go_on.set()
        retry.join(20)
        taking.join(20)
        assert pipeline.noted(key) == [1, 2]
        assert pipeline.consumer.parked() == {}
    finally:
        pipeline.close()
