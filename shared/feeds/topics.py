"""Topics: made once, each with a number of partitions that stays (DESIGN 4)."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from shared.database import Database, fetch_one
from shared.errors import Corrupt
from shared.feeds import PROFILES, SourceDown
from shared.settings import Settings


class Topic(NamedTuple):
    """A source's topic as it is on the broker. `created` is false for one that was there before."""

    name: str
    partitions: int
    created: bool


def create(settings: Settings, database: Database, sources: Sequence[str]) -> list[Topic]:
    """Make the topics of a service's sources, and note in its database how many partitions each has. Again: nothing.

    Raises Corrupt for a topic with another number of partitions than the database knows, SourceDown without a broker.
    """
    wanted = [_wanted(settings, database, source) for source in sources]
    try:
        found = asyncio.run(_create(settings, wanted))
    except (KafkaError, OSError) as error:
        raise SourceDown(
            f"Kafka at {settings.kafka} could not make the topics: {type(error).__name__}: {error}"
        ) from error
    for source, topic in zip(sources, found, strict=True):
        _note(database, source, topic)
    return found


async def partition_count(settings: Settings, name: str) -> int:
    """Raises SourceDown while there is no such topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    try:
        await admin.start()
        (found,) = await admin.describe_topics([name])
    finally:
        await admin.close()
    if not found["partitions"]:
        raise SourceDown(f"there is no topic {name} yet; rollbook topics creates it")
    return len(found["partitions"])


class _Made(NamedTuple):
    topic: str
    partitions: int


def _wanted(settings: Settings, database: Database, source: str) -> NewTopic:
    with database.connection() as conn:
        made = fetch_one(conn, _Made, "SELECT topic, partitions FROM relay WHERE source = %s", [source])
    policy = (
        {"cleanup.policy": "compact"} if source == PROFILES else {"cleanup.policy": "delete", "retention.bytes": "-1"}
    )
    return NewTopic(
        name=made.topic if made else settings.kafka_prefix + source,
        num_partitions=made.partitions if made else settings.kafka_partitions.get(source, 1),
        replication_factor=settings.kafka_replicas,
        topic_configs={**policy, "retention.ms": "-1", "compression.type": "producer"},
    )


async def _create(settings: Settings, wanted: Sequence[NewTopic]) -> list[Topic]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        answer = await admin.create_topics(list(wanted))
        codes = {error[0]: error[1] for error in answer.topic_errors}
        for name, code in codes.items():
            kind = for_code(code)
            if code and kind is not TopicAlreadyExistsError:
                raise kind(name)
        described = {one["topic"]: len(one["partitions"]) for one in await _described(admin, wanted)}
    finally:
        await admin.close()
    return [Topic(one.name, described[one.name], created=codes[one.name] == 0) for one in wanted]


async def _described(admin: AIOKafkaAdminClient, wanted: Sequence[NewTopic]) -> list[dict[str, Any]]:
    """A new topic takes a moment until every broker knows it."""
    names = [one.name for one in wanted]
    for _ in range(100):
        found: list[dict[str, Any]] = await admin.describe_topics(names)
        if all(not one["error_code"] and one["partitions"] for one in found):
            return found
        await asyncio.sleep(0.05)
    raise KafkaError(f"the topics {', '.join(names)} do not appear")


def _note(database: Database, source: str, topic: Topic) -> None:
    with database.transaction() as conn:
        conn.execute(
            "INSERT INTO relay (source, topic, epoch, partitions, last) "
            "SELECT %s, %s, id, %s, array_fill(0::bigint, ARRAY[%s::int]) FROM epoch ON CONFLICT DO NOTHING",
            [source, topic.name, topic.partitions, topic.partitions],
        )
        row = conn.execute("SELECT partitions FROM relay WHERE source = %s", [source]).fetchone()
    if row is None or row[0] != topic.partitions:
        raise Corrupt(
            f"The topic {topic.name} has {topic.partitions} partitions, the database knows of {row and row[0]}. The number is "
            "fixed: keys would change their partition, and their order."
        )
