"""Mailings of keys: who may be sent one, who was sent which, and what became of the e-mail (KEY-11)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import BaseModel, JsonValue

from services.keys.projections.scope import in_scope, scope_parameters
from services.keys.projections.tables import KEY, KeyRow
from shared.auth import Scope
from shared.contracts.keys import KeyState
from shared.database import Connection, column, fetch, fetch_one, scalar
from shared.readmodel import Page, cursor_decode, page_of

MailState = Literal["waiting", "sending", "sent", "failed", "withdrawn", "unknown"]


class RecipientItem(BaseModel):
    """Somebody who was sent a key: which, when, and what became of the last e-mail about it. The name where the caller may see that
    person; `email` of an address that somebody typed, until it is removed."""

    id: UUID
    mailing_id: UUID
    key_id: UUID
    fingerprint: str
    key_state: KeyState
    person_id: UUID | None
    person_name: str | None
    email: str | None
    sent_at: datetime
    reminded_at: datetime | None
    reminders: int
    ended_at: datetime | None
    """It was taken back."""
    redeemed_at: datetime | None
    mail_state: MailState
    mail_answer_code: int | None
    mail_changed_at: datetime | None


class RecipientRow(NamedTuple):
    """What a reminder or taking back has to know."""

    id: UUID
    key: UUID
    person: UUID | None
    last_at: datetime
    told: bool
    ended: bool


class PersonStanding(NamedTuple):
    """A person who is to be sent a key of a pool. `had`: as of the key that they were sent, or redeemed."""

    person: UUID
    email_folded: str | None
    active: bool
    belongs: bool
    had: Literal["sent", "redeemed"] | None


class AddressStanding(NamedTuple):
    """An address, folded; and the same of whoever has it."""

    email: str
    had: Literal["sent", "redeemed"] | None


class NewRecipient(NamedTuple):
    """A row to be written."""

    id: UUID
    key: UUID
    person: UUID | None
    email: str | None
    email_folded: str | None
    version: int


_HAD = """
SELECT CASE WHEN EXISTS (
        SELECT FROM training_key k WHERE k.pool = %(pool)s AND k.person = ANY({people}) AND k.state IN ('reserved', 'redeemed')
    ) OR bool_or(k.state IN ('reserved', 'redeemed')) THEN 'redeemed' WHEN count(*) > 0 THEN 'sent' END AS had
FROM recipient r JOIN training_key k ON k.id = r.key
WHERE r.pool = %(pool)s AND r.ended_at IS NULL AND k.state <> 'revoked' AND (r.person = ANY({people}) OR r.email_folded = {email})
"""
_PEOPLE = f"""
SELECT a.person, f.email_folded, coalesce(p.active, false) AS active, coalesce(p.home = %(organisation)s OR (%(below)s AND EXISTS (
        SELECT FROM unit_above u WHERE u.unit = p.home AND u.above = %(organisation)s)), false) AS belongs, h.had
FROM unnest(%(people)s::uuid[]) AS a (person) LEFT JOIN person_fact p ON p.id = a.person
LEFT JOIN profile f ON f.person_id = a.person
CROSS JOIN LATERAL ({_HAD.format(people="ARRAY[a.person]", email="f.email_folded")}) h
"""
_ADDRESSES = f"""
SELECT a.email, h.had FROM unnest(%(emails)s::text[]) AS a (email)
CROSS JOIN LATERAL (SELECT array_agg(person_id) AS people FROM profile WHERE email_folded = a.email) f
CROSS JOIN LATERAL ({_HAD.format(people="coalesce(f.people, '{}')", email="a.email")}) h
"""


def people(
    conn: Connection, pool: UUID, ids: Sequence[UUID], organisation: UUID, *, below: bool
) -> dict[UUID, PersonStanding]:
    values = {"pool": pool, "people": list(ids), "organisation": organisation, "below": below}
    return {row.person: row for row in fetch(conn, PersonStanding, _PEOPLE, values)}


def addresses(conn: Connection, pool: UUID, folded: Sequence[str]) -> dict[str, AddressStanding]:
    values = {"pool": pool, "emails": list(folded)}
    return {row.email: row for row in fetch(conn, AddressStanding, _ADDRESSES, values)}


def free_keys(conn: Connection, pool: UUID, limit: int) -> list[KeyRow]:
    """The oldest first."""
    query = f"SELECT {KEY.select()} FROM training_key WHERE pool = %s AND state = 'free' ORDER BY added_at, id LIMIT %s"
    return fetch(conn, KeyRow, query, [pool, limit])


def free_count(conn: Connection, pool: UUID) -> int:
    return scalar(conn, "SELECT count(*) FROM training_key WHERE pool = %s AND state = 'free'", int, [pool])


class Mailing(NamedTuple):
    """A row of `mailing`: its texts by language, and of a large one whom it is to go to."""

    pool: UUID
    actor: UUID
    texts: dict[str, dict[str, str]]
    waiting: dict[str, JsonValue] | None


def mailing(conn: Connection, id: UUID) -> Mailing | None:
    return fetch_one(conn, Mailing, "SELECT pool, actor, texts, waiting FROM mailing WHERE id = %s", [id])


def save_mailing(
    conn: Connection,
    id: UUID,
    mailing: Mailing,
    now: datetime,
    results: JsonValue = None,
) -> None:
    """A new one, or what became of one that waited."""
    waiting = Jsonb(mailing.waiting) if mailing.waiting else None
    conn.execute(
        "INSERT INTO mailing (id, pool, actor, texts, at, waiting, results) VALUES (%s, %s, %s, %s, %s, %s, %s) "
        "ON CONFLICT (id) DO UPDATE SET waiting = excluded.waiting, results = excluded.results",
        [id, mailing.pool, mailing.actor, Jsonb(mailing.texts), now, waiting, Jsonb(results)],
    )


class MailingResults(NamedTuple):
    """When a mailing was asked for, and what became of each recipient; None as long as it waits."""

    at: datetime
    results: list[dict[str, JsonValue]] | None


def results_of(conn: Connection, scope: Scope, pool: UUID, id: UUID) -> MailingResults | None:
    query = (
        "SELECT m.at, CASE WHEN m.waiting IS NULL THEN m.results END AS results FROM mailing m JOIN pool p ON p.id = m.pool "
        f"WHERE m.id = %(id)s AND m.pool = %(pool)s AND {in_scope('p.organisation')}"
    )
    return fetch_one(conn, MailingResults, query, {"id": id, "pool": pool, **scope_parameters(scope)})


_ADD = """
INSERT INTO recipient (id, pool, mailing, key, person, email, email_folded, language, sent_at, version)
SELECT t.id, %s, %s, t.key, t.person, t.email, t.folded, %s, %s, t.version
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::int[]) AS t (id, key, person, email, folded, version)
"""
_REPLACED = """
UPDATE recipient r SET ended_at = %s FROM training_key k
WHERE r.pool = %s AND k.id = r.key AND k.state = 'revoked' AND r.ended_at IS NULL
    AND (r.person = ANY(%s) OR r.email_folded = ANY(%s))
"""


def add(
    conn: Connection, pool: UUID, mailing: UUID, language: str, now: datetime, rows: Sequence[NewRecipient]
) -> None:
    """Raises UniqueViolation where somebody was sent one at the same moment. Of who had one that was revoked, this is the one."""
    people = [row.person for row in rows if row.person]
    emails = [row.email_folded for row in rows if row.email_folded]
    conn.execute(_REPLACED, [now, pool, people, emails])
    columns = [list(values) for values in zip(*rows, strict=True)]
    conn.execute(_ADD, [pool, mailing, language, now, *columns])


_SELECT = f"""
SELECT r.id, r.mailing AS mailing_id, r.key AS key_id, k.fingerprint, k.state AS key_state, r.person AS person_id,
    CASE WHEN {in_scope("h.home")} THEN f.first_name || ' ' || f.last_name END AS person_name, r.email, r.sent_at,
    r.reminded_at, r.reminders, r.ended_at, k.redeemed_at, r.mail_state, r.mail_code AS mail_answer_code, r.mail_changed_at
FROM recipient r JOIN training_key k ON k.id = r.key JOIN pool p ON p.id = r.pool
LEFT JOIN person_fact h ON h.id = r.person LEFT JOIN profile f ON f.person_id = r.person
WHERE r.pool = %(pool)s AND {in_scope("p.organisation")}
    AND (%(mailing)s::uuid IS NULL OR r.mailing = %(mailing)s)
    AND (%(at)s::timestamptz IS NULL OR r.sent_at < %(at)s OR (r.sent_at = %(at)s AND r.id > %(after)s::uuid))
ORDER BY r.sent_at DESC, r.id LIMIT %(limit)s
"""


def page(
    conn: Connection, scope: Scope, pool: UUID, mailing: UUID | None, cursor: str | None, limit: int
) -> Page[RecipientItem]:
    """The newest first."""
    after = cursor_decode(cursor, datetime.fromisoformat, UUID) if cursor else (None, None)
    values = {"pool": pool, "mailing": mailing, "at": after[0], "after": after[1], "limit": limit + 1}
    rows = fetch(conn, RecipientItem, _SELECT, {**values, **scope_parameters(scope)})
    return page_of(rows, limit, lambda row: [row.sent_at.isoformat(), row.id])


_ROWS = """
SELECT id, key, person, coalesce(reminded_at, sent_at) AS last_at, told_at IS NOT NULL AS told, ended_at IS NOT NULL AS ended
FROM recipient WHERE pool = %s AND id = ANY(%s)
"""
_UNREDEEMED = """
SELECT r.id FROM recipient r JOIN training_key k ON k.id = r.key
WHERE r.pool = %s AND r.ended_at IS NULL AND k.state = 'sent' AND coalesce(r.reminded_at, r.sent_at) + %s <= %s
ORDER BY r.sent_at, r.id LIMIT %s
"""


def rows(conn: Connection, pool: UUID, ids: Sequence[UUID]) -> dict[UUID, RecipientRow]:
    return {row.id: row for row in fetch(conn, RecipientRow, _ROWS, [pool, list(ids)])}


def keys_of(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, KeyRow]:
    query = f"SELECT {KEY.select()} FROM training_key WHERE id = ANY(%s)"
    return {row.id: row for row in fetch(conn, KeyRow, query, [list(ids)])}


def unredeemed(conn: Connection, pool: UUID, pause: timedelta, now: datetime, limit: int) -> list[UUID]:
    """Recipients who may be reminded now, the oldest first."""
    return column(conn, _UNREDEEMED, UUID, [pool, pause, now, limit])


def reminded(conn: Connection, versions: dict[UUID, int], now: datetime) -> None:
    """Of each recipient the event that the e-mail is for; what is known of the one before is over."""
    conn.execute(
        "UPDATE recipient r SET version = t.version, reminded_at = %s, reminders = reminders + 1, mail_state = 'waiting', "
        "mail_revision = 0, mail_code = NULL, mail_changed_at = NULL FROM unnest(%s::uuid[], %s::int[]) AS t (id, version) "
        "WHERE r.id = t.id",
        [now, list(versions), list(versions.values())],
    )


def end(conn: Connection, told: dict[UUID, bool], now: datetime) -> int:
    """As long as each key was told as it was when that was decided. Returns how many."""
    return conn.execute(
        "UPDATE recipient r SET ended_at = %s FROM unnest(%s::uuid[], %s::bool[]) AS t (id, told) "
        "WHERE r.id = t.id AND r.ended_at IS NULL AND (r.told_at IS NOT NULL) = t.told",
        [now, list(told), list(told.values())],
    ).rowcount


def forget(conn: Connection, pool: UUID, id: UUID) -> int:
    """The typed address. Returns how many were there."""
    query = "UPDATE recipient SET email = NULL, email_folded = NULL WHERE pool = %s AND id = %s AND email IS NOT NULL"
    return conn.execute(query, [pool, id]).rowcount
