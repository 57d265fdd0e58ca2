"""The consumer: once each, in order per key, and a poisoned event stops only its own key (DESIGN 4). On both feeds."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from uuid import uuid4

import psycopg
import pytest
from harnesses import opening
from pipeline import META, Pipeline

from shared.database import Database
from shared.errors import Corrupt, Invalid, NotYet
from shared.feeds import Checkpoints, Record
from shared.readmodel import applied, wait_for

OpenPipeline = Callable[..., Pipeline]


@pytest.fixture(params=["postgres", "kafka"])
def open_pipeline(
    request: pytest.FixtureRequest, database: Callable[..., Database], feed_conninfo: Callable[[Database], str]
) -> Iterator[OpenPipeline]:
    """Opens pipelines on the feed of this case."""
    kafka = request.getfixturevalue("kafka") if request.param == "kafka" else ""
    yield from opening(partial(Pipeline, database, feed_conninfo, kafka))


@pytest.fixture
def pipeline(open_pipeline: OpenPipeline) -> Pipeline:
    return open_pipeline()


def test_every_event_is_taken_once_across_batches_and_restarts(pipeline: Pipeline) -> None:
    people = [uuid4() for _ in range(25)]
    pipeline.tell(*people)
    pipeline.take()
    again = pipeline.another()
    pipeline.take(again, pipeline.opened[-1])
    assert len(pipeline.noted()) == 25
    pipeline.tell(people[0])
    pipeline.take(again, pipeline.opened[-1])
    assert pipeline.noted(people[0]) == [1, 2]
    assert len(pipeline.noted()) == 26


def test_a_batch_that_crashes_is_undone_whole_and_only_the_poisoned_key_is_parked(pipeline: Pipeline) -> None:
    good, bad, other = uuid4(), uuid4(), uuid4()
    pipeline.handler.poisoned = {bad}
    pipeline.tell(good, bad, other, bad, good)
    pipeline.take()
    assert (pipeline.noted(good), pipeline.noted(bad), pipeline.noted(other)) == ([1, 2], [], [1])
    assert pipeline.consumer.parked() == {bad: [2, 4]}


def test_later_events_of_a_parked_key_wait_behind_it_until_a_person_retries(pipeline: Pipeline) -> None:
    good, bad = uuid4(), uuid4()
    pipeline.handler.poisoned = {bad}
    pipeline.tell(bad)
    pipeline.take()
    pipeline.tell(bad, good)
    pipeline.take()
    assert pipeline.consumer.parked() == {bad: [1, 2]}
    with pytest.raises(RuntimeError):
        pipeline.consumer.retry(bad, META)
    assert pipeline.noted() == [1]
    pipeline.handler.poisoned = set()
    assert pipeline.consumer.retry(bad, META) == 2
    assert (pipeline.noted(bad), pipeline.noted(good), pipeline.consumer.parked()) == ([1, 2], [1], {})


def test_a_parked_event_can_be_given_up(pipeline: Pipeline) -> None:
    bad = uuid4()
    pipeline.handler.poisoned = {bad}
    pipeline.tell(bad, bad)
    pipeline.take()
    pipeline.consumer.drop(bad, 1, META)
    pipeline.handler.poisoned = set()
    assert pipeline.consumer.retry(bad, META) == 1
    assert pipeline.noted(bad) == [2]


@pytest.mark.feature("OPS-8")
def test_of_a_type_that_crashes_for_too_many_keys_no_more_are_tried_and_the_other_types_go_on(
    open_pipeline: OpenPipeline,
) -> None:
    pipeline = open_pipeline(parked_keys_limit=2, kafka_partitions={"directory": 1})
    known = [uuid4() for _ in range(3)]
    pipeline.tell(*known)
    pipeline.take()
    people = [uuid4() for _ in range(20)]
    pipeline.handler.poisoned = set(people)
    pipeline.tell(*people, *known)
    pipeline.take()
    assert [pipeline.noted(person) for person in known] == [[1, 2]] * 3  # moved, which is another type than registered
    assert pipeline.consumer.parked().keys() == set(people)
    with pipeline.database.connection() as conn:
        told = [error for (error,) in conn.execute("SELECT error FROM parked_event ORDER BY position")]
    assert told[:3] == ["RuntimeError in noting"] * 3
    assert [error.partition(":")[0] for error in told[3:]] == ["not attempted"] * 17
    pipeline.handler.poisoned = set()
    assert sum(pipeline.consumer.retry(person, META) for person in people) == 20
    pipeline.tell(uuid4())
    pipeline.take()
    assert (len(pipeline.noted()), pipeline.consumer.parked()) == (27, {})


def test_a_value_beyond_what_the_database_can_hold_is_no_database_that_is_down(pipeline: Pipeline) -> None:
    bad, good = uuid4(), uuid4()
    pipeline.handler.poisoned = {bad}
    pipeline.handler.raises = psycopg.errors.ProgramLimitExceeded("index row size 2800 exceeds maximum")
    pipeline.tell(bad, good)
    pipeline.take()
    assert (pipeline.noted(), list(pipeline.consumer.parked())) == ([1], [bad])


def test_an_undecodable_event_parks_its_key(pipeline: Pipeline) -> None:
    bad, good = uuid4(), uuid4()
    pipeline.tell(bad, good)
    with pipeline.source.connection() as conn:
        conn.execute("UPDATE events SET body = '{\"nonsense\": 1}' WHERE stream = %s", [bad])
    pipeline.take()
    assert pipeline.consumer.parked() == {bad: [1]}
    assert pipeline.noted(good) == [1]


def test_an_unknown_version_of_a_handled_type_stops_and_an_unhandled_type_is_skipped(pipeline: Pipeline) -> None:
    person = uuid4()
    pipeline.tell(person)
    with pipeline.source.connection() as conn:
        conn.execute("UPDATE events SET type = 'directory.SomethingElse.v1'")
    pipeline.take()
    assert pipeline.noted() == []
    pipeline.tell(person)
    with pipeline.source.connection() as conn:
        conn.execute("UPDATE events SET type = 'directory.PersonMoved.v9' WHERE position = 2")
    with pytest.raises(Corrupt, match="upgrade it before its source"):
        pipeline.take()


def test_a_hole_in_the_positions_halts(pipeline: Pipeline) -> None:
    pipeline.tell(*[uuid4() for _ in range(3)])
    with pipeline.source.connection() as conn:
        conn.execute("DELETE FROM events WHERE position = 2")
    with pytest.raises(Corrupt, match="positions 2 to 2 are missing"):
        pipeline.take()
    assert pipeline.noted() == []


def test_another_history_of_the_source_halts(pipeline: Pipeline) -> None:
    pipeline.tell(uuid4())
    pipeline.take()
    with pipeline.source.connection() as conn:
        conn.execute("UPDATE epoch SET id = gen_random_uuid()")
    pipeline.tell(uuid4())
    with pytest.raises(Corrupt, match="has begun epoch"):
        pipeline.take()
    assert len(pipeline.noted()) == 1


def test_of_two_consumers_at_one_place_one_gets_on(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.tell(uuid4(), uuid4())
    pipeline.publish()
    slow, feed = pipeline.another(), pipeline.opened[-1]
    read = feed.read

    def overtaken(after: Checkpoints, limit: int) -> Sequence[Record]:
        while not (records := read(after, limit)):
            feed.wait(0.1)
        pipeline.take()
        return records

    monkeypatch.setattr(feed, "read", overtaken)
    with pytest.raises(psycopg.OperationalError, match="another consumer"):
        slow.step()
    assert pipeline.noted() == [1, 1]


def test_seeded_bug_a_high_water_that_is_set_back_takes_events_twice(pipeline: Pipeline) -> None:
    pipeline.tell(uuid4())
    pipeline.take()
    pipeline.forget_high_water(0)
    with pipeline.database.connection() as conn:
        conn.execute("ALTER TABLE noted DROP CONSTRAINT noted_pkey")
    pipeline.take()
    assert pipeline.noted() == [1, 1]


@pytest.mark.feature("RPT-6")
def test_a_query_waits_for_the_position_that_it_names(pipeline: Pipeline) -> None:
    pipeline.tell(uuid4())
    with pytest.raises(NotYet, match="directory:0, but not yet directory:1"):
        wait_for(pipeline.database, "directory:1", 0.05)
    pipeline.take()
    wait_for(pipeline.database, "directory:1", 0.0)
    with pipeline.database.connection() as conn:
        reached = applied(conn, "directory")
    assert reached is not None
    assert reached.number == 1
    with pytest.raises(Invalid, match="looks like"):
        wait_for(pipeline.database, "directory:x", 0.0)


def test_the_embedded_feed_may_read_the_published_view_and_nothing_else(
    database: Callable[..., Database], feed_conninfo: Callable[[Database], str]
) -> None:
    with psycopg.connect(feed_conninfo(database())) as conn:
        assert conn.execute("SELECT count(*) FROM published_log").fetchone() == (0,)
        for table in ("events", "command", "personal_text", "job"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
                conn.execute(f"SELECT FROM {table}".encode())


def test_entries_that_come_again_or_late_are_not_taken_again(pipeline: Pipeline) -> None:
    people = [uuid4() for _ in range(12)]
    pipeline.tell(*people, *people)
    pipeline.take()
    if pipeline.relay:
        with pipeline.source.connection() as conn:
            conn.execute(
                "UPDATE relay SET position = 0, last = array_fill(0::bigint, ARRAY[partitions]), leader = NULL"
            )
        pipeline.relay._cursor = None
    pipeline.tell(people[0])
    pipeline.take()
    assert len(pipeline.noted()) == 25
    assert pipeline.noted(people[0]) == [1, 2, 3]


def test_a_consumer_that_fails_in_the_middle_reads_on_from_its_place(open_pipeline: OpenPipeline) -> None:
    pipeline = open_pipeline()
    people = [uuid4() for _ in range(30)]
    pipeline.tell(*people[:10])
    pipeline.take()
    pipeline.handler.poisoned = {people[20]}
    pipeline.handler.raises = psycopg.OperationalError("the database went away")
    pipeline.tell(*people[10:])
    with pytest.raises(psycopg.OperationalError, match="went away"):
        pipeline.take()
    assert (10 <= len(pipeline.noted()) < 30, pipeline.consumer.parked()) == (True, {})
    pipeline.handler.poisoned = set()
    pipeline.take()
    assert len(pipeline.noted()) == 30
