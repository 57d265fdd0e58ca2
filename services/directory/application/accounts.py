"""Local accounts and the tokens that services accept (SEC-3)."""

from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from services.directory.application.issuing import TokenIssuer
from services.directory.application.ledger import Directory
from services.directory.application.passwords import Passwords
from services.directory.application.rows import person_row
from services.directory.application.sessions import Sessions, ended
from services.directory.domain import people as people_rules
from services.directory.projections import people
from shared.attempts import Attempts
from shared.database import Connection
from shared.errors import Conflict, Corrupt, Invalid, Unauthenticated
from shared.folding import fold, key, trimmed
from shared.store import CommandContext, Decision

_ATTEMPTS = 10
"""To record a first sign-in beside other changes of the same person."""

REFUSED = "The user name or password is incorrect."
FORGOTTEN = "DELETE FROM sign_in WHERE at < now() - make_interval(days => {days})"
"""Sign-ins are kept for a time; that there was a first one stays for ever."""


class Tokens(NamedTuple):
    """`refresh` gets the next pair, once."""

    access: str
    refresh: str


class Accounts:
    """Passwords in a table of their own, sign-ins and tokens."""

    def __init__(
        self,
        ledger: Directory,
        issuer: TokenIssuer,
        sessions: Sessions,
        attempts: Attempts,
        passwords: Passwords,
    ) -> None:
        self._ledger = ledger
        self._database = ledger.database
        self._issuer = issuer
        self._sessions = sessions
        self._attempts = attempts
        self._passwords = passwords

    @property
    def seconds(self) -> int:
        """How long an access token holds."""
        return self._issuer.seconds

    def set_password(self, person: UUID, password: str) -> None:
        """Every sign-in of the person ends. Raises Invalid for a short one."""
        password_hash = self._passwords.hash(password)
        with self._database.transaction() as conn:
            self.save_password(conn, person, password_hash)

    def save_password(self, conn: Connection, person: UUID, password_hash: str) -> None:
        """Whoever had signed in with the one before has to sign in again."""
        conn.execute(
            "INSERT INTO account (person, password_hash) VALUES (%s, %s) ON CONFLICT (person) "
            "DO UPDATE SET password_hash = excluded.password_hash, changed_at = now()",
            [person, password_hash],
        )
        self._sessions.end_all(conn, person)

    def change_password(self, person: UUID, present: str | None, password: str, address: str) -> None:
        """The own one, by whoever knows the present one. Raises Invalid, TooManyAttempts."""
        if present is None:
            raise Invalid("Enter your present password, too.", field="present_password")
        with self._database.connection() as conn:
            row = conn.execute("SELECT password_hash FROM account WHERE person = %s", [person]).fetchone()
        with self._attempts.counted("password", address=address, account=str(person)) as attempt:
            if not self._passwords.verify(str(row[0]) if row else None, present):
                raise Invalid("This is not your present password.", field="present_password", kind="wrong-password")
            attempt.succeeded()
        self.set_password(person, password)

    def sign_in(self, user_name: str, password: str, address: str) -> Tokens:
        """One refusal, after the same work, for an unknown name, a wrong password and a leaver. Raises TooManyAttempts."""
        with self._attempts.counted("sign-in", address=address, account=fold(trimmed(user_name))) as attempt:
            person = self._verified(user_name, password)
            self._record(person)
            attempt.succeeded()
        return self.begin(person)

    def begin(self, person: UUID, *, record: bool = False) -> Tokens:
        """A sign-in of somebody who has shown who it is; `record`: it is kept, as each with a password is (DIR-10)."""
        if record:
            self._record(person)
        with self._database.transaction() as conn:
            return Tokens(self._issuer.for_person(conn, person), self._sessions.begin(conn, person))

    def refresh(self, refresh_token: str) -> Tokens:
        """The next pair, with the roles of this moment. Raises Unauthenticated, with one answer for every reason."""
        with self._database.transaction() as conn:
            found = self._sessions.go_on(conn, refresh_token)
            if found and people.is_active(conn, found.person):
                return Tokens(self._issuer.for_person(conn, found.person), found.token)
        raise ended()

    def sign_out(self, refresh_token: str) -> None:
        """The sign-in ends; access tokens hold until they expire."""
        with self._database.transaction() as conn:
            self._sessions.end(conn, refresh_token)

    def _verified(self, user_name: str, password: str) -> UUID:
        with self._database.connection() as conn:
            row = conn.execute(
                "SELECT a.person, a.password_hash FROM profile f JOIN account a ON a.person = f.id "
                "JOIN person p ON p.id = f.id AND p.active WHERE f.user_name_folded = %s "
                "OR (f.user_name_folded IS NULL AND f.user_name = %s) ORDER BY f.user_name_folded NULLS FIRST LIMIT 1",
                [fold(trimmed(user_name)), key(user_name)],
            ).fetchone()
        person, known = (row[0], str(row[1])) if row else (None, None)
        if not self._passwords.verify(known, password):
            person = None
        if not isinstance(person, UUID):
            raise Unauthenticated(REFUSED, kind="invalid_grant", error="invalid_grant")
        return person

    def _record(self, person: UUID) -> None:
        """The sign-in; the first one ever with its event, also when two come at the same instant (DIR-10)."""
        for _ in range(_ATTEMPTS):
            with self._database.transaction() as conn:
                if conn.execute("SELECT FROM first_sign_in WHERE person = %s", [person]).fetchone() is not None:
                    conn.execute("INSERT INTO sign_in (person) VALUES (%s)", [person])
                    return
            if self._first(person, datetime.now(UTC)):
                return
        raise Conflict("This person was changed several times while you were signing in. Sign in again.")

    def _first(self, id: UUID, at: datetime) -> bool:
        """False where another writer was there first."""
        person = self._ledger.load(id, people_rules.evolve)
        if person is None:
            raise Corrupt(f"account {id} belongs to nobody")
        if not person.active:
            raise Unauthenticated(REFUSED, kind="invalid_grant", error="invalid_grant")
        events = people_rules.sign_in(person, at)
        context = CommandContext(id, reason_code="sign-in")
        decision = Decision(
            events,
            context.meta(),
            updated=(person_row(people_rules.evolve(person, events[0])),),
        )

        def sign_in(conn: Connection) -> None:
            conn.execute("INSERT INTO first_sign_in (person, at) VALUES (%s, %s)", [id, at])
            conn.execute("INSERT INTO sign_in (person, at) VALUES (%s, %s)", [id, at])

        try:
            self._ledger.record(context, decision, also=sign_in)
        except Conflict:
            return False
        return True
