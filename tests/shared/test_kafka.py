"""The relay and the Kafka feed, on Apache Kafka itself: what the shared cases cannot show (DESIGN 4, EVT-1, EVT-4)."""

import asyncio
import json
import re
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from harnesses import opening
from pipeline import META, PARTITIONS, SESSION, Pipeline, stop_relay
from structlog.testing import capture_logs

from shared.contracts.enrollment import LearnerAssigned, TrainingBegun
from shared.database import Database
from shared.embedded_kafka import EmbeddedKafka
from shared.errors import Corrupt
from shared.events import Event
from shared.feeds import PROFILES, WATERMARK, SourceDown, wire
from shared.feeds.kafka import KafkaFeed, Loop
from shared.feeds.topics import create
from shared.readmodel import applied
from shared.relay import LeaseLost, Relay
from shared.running import Stuck
from shared.settings import Settings
from shared.store import Decision, Store

OpenPipeline = Callable[..., Pipeline]


@pytest.fixture
def open_pipeline(
    kafka: str, database: Callable[..., Database], feed_conninfo: Callable[[Database], str]
) -> Iterator[OpenPipeline]:
    yield from opening(partial(Pipeline, database, feed_conninfo, kafka))


@pytest.fixture
def pipeline(open_pipeline: OpenPipeline) -> Pipeline:
    return open_pipeline()


def topic(pipeline: Pipeline) -> str:
    return f"{pipeline.settings.kafka_prefix}directory"


def on_topic(pipeline: Pipeline, name: str | None = None) -> list[Any]:
    """Every message of a topic, partition by partition, as anybody reads it."""

    async def read() -> list[Any]:
        client = AIOKafkaConsumer(bootstrap_servers=pipeline.settings.kafka, auto_offset_reset="earliest")
        await client.start()
        try:
            partitions = [TopicPartition(name or topic(pipeline), p) for p in range(1 if name else PARTITIONS)]
            client.assign(partitions)
            ends = await client.end_offsets(partitions)
            found: list[Any] = []
            while any([await client.position(p) < end for p, end in ends.items()]):
                for messages in (await client.getmany(timeout_ms=200)).values():
                    found += messages
            return found
        finally:
            await client.stop()

    return asyncio.run(read())


def send(pipeline: Pipeline, **message: Any) -> None:
    """Something that no relay has written."""

    async def sent() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=pipeline.settings.kafka)
        await producer.start()
        try:
            await producer.send_and_wait(topic(pipeline), **message)
        finally:
            await producer.stop()

    asyncio.run(sent())


def events(messages: list[Any]) -> list[Any]:
    return [m for m in messages if dict(m.headers)["ce_type"].decode() != WATERMARK]


@pytest.mark.feature("EVT-1")
def test_every_event_is_a_cloud_event_in_binary_mode_with_its_trace_and_the_stored_bytes(pipeline: Pipeline) -> None:
    person = uuid4()
    pipeline.tell(person, person)
    pipeline.publish()
    with pipeline.source.connection() as conn:
        stored = conn.execute("SELECT version, body, (SELECT id FROM epoch) FROM events ORDER BY position").fetchall()
    ours = [m for m in events(on_topic(pipeline)) if m.key == str(person).encode()]
    assert [m.value for m in ours] == [body for _, body, _ in stored]
    parsed = [from_binary_event(KafkaMessage(dict(m.headers), m.key, m.value)) for m in ours]
    assert [(e.get_type(), e.get_subject(), e.get_specversion()) for e in parsed] == [
        ("directory.PersonRegistered.v1", str(person), "1.0"),
        ("directory.PersonMoved.v1", str(person), "1.0"),
    ]
    assert [e.get_id() for e in parsed] == [f"{epoch}/{person}/{version}" for version, _, epoch in stored]
    assert {e.get_source() for e in parsed} == {"/rollbook/directory"}
    assert {e.get_extension("traceparent") for e in parsed} == {
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    }
    assert json.loads(parsed[0].get_extension("meta"))["reason_code"] == "command"
    assert {e.get_datacontenttype() for e in parsed} == {"application/json"}
    assert parsed[0].get_data()["home_organisation"] is None


@pytest.mark.feature("EVT-1")
def test_keys_keep_their_partition_and_each_partition_knows_what_came_before(pipeline: Pipeline) -> None:
    people = [uuid4() for _ in range(20)]
    for _ in range(3):
        pipeline.tell(*people)
        pipeline.publish()
    found = on_topic(pipeline)
    where: dict[bytes, set[int]] = {}
    for message in events(found):
        where.setdefault(message.key, set()).add(message.partition)
    assert len(where) == 20
    assert {len(partitions) for partitions in where.values()} == {1}
    high: dict[int, int] = {}
    for message in found:
        told = {name: value.decode() for name, value in message.headers}
        assert int(told["ce_previous"]) <= high.get(message.partition, 0) < int(told["ce_position"])
        high[message.partition] = int(told["ce_position"])
    assert sorted(int(dict(m.headers)["ce_position"]) for m in events(found)) == list(range(1, 61))


@pytest.mark.feature("RPT-6")
def test_watermarks_tell_silent_partitions_how_far_the_source_is(pipeline: Pipeline) -> None:
    only = uuid4()
    for _ in range(5):
        pipeline.tell(only)
    pipeline.take()
    with pipeline.database.connection() as conn:
        reached = applied(conn, "directory")
        rows = conn.execute("SELECT count(*) FROM high_water WHERE position = 5").fetchone()
    assert reached is not None
    assert reached.number == 5
    assert rows == (PARTITIONS,)


@pytest.mark.feature("EVT-4")
def test_a_relay_that_is_behind_sends_the_same_records_again_and_nobody_takes_them_twice(pipeline: Pipeline) -> None:
    pipeline.tell(*[uuid4() for _ in range(20)])
    pipeline.take()
    assert pipeline.relay
    last = [0] * PARTITIONS
    with pipeline.source.connection() as conn:
        for position, stream in conn.execute(
            "SELECT position, stream FROM events WHERE position <= 7 ORDER BY position"
        ):
            last[wire.partition_of(stream, PARTITIONS)] = position  # type: ignore[arg-type,call-overload]
        conn.execute("UPDATE relay SET position = 7, last = %s", [last])
    pipeline.relay._cursor = None
    pipeline.take()
    told = Counter(int(dict(m.headers)["ce_position"]) for m in events(on_topic(pipeline)))
    assert [position for position, times in sorted(told.items()) if times == 2] == list(range(8, 21))
    assert len(pipeline.noted()) == 20


@pytest.mark.feature("EVT-4")
def test_of_two_relays_one_is_active_and_the_other_takes_over_when_the_lease_is_over(pipeline: Pipeline) -> None:
    second = Relay("directory", pipeline.source, pipeline.settings)
    try:
        pipeline.tell(uuid4())
        pipeline.publish()
        pipeline.tell(uuid4())
        assert pipeline.loop.run_until_complete(second.turn()) == 0
        deadline = time.monotonic() + SESSION * 4
        while not (taken := pipeline.loop.run_until_complete(second.turn())):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert taken == 1
        pipeline.tell(uuid4())
        assert pipeline.relay
        pipeline.relay._leads_until = time.monotonic() + 60  # it was stopped, and believes that it still leads
        assert pipeline.relay._cursor is not None
        with pytest.raises(LeaseLost):
            pipeline.loop.run_until_complete(pipeline.relay.turn())
        pipeline.relay, second = second, pipeline.relay
        pipeline.take()
    finally:
        stop_relay(second, pipeline.loop)
    assert len(pipeline.noted()) == 3


def test_the_relay_halts_at_a_hole_in_the_store(pipeline: Pipeline) -> None:
    pipeline.tell(*[uuid4() for _ in range(4)])
    with pipeline.source.connection() as conn:
        conn.execute("DELETE FROM events WHERE position = 3")
    with pytest.raises(Corrupt, match="positions 3 to 3 are missing in the store"):
        pipeline.publish()
    assert on_topic(pipeline) == []


def test_a_consumer_halts_where_a_record_is_missing_on_the_topic(pipeline: Pipeline) -> None:
    person = uuid4()
    pipeline.tell(person)
    pipeline.take()
    with pipeline.source.connection() as conn:
        epoch = conn.execute("SELECT id FROM epoch").fetchone()
    assert epoch
    headers = [("ce_type", b"directory.PersonMoved.v1"), ("ce_position", b"9"), ("ce_previous", b"7")]
    headers += [
        ("ce_epoch", str(epoch[0]).encode()),
        ("ce_streamversion", b"2"),
        ("ce_time", b"2026-01-01T00:00:00+00:00"),
    ]
    send(
        pipeline,
        key=str(person).encode(),
        value=b"{}",
        headers=headers,
        partition=wire.partition_of(person, PARTITIONS),
    )
    with pytest.raises(Corrupt, match="positions 2 to 7 are missing"):
        pipeline.take()


def test_a_topic_that_tells_of_another_history_halts_the_consumer(pipeline: Pipeline) -> None:
    pipeline.tell(uuid4())
    pipeline.take()
    with pipeline.source.connection() as conn:
        conn.execute("UPDATE epoch SET id = gen_random_uuid()")
        conn.execute("UPDATE relay SET epoch = (SELECT id FROM epoch)")
    assert pipeline.relay
    pipeline.relay._cursor = None
    pipeline.tell(uuid4())
    with pytest.raises(Corrupt, match="must be rebuilt"):
        pipeline.take()


@pytest.mark.feature("OPS-8")
def test_messages_that_no_relay_has_written_are_skipped_and_stop_nobody(pipeline: Pipeline) -> None:
    person = uuid4()
    pipeline.tell(person)
    pipeline.publish()
    send(pipeline, value=b"not json \xff", key=b"nonsense", partition=0)
    send(
        pipeline,
        key=b"nobody",
        value=None,
        partition=1,
        headers=[("ce_type", b"directory.PersonMoved.v1"), ("ce_position", b"x")],
    )
    pipeline.tell(person)
    pipeline.take()
    assert pipeline.noted(person) == [1, 2]


def test_an_old_record_with_a_broken_body_is_a_duplicate_and_changes_nothing(pipeline: Pipeline) -> None:
    person = uuid4()
    pipeline.tell(person, person)
    pipeline.take()
    first = next(m for m in events(on_topic(pipeline)) if m.key == str(person).encode())
    send(pipeline, key=first.key, value=b"{broken", headers=list(first.headers), partition=first.partition)
    pipeline.tell(person)
    pipeline.take()
    assert pipeline.noted(person) == [1, 2, 3]
    assert pipeline.consumer.parked() == {}


@pytest.mark.parametrize("offset", [-1, 0, 1, 2, 1_000])
def test_the_offset_is_a_hint_and_a_wrong_one_loses_nothing(pipeline: Pipeline, offset: int) -> None:
    people = [uuid4() for _ in range(30)]
    pipeline.tell(*people)
    pipeline.take()
    pipeline.tell(*people)
    with pipeline.database.connection() as conn:
        conn.execute('UPDATE high_water SET "offset" = %s', [offset])
    again = pipeline.another()
    pipeline.take(again, pipeline.opened[-1])
    assert sorted(pipeline.noted()) == [1] * 30 + [2] * 30


def test_another_number_of_partitions_is_refused_by_consumer_and_by_the_command(pipeline: Pipeline) -> None:
    pipeline.tell(uuid4())
    pipeline.take()

    async def grow() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=pipeline.settings.kafka)
        await admin.start()
        await admin.create_partitions({topic(pipeline): NewPartitions(PARTITIONS + 2)})
        await admin.close()

    asyncio.run(grow())
    with pytest.raises(Corrupt, match="The number is fixed"):
        create(pipeline.settings, pipeline.source, ["directory"])
    with pytest.raises(Corrupt, match=f"has {PARTITIONS + 2} partitions, and had {PARTITIONS}"):
        pipeline.another().step()


def made_again(pipeline: Pipeline) -> None:
    """The topic, deleted and created by hand."""

    async def again() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=pipeline.settings.kafka)
        await admin.start()
        await admin.delete_topics([topic(pipeline)])
        deadline = time.monotonic() + 30
        while (await admin.describe_topics([topic(pipeline)]))[0]["partitions"]:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        await admin.create_topics([NewTopic(topic(pipeline), PARTITIONS, 1)])
        while len((await admin.describe_topics([topic(pipeline)]))[0]["partitions"]) < PARTITIONS:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        await admin.close()

    asyncio.run(again())


@pytest.mark.feature("EVT-4", "OPS-8")
@pytest.mark.parametrize("told", [0, 1], ids=["nothing new", "one new"])
def test_a_topic_that_was_deleted_and_made_again_halts_a_consumer_that_was_level(
    open_pipeline: OpenPipeline, told: int
) -> None:
    pipeline = open_pipeline(kafka_check_interval=0.5)
    people = [uuid4() for _ in range(30)]
    pipeline.tell(*people)
    pipeline.take()
    made_again(pipeline)
    pipeline.tell(*people[:told])
    if told:
        pipeline.publish()

    def look() -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            pipeline.consumer.step()
            pipeline.feed.wait(0.1)

    with capture_logs() as logged, pytest.raises(Corrupt, match="was deleted and made again, or cut off"):
        look()
    assert [entry["topic"] for entry in logged if entry["event"].startswith("the topic was deleted")] == [
        topic(pipeline)
    ]
    assert len(pipeline.noted()) == 30


@pytest.mark.feature("EVT-4")
def test_a_consumer_from_the_beginning_of_a_topic_that_was_made_again_halts(open_pipeline: OpenPipeline) -> None:
    pipeline = open_pipeline()
    person = uuid4()
    pipeline.tell(person)
    pipeline.take()
    made_again(pipeline)
    pipeline.tell(person)
    pipeline.publish()
    with pipeline.database.connection() as conn:
        conn.execute('UPDATE high_water SET "offset" = -1')
    with pytest.raises(Corrupt, match="it begins after position"):
        pipeline.take(pipeline.another(), pipeline.opened[-1])


def test_topics_are_made_once_kept_for_ever_and_profiles_are_compacted(pipeline: Pipeline) -> None:
    first = create(pipeline.settings, pipeline.source, ["directory", PROFILES])
    assert [(t.partitions, t.created) for t in first] == [(PARTITIONS, False), (1, True)]
    assert [t.created for t in create(pipeline.settings, pipeline.source, ["directory", PROFILES])] == [False, False]

    async def configured(name: str) -> dict[str, str]:
        admin = AIOKafkaAdminClient(bootstrap_servers=pipeline.settings.kafka)
        await admin.start()
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
        await admin.close()
        return {entry[0]: entry[1] for entry in answer.resources[0][4]}

    kept = asyncio.run(configured(topic(pipeline)))
    assert (kept["cleanup.policy"], kept["retention.ms"], kept["retention.bytes"]) == ("delete", "-1", "-1")
    assert asyncio.run(configured(f"{pipeline.settings.kafka_prefix}{PROFILES}"))["cleanup.policy"] == "compact"


def test_without_a_topic_a_consumer_says_which_command_makes_it(pipeline: Pipeline) -> None:
    feed = KafkaFeed("nowhere", pipeline.settings, pipeline.feeds._loop)  # type: ignore[union-attr]
    with pytest.raises(SourceDown, match="rollbook topics"):
        feed.partitions()


class Process:
    """A consumer as a process has it: a thread of its own, in a group."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.consumer = pipeline.another("noting", consumer_pause=0.1)
        self.feed = pipeline.opened[-1]
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.consumer.run, args=(self.stop,), daemon=True)
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(20)


@pytest.mark.feature("EVT-4")
def test_consumers_of_a_group_share_the_partitions_and_one_takes_over_from_another(pipeline: Pipeline) -> None:
    people = [uuid4() for _ in range(40)]
    one, two = Process(pipeline), Process(pipeline)
    try:
        shares = until(lambda: _shares(one, two))
        assert sum(shares) == PARTITIONS
        pipeline.tell(*people)
        pipeline.publish()
        until(lambda: len(pipeline.noted()) == 40)
        one.end()
        pipeline.tell(*people)
        pipeline.publish()
        until(lambda: len(pipeline.noted()) == 80, SESSION * 6)
    finally:
        one.end()
        two.end()
    assert {tuple(pipeline.noted(person)) for person in people} == {(1, 2)}


def _shares(*processes: Process) -> list[int]:
    clients = [process.feed._client for process in processes]  # type: ignore[attr-defined]
    shares = [len(client.assignment()) if client else 0 for client in clients]
    return shares if all(shares) else []


def test_a_consumer_that_was_stopped_beyond_its_session_comes_back_and_doubles_nothing(pipeline: Pipeline) -> None:
    """It still believes in its place, and has a batch in its hands that another has taken meanwhile."""
    people = [uuid4() for _ in range(9)]
    pipeline.tell(*people)
    pipeline.publish()
    sleeper, feed = pipeline.another("sleepers"), pipeline.opened[-1]
    held = until(lambda: feed.read(sleeper.reached(), 10))
    assert held
    pipeline.take()
    pipeline.tell(*people)
    pipeline.take()
    feed.read = lambda *_: held  # type: ignore[method-assign]
    assert sleeper.step() == len(held)
    assert sorted(pipeline.noted()) == [1] * 9 + [2] * 9


def test_a_client_that_makes_no_progress_is_built_anew_and_then_the_process_ends(open_pipeline: OpenPipeline) -> None:
    pipeline = open_pipeline(kafka_stall_timeout=0.3)
    pipeline.tell(uuid4())
    pipeline.publish()
    feed = pipeline.feed
    assert isinstance(feed, KafkaFeed)
    consumer = pipeline.consumer

    async def nothing(*_: object) -> list[Any]:
        return []

    feed._fetch = nothing  # type: ignore[method-assign]
    consumer.step()
    client = feed._client
    time.sleep(0.4)
    consumer.step()
    assert feed._client is not client
    consumer.step()
    time.sleep(0.4)
    with pytest.raises(Stuck):
        consumer.step()


def test_a_client_that_waits_for_new_events_is_left_alone(open_pipeline: OpenPipeline) -> None:
    pipeline = open_pipeline(kafka_stall_timeout=0.2)
    pipeline.tell(uuid4())
    pipeline.take()
    assert isinstance(pipeline.feed, KafkaFeed)
    client = pipeline.feed._client
    for _ in range(4):
        time.sleep(0.15)
        pipeline.consumer.step()
    assert pipeline.feed._client is client


def test_messages_of_nobody_at_the_end_of_a_topic_are_no_lag_and_the_client_is_left_alone(
    open_pipeline: OpenPipeline,
) -> None:
    """They are skipped for good; counted as something to read, they made clients be built anew for ever."""
    pipeline = open_pipeline(kafka_stall_timeout=0.2)
    person = uuid4()
    pipeline.tell(person)
    pipeline.take()
    for partition in range(pipeline.feed.partitions()):
        send(pipeline, value=b"nonsense", key=b"nobody", partition=partition)
    assert isinstance(pipeline.feed, KafkaFeed)
    client = pipeline.feed._client
    for _ in range(6):
        time.sleep(0.15)
        pipeline.consumer.step()
    assert pipeline.feed._client is client
    assert pipeline.feed.lag(pipeline.consumer.reached()) == 0
    pipeline.tell(person)
    pipeline.take()
    assert pipeline.noted(person) == [1, 2]


def until(found: Callable[[], Any], seconds: float = 20.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, f"still {answer!r}"
        time.sleep(0.05)
    return answer


def test_keys_of_uuids_spread_over_the_partitions() -> None:
    counted = Counter(wire.partition_of(uuid4(), 8) for _ in range(8_000))
    assert min(counted.values()) > 800
    assert wire.partition_of(UUID("00000000-0000-4000-8000-00000000000b"), 8) == 3


@pytest.mark.feature("EVT-1", "EVT-4")
def test_a_consumer_that_knows_nothing_of_us_follows_each_learners_events_in_order(
    broker: EmbeddedKafka | None, kafka: str, database: Callable[..., Database]
) -> None:
    """Java's console consumer alone: keys, headers and JSON are all that it needs."""
    if broker is None:
        pytest.skip("the broker is not ours, so its programs are not here")
    store, settings = Store(database()), Settings(kafka=kafka, kafka_prefix=f"out-{uuid4().hex[:8]}.")
    create(settings, store.database, ["enrollment"])
    learners = [uuid4() for _ in range(50)]
    given = {"person_id": uuid4(), "offering_id": uuid4(), "assignment_id": uuid4(), "term": 1}
    assigned = [LearnerAssigned(originator_id=one, originator_version=1, **given) for one in learners]  # type: ignore[arg-type]
    begun = [TrainingBegun(originator_id=one, originator_version=2, **_of(TrainingBegun, given)) for one in learners]
    for events in (assigned, begun):
        store.append([Decision((event,), META) for event in events])
    relay, loop = Relay("enrollment", store.database, settings), asyncio.new_event_loop()
    while loop.run_until_complete(relay.turn()):
        pass
    stop_relay(relay, loop)
    loop.close()

    reader = "org.apache.kafka.tools.consumer.ConsoleConsumer"
    options = ["--bootstrap-server", kafka, "--topic", f"{settings.kafka_prefix}enrollment", "--from-beginning"]
    options += [
        "--timeout-ms",
        "8000",
        "--formatter-property",
        "print.key=true",
        "--formatter-property",
        "print.headers=true",
    ]
    read = subprocess.run(broker.command(reader, *options), capture_output=True, text=True, timeout=60, check=False)
    seen: dict[str, list[str]] = {}
    for headers, key, value in (line.split("\t") for line in read.stdout.splitlines() if line.count("\t") == 2):
        told = dict(header.split(":", 1) for header in re.split(",(?=ce_|content)", headers))
        if told["ce_type"] != WATERMARK:
            assert key == told["ce_subject"]
            seen.setdefault(key, []).append(told["ce_type"])
            assert json.loads(value)["offering_id"] == str(given["offering_id"])
    assert set(seen) == {str(one) for one in learners}, read.stderr
    assert {tuple(types) for types in seen.values()} == {(LearnerAssigned.TOPIC, TrainingBegun.TOPIC)}


def _of(event: type[Event], fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name in event.model_fields}


def test_a_client_that_gives_itself_up_is_a_source_that_is_down_and_is_closed_all_the_same() -> None:
    """aiokafka cancels its own tasks when the broker goes away while it stops."""

    class GivesUp:
        async def stop(self) -> None:
            raise asyncio.CancelledError

    async def given_up() -> None:
        raise asyncio.CancelledError

    feed = KafkaFeed("directory", Settings(kafka_session_timeout=5.0), Loop())
    with pytest.raises(SourceDown, match="ConnectionError"):
        feed._call(given_up())
    feed._client = GivesUp()  # type: ignore[assignment]
    feed.close()
    assert feed._client is None
