"""Private addresses of calendars, known by their hashes, and what calendars have shown last (NTF-8)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.database import Connection, fetch, fetch_one, pairs

FORGOTTEN = {
    "ended calendar addresses": "DELETE FROM calendar_address WHERE ended_at < now() - make_interval(days => %(days)s)"
}
"""Ended addresses are known as long as commands are."""
_ADDRESS = (
    "SELECT a.person, a.language, a.ended_at IS NULL AND coalesce(p.active, false) AS holds "
    "FROM calendar_address a LEFT JOIN person_fact p ON p.id = a.person WHERE a.hash = %s"
)
_SHOW = """
INSERT INTO calendar_entry AS e (enrollment, digest) SELECT * FROM unnest(%s::uuid[], %s::bytea[]) ORDER BY 1
ON CONFLICT (enrollment) DO UPDATE SET digest = excluded.digest, sequence = e.sequence + 1,
    changed_at = greatest(date_trunc('second', now()), e.changed_at) WHERE e.digest <> excluded.digest
"""


class CalendarAddress(NamedTuple):
    """`holds`: it is not ended, and its person is active."""

    person: UUID
    language: str
    holds: bool


class Shown(NamedTuple):
    """`sequence`: how often what is shown of the enrollment has changed; `changed_at`: when it last did, as calendars saw it."""

    enrollment: UUID
    sequence: int
    changed_at: datetime


def find(conn: Connection, hash: bytes) -> CalendarAddress | None:
    return fetch_one(conn, CalendarAddress, _ADDRESS, [hash])


def made_at(conn: Connection, person: UUID) -> datetime | None:
    """When the person's address was made; None where there is none."""
    query = "SELECT made_at FROM calendar_address WHERE person = %s AND ended_at IS NULL"
    row = conn.execute(query, [person]).fetchone()
    return row[0] if row and isinstance(row[0], datetime) else None


def end(conn: Connection, person: UUID) -> None:
    conn.execute("UPDATE calendar_address SET ended_at = now() WHERE person = %s AND ended_at IS NULL", [person])


def make(conn: Connection, hash: bytes, person: UUID, language: str) -> None:
    """In the place of the one that the person had."""
    end(conn, person)
    conn.execute("INSERT INTO calendar_address (hash, person, language) VALUES (%s, %s, %s)", [hash, person, language])


def shown(conn: Connection, digests: Mapping[UUID, bytes]) -> dict[UUID, Shown]:
    """By enrollment, after noting what is shown of it now."""
    ids = sorted(digests)
    conn.execute(_SHOW, [ids, [digests[id] for id in ids]])
    query = "SELECT enrollment, sequence, changed_at FROM calendar_entry WHERE enrollment = ANY(%s)"
    return {row.enrollment: row for row in fetch(conn, Shown, query, [ids])}


def titles(conn: Connection, offerings: Sequence[UUID]) -> dict[UUID, str]:
    return dict(pairs(conn, "SELECT id, title FROM offering_fact WHERE id = ANY(%s)", UUID, str, [list(offerings)]))
