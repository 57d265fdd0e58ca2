"""A source, a consumer of it, and what the consumer noted: on either feed, through the same cases."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

from shared.consumer import Consumer
from shared.contracts.directory import PersonMoved, PersonRegistered
from shared.database import Connection, Database
from shared.events import SYSTEM, Event, Meta, Recorded
from shared.feeds import Feed
from shared.feeds.kafka import KafkaFeeds
from shared.feeds.postgres import PostgresFeeds
from shared.feeds.topics import create
from shared.relay import Relay
from shared.settings import Settings
from shared.store import Decision, Store

META = Meta(actor=SYSTEM, correlation=uuid4(), traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
PARTITIONS = 3
SESSION = 1.5


class Noting:
    """Writes down every event; crashes on those of `poisoned`."""

    name = "noting"
    source = "directory"
    group = "noting"
    types = frozenset({PersonRegistered.TOPIC, PersonMoved.TOPIC})

    def __init__(self) -> None:
        self.poisoned: set[UUID] = set()
        self.raises: Exception = RuntimeError("cannot digest this")

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        for recorded in events:
            conn.execute(
                "INSERT INTO noted (position, person, version) VALUES (%s, %s, %s)",
                [recorded.position, recorded.event.originator_id, recorded.event.originator_version],
            )
            if recorded.event.originator_id in self.poisoned:
                raise self.raises


class Pipeline:
    """On PostgreSQL, or on Kafka where `kafka` names a broker. Nothing runs by itself: `take` moves everything on."""

    def __init__(
        self, fresh: Callable[..., Database], feed_conninfo: Callable[[Database], str], kafka: str = "", **limits: Any
    ) -> None:
        self.source, self.database = fresh(), fresh()
        self.store = Store(self.source)
        told = {
            "consumer_batch": 10,
            "kafka_session_timeout": SESSION,
            "kafka_partitions": {"directory": PARTITIONS},
            **limits,
        }
        self.settings = Settings(kafka=kafka, kafka_prefix=f"pipeline-{uuid4().hex[:8]}.", **told)
        self.on_kafka = bool(kafka)
        self.feeds = KafkaFeeds(self.settings) if kafka else PostgresFeeds(lambda _: feed_conninfo(self.source))
        self.loop = asyncio.new_event_loop()
        self.relay: Relay | None = None
        if kafka:
            create(self.settings, self.source, ["directory"])
            self.relay = Relay("directory", self.source, self.settings)
        self.opened: list[Feed] = []
        self.handler = Noting()
        self.consumer = self.another()
        self.feed = self.opened[0]
        self.versions: dict[UUID, int] = {}
        with self.database.connection() as conn:
            conn.execute("CREATE TABLE noted (position bigint PRIMARY KEY, person uuid, version integer)")

    def another(self, group: str | None = None, **limits: Any) -> Consumer:
        """A consumer of the same handler, as another process would have it."""
        self.opened.append(self.feeds.open("directory", group))
        settings = self.settings.model_copy(update=limits)
        return Consumer(self.database, self.opened[-1], self.handler, settings)

    def close(self) -> None:
        for feed in self.opened:
            feed.close()
        if self.relay:
            stop_relay(self.relay, self.loop)
        self.loop.close()

    def tell(self, *people: UUID) -> None:
        for person in people:
            version = self.versions[person] = self.versions.get(person, 0) + 1
            cls: type[Event] = PersonRegistered if version == 1 else PersonMoved
            event = cls(originator_id=person, originator_version=version, home_organisation=None)  # type: ignore[call-arg]
            self.store.append([Decision((event,), META)])

    def publish(self, relay: Relay | None = None) -> None:
        """Everything that is in the store, with its watermarks."""
        relay = relay or self.relay
        while relay and self.loop.run_until_complete(relay.turn()):
            pass
        if relay:
            time.sleep(0.11)
            self.loop.run_until_complete(relay.turn())

    def take(self, consumer: Consumer | None = None, feed: Feed | None = None) -> None:
        """Publish and take all there is."""
        consumer, feed = consumer or self.consumer, feed or self.feed
        self.publish()
        deadline = time.monotonic() + 30
        while consumer.step() or feed.lag(consumer.reached()):
            feed.wait(0.05)
            assert time.monotonic() < deadline, "there is something to take, and it does not come"

    def noted(self, person: UUID | None = None) -> list[int]:
        with self.database.connection() as conn:
            rows = conn.execute(
                "SELECT version FROM noted WHERE person = coalesce(%s, person) ORDER BY position", [person]
            )
            return [int(str(version)) for (version,) in rows]

    def forget_high_water(self, position: int) -> None:
        with self.database.connection() as conn:
            conn.execute('UPDATE high_water SET position = %s, "offset" = -1', [position])


def stop_relay(relay: Relay, loop: asyncio.AbstractEventLoop) -> None:
    async def stop() -> None:
        relay._forget()
        await asyncio.gather(*relay._discarded)

    loop.run_until_complete(stop())
    relay._feed.close()
