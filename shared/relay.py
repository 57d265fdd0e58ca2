"""The relay: copies a source's stored bytes to its topic, in order and without a hole, at least once (DESIGN 4).

Whichever relay sends a record, it is the same record: position, predecessor in the partition and partition follow from
the store alone. So records that are sent twice, even late by a relay that was replaced, do no harm.
"""

import asyncio
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID, uuid4

import psycopg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from psycopg_pool import PoolTimeout

from shared import telemetry
from shared.database import Database, fetch_one
from shared.errors import Corrupt
from shared.feeds import PROFILES, Checkpoint, Record, SourceDown, wire
from shared.feeds.postgres import PostgresFeed
from shared.settings import Settings

log = telemetry.logger(__name__)

_BATCH_BYTES = 512 * 1024
_WATERMARK_PAUSE = 0.1
_LAST_PAUSE = 10.0


class Cursor(NamedTuple):
    """How far a source is published. `last`: the last position in each partition."""

    topic: str
    epoch: UUID
    position: int
    last: Sequence[int]


class LeaseLost(Exception):
    """Another relay has become the active one."""


class Relay:
    """The relay of one source. Of several processes one is active: the one that holds the lease in the database."""

    def __init__(self, source: str, database: Database, settings: Settings) -> None:
        self.name = f"relay {source}"
        self.source = source
        self._database = database
        self._settings = settings
        self._me = uuid4()
        self._feed = PostgresFeed(source, database.conninfo)
        self._attribute = wire.source_of(source)
        self._addressing = wire.Addressing(source)
        self._producer: AIOKafkaProducer | None = None
        self._discarded: set[asyncio.Task[None]] = set()
        self._cursor: Cursor | None = None
        self._leads_until = 0.0
        self._ahead: tuple[int, asyncio.Task[Sequence[Record]]] | None = None
        """What was read ahead, and after which position."""
        self._marked = (0.0, -1)
        """When the last watermarks were sent, and for which position."""

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. Raises Corrupt for a hole in the positions, or for another history than the one published so far."""
        asyncio.run(self._run(stop))

    async def _run(self, stop: threading.Event) -> None:
        pause = 0.1
        try:
            while not stop.is_set():
                try:
                    if not await self.turn():
                        await asyncio.to_thread(self._feed.wait, self._pause())
                    pause = 0.1
                except LeaseLost:
                    log.info("another relay is active", relay=self.name)
                    self._forget()
                except (KafkaError, OSError, TimeoutError, psycopg.OperationalError, PoolTimeout, SourceDown) as error:
                    log.warning(
                        "broker or database is down; trying again", relay=self.name, reason=type(error).__name__
                    )
                    await self._let_go()
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LAST_PAUSE)
        finally:
            await self.stop()

    async def start(self) -> None:
        """Connect now, rather than with the first batch."""
        await self._connected()

    async def _let_go(self) -> None:
        self._forget()
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            await asyncio.gather(ahead[1], return_exceptions=True)
        self._feed.close()

    async def stop(self) -> None:
        """Let go of broker and source."""
        await self._let_go()
        await asyncio.gather(*self._discarded)

    def _pause(self) -> float:
        """Until there is something to do: watermarks are due sooner than new events are looked for."""
        owed = self._cursor is not None and self._marked[1] < self._cursor.position
        return _WATERMARK_PAUSE if owed else self._settings.consumer_pause

    async def turn(self) -> int:
        """Publish the next batch. Returns how many events it had; 0 when there is nothing new, or another relay is active.

        While the broker takes one batch, the next is read.
        """
        cursor = self._lead()
        if cursor is None:
            return 0
        records = await self._next(cursor)
        if records:
            self._check(cursor, records)
            if len(records) == self._settings.relay_batch:
                self._read_ahead(cursor.epoch, records[-1].position)
            last = await self._send(cursor, records)
            cursor = self._advance(cursor, cursor._replace(position=records[-1].position, last=last))
            telemetry.RELAYED.labels(self.source).inc(len(records))
        await self._watermarks(cursor)
        return len(records)

    async def _next(self, cursor: Cursor) -> Sequence[Record]:
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            position, reading = ahead
            records = await reading
            if position == cursor.position:
                return records
        return await asyncio.to_thread(self._read, cursor.epoch, cursor.position)

    def _read_ahead(self, epoch: UUID, position: int) -> None:
        reading = asyncio.get_running_loop().create_task(asyncio.to_thread(self._read, epoch, position))
        self._ahead = position, reading

    def _read(self, epoch: UUID, position: int) -> Sequence[Record]:
        return self._feed.read({0: Checkpoint(epoch, position)}, self._settings.relay_batch)

    def _check(self, cursor: Cursor, records: Sequence[Record]) -> None:
        expected, epoch = cursor.position, cursor.epoch.int
        for record in records:
            if record.epoch.int != epoch:
                raise Corrupt(
                    f"{self.name}: the store has begun epoch {record.epoch}; its topic tells of {cursor.epoch}"
                )
            if record.position != expected + 1 and self.source != PROFILES:
                raise Corrupt(
                    f"{self.name}: positions {expected + 1} to {record.position - 1} are missing in the store"
                )
            expected = record.position

    async def _send(self, cursor: Cursor, records: Sequence[Record]) -> tuple[int, ...]:
        """All of them, acknowledged by every replica. Returns the last position in each partition."""
        producer = await self._connected()
        last = list(cursor.last)
        by_partition: dict[int, list[tuple[Record, int]]] = {}
        for record in records:
            partition = wire.partition_of(record.key, len(last))
            by_partition.setdefault(partition, []).append((record, last[partition]))
            last[partition] = record.position
        sending = [self._send_partition(producer, cursor.topic, p, ones) for p, ones in by_partition.items()]
        await asyncio.gather(*sending)
        return tuple(last)

    async def _send_partition(
        self, producer: AIOKafkaProducer, topic: str, partition: int, records: Sequence[tuple[Record, int]]
    ) -> None:
        """In batches, one outstanding at a time: a later one is never there without the one before."""
        at = 0
        headers = self._addressing.headers
        while at < len(records):
            batch = producer.create_batch()
            while at < len(records):
                record, previous = records[at]
                key = wire.key_of(record)
                appended = batch.append(
                    key=key,
                    value=record.body,
                    timestamp=_milliseconds(record.recorded_at),
                    headers=headers(record, key, previous),
                )
                if appended is None:
                    break
                at += 1
            await (await producer.send_batch(batch, topic, partition=partition))

    async def _watermarks(self, cursor: Cursor) -> None:
        """Tell partitions that got nothing how far the source is: those who wait for a position learn it."""
        sent_at, marked = self._marked
        if marked >= cursor.position or time.monotonic() < sent_at + _WATERMARK_PAUSE:
            return
        now = datetime.now(UTC)
        silent = [p for p, last in enumerate(cursor.last) if last < cursor.position]
        if silent and self.source != PROFILES:
            producer = await self._connected()
            futures = [
                await producer.send(
                    cursor.topic,
                    value=b"{}",
                    partition=partition,
                    headers=wire.watermark_headers(
                        self._attribute,
                        epoch=cursor.epoch,
                        position=cursor.position,
                        previous=cursor.last[partition],
                        partition=partition,
                        now=now,
                    ),
                )
                for partition in silent
            ]
            await asyncio.gather(*futures)
        self._marked = (time.monotonic(), cursor.position)

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._settings.kafka,
                client_id=self.name.replace(" ", "-"),
                acks="all",
                enable_idempotence=True,
                compression_type="lz4",
                max_batch_size=_BATCH_BYTES,
                linger_ms=0,
                request_timeout_ms=int(self._settings.kafka_session_timeout * 1000),
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    def _forget(self) -> None:
        """After any failure: what the old producer still holds may arrive late or never; we begin again at the cursor."""
        self._cursor = None
        self._leads_until = 0.0
        if self._producer is not None:
            task = asyncio.get_running_loop().create_task(_discard(self._producer))
            self._discarded.add(task)
            task.add_done_callback(self._discarded.discard)
            self._producer = None

    def _lead(self) -> Cursor | None:
        """The cursor, while this relay is the active one. The lease is renewed when a third of it is over."""
        if self._cursor is not None and time.monotonic() < self._leads_until:
            return self._cursor
        asked_at = time.monotonic()
        with self._database.transaction() as conn:
            query = (
                "UPDATE relay SET leader = %(me)s, until = clock_timestamp() + make_interval(secs => %(lease)s) "
                "WHERE source = %(source)s AND (leader = %(me)s OR leader IS NULL OR until < clock_timestamp()) "
                "RETURNING topic, epoch, position, last"
            )
            values = {"me": self._me, "lease": self._settings.kafka_session_timeout, "source": self.source}
            self._cursor = fetch_one(conn, Cursor, query, values)
        self._leads_until = asked_at + self._settings.kafka_session_timeout / 3
        return self._cursor

    def _advance(self, before: Cursor, after: Cursor) -> Cursor:
        """Compare and set, without waiting for the disk: what is lost with the database is sent again. Raises Overtaken."""
        with self._database.transaction(async_commit=True) as conn:
            moved = conn.execute(
                "UPDATE relay SET position = %s, last = %s WHERE source = %s AND position = %s AND epoch = %s AND leader = %s",
                [after.position, list(after.last), self.source, before.position, before.epoch, self._me],
            )
        if moved.rowcount != 1:
            raise LeaseLost(self.name)
        self._cursor = after
        return after


@lru_cache(maxsize=100)
def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


async def _discard(producer: AIOKafkaProducer) -> None:
    try:
        await producer.stop()
    except (KafkaError, OSError, TimeoutError) as error:
        log.info("a producer was discarded", reason=type(error).__name__)
