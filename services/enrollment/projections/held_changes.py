"""Changes from a feed: which are under way, which were held, and whom each concerns (ASG-21)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from psycopg.rows import args_row
from psycopg.types.json import Jsonb
from pydantic import BaseModel

from shared.database import Connection, column, fetch, fetch_one, scalar
from shared.readmodel import Page, cursor_decode, page_of


class OfferingChange(BaseModel):
    """What a change would do on one offering."""

    offering_id: UUID
    offering_title: str | None = None
    offering_kind: str | None = None
    """As the catalog calls it now."""
    enrolled: int = 0
    withdrawn: int = 0
    held_by_exceptions: int = 0


class HeldChange(BaseModel):
    """A change of a feed that waits for an administrator. Numbers are those of the moment in which it was held."""

    batch: UUID
    feed: str
    state: Literal["open", "held"]
    """`open`: a bulk change whose end has not come yet, so that nobody has looked at it."""
    enrolled: int
    withdrawn: int
    offerings: list[OfferingChange]
    held_at: datetime
    people: int
    """Who waits now; somebody whom another change concerned meanwhile was judged with that one."""


_CALLED = {"offering_title", "offering_kind"}


class Seen(NamedTuple):
    """A batch that was looked at before: what it has done so far."""

    enrolled: int
    withdrawn: int
    judged: int
    """The last place in the queue that was looked at."""


def started(conn: Connection, batch: UUID, feed: str) -> None:
    """A bulk change begins: whom it concerns waits for its end."""
    conn.execute(
        "INSERT INTO feed_batch (batch, feed, state) VALUES (%s, %s, 'open') ON CONFLICT DO NOTHING", [batch, feed]
    )


def finished(conn: Connection, batch: UUID) -> None:
    """It is complete, and can be judged as a whole."""
    conn.execute("UPDATE feed_batch SET state = 'finished' WHERE batch = %s AND state = 'open'", [batch])


class QueuePlace(NamedTuple):
    """A person in the queue."""

    id: UUID
    revision: int
    """The place: whoever is queued again gets a later one."""


def to_judge(conn: Connection, batches: Sequence[UUID], least: int) -> list[UUID]:
    """Each once: finished bulk changes; and of these batches those with so many people at least who were not looked at yet."""
    query = (
        "SELECT batch FROM feed_batch WHERE state = 'finished' UNION "
        "SELECT d.batch FROM evaluation_queue d LEFT JOIN feed_batch f ON f.batch = d.batch "
        "WHERE d.batch = ANY(%s) AND d.open AND d.revision > coalesce(f.judged, 0) AND coalesce(f.state, '') <> 'released' "
        "GROUP BY d.batch HAVING count(*) >= %s"
    )
    return column(conn, query, UUID, [list(batches), least])


def seen(conn: Connection, batch: UUID) -> Seen:
    query = "SELECT enrolled, withdrawn, judged FROM feed_batch WHERE batch = %s"
    return fetch_one(conn, Seen, query, [batch], binary=True) or Seen(0, 0, 0)


def waiting(conn: Connection, batch: UUID, after: int, chunk: int) -> Iterator[list[QueuePlace]]:
    """Whom the batch concerns, from a place in the queue on, with their places; within the current transaction."""
    with conn.cursor(name="waiting", row_factory=args_row(QueuePlace)) as cursor:
        cursor.execute(
            "SELECT id, revision FROM evaluation_queue WHERE batch = %s AND revision > %s ORDER BY revision",
            [batch, after],
        )
        while rows := cursor.fetchmany(chunk):
            yield rows


def passed(conn: Connection, batch: UUID, now: Seen) -> None:
    """It may go on: whoever waits is judged in turn."""
    _save(conn, batch, now, state="passed")
    _open(conn, batch)


def held(conn: Connection, batch: UUID, now: Seen, offerings: Sequence[OfferingChange]) -> None:
    """It has to wait, with whoever is concerned by it later."""
    _save(conn, batch, now, state="held", offerings=offerings)
    conn.execute("UPDATE evaluation_queue SET open = false WHERE batch = %s AND open", [batch])


def released(conn: Connection, batch: UUID) -> None:
    conn.execute("UPDATE feed_batch SET state = 'released' WHERE batch = %s", [batch])
    _open(conn, batch)


def _open(conn: Connection, batch: UUID) -> None:
    conn.execute("UPDATE evaluation_queue SET open = true WHERE batch = %s AND NOT open", [batch])


def _save(conn: Connection, batch: UUID, now: Seen, *, state: str, offerings: Sequence[OfferingChange] = ()) -> None:
    conn.execute(
        "INSERT INTO feed_batch (batch, feed, state, enrolled, withdrawn, judged, offerings) "
        "VALUES (%(batch)s, 'directory', %(state)s, %(enrolled)s, %(withdrawn)s, %(judged)s, %(offerings)s) "
        "ON CONFLICT (batch) DO UPDATE SET state = excluded.state, enrolled = excluded.enrolled, "
        "withdrawn = excluded.withdrawn, judged = excluded.judged, offerings = excluded.offerings, held_at = now()",
        {
            "batch": batch,
            "state": state,
            **now._asdict(),
            "offerings": Jsonb([one.model_dump(mode="json", exclude=_CALLED) for one in offerings]),
        },
    )


def active_people(conn: Connection) -> int:
    return scalar(conn, "SELECT count(*) FROM person_fact WHERE active", int)


_HELD = """
SELECT batch, feed, state, enrolled, withdrawn, offerings, held_at,
    (SELECT count(*) FROM evaluation_queue d WHERE d.batch = f.batch AND NOT d.open) AS people
FROM feed_batch f WHERE state IN ('open', 'held') AND (%(batch)s::uuid IS NULL OR batch = %(batch)s)
    AND (%(after)s::uuid IS NULL OR batch > %(after)s) ORDER BY batch LIMIT %(limit)s
"""


def held_changes(conn: Connection, batch: UUID | None, cursor: str | None, limit: int) -> Page[HeldChange]:
    after = cursor_decode(cursor, UUID)[0] if cursor else None
    rows = fetch(conn, HeldChange, _HELD, {"batch": batch, "after": after, "limit": limit + 1})
    call(conn, [one for change in rows for one in change.offerings])
    return page_of(rows, limit, lambda change: [change.batch])


def call(conn: Connection, changes: Sequence[OfferingChange]) -> None:
    """Write into each how its offering is called."""
    found = {
        one.id: one
        for one in fetch(
            conn,
            _Called,
            "SELECT id, title, kind FROM offering_fact WHERE id = ANY(%s)",
            [[c.offering_id for c in changes]],
        )
    }
    for change in changes:
        if called := found.get(change.offering_id):
            change.offering_title, change.offering_kind = called.title, called.kind


class _Called(NamedTuple):
    id: UUID
    title: str
    kind: str
