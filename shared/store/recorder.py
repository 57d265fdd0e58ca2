"""The library's recorders on our tables. The library's own recorder test cases run against them."""

import contextlib
from collections.abc import Callable, Sequence
from threading import Event as Flag
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import (
    AggregateRecorder,
    IntegrityError,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Subscription,
    Tracking,
)
from psycopg_pool import PoolTimeout

from shared.database import Connection, Database, fetch
from shared.events import SYSTEM, EventMapper, Meta
from shared.store import append as appending
from shared.store.append import NIL, Prepared
from shared.store.cohorts import Encoded
from shared.store.decisions import Appended, CohortDecision, Command, Decision
from shared.store.encoding import event_tail
from shared.store.grouping import Group, Request
from shared.store.throttle import Throttle

CHANNEL = "rollbook_appended"
"""Notified after a commit, never inside the transaction: a hint for readers, who also poll."""

_TRACKING = "library"


class Store(ProcessRecorder):
    """The event store of one service. `append` is the only thing that writes events, for one as for thousands."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._group = Group(self._write_group)
        self._throttle = Throttle(appending.APPEND_LOCK)
        self._mapper = EventMapper(transcoder=None)  # type: ignore[arg-type]

    def append(
        self,
        decisions: Sequence[Decision],
        *,
        command: Command | None = None,
        also: Callable[[Connection], None] | None = None,
    ) -> Appended:
        """Write the decisions that still hold; return which were lost. `also` runs in the transaction, under the lock.

        With a `command` the decisions stand or fall together: if one is lost, nothing is written.
        """
        prepared = [_prepared([self._mapper.to_stored_event(e) for e in d.events], d.meta, d) for d in decisions]
        return self._group.do(Request(prepared, command, also))

    def encode(self, alike: CohortDecision) -> Encoded:
        """What `append_cohorts` takes: everything that can be done before the lock is taken, and beside another append."""
        return Encoded.of(alike, [self._mapper.to_stored_event(e) for e in alike.decision.events])

    def append_cohorts(self, encoded: Sequence[Encoded]) -> list[UUID]:
        """Write for all whose stream, and whose row, has not moved on. Returns the subjects that were overtaken.

        In parts, each whole, when others wait for the lock: nobody waits long for a bulk job (ASG-22).
        """
        overtaken: list[UUID] = []
        for one in Encoded.together(encoded):
            done = 0
            while done < len(one.streams):
                part = one.part(done, self._throttle.members(len(one.events)))
                done += len(part.streams)
                overtaken += self._append_part(part)
        return overtaken

    def _append_part(self, part: Encoded) -> list[UUID]:
        with self.database.transaction() as conn:
            last, recorded_at = appending.take_lock(conn)
            with self._throttle.held(conn):
                lost = part.lost(conn)
                kept = part.without(lost) if lost else part
                kept.write(conn, last, recorded_at)
        if kept.tails:
            self._hint()
        return [part.subjects[index] for index in sorted(lost)]

    def _write_group(self, requests: Sequence[Request], tracking: Tracking | None = None) -> None:
        """In one transaction. Sets every outcome, or raises, and nothing was written."""
        outcomes: list[Appended] = []
        with self.database.transaction() as conn:
            if tracking:
                _track(conn, tracking)
            last, recorded_at = appending.take_lock(conn)
            begin = last
            lost_of = appending.losers(
                conn, [r.prepared for r in requests], [bool(r.command or tracking) for r in requests]
            )
            kept: list[Prepared] = []
            for request, lost in zip(requests, lost_of, strict=True):
                if lost and tracking:
                    raise IntegrityError("another writer was there first")
                if lost and request.command:
                    outcomes.append(Appended(range(0), lost))
                    continue
                mine = [one for index, one in enumerate(request.prepared) if index not in lost]
                kept += mine
                count = sum(len(one.events) for one in mine)
                outcomes.append(Appended(range(last + 1, last + count + 1), lost))
                last += count
            appending.write(conn, kept, begin, recorded_at)
            for request, outcome in zip(requests, outcomes, strict=True):
                if outcome.lost and request.command:
                    continue
                if request.command:
                    appending.write_command(conn, request.command, outcome.positions.stop - 1)
                if request.also:
                    request.also(conn)
        for request, outcome in zip(requests, outcomes, strict=True):
            request.outcome = outcome
        if last > begin:
            self._hint()

    def _hint(self) -> None:
        """Readers poll as well, so what was committed is not reported as failed because the hint could not be given."""
        with contextlib.suppress(psycopg.OperationalError, PoolTimeout), self.database.connection() as conn:
            conn.execute(f"NOTIFY {CHANNEL}")

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """The library's way in: `save(*events, decision=..., command=..., also=...)` arrives here, already encoded."""
        tracking: Tracking | None = kwargs.get("tracking")
        decision: Decision | None = kwargs.get("decision")
        one = _prepared(stored_events, decision.meta if decision else Meta(actor=SYSTEM, correlation=NIL), decision)
        if not stored_events and not tracking and not decision:
            return None
        try:
            request = Request([one], kwargs.get("command"), kwargs.get("also"))
            if tracking:
                self._write_group([request], tracking)
            written = request.result() if tracking else self._group.do(request)
        except psycopg.errors.UniqueViolation as error:
            raise IntegrityError(str(error)) from error
        if written.lost:
            raise IntegrityError("another writer was there first")
        return list(written.positions) or None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        return _select_stream(self.database, "events", originator_id, gt=gt, lte=lte, desc=desc, limit=limit)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        first = (start or 0) if inclusive_of_start else (start or 0) + 1
        query = (
            "SELECT stream AS originator_id, version AS originator_version, type AS topic, body AS state, position AS id "
            "FROM events WHERE position >= %s "
            "AND (%s::bigint IS NULL OR position <= %s) AND (%s::text[] = '{}' OR type = ANY(%s)) ORDER BY position LIMIT %s"
        )
        with self.database.connection() as conn:
            values = [first, stop, stop, list(topics), list(topics), limit]
            return fetch(conn, Notification, query, values, binary=True)

    def max_notification_id(self) -> int | None:
        with self.database.connection() as conn:
            row = conn.execute("SELECT max(position) FROM events").fetchone()
        return row[0] if row and isinstance(row[0], int) else None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> "PollingSubscription":
        return PollingSubscription(self, gt=gt, topics=topics)

    def insert_tracking(self, tracking: Tracking) -> None:
        with self.database.transaction() as conn:
            _track(conn, tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        query = "SELECT position FROM high_water WHERE consumer = %s AND source = %s"
        with self.database.connection() as conn:
            row = conn.execute(query, [_TRACKING, application_name]).fetchone()
        return row[0] if row and isinstance(row[0], int) else None


class SnapshotRecorder(AggregateRecorder):
    """The library's snapshots of long streams."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:
        query = "INSERT INTO snapshot (stream, version, type, body) VALUES (%s, %s, %s, %s)"
        try:
            with self.database.transaction() as conn, conn.cursor() as cursor:
                cursor.executemany(
                    query, [(e.originator_id, e.originator_version, e.topic, e.state) for e in stored_events]
                )
        except psycopg.errors.UniqueViolation as error:
            raise IntegrityError(str(error)) from error

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        return _select_stream(self.database, "snapshot", originator_id, gt=gt, lte=lte, desc=desc, limit=limit)


class PollingSubscription(Subscription[Store]):
    """Follows the log by polling: it cannot miss an event, since positions become visible in order."""

    PAGE = 500
    PAUSE_SECONDS = 0.05

    def __init__(self, recorder: Store, gt: int | None = None, topics: Sequence[str] = ()) -> None:
        super().__init__(recorder, gt=gt, topics=topics)
        self._last = gt
        self._page: list[Notification] = []
        self._ended = Flag()

    def stop(self) -> None:
        super().stop()
        self._ended.set()

    def __next__(self) -> Notification:
        while not self._ended.is_set():
            if not self._page:
                found = self._recorder.select_notifications(
                    self._last, self.PAGE, topics=self._topics, inclusive_of_start=False
                )
                self._page = list(reversed(found))
            if self._page:
                notification = self._page.pop()
                self._last = notification.id
                return notification
            self._ended.wait(self.PAUSE_SECONDS)
        raise StopIteration


def _prepared(events: Sequence[StoredEvent], meta: Meta, decision: Decision | None) -> Prepared:
    text = meta.encode().encode()
    return Prepared(events, [event_tail(event, text) for event in events], decision)


def _select_stream(
    database: Database,
    table: str,
    stream: UUID | str,
    *,
    gt: int | None,
    lte: int | None,
    desc: bool,
    limit: int | None,
) -> Sequence[StoredEvent]:
    query = (
        f"SELECT stream AS originator_id, version AS originator_version, type AS topic, body AS state FROM {table} "
        f"WHERE stream = %s AND (%s::int IS NULL OR version > %s) "
        f"AND (%s::int IS NULL OR version <= %s) ORDER BY version {'DESC' if desc else 'ASC'} LIMIT %s"
    )
    with database.connection() as conn:
        return fetch(conn, StoredEvent, query, [stream, gt, gt, lte, lte, limit], binary=True)


def _track(conn: Connection, tracking: Tracking) -> None:
    moved = conn.execute(
        "INSERT INTO high_water (consumer, source, partition, epoch, position) VALUES (%s, %s, 0, %s, %s) "
        "ON CONFLICT (consumer, source, partition) DO UPDATE SET position = excluded.position "
        "WHERE high_water.position < excluded.position",
        [_TRACKING, tracking.application_name, NIL, tracking.notification_id],
    )
    if moved.rowcount != 1:
        raise IntegrityError(f"{tracking.application_name} is already at {tracking.notification_id} or further")
