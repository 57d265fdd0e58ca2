"""Keys: in lists by pool, and found by their secret (KEY-5)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from psycopg.rows import args_row
from pydantic import BaseModel

from services.keys.projections.scope import in_scope, scope_parameters
from services.keys.projections.tables import KEY, SECRET, KeyRow, SecretRow
from shared.auth import Scope
from shared.contracts.keys import KeyState
from shared.database import Connection, column, fetch, fetch_one, scalar
from shared.readmodel import Page, cursor_decode, page_of


class KeyItem(BaseModel):
    """A key, without its secret. The fingerprint tells keys apart. `person`: whoever redeemed it, or is about to; names where the
    caller may see that person. `sent_to_email` is an address that somebody typed."""

    id: UUID
    pool_id: UUID
    pool_name: str
    fingerprint: str
    state: KeyState
    generated: bool
    added_at: datetime
    sent_at: datetime | None
    """When it was sent to whoever has it by e-mail; what was taken back is not told."""
    sent_to_id: UUID | None
    sent_to_name: str | None
    sent_to_email: str | None
    person_id: UUID | None
    person_name: str | None
    assignment_id: UUID | None
    redeemed_at: datetime | None
    revoked_at: datetime | None


_SELECT = f"""
SELECT k.id, k.pool AS pool_id, p.name AS pool_name, k.fingerprint, k.state, k.generated, k.added_at, k.person AS person_id,
    CASE WHEN {in_scope("h.home")} THEN f.first_name || ' ' || f.last_name END AS person_name,
    k.assignment AS assignment_id, k.redeemed_at, k.revoked_at, r.sent_at, r.person AS sent_to_id, r.email AS sent_to_email,
    CASE WHEN {in_scope("n.home")} THEN t.first_name || ' ' || t.last_name END AS sent_to_name
FROM training_key k JOIN pool p ON p.id = k.pool
LEFT JOIN recipient r ON r.key = k.id AND r.ended_at IS NULL
LEFT JOIN person_fact n ON n.id = r.person LEFT JOIN profile t ON t.person_id = r.person
LEFT JOIN person_fact h ON h.id = k.person LEFT JOIN profile f ON f.person_id = k.person
"""


def page(
    conn: Connection, scope: Scope, pool: UUID, state: KeyState | None, cursor: str | None, limit: int
) -> Page[KeyItem]:
    """The newest first."""
    after = cursor_decode(cursor, datetime.fromisoformat, UUID) if cursor else (None, None)
    query = (
        f"{_SELECT} WHERE k.pool = %(pool)s AND {in_scope('p.organisation')} "
        "AND (%(state)s::text IS NULL OR k.state = %(state)s) "
        "AND (%(at)s::timestamptz IS NULL OR k.added_at < %(at)s OR (k.added_at = %(at)s AND k.id > %(after)s::uuid)) "
        "ORDER BY k.added_at DESC, k.id LIMIT %(limit)s"
    )
    values = {"pool": pool, "state": state, "at": after[0], "after": after[1], "limit": limit + 1}
    rows = fetch(conn, KeyItem, query, {**values, **scope_parameters(scope)})
    return page_of(rows, limit, lambda key: [key.added_at.isoformat(), key.id])


def view(conn: Connection, scope: Scope, id: UUID) -> KeyItem | None:
    """None where there is none, or none that the scope shows."""
    query = f"{_SELECT} WHERE k.id = %(id)s AND {in_scope('p.organisation')}"
    return fetch_one(conn, KeyItem, query, {"id": id, **scope_parameters(scope)})


def row(conn: Connection, id: UUID) -> KeyRow | None:
    return fetch_one(conn, KeyRow, f"SELECT {KEY.select()} FROM training_key WHERE id = %s", [id])


def by_hash(conn: Connection, hashes: Sequence[bytes]) -> UUID | None:
    """The key that has one of these hashes."""
    found = column(conn, "SELECT key FROM key_secret WHERE hash = ANY(%s)", UUID, [list(hashes)])
    return found[0] if found else None


def known_hashes(conn: Connection, hashes: Sequence[bytes]) -> set[bytes]:
    """Those of these that some key has."""
    return set(column(conn, "SELECT hash FROM key_secret WHERE hash = ANY(%s)", bytes, [list(hashes)]))


def count(conn: Connection, pool: UUID, state: KeyState | None) -> int:
    query = "SELECT count(*) FROM training_key WHERE pool = %(pool)s AND (%(state)s::text IS NULL OR state = %(state)s)"
    return scalar(conn, query, int, {"pool": pool, "state": state})


class StoredKey(NamedTuple):
    """A key with what its secret can be read from."""

    state: KeyState
    added_at: datetime
    key: UUID
    version: int
    hash: bytes
    cipher: bytes

    @property
    def secret(self) -> SecretRow:
        return SecretRow(self.key, self.version, self.hash, self.cipher)


_SIZE = 2_000


def stored(conn: Connection, pool: UUID, state: KeyState | None) -> Iterator[StoredKey]:
    """All keys of a pool in this state, oldest first, as the database gives them: within a transaction."""
    with conn.cursor(name="stored_keys", row_factory=args_row(StoredKey)) as cursor:
        cursor.itersize = _SIZE
        cursor.execute(
            "SELECT k.state, k.added_at, s.key, s.version, s.hash, s.cipher FROM training_key k JOIN key_secret s ON s.key = k.id "
            "WHERE k.pool = %(pool)s AND (%(state)s::text IS NULL OR k.state = %(state)s) ORDER BY k.added_at, k.id",
            {"pool": pool, "state": state},
        )
        yield from cursor


def older_secrets(conn: Connection, newest: int, after: UUID, limit: int) -> list[SecretRow]:
    """Secrets that were made with an older version than the newest, after this key."""
    query = f"SELECT {SECRET.select()} FROM key_secret WHERE version < %s AND key > %s ORDER BY key LIMIT %s"
    return fetch(conn, SecretRow, query, [newest, after, limit])


def replace_secrets(conn: Connection, rows: Sequence[SecretRow]) -> None:
    """Hashed and encrypted anew."""
    if rows:
        conn.execute(
            "UPDATE key_secret s SET version = n.version, hash = n.hash, cipher = n.cipher "
            "FROM unnest(%s::uuid[], %s::int4[], %s::bytea[], %s::bytea[]) AS n (key, version, hash, cipher) WHERE s.key = n.key",
            [list(values) for values in zip(*rows, strict=True)],
        )
