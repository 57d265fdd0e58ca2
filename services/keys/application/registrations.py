"""Registering with a key: the key is held, the directory makes the account, and the key is reserved for it (KEY-7, KEY-8, KEY-9).

The row of a registration says how to take it back, and nothing about who registers: that is in the request,
and then in the directory. Where the request does not come to its end, the worker takes over (`registration_worker`).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID, uuid4

from pydantic import BaseModel

from services.keys.application.accounts import Accounts, NewAccount, RefusedAccount, Unclear
from services.keys.application.ledger import TrainingKeys, clock
from services.keys.application.registration_ledger import RegistrationLedger
from services.keys.application.rows import after, key_row
from services.keys.application.vault import Vault
from services.keys.domain import keys
from services.keys.domain.registrations import Offer, admits
from services.keys.projections import registrations
from services.keys.projections.registrations import RegistrationRow
from shared import telemetry
from shared.attempts import Attempts
from shared.errors import Busy, Conflict, ConflictLost, Invalid, NotFound, Refusal
from shared.folding import fold, trimmed
from shared.folding import key as folded_key
from shared.limits import Country, Email, Key, Language, PersonName, Secret
from shared.store import CommandContext, decided_again

log = telemetry.logger(__name__)


class BadKey(NotFound):
    """One answer for every key that does not do (KEY-9)."""

    def __init__(self) -> None:
        super().__init__(
            "Nobody can register with this key here. Check it letter by letter, or ask whoever gave it to you. If you have an "
            "account, sign in first, then enter the key on your dashboard: there you are told what is wrong with it.",
            field="key",
            kind="key-not-accepted",
        )


class Applicant(BaseModel):
    """Somebody who registers, all five fields required (DIR-2); the user name is the e-mail. `organisation`: its external id,
    or its id; that of the key's pool unless given."""

    first_name: PersonName
    last_name: PersonName
    email: Email
    password: Secret
    country: Country
    language: Language | None = None
    organisation: Key | None = None

    def account(self, person: UUID, home: UUID) -> NewAccount:
        return NewAccount(**self.model_dump(exclude={"organisation", "key"}), person_id=person, organisation=home)


class _Digests(NamedTuple):
    """Of the command, which has the key in it, and of what was asked for, without the password: keyed, so that nobody finds by
    trying what they are of."""

    command: str
    request: str


class Registrations:
    """Of strangers with a key. `seconds`: so long one may take until enrollment is asked; then the worker takes it back. `most`: so
    many are under way at once in this process, since each holds a thread. `refusal_seconds`: so long takes the answer to a bad key,
    at least."""

    def __init__(
        self,
        ledger: TrainingKeys,
        vault: Vault,
        attempts: Attempts,
        accounts: Accounts,
        *,
        seconds: float,
        most: int,
        refusal_seconds: float,
    ) -> None:
        self._ledger = ledger
        self._records = RegistrationLedger(ledger)
        self._vault = vault
        self._attempts = attempts
        self._accounts = accounts
        self._lease = timedelta(seconds=seconds)
        self.refusal_seconds = refusal_seconds
        self._places = threading.BoundedSemaphore(most)

    def enter(self, context: CommandContext, text: str, asked: Applicant, address: str) -> RegistrationRow:
        """Whoever registers has an account, and enrollment is asked; or nothing has happened.

        Attempts are limited by address, e-mail and organisation; what fails because of the key, or tells that an e-mail is known,
        is counted (KEY-9). Raises BadKey, TooManyAttempts, Conflict for a known e-mail (KEY-8), Invalid, Busy.
        """
        _ = self._vault.newest
        self._accounts.check()
        named = folded_key(asked.organisation) if asked.organisation else None
        with (
            self._place(),
            self._attempts.counted(
                "key-registration", address=address, account=fold(trimmed(asked.email)), organisation=named
            ) as attempt,
        ):
            try:
                row = self._register(context, text, asked, named)
            except Refusal as refusal:
                if not isinstance(refusal, BadKey) and refusal.kind != "email-known":
                    attempt.succeeded()
                raise
            attempt.succeeded()
            return row

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Busy("Too many people are registering at the moment. Try again in a moment.")
        try:
            yield
        finally:
            self._places.release()

    def _register(
        self, context: CommandContext, text: str, asked: Applicant, organisation: str | None
    ) -> RegistrationRow:
        digests = self._digests(context, text, asked)
        with self._ledger.database.connection() as conn:
            earlier = registrations.by_command(conn, digests.command)
        if earlier is not None:
            return _the_same(earlier, digests)
        row, home = self._hold(digests, text, organisation, context.correlation)
        self._make(row, asked.account(row.person, home))
        try:
            return self._records.reserve(row)
        except ConflictLost:
            raise _try_again() from None

    def _digests(self, context: CommandContext, text: str, asked: Applicant) -> _Digests:
        hashed = self._vault.hashes(text)[0]
        command = self._vault.keyed(sha256(hashed + context.command_id.encode()).digest())
        what = asked.model_dump_json(exclude={"password", "key"})
        return _Digests(command.hex(), self._vault.keyed(sha256(what.encode()).digest()).hex())

    @decided_again
    def _hold(
        self, digests: _Digests, text: str, organisation: str | None, batch: UUID
    ) -> tuple[RegistrationRow, UUID]:
        """The key is held for a new registration, in this organisation. Whatever the key is, the same is done until then."""
        with self._ledger.database.connection() as conn:
            offered = registrations.offer(conn, self._vault.hashes(text), organisation)
            now = clock(conn)
        home = admits(Offer(*offered[1:]) if offered else None, now)
        if offered is None or home is None:
            raise BadKey
        key, before = self._records.key(offered.key)
        ids = (uuid4(), uuid4(), uuid4())
        row = RegistrationRow(ids[0], 1, *digests, key.id, ids[1], ids[2], batch, "held", None, now + self._lease, now)
        try:
            events = keys.hold(key, self._ledger.pool_of(key.pool), row.redemption, row.person)
        except Conflict:
            raise BadKey from None
        self._records.record(row, events=events, changed=[key_row(before, after(key, events), now)])
        return row, home

    def _make(self, row: RegistrationRow, account: NewAccount) -> None:
        """In the directory. Where it makes none, the key is free again at once; where that is not known, the worker sees to it."""
        try:
            refused = self._accounts.make(account, f"register-{row.id}")
        except Unclear as reason:
            log.warning("the directory did not say whether it made an account; it is taken back", reason=str(reason))
            with suppress(ConflictLost):
                self._records.move(row, "undoing", "directory-silent")
            raise _try_again() from None
        if refused:
            refusal = _refusal(refused)
            with suppress(ConflictLost):
                self._records.free(row, refusal.kind)
            raise refusal

    def find(self, id: UUID) -> RegistrationRow:
        """Raises NotFound."""
        with self._ledger.database.connection() as conn:
            found = registrations.row(conn, id)
        if found is None:
            raise NotFound("There is no such registration.", field="registration_id")
        return found


def _the_same(earlier: RegistrationRow, digests: _Digests) -> RegistrationRow:
    if earlier.request != digests.request:
        raise Conflict(
            "This Idempotency-Key was already used for a different request. Use a new one.",
            field="Idempotency-Key",
            kind="command-id-reused",
        )
    if earlier.state == "undoing":
        raise _try_again()
    return earlier


def _try_again() -> Busy:
    return Busy("The account could not be made. Nothing was registered and your key is unused: try again in a minute.")


def _refusal(refused: RefusedAccount) -> Refusal:
    """The directory's, in the words of this service."""
    if refused.kind == "registration-closed":
        return BadKey()
    if refused.status == 422:
        return Invalid(refused.detail, field=refused.field)
    if refused.status == 409 and refused.field == "email":
        return Conflict(
            "There is an account with this e-mail. Have an account? Sign in first, then enter the key on your dashboard. Your key "
            "stays unused.",
            field="email",
            kind="email-known",
        )
    return _try_again()
