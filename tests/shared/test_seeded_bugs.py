"""Bugs that were put in on purpose, each caught: a check that cannot fail is no check (DESIGN 8). On Apache Kafka."""

from collections.abc import Callable, Iterator, Sequence
from uuid import uuid4

import psycopg
import pytest
from pipeline import Pipeline

from shared.consumer import Consumer
from shared.database import Connection, Database
from shared.errors import Corrupt
from shared.feeds import Checkpoint, Checkpoints, Record
from shared.relay import Cursor, Relay


@pytest.fixture
def pipeline(
    kafka: str, database: Callable[..., Database], feed_conninfo: Callable[[Database], str]
) -> Iterator[Pipeline]:
    one = Pipeline(database, feed_conninfo, kafka)
    yield one
    one.close()


class SavesItsCursorFirst(Relay):
    """Says that a batch is published, and dies before it is."""

    async def _send(self, cursor: Cursor, records: Sequence[Record]) -> tuple[int, ...]:
        last = list(cursor.last)
        for record in records:
            last[record.key.int % len(last)] = record.position
        self._advance(cursor, cursor._replace(position=records[-1].position, last=tuple(last)))
        raise ConnectionError


def test_a_cursor_that_is_saved_before_the_records_are_sent_is_noticed_by_the_consumer(pipeline: Pipeline) -> None:
    people = [uuid4() for _ in range(6)]
    pipeline.tell(*people)
    assert pipeline.relay
    hasty = SavesItsCursorFirst("directory", pipeline.source, pipeline.settings)
    with pytest.raises(ConnectionError):
        pipeline.loop.run_until_complete(hasty.turn())
    with pipeline.source.connection() as conn:
        conn.execute("UPDATE relay SET leader = NULL")
    pipeline.tell(*people)
    with pytest.raises(Corrupt, match="begins after position"):
        pipeline.take()
    assert pipeline.noted() == []


class ForgetsThePredecessor(Relay):
    """Every record claims to be the first of its partition: then nobody notices what is missing."""

    async def _send(self, cursor: Cursor, records: Sequence[Record]) -> tuple[int, ...]:
        await super()._send(cursor._replace(last=(0,) * len(cursor.last)), records[1:])
        return tuple(max(r.position for r in records) for _ in cursor.last)


def test_records_without_their_predecessor_hide_a_loss_and_the_comparison_with_the_store_shows_it(
    pipeline: Pipeline,
) -> None:
    pipeline.tell(*[uuid4() for _ in range(6)])
    assert pipeline.relay
    pipeline.relay.__class__ = ForgetsThePredecessor
    pipeline.take()
    stored = pipeline.store.max_notification_id()
    assert stored == 6
    assert len(pipeline.noted()) == 5


class MovesOnBeforeItsEffects(Consumer):
    """Commits the high-water in a transaction of its own."""

    def _advance(self, conn: Connection, reached: Checkpoints, places: Checkpoints) -> None:
        del conn
        with self._database.transaction() as own:
            super()._advance(own, reached, places)


def test_a_high_water_apart_from_its_effects_loses_what_a_crash_interrupts(pipeline: Pipeline) -> None:
    pipeline.tell(uuid4(), uuid4())
    pipeline.consumer.__class__ = MovesOnBeforeItsEffects
    with pipeline.database.connection() as conn:
        conn.execute("ALTER TABLE noted RENAME TO gone")
    pipeline.consumer._parking._keys_limit = 0
    with pytest.raises(psycopg.OperationalError):
        pipeline.take()
    with pipeline.database.connection() as conn:
        conn.execute("ALTER TABLE gone RENAME TO noted")
    pipeline.take()
    assert len(pipeline.noted()) < 2


class BelievesTheOffset(Consumer):
    """Takes Kafka's offset for the place: after a duplicate it is not."""

    def _fresh(self, reached: Checkpoints, records: Sequence[Record]) -> list[Record]:
        del reached
        return sorted(records, key=lambda record: record.offset)


def test_a_consumer_that_believes_the_offset_takes_what_was_sent_again_twice(pipeline: Pipeline) -> None:
    person = uuid4()
    pipeline.tell(person, person)
    pipeline.consumer.__class__ = BelievesTheOffset
    pipeline.take()
    with pipeline.source.connection() as conn:
        conn.execute("UPDATE relay SET position = 0, last = array_fill(0::bigint, ARRAY[partitions])")
    with pipeline.database.connection() as conn:
        conn.execute("ALTER TABLE noted DROP CONSTRAINT noted_pkey")
    assert pipeline.relay
    pipeline.relay._cursor = None
    pipeline.take()
    assert pipeline.noted(person) == [1, 1, 2, 2]


def test_a_place_that_another_has_moved_is_not_moved_again(pipeline: Pipeline) -> None:
    person = uuid4()
    pipeline.tell(person)
    pipeline.take()
    places = pipeline.consumer.reached()
    with pipeline.database.connection() as conn:
        conn.execute("UPDATE high_water SET position = position + 5")
    further = {p: Checkpoint(place.epoch, place.position + 1, place.offset + 1) for p, place in places.items()}
    with pipeline.database.connection() as conn, pytest.raises(psycopg.OperationalError, match="another consumer"):
        pipeline.consumer._advance(conn, places, further)
