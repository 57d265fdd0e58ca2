"""Registrations with a key: what one offers to strangers, and how each registration stands (KEY-7)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.keys.projections.redemptions import RedemptionView
from shared.contracts.keys import KeyState
from shared.database import Connection, fetch, fetch_one
from shared.store import Int4, Table

RegistrationState = Literal["held", "reserved", "redeemed", "undoing", "undone"]
"""`held`: the key is kept, and the account being made. `reserved`: the account is there, and enrollment is asked. `undoing`: the
account is to be taken back, if there is one, and the key to be freed; `undone`: both have happened."""

FORGOTTEN = (
    "DELETE FROM registration WHERE state IN ('redeemed', 'undone') AND at < now() - make_interval(days => %(days)s)"
)
"""A registration is remembered as long as a command is."""


class RegistrationRow(NamedTuple):
    """A row of `registration`. `command` and `request` are keyed digests of how it was asked for, and of what. `kind`: why it came
    to nothing. `due`: not before then the worker carries it on, as long as it is not at its end."""

    id: UUID
    revision: Int4
    command: str
    request: str
    key: UUID
    person: UUID
    redemption: UUID
    batch: UUID
    state: RegistrationState
    kind: str | None
    due: datetime | None
    at: datetime


REGISTRATION = Table.of("registration", RegistrationRow)


class RegistrationView(BaseModel):
    """How a registration stands, for whoever knows its id. Whoever registered signs in with the own e-mail as the user name."""

    id: UUID
    state: RegistrationState
    person_id: UUID
    redemption: RedemptionView | None
    """From `reserved` on: the assignment, the enrollment, or what holds it."""


class OfferedKey(NamedTuple):
    """A key with its pool, and the organisation that was named, or the pool's, with what holds there."""

    key: UUID
    state: KeyState
    starts: datetime
    expires: datetime
    course: bool | None
    home: UUID | None
    within: bool
    anonymous_registration: bool | None
    key_field: bool | None


_OFFER = """
WITH RECURSIVE offered AS (
    SELECT k.id AS key, k.state, p.starts, p.expires, f.active AND f.kind = 'course' AS course, p.organisation, p.share_below,
        CASE WHEN %(named)s::text IS NULL THEN p.organisation ELSE (
            SELECT o.id FROM organisation_fact o WHERE o.code = %(named)s OR o.id = %(id)s
            ORDER BY o.code = %(named)s DESC LIMIT 1) END AS home
    FROM key_secret s JOIN training_key k ON k.id = s.key JOIN pool p ON p.id = k.pool
    LEFT JOIN offering_fact f ON f.id = p.offering WHERE s.hash = ANY(%(hashes)s)
), above (unit, parent, depth) AS (
    SELECT u.id, u.parent, 1 FROM unit_fact u JOIN offered ON u.id = offered.home AND u.kind = 'organisation'
    UNION SELECT u.id, u.parent, a.depth + 1 FROM unit_fact u JOIN above a ON u.id = a.parent WHERE a.depth < 1000
), setting AS (
    SELECT a.depth, o.anonymous_registration, o.key_field FROM above a JOIN organisation_fact o ON o.id = a.unit
)
SELECT key, state, starts, expires, course, home,
    EXISTS (SELECT FROM above WHERE unit = organisation AND (depth = 1 OR share_below)) AS within,
    (SELECT s.anonymous_registration FROM setting s WHERE s.anonymous_registration IS NOT NULL ORDER BY s.depth LIMIT 1)
        AS anonymous_registration,
    (SELECT s.key_field FROM setting s WHERE s.key_field IS NOT NULL ORDER BY s.depth LIMIT 1) AS key_field
FROM offered
"""


def offer(conn: Connection, hashes: Sequence[bytes], named: str | None) -> OfferedKey | None:
    """Of the key with one of these hashes, in the organisation of this external id, or id, or else in the pool's: everything in one
    statement, whatever the key is."""
    try:
        id = UUID(named) if named else None
    except ValueError:
        id = None
    return fetch_one(conn, OfferedKey, _OFFER, {"hashes": list(hashes), "named": named, "id": id})


def by_command(conn: Connection, command: str) -> RegistrationRow | None:
    """The one that was asked for so before, unless it came to nothing."""
    query = f"SELECT {REGISTRATION.select()} FROM registration WHERE command = %s AND state <> 'undone'"
    return fetch_one(conn, RegistrationRow, query, [command])


def row(conn: Connection, id: UUID) -> RegistrationRow | None:
    return fetch_one(conn, RegistrationRow, f"SELECT {REGISTRATION.select()} FROM registration WHERE id = %s", [id])


def due(conn: Connection, worker: str, limit: int) -> list[RegistrationRow]:
    """Those that the worker is to carry on: whose request has ended, whose undoing is not done, and whose redemption is. Without
    what is set aside."""
    query = (
        f"SELECT {REGISTRATION.select('r')} FROM registration r WHERE r.state IN ('held', 'reserved', 'undoing') "
        "AND coalesce(r.due <= clock_timestamp(), true) AND (r.state <> 'reserved' OR EXISTS ("
        "SELECT FROM redemption d WHERE d.id = r.redemption AND d.state <> 'reserved')) AND NOT EXISTS ("
        "SELECT FROM set_aside a WHERE a.worker = %s AND a.subject = r.id) ORDER BY r.at LIMIT %s"
    )
    return fetch(conn, RegistrationRow, query, [worker, limit])


class OrganisationFact(NamedTuple):
    """What an organisation is called from outside, and what it sets; None: as the one above it."""

    id: UUID
    code: str
    anonymous_registration: bool | None
    key_field: bool | None


def organisations(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, OrganisationFact]:
    query = "SELECT id, code, anonymous_registration, key_field FROM organisation_fact WHERE id = ANY(%s)"
    return {one.id: one for one in fetch(conn, OrganisationFact, query, [list(ids)])}


def save_organisations(conn: Connection, rows: Sequence[OrganisationFact]) -> None:
    if rows:
        conn.execute(
            "INSERT INTO organisation_fact (id, code, anonymous_registration, key_field) "
            "SELECT * FROM unnest(%s::uuid[], %s::text[], %s::bool[], %s::bool[]) ON CONFLICT (id) DO UPDATE SET "
            "code = excluded.code, anonymous_registration = excluded.anonymous_registration, key_field = excluded.key_field",
            [list(values) for values in zip(*rows, strict=True)],
        )


def forget_organisations(conn: Connection, ids: Sequence[UUID]) -> None:
    conn.execute("DELETE FROM organisation_fact WHERE id = ANY(%s)", [list(ids)])
