"""The feed from Kafka: a synchronous face on aiokafka, whose clients live in one event loop of the process.

Offsets are never committed to the broker: the place is the store position in the consumer's own database, and Kafka's
offset beside it only says where to look first.
"""

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Collection, Coroutine, Sequence
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from shared import telemetry
from shared.database import Database
from shared.errors import Corrupt
from shared.feeds import PROFILES, Checkpoint, Checkpoints, Feed, Record, SourceDown, wire
from shared.feeds.topics import partition_count
from shared.relay import Relay
from shared.running import Runnable, Stuck
from shared.settings import Settings

log = telemetry.logger(__name__)

T = TypeVar("T")

_FETCH_BYTES = 4 * 1024 * 1024
_POLL_MS = 0


class Loop:
    """An event loop in a thread of its own, for the clients of one process."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def call(self, coroutine: Coroutine[Any, Any, T], seconds: float) -> T:
        """Raises TimeoutError, and cancels it, when it takes longer; ConnectionError where a client gave itself up."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="kafka", daemon=True).start()
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(seconds)
        except TimeoutError:
            future.cancel()
            raise
        except concurrent.futures.CancelledError as error:
            raise ConnectionError("the client gave up, as it does when its broker goes away") from error


class KafkaFeed:
    """One source's topic. In a group its partitions are shared with the group's other processes."""

    def __init__(self, source: str, settings: Settings, loop: Loop, group: str | None = None) -> None:
        self.source = source
        self._settings = settings
        self._topic = settings.kafka_prefix + source
        self._group = group and settings.kafka_prefix + group
        self._loop = loop
        self._client: AIOKafkaConsumer | None = None
        self._at: dict[int, int] = {}
        """By partition, the position up to which it was handed out since it was sought."""
        self._hints: dict[int, Checkpoint] = {}
        """Places that were sought by their offset and not verified yet."""
        self._waiting: list[Record] = []
        self._skipped: dict[int, tuple[int, int]] = {}
        """By partition, the position and the offset up to which nothing is left for us: messages of others end there."""
        self._count = 0
        self._progress = self._looked = time.monotonic()
        self._built_anew = False

    def partitions(self) -> int:
        return self._call(self._partitions())

    def read(self, after: Checkpoints, limit: int) -> Sequence[Record]:
        records = self._call(self._read(after, limit))
        if records:
            self._progress, self._built_anew = time.monotonic(), False
        elif time.monotonic() > max(self._progress, self._looked) + self._settings.kafka_check_interval:
            self._looked = time.monotonic()
            self._call(self._check_ends(after))
        elif time.monotonic() > self._progress + self._settings.kafka_stall_timeout:
            self._watch(after)
        return records

    def lag(self, after: Checkpoints) -> int:
        return self._call(self._behind(after))

    def wait(self, seconds: float) -> None:
        self._call(self._wait(seconds), seconds)

    def close(self) -> None:
        """Leave the group. What was handed out and not taken will be handed out again."""
        if self._client is not None:
            client, self._client = self._client, None
            try:
                self._loop.call(client.stop(), self._settings.kafka_session_timeout)
            except (KafkaError, OSError, TimeoutError) as error:
                log.info("a consumer was discarded", source=self.source, reason=type(error).__name__)

    def _call(self, coroutine: Coroutine[Any, Any, T], more: float = 0.0) -> T:
        try:
            return self._loop.call(coroutine, self._settings.kafka_session_timeout * 2 + more)
        except (KafkaError, OSError, TimeoutError) as error:
            raise SourceDown(f"{self.source}: {type(error).__name__}: {error}") from error

    async def _connected(self) -> AIOKafkaConsumer:
        if self._client is not None:
            return self._client
        count = await self._partitions()
        session = int(self._settings.kafka_session_timeout * 1000)
        client = AIOKafkaConsumer(
            bootstrap_servers=self._settings.kafka,
            client_id=f"rollbook-{self.source}",
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=session,
            heartbeat_interval_ms=max(session // 4, 100),
            rebalance_timeout_ms=session,
            max_poll_interval_ms=max(session * 6, 60_000),
            max_partition_fetch_bytes=_FETCH_BYTES,
            request_timeout_ms=max(session, 2_000),
            retry_backoff_ms=50,
        )
        self._forget()
        try:
            await client.start()
            if self._group:
                client.subscribe([self._topic], listener=_Listener(self))
            else:
                client.assign([TopicPartition(self._topic, partition) for partition in range(count)])
        except BaseException:
            await client.stop()
            raise
        self._client = client
        self._progress = time.monotonic()
        return client

    async def _partitions(self) -> int:
        """Raises SourceDown while the topic is not there."""
        if not self._count:
            self._count = await partition_count(self._settings, self._topic)
        return self._count

    def _forget(self) -> None:
        """After a rebalance: whatever was fetched may be another's now, and every partition is sought anew."""
        self._at.clear()
        self._hints.clear()
        self._waiting.clear()

    async def _read(self, after: Checkpoints, limit: int) -> list[Record]:
        client = await self._connected()
        await self._seek(client, after)
        records, self._waiting = self._waiting, []
        if not records:
            records = await self._fetch(client, limit, _POLL_MS)
        for record in records:
            self._at[record.partition] = max(self._at[record.partition], record.position)
        return records

    async def _check_ends(self, after: Checkpoints) -> None:
        """Raises Corrupt where a topic ends before what was read from it: it is not the one that was read."""
        client = await self._connected()
        read = {p: after[p.partition].offset for p in client.assignment() if p.partition in after}
        for partition, end in (await client.end_offsets(list(read))).items() if read else ():
            if end <= read[partition]:
                raise self._made_again(f"it ends at {end}, and {read[partition]} was read")

    def _made_again(self, seen: str) -> Corrupt:
        """Halts the consumer: what the topic had before is missing for whoever reads it from the beginning."""
        log.error("the topic was deleted and made again, or cut off; its consumer halts", topic=self._topic, seen=seen)
        return Corrupt(
            f"{self._topic} was deleted and made again, or cut off: {seen}. Restore the topic with its history"
        )

    async def _wait(self, seconds: float) -> None:
        """Only after a `read`, which has sought every partition."""
        client = await self._connected()
        if not self._waiting:
            self._waiting = await self._fetch(client, self._settings.consumer_batch, int(seconds * 1000))

    async def _seek(self, client: AIOKafkaConsumer, after: Checkpoints) -> None:
        """Go back, or on, where the places are not the ones that were handed out last."""
        for partition in client.assignment():
            number = partition.partition
            place = after.get(number)
            if self._at.get(number) == (place.position if place else 0):
                continue
            self._waiting = [record for record in self._waiting if record.partition != number]
            if place and place.offset >= 0:
                client.seek(partition, place.offset)
                self._hints[number] = place
            else:
                await client.seek_to_beginning(partition)
                self._hints.pop(number, None)
            self._at[number] = place.position if place else 0

    async def _fetch(self, client: AIOKafkaConsumer, limit: int, milliseconds: int) -> list[Record]:
        found = await client.getmany(timeout_ms=milliseconds, max_records=limit)
        records: list[Record] = []
        for partition, messages in found.items():
            read, foreign = wire.readable(self.source, messages)
            if foreign:
                telemetry.FOREIGN.labels(self.source).inc(foreign)
                log.error("messages that no relay has written were skipped", topic=self._topic, messages=foreign)
            number = partition.partition
            if number not in self._at:
                continue
            if messages[-1].offset > (read[-1].offset if read else -1):
                self._skipped[number] = (read[-1].position if read else self._at[number], messages[-1].offset)
            if not read:
                continue
            if read[0].offset == 0 and read[0].previous and self.source != PROFILES:
                raise self._made_again(f"it begins after position {read[0].previous}")
            hint = self._hints.pop(number, None)
            if hint and read[0].position > hint.position and read[0].offset <= hint.offset:
                log.warning("an offset was beyond the position; reading from the beginning", topic=self._topic)
                await client.seek_to_beginning(partition)
                continue
            records += read
        return records

    async def _behind(self, after: Checkpoints, only: Collection[int] | None = None) -> int:
        """Counted in offsets: a little too many where watermarks or duplicates lie between."""
        client = await self._connected()
        ends = await client.end_offsets([p for p in client.assignment() if only is None or p.partition in only])
        begins = await client.beginning_offsets(list(ends))
        behind = 0
        for partition, end in ends.items():
            place = after.get(partition.partition)
            taken = place.offset + 1 if place else 0
            position, skipped = self._skipped.get(partition.partition, (0, -1))
            if (place.position if place else 0) >= position:
                taken = max(taken, skipped + 1)
            behind += end - max(begins[partition], taken if taken <= end else 0)
        return behind

    def _watch(self, after: Checkpoints) -> None:
        """Nothing came for long. If there is something, the client is at fault. Raises Stuck the second time."""
        self._progress = time.monotonic()
        fresh = KafkaFeed(self.source, self._settings, self._loop)
        fresh._skipped = dict(self._skipped)
        try:
            behind = fresh._call(fresh._behind(after, self._mine()))
        finally:
            fresh.close()
        if not behind:
            return
        if self._built_anew:
            raise Stuck(f"{self._topic}: {behind} entries to read, and none came, not even by a new client")
        log.error("no progress although there is something to read; the client is built anew", topic=self._topic)
        self._built_anew = True
        self.close()

    def _mine(self) -> set[int]:
        """The partitions that are this process's now."""
        return {p.partition for p in self._client.assignment()} if self._client else set()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, feed: KafkaFeed) -> None:
        self._feed = feed

    async def on_partitions_revoked(self, revoked: object) -> None:
        del revoked
        self._feed._forget()

    async def on_partitions_assigned(self, assigned: object) -> None:
        del assigned
        self._feed._forget()


class KafkaFeeds:
    """Sources on the broker that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loop = Loop()

    def open(self, source: str, group: str | None = None) -> Feed:
        return KafkaFeed(source, self._settings, self._loop, group)

    def publishers(self, database: Database, *sources: str) -> Sequence[Runnable]:
        """A relay for each source."""
        return [Relay(source, database, self._settings) for source in sources]
