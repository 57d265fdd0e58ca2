"""P7: from commit to consumer through relay and broker, against a commit, a send and a getmany in one process."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import closing
from multiprocessing import Queue, get_context
from multiprocessing.synchronize import Event as EventType
from uuid import UUID, uuid4

import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks import company
from benchmarks.harness import Bench, Goal, Pair, Result, percentile, result
from services.enrollment.main import PACKAGE
from shared.consumer import Consumer
from shared.contracts.enrollment import TrainingBegun
from shared.database import Connection, Database
from shared.events import SYSTEM, Meta, Recorded
from shared.feeds.kafka import KafkaFeeds
from shared.feeds.topics import create
from shared.relay import Relay
from shared.service import tune
from shared.settings import Settings
from shared.store import Decision, Store

ID, GOAL, SIZE, ROUNDS = "P7", Goal("<=", 3.0), 2_000, 5
PER_SECOND = 200
META = Meta(actor=SYSTEM, correlation=uuid4())


def run(bench: Bench) -> Result:
    size = bench.size or SIZE
    empty = bench.template("no assignments", lambda _: None, PACKAGE)
    kafka = bench.kafka
    pairs = []
    for _ in range(bench.rounds or ROUNDS):
        with bench.database(empty) as info, bench.database(empty) as taken:
            ours = through_relay(info, taken, Settings(kafka=kafka, kafka_prefix=f"bench-{uuid4().hex[:8]}."), size)
        with bench.database(empty) as info:
            fresh = Settings(kafka=kafka, kafka_prefix=f"bench-{uuid4().hex[:8]}.", kafka_partitions={})
            with closing(Database(info, max_size=1)) as database:
                create(fresh, database, ["enrollment"])
            floor = asyncio.run(by_hand(info, kafka, f"{fresh.kafka_prefix}enrollment", size))
        pairs.append(Pair(percentile(ours, 0.99) * 1000, percentile(floor, 0.99) * 1000))
    return result(
        ID,
        "commit to consumer, p99 / commit, send and take in one process",
        GOAL,
        pairs,
        "ms",
        events=size,
        per_second=PER_SECOND,
        fsync=True,
    )


class Noting:
    """Notes the positions; when its transaction is committed, the consumer's step has returned."""

    name = "noting"
    source = "enrollment"
    group = "noting"
    types = frozenset({TrainingBegun.TOPIC})

    def __init__(self) -> None:
        self.taken: list[int] = []

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        del conn
        self.taken = [recorded.position for recorded in events]


def relay(info: str, settings: Settings, stop: EventType) -> None:
    """A process of its own, as in production."""
    tune(settings)
    with closing(Database(info, max_size=2)) as database:
        Relay("enrollment", database, settings).run(stop)  # type: ignore[arg-type]


def consume(info: str, settings: Settings, stop: EventType, told: "Queue[tuple[float, list[int]]]") -> None:
    """A process of its own; tells which positions are committed, and when."""
    tune(settings)
    handler = Noting()
    with (
        closing(Database(info, max_size=2)) as database,
        closing(KafkaFeeds(settings).open("enrollment", handler.group)) as feed,
    ):
        consumer = Consumer(database, feed, handler, settings)
        while not stop.is_set():
            handler.taken = []
            if consumer.step():
                told.put((time.perf_counter(), handler.taken))
            else:
                feed.wait(settings.consumer_pause)


def through_relay(info: str, taken: str, settings: Settings, size: int) -> list[float]:
    committed: dict[int, float] = {}
    arrived: dict[int, float] = {}
    here = get_context("spawn")
    stop: EventType = here.Event()
    told: Queue[tuple[float, list[int]]] = here.Queue()
    with closing(Database(info)) as source:
        create(settings, source, ["enrollment"])
        processes = [
            here.Process(target=relay, args=(info, settings, stop)),
            here.Process(target=consume, args=(taken, settings, stop, told)),
        ]
        for process in processes:
            process.start()

        def listen(until: int) -> None:
            while len(arrived) < until:
                at, positions = told.get(timeout=60)
                arrived.update(dict.fromkeys(positions, at))

        store = Store(source)
        _write(store, 1)
        listen(1)
        began = time.perf_counter()
        for number in range(size):
            _pace(began, number)
            position = _write(store, 1)
            committed[position] = time.perf_counter()
        listen(size + 1)
        stop.set()
        for process in processes:
            process.join()
    return [arrived[position] - at for position, at in committed.items()]


def _write(store: Store, count: int) -> int:
    events = tuple(
        TrainingBegun.unchecked_next(uuid4(), 0, {"person_id": uuid4(), "offering_id": company.COURSE, "term": 1})
        for _ in range(count)
    )
    return store.append([Decision(events, META)]).position or 0


def _pace(began: float, number: int) -> None:
    ahead = began + number / PER_SECOND - time.perf_counter()
    if ahead > 0:
        time.sleep(ahead)


async def by_hand(info: str, kafka: str, topic: str, size: int) -> list[float]:
    """The least that it can take: one process, nothing kept, nothing checked."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True, linger_ms=0)
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False)
    await producer.start()
    await producer.send_and_wait(topic, b"first")
    await consumer.start()
    consumer.assign([TopicPartition(topic, 0)])
    committed: dict[bytes, float] = {}
    arrived: dict[bytes, float] = {}

    async def take() -> None:
        while len(arrived) < size + 1:
            found = await consumer.getmany(timeout_ms=500)
            now = time.perf_counter()
            for messages in found.values():
                arrived.update({message.value: now for message in messages if message.value})

    taking = asyncio.create_task(take())
    async with await psycopg.AsyncConnection.connect(info) as conn:
        began = time.perf_counter()
        for number in range(size):
            ahead = began + number / PER_SECOND - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            key = UUID(int=number)
            await conn.execute(
                "INSERT INTO events (position, stream, version, type, recorded_at, meta, body) "
                "VALUES (%s, %s, 1, 'x', now(), '', %s)",
                [number + 1, key, key.bytes],
            )
            await conn.commit()
            committed[key.bytes] = time.perf_counter()
            await producer.send_and_wait(topic, key.bytes)
    await asyncio.wait_for(taking, 30)
    await producer.stop()
    await consumer.stop()
    return [arrived[key] - at for key, at in committed.items()]
