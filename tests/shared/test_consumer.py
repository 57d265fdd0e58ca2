"""The consumer: once each, in order per key, and a poisoned event stops only its own key (DESIGN 4)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.consumer import Consumer
from shared.contracts.directory import PersonMoved, PersonRegistered
from shared.database import Connection, Database
from shared.errors import Corrupt, Invalid, NotYet
from shared.events import SYSTEM, Event, Meta, Recorded
from shared.feeds import Record
from shared.feeds.postgres import PostgresFeed
from shared.readmodel import applied, wait_for
from shared.settings import Settings
from shared.store import Decision, Store

META = Meta(actor=SYSTEM, correlation=uuid4())


class Noting:
    """Writes down every event; crashes on those of `poisoned`."""

    name = "noting"
    source = "directory"
    types = frozenset({PersonRegistered.TOPIC, PersonMoved.TOPIC})

    def __init__(self) -> None:
        self.poisoned: set[UUID] = set()

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        for recorded in events:
            conn.execute(
                "INSERT INTO noted (position, person, version) VALUES (%s, %s, %s)",
                [recorded.position, recorded.event.originator_id, recorded.event.originator_version],
            )
            if recorded.event.originator_id in self.poisoned:
                raise RuntimeError("cannot digest this")


class Line:
    """A source, a consumer of it, and what the consumer noted."""

    def __init__(self, fresh: Callable[..., Database], feed_conninfo: Callable[[Database], str], **limits: Any) -> None:
        self.source, self.database = fresh(), fresh()
        self.store = Store(self.source)
        self.feed = PostgresFeed("directory", feed_conninfo(self.source))
        self.handler = Noting()
        self.consumer = Consumer(self.database, self.feed, self.handler, Settings(**{"consumer_batch": 10, **limits}))
        self.versions: dict[UUID, int] = {}
        with self.database.connection() as conn:
            conn.execute("CREATE TABLE noted (position bigint PRIMARY KEY, person uuid, version integer)")

    def tell(self, *people: UUID) -> None:
        for person in people:
            version = self.versions[person] = self.versions.get(person, 0) + 1
            cls: type[Event] = PersonRegistered if version == 1 else PersonMoved
            event = cls(originator_id=person, originator_version=version, home_organisation=None)  # type: ignore[call-arg]
            self.store.append([Decision((event,), META)])

    def take(self) -> None:
        while self.consumer.step():
            pass

    def noted(self, person: UUID | None = None) -> list[int]:
        with self.database.connection() as conn:
            rows = conn.execute(
                "SELECT version FROM noted WHERE person = coalesce(%s, person) ORDER BY position", [person]
            )
            return [int(str(version)) for (version,) in rows]

    def forget_high_water(self, position: int) -> None:
        with self.database.connection() as conn:
            conn.execute("UPDATE high_water SET position = %s", [position])


@pytest.fixture
def line(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[Line]:
    one = Line(database, feed_conninfo)
    yield one
    one.feed.close()


def test_every_event_is_taken_once_across_batches_and_restarts(line: Line) -> None:
    people = [uuid4() for _ in range(25)]
    line.tell(*people)
    line.take()
    again = Consumer(line.database, line.feed, line.handler, Settings())
    assert again.step() == 0
    line.tell(people[0])
    assert again.step() == 1
    assert line.noted(people[0]) == [1, 2]
    assert len(line.noted()) == 26


def test_a_batch_that_crashes_is_undone_whole_and_only_the_poisoned_key_is_parked(line: Line) -> None:
    good, bad, other = uuid4(), uuid4(), uuid4()
    line.handler.poisoned = {bad}
    line.tell(good, bad, other, bad, good)
    line.take()
    assert (line.noted(good), line.noted(bad), line.noted(other)) == ([1, 2], [], [1])
    assert line.consumer.parked() == {bad: [2, 4]}


def test_later_events_of_a_parked_key_wait_behind_it_until_a_person_retries(line: Line) -> None:
    good, bad = uuid4(), uuid4()
    line.handler.poisoned = {bad}
    line.tell(bad)
    line.take()
    line.tell(bad, good)
    line.take()
    assert line.consumer.parked() == {bad: [1, 2]}
    with pytest.raises(RuntimeError):
        line.consumer.retry(bad)
    assert line.noted() == [1]
    line.handler.poisoned = set()
    assert line.consumer.retry(bad) == 2
    assert (line.noted(bad), line.noted(good), line.consumer.parked()) == ([1, 2], [1], {})


def test_a_parked_event_can_be_given_up(line: Line) -> None:
    bad = uuid4()
    line.handler.poisoned = {bad}
    line.tell(bad, bad)
    line.take()
    line.consumer.drop(bad, 1)
    line.handler.poisoned = set()
    assert line.consumer.retry(bad) == 1
    assert line.noted(bad) == [2]


def test_too_many_parked_keys_stop_the_consumer_and_nothing_is_taken(
    database: Callable[..., Database], feed_conninfo: Callable[[Database], str]
) -> None:
    line = Line(database, feed_conninfo, parked_keys_limit=2)
    people = [uuid4() for _ in range(4)]
    line.handler.poisoned = set(people)
    line.tell(*people)
    with pytest.raises(Corrupt, match="the code is wrong"):
        line.consumer.step()
    assert (line.noted(), line.consumer.parked()) == ([], {})


def test_an_undecodable_event_parks_its_key(line: Line) -> None:
    bad, good = uuid4(), uuid4()
    line.tell(bad, good)
    with line.source.connection() as conn:
        conn.execute("UPDATE events SET body = '{\"nonsense\": 1}' WHERE stream = %s", [bad])
    line.take()
    assert line.consumer.parked() == {bad: [1]}
    assert line.noted(good) == [1]


def test_an_unknown_version_of_a_handled_type_stops_and_an_unhandled_type_is_skipped(line: Line) -> None:
    person = uuid4()
    line.tell(person)
    with line.source.connection() as conn:
        conn.execute("UPDATE events SET type = 'directory.SomethingElse.v1'")
    line.take()
    assert line.noted() == []
    line.tell(person)
    with line.source.connection() as conn:
        conn.execute("UPDATE events SET type = 'directory.PersonMoved.v9' WHERE position = 2")
    with pytest.raises(Corrupt, match="upgrade it before its source"):
        line.consumer.step()


def test_a_hole_in_the_positions_halts(line: Line) -> None:
    line.tell(*[uuid4() for _ in range(3)])
    with line.source.connection() as conn:
        conn.execute("DELETE FROM events WHERE position = 2")
    with pytest.raises(Corrupt, match="positions 2 to 2 are missing"):
        line.consumer.step()
    assert line.noted() == []


def test_another_history_of_the_source_halts(line: Line) -> None:
    line.tell(uuid4())
    line.take()
    with line.source.connection() as conn:
        conn.execute("UPDATE epoch SET id = gen_random_uuid()")
    line.tell(uuid4())
    with pytest.raises(Corrupt, match="must be rebuilt"):
        line.consumer.step()


def test_of_two_consumers_at_one_place_one_gets_on(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.tell(uuid4(), uuid4())
    slow = Consumer(line.database, line.feed, line.handler, Settings())
    read = line.feed.read

    def overtaken(after: Any, limit: int) -> list[Record]:
        records = read(after, limit)
        monkeypatch.undo()
        line.take()
        return records

    monkeypatch.setattr(line.feed, "read", overtaken)
    with pytest.raises(psycopg.OperationalError, match="another consumer"):
        slow.step()
    assert line.noted() == [1, 1]


def test_seeded_bug_a_high_water_that_is_set_back_takes_events_twice(line: Line) -> None:
    line.tell(uuid4())
    line.take()
    line.forget_high_water(0)
    with line.database.connection() as conn:
        conn.execute("ALTER TABLE noted DROP CONSTRAINT noted_pkey")
    line.take()
    assert line.noted() == [1, 1]


@pytest.mark.feature("RPT-6")
def test_a_query_waits_for_the_position_that_it_names(line: Line) -> None:
    line.tell(uuid4())
    with pytest.raises(NotYet, match="directory:0, not yet directory:1"):
        wait_for(line.database, "directory:1", 0.05)
    line.take()
    wait_for(line.database, "directory:1", 0.0)
    with line.database.connection() as conn:
        reached = applied(conn, "directory")
    assert reached is not None
    assert reached.number == 1
    with pytest.raises(Invalid, match="looks like"):
        wait_for(line.database, "directory:x", 0.0)


def test_the_feed_may_read_the_published_view_and_nothing_else(line: Line) -> None:
    with psycopg.connect(line.feed._conninfo) as conn:
        assert conn.execute("SELECT count(*) FROM published_log").fetchone() == (0,)
        for table in ("events", "command", "personal_text", "job"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
                conn.execute(f"SELECT FROM {table}".encode())
