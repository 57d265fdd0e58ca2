"""Local accounts and the tokens that services accept (SEC-3)."""

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pydantic_core
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from joserfc import jwt
from joserfc.jwk import KeySet, KeySetSerialization, OKPKey

from services.directory.application.ledger import Directory
from services.directory.application.rows import person_row
from services.directory.domain import people as domain
from services.directory.projections import people
from shared.database import Connection
from shared.errors import Conflict, Corrupt, Invalid, Unauthenticated
from shared.folding import fold, key, trimmed
from shared.store import Context, Decision

_ALGORITHM = "Ed25519"
SHORTEST_PASSWORD = 10
_ATTEMPTS = 10
"""To record a first sign-in beside other changes of the same person."""

REFUSED = "The user name or the password is not right."
FORGOTTEN = "DELETE FROM sign_in WHERE at < now() - make_interval(days => {days})"
"""Sign-ins are kept for a time; that there was a first one stays for ever."""


@dataclass(frozen=True)
class Issuing:
    """What every token says: who issued it, for whom, and for how many seconds."""

    issuer: str
    audience: str
    seconds: int


class Accounts:
    """Passwords are kept as Argon2id hashes in a table of their own, and nowhere else."""

    def __init__(self, ledger: Directory, issuing: Issuing) -> None:
        self._ledger = ledger
        self._database = ledger.database
        self._issuing = issuing
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_urlsafe())

    @property
    def seconds(self) -> int:
        """How long a token holds."""
        return self._issuing.seconds

    def set_password(self, person: UUID, password: str) -> None:
        """Raises Invalid for a short one."""
        if not SHORTEST_PASSWORD <= len(password) <= 1000:
            raise Invalid(f"A password has at least {SHORTEST_PASSWORD} characters.", field="password")
        with self._database.connection() as conn:
            conn.execute(
                "INSERT INTO account (person, password_hash) VALUES (%s, %s) ON CONFLICT (person) "
                "DO UPDATE SET password_hash = excluded.password_hash, changed_at = now()",
                [person, self._hasher.hash(password)],
            )

    def sign_in(self, user_name: str, password: str) -> str:
        """A token. One refusal, after the same work, for an unknown name, a wrong password and a leaver."""
        with self._database.connection() as conn:
            row = conn.execute(
                "SELECT a.person, a.password_hash FROM profile f JOIN account a ON a.person = f.id "
                "JOIN person p ON p.id = f.id AND p.active WHERE f.user_name_folded = %s "
                "OR (f.user_name_folded IS NULL AND f.user_name = %s) ORDER BY f.user_name_folded NULLS FIRST LIMIT 1",
                [fold(trimmed(user_name)), key(user_name)],
            ).fetchone()
        person, known = (row[0], str(row[1])) if row else (None, self._nobody)
        try:
            self._hasher.verify(known, password)
        except (VerificationError, InvalidHashError):
            person = None
        if not isinstance(person, UUID):
            raise Unauthenticated(REFUSED, kind="invalid_grant")
        self._record(person)
        with self._database.transaction() as conn:
            return self._token(conn, person)

    def jwks(self) -> KeySetSerialization:
        """The public keys, newest first."""
        with self._database.connection() as conn:
            keys = self._keys(conn)
        return KeySet(list(keys)).as_dict(private=False)

    def _record(self, person: UUID) -> None:
        """The sign-in; the first one ever with its event, also when two come at the same instant (DIR-10)."""
        for _ in range(_ATTEMPTS):
            with self._database.transaction() as conn:
                if conn.execute("SELECT FROM first_sign_in WHERE person = %s", [person]).fetchone() is not None:
                    conn.execute("INSERT INTO sign_in (person) VALUES (%s)", [person])
                    return
            if self._first(person, datetime.now(UTC)):
                return
        raise Conflict("This person is being changed by others all the time. Sign in again.")

    def _first(self, id: UUID, at: datetime) -> bool:
        """False where another writer was there first."""
        person = self._ledger.load(id, domain.evolve)
        if person is None:
            raise Corrupt(f"account {id} belongs to nobody")
        if not person.active:
            raise Unauthenticated(REFUSED, kind="invalid_grant")
        events = domain.sign_in(person, at)
        context = Context(id, reason_code="sign-in")
        decision = Decision(
            events,
            context.meta(),
            changed=(person_row(domain.evolve(person, events[0])),),
        )

        def sign_in(conn: Connection) -> None:
            conn.execute("INSERT INTO first_sign_in (person, at) VALUES (%s, %s)", [id, at])
            conn.execute("INSERT INTO sign_in (person, at) VALUES (%s, %s)", [id, at])

        try:
            self._ledger.record(context, decision, also=sign_in)
        except Conflict:
            return False
        return True

    def _token(self, conn: Connection, person: UUID) -> str:
        home = conn.execute("SELECT home FROM person WHERE id = %s", [person]).fetchone()
        now = int(time.time())
        claims = {
            "iss": self._issuing.issuer,
            "aud": self._issuing.audience,
            "sub": str(person),
            "iat": now,
            "exp": now + self._issuing.seconds,
            "roles": [
                [held.role, str(held.organisation) if held.organisation else None]
                for held in people.roles(conn, person)
            ],
            "home": str(home[0]) if home and home[0] else None,
        }
        key = self._keys(conn)[0]
        return jwt.encode({"alg": _ALGORITHM, "kid": key.kid, "typ": "JWT"}, claims, key, algorithms=[_ALGORITHM])

    def _keys(self, conn: Connection) -> list[OKPKey]:
        query = "SELECT private_jwk FROM signing_key ORDER BY created_at DESC, kid"
        rows = conn.execute(query).fetchall() or self._first_key(conn, query)
        return [OKPKey.import_key(pydantic_core.from_json(str(row[0]))) for row in rows]

    def _first_key(self, conn: Connection, query: str) -> list[tuple[object, ...]]:
        kid = secrets.token_hex(8)
        key = OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig"})
        text = pydantic_core.to_json(key.as_dict(private=True)).decode()
        conn.execute(
            "INSERT INTO signing_key (kid, private_jwk) SELECT %s, %s WHERE NOT EXISTS (SELECT FROM signing_key)",
            [kid, text],
        )
        return conn.execute(query.encode()).fetchall()
