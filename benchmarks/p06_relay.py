"""P6: the relay, from the store to the broker, against sending the same bytes, encoded before, in whole batches."""

import asyncio
import time
from contextlib import closing
from uuid import uuid4

import psycopg
from aiokafka import AIOKafkaProducer

from benchmarks import history
from benchmarks.harness import Bench, Goal, Result, paired, result
from shared.database import Database
from shared.feeds import Record, wire
from shared.feeds.topics import create
from shared.relay import Relay
from shared.settings import Settings

ID, GOAL, SIZE, ROUNDS = "P6", Goal(">=", 0.60), 100_000, 5

Message = tuple[bytes, bytes, int, wire.Headers]


def run(bench: Bench) -> Result:
    size = bench.size or SIZE
    kafka = bench.kafka
    settings = Settings(kafka=kafka)
    partitions = settings.kafka_partitions["enrollment"]
    with bench.database(history.store(bench, size)) as enrollment:
        messages = encoded(enrollment, partitions)

        def ours() -> float:
            fresh = settings.model_copy(update={"kafka_prefix": f"bench-{uuid4().hex[:8]}."})
            with closing(Database(enrollment, max_size=4)) as database:
                with database.connection() as conn:
                    conn.execute("DELETE FROM relay")
                create(fresh, database, ["enrollment"])
                return asyncio.run(_publish(Relay("enrollment", database, fresh), size + 1))

        def by_hand() -> float:
            fresh = settings.model_copy(update={"kafka_prefix": f"bench-{uuid4().hex[:8]}."})
            with closing(Database(enrollment, max_size=4)) as database:
                with database.connection() as conn:
                    conn.execute("DELETE FROM relay")
                create(fresh, database, ["enrollment"])
            return asyncio.run(_send(kafka, f"{fresh.kafka_prefix}enrollment", messages))

        pairs = paired(bench.rounds or ROUNDS, ours, by_hand)
    return result(
        ID,
        "relay / aiokafka sending the same encoded bytes in whole batches",
        GOAL,
        pairs,
        "events/s",
        events=size + 1,
        partitions=partitions,
        acks="all",
        compression="lz4",
        idempotent=True,
    )


def encoded(enrollment: str, partitions: int) -> list[list[Message]]:
    """By partition, what the relay sends."""
    found: list[list[Message]] = [[] for _ in range(partitions)]
    last = [0] * partitions
    addressing = wire.Addressing("enrollment")
    with psycopg.connect(enrollment) as conn:
        query = (
            "SELECT position, position - 1, epoch, stream, type, version, recorded_at, meta, body "
            "FROM published_log ORDER BY position"
        )
        for row in conn.execute(query, binary=True):
            record = Record(*row)
            partition = wire.partition_of(record.key, partitions)
            key = wire.key_of(record)
            headers = addressing.headers(record, key, last[partition])
            stamp = int(record.recorded_at.timestamp() * 1000)
            found[partition].append((key, bytes(record.body), stamp, headers))
            last[partition] = record.position
    return found


async def _publish(relay: Relay, events: int) -> float:
    await relay.start()
    began = time.perf_counter()
    done = 0
    while done < events:
        done += await relay.turn()
    took = time.perf_counter() - began
    await relay.stop()
    return events / took


async def _send(kafka: str, topic: str, messages: list[list[Message]]) -> float:
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka,
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        max_batch_size=512 * 1024,
        linger_ms=0,
    )
    await producer.start()
    try:
        began = time.perf_counter()
        await asyncio.gather(*(_one(producer, topic, number, of) for number, of in enumerate(messages)))
        return sum(map(len, messages)) / (time.perf_counter() - began)
    finally:
        await producer.stop()


async def _one(producer: AIOKafkaProducer, topic: str, partition: int, messages: list[Message]) -> None:
    at = 0
    while at < len(messages):
        batch = producer.create_batch()
        while at < len(messages):
            key, value, stamp, headers = messages[at]
            if batch.append(key=key, value=value, timestamp=stamp, headers=headers) is None:
                break
            at += 1
        await (await producer.send_batch(batch, topic, partition=partition))
