"""Takes a source's entries, once each, in order per key (DESIGN 4). Committing is the last step, always."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

import psycopg
from psycopg_pool import PoolTimeout

from shared import telemetry
from shared.consumer.batches import Batch, Entry, columns, places_after, read
from shared.database import INTERRUPTED_SECONDS, Connection, Database, fetch
from shared.dead_letters import DeadLetters
from shared.errors import Corrupt
from shared.events import Meta, Recorded
from shared.feeds import WATERMARK, Checkpoint, Checkpoints, Feed, Record, SourceDown, in_order
from shared.set_aside import passing
from shared.settings import Settings

log = telemetry.logger(__name__)


class Handler(Protocol):
    """What one consumer does with one source: a projection or a reaction."""

    name: str
    source: str
    group: str
    """Its processes share the source's partitions, so no other handler has this name."""
    types: frozenset[str]
    """Wire names that it handles. Others are skipped and counted."""

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        """The effects of a batch, set-based. The transaction is the consumer's: must not commit, must not use another."""
        ...


class _HighWater(NamedTuple):
    partition: int
    epoch: UUID
    position: int
    offset: int


def checkpoints(conn: Connection, handler: Handler) -> dict[int, Checkpoint]:
    """How far a handler has taken each partition of its source."""
    query = 'SELECT partition, epoch, position, "offset" FROM high_water WHERE consumer = %s AND source = %s'
    rows = fetch(conn, _HighWater, query, [handler.name, handler.source], binary=True)
    return {row.partition: Checkpoint(row.epoch, row.position, row.offset) for row in rows}


class Consumer:
    """One handler on one feed. Effects, high-water and parked entries commit in one transaction."""

    def __init__(self, database: Database, feed: Feed, handler: Handler, settings: Settings) -> None:
        self.name = f"{handler.name} <- {handler.source}"
        self.source = handler.source
        self._database = database
        self._feed = feed
        self._handler = handler
        self._settings = settings
        self._families = frozenset(t.rpartition(".v")[0] for t in handler.types)
        self._parking = DeadLetters(handler.name, handler.source, settings.parked_keys_limit)
        self._partitions = 0

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. A database or a source that is down is tried again, and raised where it stays so; all else is raised."""
        pause = 0.1
        since: float | None = None
        try:
            while not stop.is_set():
                try:
                    if not self.step():
                        self._feed.wait(self._settings.consumer_pause)
                    pause, since = 0.1, None
                except (psycopg.OperationalError, PoolTimeout, SourceDown) as error:
                    since = since or time.monotonic()
                    if time.monotonic() - since > INTERRUPTED_SECONDS:
                        raise
                    log.warning("source or database is down; trying again", consumer=self.name, reason=str(error)[:200])
                    self._feed.close()
                    stop.wait(pause)
                    pause = min(pause * 2, 10.0)
        finally:
            self._feed.close()

    def step(self) -> int:
        """Take the next batch. Returns how many entries it had; 0 when there is nothing new."""
        batch = self._next(self.reached())
        telemetry.CONSUMER_LAG.labels(self._handler.name, self._handler.source).set(len(batch.records))
        if not batch.records:
            return 0
        places = places_after(batch.reached, batch.records)
        if batch.fresh:
            try:
                self._take(batch, places, one_by_one=False)
            except Corrupt:
                raise
            except Exception as error:
                if passing(error):
                    raise
                log.exception("a batch crashed; taking it one by one", consumer=self.name)
                self._take(batch, places, one_by_one=True)
        elif places != batch.reached:
            with self._database.transaction(async_commit=True) as conn:
                self._advance(conn, batch.reached, places)
        if batch.fresh:
            telemetry.EVENTS_TAKEN.labels(self._handler.name, self._handler.source).inc(len(batch.fresh))
            last = batch.fresh[-1].record.position
            telemetry.CONSUMER_POSITION.labels(self._handler.name, self._handler.source).set(last)
        return len(batch.records)

    def _next(self, reached: Checkpoints) -> Batch:
        if not self._partitions:
            self._agree(self._feed.partitions())
        records = self._feed.read(reached, self._settings.consumer_batch)
        return Batch(reached, records, [self._readable(record) for record in self._fresh(reached, records)])

    def reached(self) -> dict[int, Checkpoint]:
        """How far each partition was taken."""
        with self._database.connection() as conn:
            return checkpoints(conn, self._handler)

    def _agree(self, partitions: int) -> None:
        """Raises Corrupt where the source has another number of partitions than it had: keys would change theirs."""
        who = [self._handler.name, self._handler.source]
        with self._database.transaction() as conn:
            conn.execute(
                "INSERT INTO followed (consumer, source, partitions) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                [*who, partitions],
            )
            row = conn.execute("SELECT partitions FROM followed WHERE consumer = %s AND source = %s", who).fetchone()
        if row is None or row[0] != partitions:
            raise Corrupt(
                f"{self.name}: the source has {partitions} partitions, and had {row and row[0]}; they are fixed. Growth is a "
                "new topic"
            )
        self._partitions = partitions

    def _fresh(self, reached: Checkpoints, records: Sequence[Record]) -> list[Record]:
        """What was not taken yet, by position. Raises Corrupt where something is missing, or the history is another one."""
        if not records:
            return []
        high = {partition: place.position for partition, place in reached.items()}
        epochs = {place.epoch for place in reached.values()} or {records[0].epoch}
        if unknown := {record.epoch.int for record in records} - {epoch.int for epoch in epochs}:
            raise Corrupt(
                f"{self.name}: the source has begun epoch {UUID(int=unknown.pop())}; this read model must be rebuilt"
            )
        fresh = []
        for record in records:
            so_far = high.get(record.partition, 0)
            if record.position <= so_far:
                continue
            if record.previous > so_far:
                raise Corrupt(f"{self.name}: positions {so_far + 1} to {record.previous} are missing")
            fresh.append(record)
            high[record.partition] = record.position
        return in_order(fresh) if self._partitions > 1 else fresh

    def _take(self, batch: Batch, places: Checkpoints, *, one_by_one: bool) -> None:
        """Without waiting for the disk: if the database crashes, effects and place are gone together, and it is read again."""
        with self._database.transaction(async_commit=True) as conn:
            self._advance(conn, batch.reached, places)
            recorded = self._parked_apart(conn, batch.fresh)
            if one_by_one:
                self._apply_singly(conn, recorded)
            elif recorded:
                self._handler.apply(conn, [event for _, event in recorded])

    def _apply_singly(self, conn: Connection, recorded: Iterable[tuple[Record, Recorded]]) -> None:
        """Of a type of which too many keys are parked, no further one is tried: its code is wrong, not the data."""
        crashed: set[UUID] = set()
        parked = self._parking.keys_by_type(conn)
        for record, event in recorded:
            if record.key in crashed:
                self._parking.park(conn, record, None)
                continue
            if self._parking.stopped(parked[record.type]):
                self._parking.park_untried(conn, record)
                crashed.add(record.key)
                continue
            try:
                with conn.transaction():
                    self._handler.apply(conn, [event])
            except Exception as error:
                if passing(error):
                    raise
                log.exception("an event crashed; its key is parked", consumer=self.name, position=record.position)
                self._parking.park(conn, record, f"{type(error).__name__} in {self._handler.name}")
                crashed.add(record.key)
                parked[record.type] += 1

    def _readable(self, record: Record) -> Entry:
        """Raises Corrupt for a version of a type that this handler should know."""
        if record.type in self._handler.types:
            try:
                return Entry(record, read(record))
            except ValueError as error:
                return Entry(record, None, f"the body does not fit {record.type}: {type(error).__name__}")
        if record.type.rpartition(".v")[0] in self._families:
            raise Corrupt(f"{self.name} does not know version {record.type}; upgrade it before its source")
        return Entry(record, None)

    def _parked_apart(self, conn: Connection, entries: Sequence[Entry]) -> list[tuple[Record, Recorded]]:
        """What can be applied. What waits behind a parked entry, or cannot be read, is parked."""
        waiting = self._parking.parked_keys(conn)
        parked = self._parking.keys_by_type(conn) if waiting else Counter[str]()
        clear: list[tuple[Record, Recorded]] = []
        skipped = 0
        for record, event, error in entries:
            if event is None and error is None:
                skipped += record.type != WATERMARK
            elif waiting and record.key in waiting:
                self._parking.park(conn, record, None)
            elif event is None:
                self._parking.park(conn, record, error)
                waiting.add(record.key)
            elif self._parking.stopped(parked[record.type]):
                self._parking.park_untried(conn, record)
                waiting.add(record.key)
            else:
                clear.append((record, event))
        if skipped:
            telemetry.EVENTS_SKIPPED.labels(self._handler.name).inc(skipped)
        return clear

    def _advance(self, conn: Connection, reached: Checkpoints, places: Checkpoints) -> None:
        """Compare and set, first in the transaction: of two consumers at one place, one gets on."""
        who = [self._handler.name, self._handler.source]
        known = {p: place for p, place in places.items() if p in reached and place != reached[p]}
        new = {p: place for p, place in places.items() if p not in reached}
        moved = 0
        if known:
            moved += conn.execute(
                'UPDATE high_water h SET position = t.position, "offset" = t."offset" '
                "FROM unnest(%s::int[], %s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[]) "
                'AS t (partition, epoch, position, "offset", expected) WHERE h.consumer = %s AND h.source = %s '
                "AND h.partition = t.partition AND h.epoch = t.epoch AND h.position = t.expected",
                [*columns(known), [reached[p].position for p in known], *who],
            ).rowcount
        if new:
            moved += conn.execute(
                'INSERT INTO high_water (consumer, source, partition, epoch, position, "offset") '
                "SELECT %s, %s, * FROM unnest(%s::int[], %s::uuid[], %s::bigint[], %s::bigint[]) ON CONFLICT DO NOTHING",
                [*who, *columns(new)],
            ).rowcount
        if moved != len(known) + len(new):
            raise CheckpointMoved(f"{self.name}: another consumer has taken this batch")

    def retry(self, key: UUID, by: Meta) -> int:
        """A person's word: take a parked key's entries again. Returns how many; raises what its handler raises."""
        with self._database.transaction() as conn:
            self._hold(conn)
            records = self._parking.entries(conn, key)
            if records:
                self._handler.apply(conn, [read(record) for record in records])
                self._parking.settle(conn, key, records, "retried", by)
        return len(records)

    def drop(self, key: UUID, position: int, by: Meta) -> bool:
        """A person's word: give the first parked entry of a key up. Those behind it wait for `retry`.

        False, and nothing changed, when the first is another one.
        """
        with self._database.transaction() as conn:
            self._hold(conn)
            records = self._parking.entries(conn, key)[:1]
            if not records or records[0].position != position:
                return False
            self._parking.settle(conn, key, records, "dropped", by)
        return True

    def _hold(self, conn: Connection) -> None:
        """Until this transaction ends no process gets on, so that nothing overtakes, or queues behind what is gone."""
        query = "SELECT position FROM high_water WHERE consumer = %s AND source = %s ORDER BY partition FOR UPDATE"
        conn.execute(query, [self._handler.name, self._handler.source])

    def parked(self) -> dict[UUID, list[int]]:
        """Positions of the parked entries by key."""
        with self._database.connection() as conn:
            return self._parking.keys(conn)


class CheckpointMoved(psycopg.OperationalError):
    """Another process was first; what this one read is done already."""
