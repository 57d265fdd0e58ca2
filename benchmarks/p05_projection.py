"""P5: the live projection of the reports from Kafka, against a consumer that takes the same records and does nothing."""

import asyncio
from contextlib import closing
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks import history
from benchmarks.harness import Bench, Goal, Result, paired, rate, result
from services.reporting.main import PACKAGE
from shared.database import Database
from shared.feeds.kafka import KafkaFeeds
from shared.feeds.topics import create
from shared.relay import Relay
from shared.settings import Settings

ID, GOAL, SIZE, ROUNDS = "P5", Goal(">=", 0.50), 100_000, 5


def run(bench: Bench) -> Result:
    size = bench.size or SIZE
    settings = Settings(kafka=bench.kafka, kafka_prefix=f"bench-{uuid4().hex[:8]}.")
    partitions = settings.kafka_partitions["enrollment"]
    with bench.database(history.store(bench, size)) as enrollment:
        publish(enrollment, settings)
    empty = bench.template("no reports", lambda _: None, PACKAGE)

    def ours() -> float:
        with bench.database(empty) as info:
            feed = KafkaFeeds(settings).open("enrollment", f"reporting-{uuid4().hex[:8]}")
            return rate(size + 1, lambda: history.consume(info, feed, settings, size + 1))

    def drain() -> float:
        return rate(size + 1, lambda: asyncio.run(take(settings, partitions, size + 1)))

    pairs = paired(bench.rounds or ROUNDS, ours, drain)
    return result(
        ID,
        "live projection from Kafka / getmany that does nothing",
        GOAL,
        pairs,
        "events/s",
        events=size + 1,
        partitions=partitions,
        batch=settings.consumer_batch,
        fsync=True,
    )


def publish(enrollment: str, settings: Settings) -> None:
    """Everything, by the relay, until the watermarks are there."""
    with closing(Database(enrollment, max_size=4)) as database:
        create(settings, database, ["enrollment"])
        asyncio.run(_relay(Relay("enrollment", database, settings)))


async def _relay(relay: Relay) -> None:
    while await relay.turn():
        pass
    await asyncio.sleep(0.2)
    await relay.turn()
    await relay.stop()


async def take(settings: Settings, partitions: int, records: int) -> None:
    """So many records, as they come."""
    client = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    await client.start()
    try:
        client.assign([TopicPartition(f"{settings.kafka_prefix}enrollment", n) for n in range(partitions)])
        while records > 0:
            found = await client.getmany(timeout_ms=1_000, max_records=settings.consumer_batch)
            records -= sum(len(messages) for messages in found.values())
    finally:
        await client.stop()
