"""The seeded bugs of CONTRIBUTING.md, as patches of a service that starts. Each widens its moment, so that a few cycles meet it."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.enrollment.application.evaluation.evaluator import Evaluator
from services.notifier.mailer.queue import Done, Queue, Task
from services.suite import forking
from shared.consumer import Consumer
from shared.database import Connection
from shared.feeds import Checkpoints, Record
from shared.relay import Cursor, Relay
from shared.service import Role
from shared.store import append as appending

_BACK = """
UPDATE high_water SET position = greatest(0, position - 5), "offset" = -1 WHERE consumer = %s AND source = %s
"""


def no_append_lock() -> None:
    """The next position is read without waiting for those who are about to take it."""

    def take_lock(conn: Connection) -> tuple[int, datetime]:
        asked = "SELECT coalesce(max(position), 0), clock_timestamp() FROM events"
        row: Any = conn.execute(asked).fetchone()
        time.sleep(0.02)
        return int(row[0]), row[1]

    appending.take_lock = take_lock


def queued_without_revision() -> None:
    """Whoever was marked again while being judged is taken off the queue all the same."""

    def clear(_: Evaluator, conn: Connection, done: Sequence[tuple[UUID, int]]) -> None:
        time.sleep(1.0)
        conn.execute(
            "UPDATE evaluation_queue SET open = false, batch = NULL WHERE id = ANY(%s)", [[id for id, _ in done]]
        )

    Evaluator._clear = clear  # type: ignore[method-assign]


def high_water_set_back() -> None:
    """Now and then a place is a little further back than what was taken."""
    step, chance = Consumer.step, random.Random()

    def forgetful(self: Consumer) -> int:
        taken = step(self)
        if taken and chance.random() < 0.3:
            with self._database.connection() as conn:
                conn.execute(_BACK.encode(), [self._handler.name, self._handler.source])
        return taken

    Consumer.step = forgetful  # type: ignore[method-assign]


def high_water_apart() -> None:
    """The place is committed in a transaction of its own, before the effects."""
    advance = Consumer._advance

    def hasty(self: Consumer, conn: Connection, reached: Checkpoints, places: Checkpoints) -> None:
        del conn
        with self._database.transaction() as own:
            advance(self, own, reached, places)
        time.sleep(0.3)

    Consumer._advance = hasty  # type: ignore[method-assign]


def cursor_before_records() -> None:
    """A batch is said to be published before it is sent."""
    send, advance = Relay._send, Relay._advance

    async def hasty(self: Relay, cursor: Cursor, records: Sequence[Record]) -> tuple[int, ...]:
        last = list(cursor.last)
        for record in records:
            last[record.key.int % len(last)] = record.position
        advance(self, cursor, cursor._replace(position=records[-1].position, last=tuple(last)))
        await asyncio.sleep(0.3)
        return await send(self, cursor, records)

    def known(self: Relay, before: Cursor, after: Cursor) -> Cursor:
        del self, before
        return after

    Relay._send = hasty  # type: ignore[method-assign]
    Relay._advance = known  # type: ignore[method-assign]


def no_predecessor() -> None:
    """The first record of each batch claims to be the first of its partition."""
    send = Relay._send

    async def forgetful(self: Relay, cursor: Cursor, records: Sequence[Record]) -> tuple[int, ...]:
        sent = await send(self, cursor._replace(last=(0,) * len(cursor.last)), records)
        return tuple(new or before for new, before in zip(sent, cursor.last, strict=True))

    Relay._send = forgetful  # type: ignore[method-assign]


def offset_for_place() -> None:
    """What comes at a later offset is taken to be new."""

    def fresh(_: Consumer, reached: Checkpoints, records: Sequence[Record]) -> list[Record]:
        del reached
        ordered = sorted(records, key=lambda record: record.offset)
        return [record for record in ordered if record.type != "rollbook.Watermark.v1"]

    Consumer._fresh = fresh  # type: ignore[method-assign]


def mail_after_data() -> None:
    """That an e-mail is being sent is written only when the mail server has it."""
    record = Queue.record

    def claim(self: Queue, conn: Connection, mailer: int, wanted: int) -> list[Task]:
        del mailer
        query = "SELECT id FROM message WHERE state = 'waiting' AND ready ORDER BY due_at, id LIMIT %s"
        return self.tasks(conn, [id for (id,) in conn.execute(query, [wanted])])

    def late(self: Queue, conn: Connection, mailer: int, done: Sequence[Done]) -> None:
        query = "UPDATE message SET state = 'sending', mailer = %s WHERE id = ANY(%s)"
        conn.execute(query, [mailer, [one.task.id for one in done]])
        record(self, conn, mailer, done)

    Queue.claim = claim  # type: ignore[method-assign]
    Queue.record = late  # type: ignore[method-assign]


BUGS: dict[str, Callable[[], None]] = {
    one.__name__.replace("_", "-"): one
    for one in (
        no_append_lock,
        queued_without_revision,
        high_water_set_back,
        high_water_apart,
        cursor_before_records,
        no_predecessor,
        offset_for_place,
        mail_after_data,
    )
}


class Planted:
    """Runs a process with a bug in it. Raises KeyError there for one that nobody has written."""

    def __init__(self, bug: str) -> None:
        self.bug = bug

    def __call__(self, service: str, role: Role, environment: Mapping[str, str]) -> None:
        BUGS[self.bug]()
        forking.run(service, role, environment)
