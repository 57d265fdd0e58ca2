"""The consumer: once each, in order per key, and a poisoned event stops only its own key (DESIGN 4). On both feeds."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from lines import META, Line

from shared.database import Database
from shared.errors import Corrupt, Invalid, NotYet
from shared.feeds import Reached, Record
from shared.readmodel import applied, wait_for

Lines = Callable[..., Line]


@pytest.fixture(params=["postgres", "kafka"])
def lines(
    request: pytest.FixtureRequest, database: Callable[..., Database], feed_conninfo: Callable[[Database], str]
) -> Iterator[Lines]:
    """Makes lines on the feed of this case."""
    made: list[Line] = []

    def line(**limits: Any) -> Line:
        kafka = request.getfixturevalue("kafka") if request.param == "kafka" else ""
        made.append(Line(database, feed_conninfo, kafka, **limits))
        return made[-1]

    yield line
    for one in made:
        one.close()


@pytest.fixture
def line(lines: Lines) -> Line:
    return lines()


def test_every_event_is_taken_once_across_batches_and_restarts(line: Line) -> None:
    people = [uuid4() for _ in range(25)]
    line.tell(*people)
    line.take()
    again = line.another()
    line.take(again, line.opened[-1])
    assert len(line.noted()) == 25
    line.tell(people[0])
    line.take(again, line.opened[-1])
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
        line.consumer.retry(bad, META)
    assert line.noted() == [1]
    line.handler.poisoned = set()
    assert line.consumer.retry(bad, META) == 2
    assert (line.noted(bad), line.noted(good), line.consumer.parked()) == ([1, 2], [1], {})


def test_a_parked_event_can_be_given_up(line: Line) -> None:
    bad = uuid4()
    line.handler.poisoned = {bad}
    line.tell(bad, bad)
    line.take()
    line.consumer.drop(bad, 1, META)
    line.handler.poisoned = set()
    assert line.consumer.retry(bad, META) == 1
    assert line.noted(bad) == [2]


@pytest.mark.feature("OPS-8")
def test_of_a_type_that_crashes_for_too_many_keys_no_more_are_tried_and_the_other_types_go_on(lines: Lines) -> None:
    line = lines(parked_keys_limit=2, kafka_partitions={"directory": 1})
    known = [uuid4() for _ in range(3)]
    line.tell(*known)
    line.take()
    people = [uuid4() for _ in range(20)]
    line.handler.poisoned = set(people)
    line.tell(*people, *known)
    line.take()
    assert [line.noted(person) for person in known] == [[1, 2]] * 3  # moved, which is another type than registered
    assert line.consumer.parked().keys() == set(people)
    with line.database.connection() as conn:
        told = [error for (error,) in conn.execute("SELECT error FROM parked_event ORDER BY position")]
    assert told[:3] == ["RuntimeError in noting"] * 3
    assert [error.partition(":")[0] for error in told[3:]] == ["not tried"] * 17
    line.handler.poisoned = set()
    assert sum(line.consumer.retry(person, META) for person in people) == 20
    line.tell(uuid4())
    line.take()
    assert (len(line.noted()), line.consumer.parked()) == (27, {})


def test_a_value_beyond_what_the_database_can_hold_is_no_database_that_is_down(line: Line) -> None:
    bad, good = uuid4(), uuid4()
    line.handler.poisoned = {bad}
    line.handler.raises = psycopg.errors.ProgramLimitExceeded("index row size 2800 exceeds maximum")
    line.tell(bad, good)
    line.take()
    assert (line.noted(), list(line.consumer.parked())) == ([1], [bad])


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
        line.take()


def test_a_hole_in_the_positions_halts(line: Line) -> None:
    line.tell(*[uuid4() for _ in range(3)])
    with line.source.connection() as conn:
        conn.execute("DELETE FROM events WHERE position = 2")
    with pytest.raises(Corrupt, match="positions 2 to 2 are missing"):
        line.take()
    assert line.noted() == []


def test_another_history_of_the_source_halts(line: Line) -> None:
    line.tell(uuid4())
    line.take()
    with line.source.connection() as conn:
        conn.execute("UPDATE epoch SET id = gen_random_uuid()")
    line.tell(uuid4())
    with pytest.raises(Corrupt, match="has begun epoch"):
        line.take()
    assert len(line.noted()) == 1


def test_of_two_consumers_at_one_place_one_gets_on(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.tell(uuid4(), uuid4())
    line.publish()
    slow, feed = line.another(), line.opened[-1]
    read = feed.read

    def overtaken(after: Reached, limit: int) -> Sequence[Record]:
        while not (records := read(after, limit)):
            feed.wait(0.1)
        line.take()
        return records

    monkeypatch.setattr(feed, "read", overtaken)
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


def test_the_embedded_feed_may_read_the_published_view_and_nothing_else(
    database: Callable[..., Database], feed_conninfo: Callable[[Database], str]
) -> None:
    with psycopg.connect(feed_conninfo(database())) as conn:
        assert conn.execute("SELECT count(*) FROM published_log").fetchone() == (0,)
        for table in ("events", "command", "personal_text", "job"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
                conn.execute(f"SELECT FROM {table}".encode())


def test_entries_that_come_again_or_late_are_not_taken_again(line: Line) -> None:
    people = [uuid4() for _ in range(12)]
    line.tell(*people, *people)
    line.take()
    if line.relay:
        with line.source.connection() as conn:
            conn.execute(
                "UPDATE relay SET position = 0, last = array_fill(0::bigint, ARRAY[partitions]), leader = NULL"
            )
        line.relay._cursor = None
    line.tell(people[0])
    line.take()
    assert len(line.noted()) == 25
    assert line.noted(people[0]) == [1, 2, 3]


def test_a_consumer_that_fails_in_the_middle_reads_on_from_its_place(lines: Lines) -> None:
    line = lines()
    people = [uuid4() for _ in range(30)]
    line.tell(*people[:10])
    line.take()
    line.handler.poisoned = {people[20]}
    line.handler.raises = psycopg.OperationalError("the database went away")
    line.tell(*people[10:])
    with pytest.raises(psycopg.OperationalError, match="went away"):
        line.take()
    assert (10 <= len(line.noted()) < 30, line.consumer.parked()) == (True, {})
    line.handler.poisoned = set()
    line.take()
    assert len(line.noted()) == 30
