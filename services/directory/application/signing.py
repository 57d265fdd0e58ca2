"""The keys that sign tokens, and how one follows another (SEC-3)."""

import secrets

import pydantic_core
from joserfc.jwk import KeySet, KeySetSerialization, OKPKey

from shared import telemetry
from shared.database import Connection, Database
from shared.errors import Conflict, Corrupt

log = telemetry.logger(__name__)

ALGORITHM = "Ed25519"

_PUBLISHED = """
SELECT private_jwk, signs FROM (
    SELECT kid, private_jwk, signs_from, signs_from <= now() AS signs, lead(signs_from) OVER (ORDER BY signs_from, kid) AS until
    FROM signing_key) AS k
WHERE until IS NULL OR until > now() - %s * interval '1 second' ORDER BY signs DESC, signs_from DESC, kid DESC
"""
_ADD = "INSERT INTO signing_key (kid, private_jwk, signs_from) VALUES (%s, %s, now() + %s * interval '1 second')"


class SigningKeys:
    """`overlap`: seconds for which a new key is published before it signs, and an old one after its last token has expired."""

    def __init__(self, database: Database, token_seconds: int, overlap: float) -> None:
        self._database = database
        self._overlap = overlap
        self._kept = token_seconds + overlap

    def public(self) -> KeySetSerialization:
        """What verifies: the key that signs first, then those that did, or will soon."""
        with self._database.transaction() as conn:
            keys = self._published(conn)
        return KeySet([key for key, _ in keys]).as_dict(private=False)

    def signer(self, conn: Connection) -> OKPKey:
        """The newest whose time has come."""
        key, signs = self._published(conn)[0]
        if not signs:
            raise Corrupt("no key signs yet")
        return key

    def rotate(self, *, compromised: bool) -> None:
        """Another key signs after the overlap. `compromised`: at once, and no older one is published any more, so that every
        token ends. Raises Conflict while one waits to sign already."""
        with self._database.transaction() as conn:
            conn.execute("LOCK TABLE signing_key IN EXCLUSIVE MODE")
            if compromised:
                conn.execute("DELETE FROM signing_key")
            elif conn.execute("SELECT FROM signing_key WHERE signs_from > now()").fetchone() is not None:
                raise Conflict("A new signing key is published already and signs soon.", kind="rotation-under-way")
            is_first = conn.execute("SELECT FROM signing_key").fetchone() is None
            _add(conn, 0 if is_first else self._overlap)
        log.warning("another key signs tokens", compromised=compromised)

    @property
    def expired(self) -> dict[str, str]:
        """For the RetentionWorker."""
        statement = (
            "DELETE FROM signing_key k WHERE EXISTS (SELECT FROM signing_key n WHERE n.signs_from > k.signs_from "
            f"AND n.signs_from < now() - {self._kept} * interval '1 second')"
        )
        return {"signing-keys": statement}

    def _published(self, conn: Connection) -> list[tuple[OKPKey, bool]]:
        rows = conn.execute(_PUBLISHED, [self._kept]).fetchall()
        if not rows:
            conn.execute("LOCK TABLE signing_key IN EXCLUSIVE MODE")
            if conn.execute("SELECT FROM signing_key").fetchone() is None:
                _add(conn, 0)
            rows = conn.execute(_PUBLISHED, [self._kept]).fetchall()
        return [(OKPKey.import_key(pydantic_core.from_json(str(text))), bool(signs)) for text, signs in rows]


def _add(conn: Connection, seconds: float) -> None:
    kid = secrets.token_hex(8)
    key = OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig"})
    conn.execute(_ADD, [kid, pydantic_core.to_json(key.as_dict(private=True)).decode(), seconds])
