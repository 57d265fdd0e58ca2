"""Access tokens: what they say, for people and for machine clients (SEC-3, SEC-5)."""

import time
from collections.abc import Iterable
from uuid import UUID

from joserfc import jwt

from services.directory.application.signing import ALGORITHM, SigningKeys
from services.directory.projections import people
from shared.auth import Scope
from shared.database import Connection


class TokenIssuer:
    """Tokens of one issuer, for one audience, that hold for `seconds`."""

    def __init__(self, keys: SigningKeys, issuer: str, audience: str, seconds: int) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self.seconds = seconds

    def for_person(self, conn: Connection, person: UUID) -> str:
        """With the permission roles and the home of this moment."""
        home = conn.execute("SELECT home FROM person WHERE id = %s", [person]).fetchone()
        roles = [[held.role, _text(held.organisation)] for held in people.roles(conn, Scope(everything=True), person)]
        return self._signed(conn, person, {"roles": roles, "home": _text(home[0]) if home else None})

    def for_client(self, conn: Connection, client: UUID, permissions: Iterable[str], organisation: UUID | None) -> str:
        """With these permissions, for an organisation and everything below it, or for everything."""
        scopes = [[permission, _text(organisation)] for permission in permissions]
        return self._signed(conn, client, {"scopes": scopes, "home": _text(organisation)})

    def for_service(self, conn: Connection, id: UUID, name: str, permissions: Iterable[str]) -> str:
        """For one of Rollbook's own services."""
        return self._signed(conn, id, {"scopes": [[one, None] for one in permissions], "service": name})

    def _signed(self, conn: Connection, subject: UUID, claims: dict[str, object]) -> str:
        now = int(time.time())
        registered = {"iss": self._issuer, "aud": self._audience, "sub": str(subject), "iat": now}
        key = self._keys.signer(conn)
        return jwt.encode(
            {"alg": ALGORITHM, "kid": key.kid, "typ": "JWT"},
            {**registered, "exp": now + self.seconds, **claims},
            key,
            algorithms=[ALGORITHM],
        )


def _text(id: object) -> str | None:
    return None if id is None else str(id)
