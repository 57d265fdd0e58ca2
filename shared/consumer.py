"""Takes a source's entries, once each, in order per key (DESIGN 4). Committing is the last step, always."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol
from uuid import UUID

import psycopg
from psycopg_pool import PoolTimeout

from shared import telemetry
from shared.database import Connection, Database, uuid_of
from shared.errors import Corrupt
from shared.events import SYSTEM, Meta, Position, Recorded, decode
from shared.feeds import PROFILES, Feed, Record
from shared.profiles import ProfileChanged
from shared.settings import Settings

log = telemetry.logger(__name__)

_PROFILE_META = Meta(actor=SYSTEM, correlation=UUID(int=0))


class Handler(Protocol):
    """What one consumer does with one source: a projection or a reaction."""

    name: str
    source: str
    types: frozenset[str]
    """Wire names that it handles. Others are skipped and counted."""

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        """The effects of a batch, set-based. The transaction is the consumer's: must not commit, must not use another."""
        ...


class Consumer:
    """One handler on one feed. Effects, high-water and parked entries commit in one transaction."""

    def __init__(self, database: Database, feed: Feed, handler: Handler, settings: Settings) -> None:
        self.name = f"{handler.name} <- {handler.source}"
        self._database = database
        self._feed = feed
        self._handler = handler
        self._settings = settings
        self._families = frozenset(t.rpartition(".v")[0] for t in handler.types)

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. A database or a source that is down is tried again for ever; anything else is raised."""
        pause = 0.1
        while not stop.is_set():
            try:
                if not self.step():
                    self._feed.wait(self._settings.consumer_pause)
                pause = 0.1
            except (psycopg.OperationalError, PoolTimeout):
                log.warning("source or database is down; trying again", consumer=self.name, seconds=pause)
                self._feed.close()
                stop.wait(pause)
                pause = min(pause * 2, 10.0)

    def step(self) -> int:
        """Take the next batch. Returns how many entries it had; 0 when there is nothing new."""
        reached = self._high_water()
        records = self._feed.read(reached, self._settings.consumer_batch)
        telemetry.CONSUMER_LAG.labels(self._handler.name, self._handler.source).set(len(records))
        if not records:
            return 0
        fresh = self._fresh(reached, records)
        if fresh:
            try:
                self._take(reached, fresh, one_by_one=False)
            except (psycopg.OperationalError, PoolTimeout, Corrupt):
                raise
            except Exception:
                log.exception("a batch crashed; taking it one by one", consumer=self.name)
                self._take(reached, fresh, one_by_one=True)
            telemetry.EVENTS_TAKEN.labels(self._handler.name, self._handler.source).inc(len(fresh))
            telemetry.CONSUMER_POSITION.labels(self._handler.name, self._handler.source).set(fresh[-1].position)
        return len(records)

    def _fresh(self, reached: Position | None, records: Sequence[Record]) -> list[Record]:
        """What was not taken yet. Raises Corrupt where something is missing, or the source's history is another one."""
        high = reached.number if reached else 0
        fresh = []
        for record in records:
            if reached and record.epoch != reached.epoch:
                raise Corrupt(
                    f"{self.name}: the source has begun epoch {record.epoch}; this read model must be rebuilt"
                )
            if record.position <= high:
                continue
            if record.previous > high:
                raise Corrupt(f"{self.name}: positions {high + 1} to {record.previous} are missing")
            fresh.append(record)
            high = record.position
        return fresh

    def _take(self, reached: Position | None, records: Sequence[Record], *, one_by_one: bool) -> None:
        with self._database.transaction() as conn:
            self._advance(conn, reached, records[-1])
            free = self._behind_parked(conn, records)
            recorded = self._decoded(conn, free)
            if one_by_one:
                self._apply_singly(conn, recorded)
            elif recorded:
                self._handler.apply(conn, [event for _, event in recorded])
            self._check_parked(conn)

    def _apply_singly(self, conn: Connection, recorded: Iterable[tuple[Record, Recorded]]) -> None:
        crashed: set[UUID] = set()
        for record, event in recorded:
            if record.key in crashed:
                self._park(conn, record, None)
                continue
            try:
                with conn.transaction():
                    self._handler.apply(conn, [event])
            except psycopg.OperationalError:
                raise
            except Exception as error:
                log.exception("an event crashed; its key is parked", consumer=self.name, position=record.position)
                self._park(conn, record, f"{type(error).__name__} in {self._handler.name}")
                crashed.add(record.key)

    def _decoded(self, conn: Connection, records: Iterable[Record]) -> list[tuple[Record, Recorded]]:
        decoded: list[tuple[Record, Recorded]] = []
        unreadable: set[UUID] = set()
        for record in records:
            if record.type not in self._handler.types:
                if record.type.rpartition(".v")[0] in self._families:
                    raise Corrupt(f"{self.name} does not know version {record.type}; upgrade it before its source")
                telemetry.EVENTS_SKIPPED.labels(self._handler.name).inc()
            elif record.key in unreadable:
                self._park(conn, record, None)
            else:
                try:
                    decoded.append((record, read(record)))
                except ValueError as error:
                    self._park(conn, record, f"the body does not fit {record.type}: {type(error).__name__}")
                    unreadable.add(record.key)
        return decoded

    def _behind_parked(self, conn: Connection, records: Sequence[Record]) -> list[Record]:
        """Queue what belongs behind a parked entry of its key; the rest is free to go."""
        query = "SELECT DISTINCT key FROM parked_event WHERE consumer = %s AND source = %s"
        parked = {key for (key,) in conn.execute(query, [self._handler.name, self._handler.source])}
        if not parked:
            return list(records)
        for record in records:
            if record.key in parked and record.type in self._handler.types:
                self._park(conn, record, None)
        return [record for record in records if record.key not in parked]

    def _park(self, conn: Connection, record: Record, error: str | None) -> None:
        telemetry.EVENTS_PARKED.labels(self._handler.name).inc()
        conn.execute(
            "INSERT INTO parked_event (consumer, source, position, previous, epoch, key, type, version, recorded_at, "
            "meta, body, error) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [self._handler.name, self._handler.source, *record[:9], error],
        )

    def _check_parked(self, conn: Connection) -> None:
        query = "SELECT count(DISTINCT key) FROM parked_event WHERE consumer = %s AND source = %s"
        row = conn.execute(query, [self._handler.name, self._handler.source]).fetchone()
        if row and isinstance(row[0], int) and row[0] > self._settings.parked_keys_limit:
            raise Corrupt(f"{self.name}: {row[0]} keys would be parked; the code is wrong, not the data")

    def _high_water(self) -> Position | None:
        query = "SELECT epoch, position FROM high_water WHERE consumer = %s AND source = %s AND partition = 0"
        with self._database.connection() as conn:
            row = conn.execute(query, [self._handler.name, self._handler.source]).fetchone()
        return Position(*row) if row else None  # type: ignore[arg-type]

    def _advance(self, conn: Connection, reached: Position | None, last: Record) -> None:
        """Compare and set, first in the transaction: of two consumers at one place, one gets on."""
        moved = conn.execute(
            "INSERT INTO high_water (consumer, source, partition, epoch, position) VALUES (%s, %s, 0, %s, %s) "
            "ON CONFLICT (consumer, source, partition) DO UPDATE SET position = excluded.position "
            "WHERE high_water.position = %s AND high_water.epoch = excluded.epoch",
            [self._handler.name, self._handler.source, last.epoch, last.position, reached.number if reached else -1],
        )
        if moved.rowcount != 1:
            raise psycopg.OperationalError(f"{self.name}: another consumer has taken this batch")

    def retry(self, key: UUID) -> int:
        """A person's word: take a parked key's entries again. Returns how many; raises what its handler raises."""
        with self._database.transaction() as conn:
            records = self._parked(conn, key)
            self._handler.apply(conn, [read(record) for record in records])
            self._unpark(conn, key, [record.position for record in records])
        return len(records)

    def drop(self, key: UUID, position: int) -> None:
        """A person's word: give one parked entry up. Those behind it wait for `retry`."""
        with self._database.transaction() as conn:
            self._unpark(conn, key, [position])

    def parked(self) -> dict[UUID, list[int]]:
        """Positions of the parked entries by key."""
        query = "SELECT key, position FROM parked_event WHERE consumer = %s AND source = %s ORDER BY position"
        found: dict[UUID, list[int]] = defaultdict(list)
        with self._database.connection() as conn:
            for key, position in conn.execute(query, [self._handler.name, self._handler.source]):
                found[uuid_of(key)].append(int(str(position)))
        return dict(found)

    def _parked(self, conn: Connection, key: UUID) -> list[Record]:
        query = (
            "SELECT position, previous, epoch, key, type, version, recorded_at, meta, body FROM parked_event "
            "WHERE consumer = %s AND source = %s AND key = %s ORDER BY position FOR UPDATE"
        )
        return [Record(*row) for row in conn.execute(query, [self._handler.name, self._handler.source, key])]  # type: ignore[arg-type]

    def _unpark(self, conn: Connection, key: UUID, positions: Sequence[int]) -> None:
        conn.execute(
            "DELETE FROM parked_event WHERE consumer = %s AND source = %s AND key = %s AND position = ANY(%s)",
            [self._handler.name, self._handler.source, key, list(positions)],
        )


def read(record: Record) -> Recorded:
    """Raises ValueError for a body that does not fit its type."""
    if record.type.startswith("directory.ProfileChanged."):
        change = ProfileChanged.read(record.key, record.version, record.body)
        return Recorded(record.position, record.recorded_at, change, _PROFILE_META)
    event = decode(record.type, record.key, record.version, record.body)
    return Recorded(record.position, record.recorded_at, event, Meta.model_validate_json(record.meta))


PROFILE_TYPES = frozenset({"directory.ProfileChanged.v1"})
"""The `types` of a handler of `shared.feeds.PROFILES`."""

__all__ = ["PROFILES", "PROFILE_TYPES", "Consumer", "Handler", "read"]
