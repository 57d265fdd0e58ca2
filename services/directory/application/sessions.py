"""Sign-ins that go on: refresh tokens, each used once for the next (SEC-3)."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID, uuid4

from shared.database import Connection, fetch_one
from shared.errors import Unauthenticated

FORGOTTEN = "DELETE FROM session WHERE ends_at < now()"
"""With its tokens."""

ENDED = "This sign-in has ended. Sign in again."

_TOKEN = (
    "SELECT t.session, s.person, t.expires_at < now() OR s.ends_at < now() AS expired, "
    "t.used_at < now() - %s * interval '1 second' AS reused "
    "FROM refresh_token t JOIN session s ON s.id = t.session WHERE t.hash = %s FOR UPDATE OF s"
)
_ADD = (
    "INSERT INTO refresh_token (hash, session, expires_at) "
    "SELECT %s, id, least(ends_at, now() + %s * interval '1 second') FROM session WHERE id = %s"
)


@dataclass(frozen=True)
class SessionLimits:
    """In seconds. `idle`: how long a refresh token can be used; `longest`: how long a sign-in goes on at all; `leeway`: how long
    one that was used can be used again, as by two pages at once or by a client whose answer was lost."""

    idle: float
    longest: float
    leeway: float


class Renewed(NamedTuple):
    """Whose sign-in goes on, and the next refresh token."""

    person: UUID
    token: str


class _Token(NamedTuple):
    session: UUID
    person: UUID
    expired: bool
    reused: bool | None


class Sessions:
    """Of refresh tokens only hashes are kept. Whoever shows one that was used before has it from somebody else, or somebody
    else has: the whole sign-in ends, for both."""

    def __init__(self, limits: SessionLimits) -> None:
        self._limits = limits

    def begin(self, conn: Connection, person: UUID) -> str:
        """The first refresh token of a new sign-in."""
        id = uuid4()
        conn.execute(
            "INSERT INTO session (id, person, ends_at) VALUES (%s, %s, now() + %s * interval '1 second')",
            [id, person, self._limits.longest],
        )
        return self._add(conn, id)

    def go_on(self, conn: Connection, refresh_token: str) -> Renewed | None:
        """Whose sign-in it is, and the next token; None where it has ended, which also ends the others of its family: keep that
        transaction."""
        token = fetch_one(conn, _Token, _TOKEN, [self._limits.leeway, _hash(refresh_token)])
        if token is None:
            return None
        if token.expired or token.reused:
            self._end(conn, token.session)
            return None
        conn.execute(
            "UPDATE refresh_token SET used_at = coalesce(used_at, now()) WHERE hash = %s", [_hash(refresh_token)]
        )
        return Renewed(token.person, self._add(conn, token.session))

    def end(self, conn: Connection, refresh_token: str) -> None:
        """The sign-in that this token belongs to; nothing where there is none."""
        query = "DELETE FROM session WHERE id = (SELECT session FROM refresh_token WHERE hash = %s)"
        conn.execute(query, [_hash(refresh_token)])

    def end_all(self, conn: Connection, person: UUID) -> None:
        """Every sign-in of a person."""
        conn.execute("DELETE FROM session WHERE person = %s", [person])

    def _end(self, conn: Connection, session: UUID) -> None:
        conn.execute("DELETE FROM session WHERE id = %s", [session])

    def _add(self, conn: Connection, session: UUID) -> str:
        token = secrets.token_urlsafe(32)
        conn.execute(_ADD, [_hash(token), self._limits.idle, session])
        return token


def ended() -> Unauthenticated:
    """The one answer for every refresh token that does not hold."""
    return Unauthenticated(ENDED, kind="invalid_grant", error="invalid_grant")


def _hash(token: str) -> bytes:
    """Of 256 random bits a fast one will do."""
    return hashlib.sha256(token.encode()).digest()
