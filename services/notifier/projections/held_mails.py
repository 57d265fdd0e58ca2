"""What is held, batch by batch, and people's orders to release or drop it (NTF-3)."""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.notifier.projections.scope import in_scope, scope_parameters
from shared.auth import Scope
from shared.contracts.notifications import Template
from shared.database import Connection, fetch, fetch_one

HeldAction = Literal["release", "drop"]
"""Let what is held go, or never send it."""

_BATCHES = f"""
WITH held AS (
    SELECT l.batch, l.template, count(*) AS emails, min(l.number) AS first, min(l.recorded_at) AS since,
        (array_agg(l.withheld_by ORDER BY l.number))[1] AS held_by, count(DISTINCT l.offering_id) AS offerings,
        (array_agg(l.offering_id ORDER BY l.number))[1] AS offering
    FROM message m JOIN ledger l ON l.message_id = m.id
    WHERE m.state = 'held' AND (%(batch)s::uuid IS NULL OR l.batch = %(batch)s) AND {in_scope("l.person_id")}
    GROUP BY 1, 2
), batches AS (
    SELECT batch, min(first) AS number, min(since) AS since, sum(emails)::int AS emails,
        (array_agg(held_by ORDER BY first))[1] AS held_by,
        CASE WHEN max(offerings) = 1 AND count(DISTINCT offering) = 1 THEN (array_agg(offering))[1] END AS offering_id,
        jsonb_agg(jsonb_build_object('template', template, 'emails', emails) ORDER BY template) AS occasions
    FROM held GROUP BY batch
)
SELECT b.*, o.title AS offering_title,
    (SELECT w.action FROM held_mail_order w WHERE w.batch = b.batch AND w.done_at IS NULL ORDER BY w.asked_at LIMIT 1) AS ordered
FROM batches b LEFT JOIN offering_fact o ON o.id = b.offering_id
WHERE %(before)s::bigint IS NULL OR b.number < %(before)s ORDER BY b.number DESC LIMIT %(limit)s
"""
_EXTENT = f"""
SELECT count(*)::int AS emails, coalesce(max(l.number), 0) AS up_to FROM ledger l JOIN message m ON m.id = l.message_id
WHERE l.batch = %(batch)s AND l.withheld = 'hold' AND m.state = 'held' AND {in_scope("l.person_id")}
"""
_ORDER = """
INSERT INTO held_mail_order (id, batch, command, action, actor, everything, organisations, up_to)
VALUES (%(id)s, %(batch)s, %(command)s, %(action)s, %(actor)s, %(everything)s, %(organisations)s, %(up_to)s)
"""
_NEXT = """
SELECT id, batch, command, action, actor, everything, organisations, up_to FROM held_mail_order
WHERE done_at IS NULL AND (%(only)s::uuid[] IS NULL OR id = ANY(%(only)s))
    AND NOT EXISTS (SELECT FROM set_aside s WHERE s.worker = %(worker)s AND s.subject = held_mail_order.id)
ORDER BY asked_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_CARRY_OUT = f"""
WITH picked AS (
    SELECT m.id FROM ledger l JOIN message m ON m.id = l.message_id
    WHERE l.batch = %(batch)s AND l.withheld = 'hold' AND l.number <= %(up_to)s AND m.state = 'held' AND {in_scope("l.person_id")}
    ORDER BY m.id LIMIT %(limit)s FOR UPDATE OF m
), changed AS (
    UPDATE message m SET state = CASE %(action)s WHEN 'release' THEN 'waiting' ELSE 'withdrawn' END,
        reason = CASE %(action)s WHEN 'drop' THEN 'dropped' END, ready = false, due_at = now(),
        revision = m.revision + 1, changed_at = now()
    FROM picked WHERE m.id = picked.id RETURNING m.id, m.revision
)
INSERT INTO message_decision (message_id, revision, action, actor, batch)
SELECT id, revision, %(action)s, %(actor)s, %(command)s FROM changed
"""
_PROGRESS = """
UPDATE held_mail_order SET done = done + %(done)s, done_at = CASE WHEN %(done)s = 0 THEN clock_timestamp() END WHERE id = %(id)s
"""


class HeldOccasion(BaseModel):
    """How many e-mails of one kind are held."""

    template: Template
    emails: int


class HeldBatch(BaseModel):
    """What is held of what one command caused. `ordered`: what is being done about it now."""

    number: int
    batch: UUID
    since: datetime
    held_by: UUID | None
    """Who sent the command."""
    emails: int
    occasions: list[HeldOccasion]
    offering_id: UUID | None
    """None where they are about several, or about none."""
    offering_title: str | None
    ordered: HeldAction | None


class Extent(NamedTuple):
    """How many e-mails of a batch are held, and the number of the last of their rows."""

    emails: int
    up_to: int


class Order(NamedTuple):
    """A person's word on what is held of a batch. `command`: the correlation of the command that gave it."""

    id: UUID
    batch: UUID
    command: UUID
    action: HeldAction
    actor: UUID
    everything: bool
    organisations: list[UUID]
    up_to: int


def held_batches(
    conn: Connection, scope: Scope, limit: int, *, before: int | None = None, batch: UUID | None = None
) -> list[HeldBatch]:
    """Newest first, only what is to people in scope. `before`: the number of the last one of the page before."""
    return fetch(
        conn, HeldBatch, _BATCHES, {**scope_parameters(scope), "before": before, "batch": batch, "limit": limit}
    )


def extent(conn: Connection, scope: Scope, batch: UUID) -> Extent:
    return fetch_one(conn, Extent, _EXTENT, {**scope_parameters(scope), "batch": batch}) or Extent(0, 0)


def put(conn: Connection, order: Order) -> None:
    conn.execute(_ORDER, order._asdict())


def open_order(conn: Connection, only: object, worker: str) -> Order | None:
    """The oldest that is not carried out, and that nobody else is at; `only` these, where they are named."""
    return fetch_one(conn, Order, _NEXT, {"only": only, "worker": worker})


def carry_out(conn: Connection, order: Order, limit: int) -> int:
    """The next `limit` e-mails. Returns how many there were; after none it is done."""
    done = conn.execute(_CARRY_OUT, {**order._asdict(), "limit": limit}).rowcount
    conn.execute(_PROGRESS, {"id": order.id, "done": done})
    return done
