"""Changes from a feed: which are under way, which were held, and whom each concerns (ASG-21)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import BaseModel

from shared.database import Connection, uuid_of
from shared.readmodel import Page, cursor_decode, cursor_encode


class OfferingChange(BaseModel):
    """What a change would do on one offering."""

    offering_id: UUID
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


def to_judge(conn: Connection, batches: Sequence[UUID], least: int) -> list[UUID]:
    """Each once: finished bulk changes; and of these batches those with so many people at least who were not looked at yet."""
    rows = conn.execute(
        "SELECT batch FROM feed_batch WHERE state = 'finished' UNION "
        "SELECT d.batch FROM dirty d LEFT JOIN feed_batch f ON f.batch = d.batch "
        "WHERE d.batch = ANY(%s) AND d.open AND d.revision > coalesce(f.judged, 0) AND coalesce(f.state, '') <> 'released' "
        "GROUP BY d.batch HAVING count(*) >= %s",
        [list(batches), least],
    )
    return [uuid_of(batch) for (batch,) in rows]


def seen(conn: Connection, batch: UUID) -> Seen:
    query = "SELECT enrolled, withdrawn, judged FROM feed_batch WHERE batch = %s"
    row = conn.execute(query, [batch], binary=True).fetchone()
    return Seen(*row) if row else Seen(0, 0, 0)  # type: ignore[arg-type]


def waiting(conn: Connection, batch: UUID, after: int, chunk: int) -> Iterator[list[tuple[UUID, int]]]:
    """Whom the batch concerns, from a place in the queue on, with their places; within the current transaction."""
    with conn.cursor(name="waiting") as cursor:
        cursor.execute(
            "SELECT id, revision FROM dirty WHERE batch = %s AND revision > %s ORDER BY revision", [batch, after]
        )
        while rows := cursor.fetchmany(chunk):
            yield [(uuid_of(id), int(str(revision))) for id, revision in rows]


def passed(conn: Connection, batch: UUID, now: Seen) -> None:
    """It may go on: whoever waits is judged in turn."""
    _save(conn, batch, "passed", now, [])
    _open(conn, batch)


def held(conn: Connection, batch: UUID, now: Seen, offerings: Sequence[OfferingChange]) -> None:
    """It has to wait, with whoever is concerned by it later."""
    _save(conn, batch, "held", now, offerings)
    conn.execute("UPDATE dirty SET open = false WHERE batch = %s AND open", [batch])


def released(conn: Connection, batch: UUID) -> None:
    conn.execute("UPDATE feed_batch SET state = 'released' WHERE batch = %s", [batch])
    _open(conn, batch)


def _open(conn: Connection, batch: UUID) -> None:
    conn.execute("UPDATE dirty SET open = true WHERE batch = %s AND NOT open", [batch])


def _save(conn: Connection, batch: UUID, state: str, now: Seen, offerings: Sequence[OfferingChange]) -> None:
    conn.execute(
        "INSERT INTO feed_batch (batch, feed, state, enrolled, withdrawn, judged, offerings) "
        "VALUES (%(batch)s, 'directory', %(state)s, %(enrolled)s, %(withdrawn)s, %(judged)s, %(offerings)s) "
        "ON CONFLICT (batch) DO UPDATE SET state = excluded.state, enrolled = excluded.enrolled, "
        "withdrawn = excluded.withdrawn, judged = excluded.judged, offerings = excluded.offerings, held_at = now()",
        {
            "batch": batch,
            "state": state,
            **now._asdict(),
            "offerings": Jsonb([one.model_dump(mode="json") for one in offerings]),
        },
    )


def active_people(conn: Connection) -> int:
    row = conn.execute("SELECT count(*) FROM person_fact WHERE active").fetchone()
    return int(str(row[0])) if row else 0


_HELD = """
SELECT batch, feed, state, enrolled, withdrawn, offerings, held_at,
    (SELECT count(*) FROM dirty d WHERE d.batch = f.batch AND NOT d.open)
FROM feed_batch f WHERE state IN ('open', 'held') AND (%(batch)s::uuid IS NULL OR batch = %(batch)s)
    AND (%(after)s::uuid IS NULL OR batch > %(after)s) ORDER BY batch LIMIT %(limit)s
"""


def held_changes(conn: Connection, batch: UUID | None, cursor: str | None, limit: int) -> Page[HeldChange]:
    after = cursor_decode(cursor, UUID)[0] if cursor else None
    rows = conn.execute(_HELD, {"batch": batch, "after": after, "limit": limit + 1}).fetchall()
    items = [HeldChange(**dict(zip(HeldChange.model_fields, row, strict=True))) for row in rows[:limit]]
    return Page(items=items, next=cursor_encode(str(items[-1].batch)) if len(rows) > limit else None)
