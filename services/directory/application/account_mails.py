"""Forgotten passwords and plain registrations: both go by a link in an e-mail (SEC-3, KEY-7).

A request answers everybody alike and does the same work, whether the address is known or not: that is found out when the notifier
comes for the e-mail. No event and no log has the address or the link.
"""

import hashlib
import math
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID, uuid4, uuid5

from pydantic import BaseModel

from services.directory.application.accounts import Accounts, Tokens
from services.directory.application.identity import check_email, check_unique
from services.directory.application.ledger import Directory
from services.directory.application.passwords import Passwords
from services.directory.application.registrations import (
    PEOPLE,
    NewPerson,
    Registration,
    Registrations,
    open_organisation,
    profile_of,
)
from services.directory.projections import people
from services.directory.projections.people import AddressOwner
from shared.attempts import Attempts
from shared.database import Connection, fetch, fetch_one
from shared.errors import Conflict
from shared.folding import fold, trimmed
from shared.store import CommandContext

Template = Literal["password-reset", "registration", "already-registered"]

_CLAIM_SECONDS = 60
_CLAIMED = 20

FORGOTTEN = "DELETE FROM account_mail WHERE requested_at < now() - {seconds} * 2 * interval '1 second'"
"""A link that was sent at the last moment has expired by then."""

_REQUEST = "INSERT INTO account_mail (id, kind, email, content) VALUES (%s, %s, %s, %s)"
_CLAIM = """
UPDATE account_mail SET claimed_until = now() + %(claim)s * interval '1 second' WHERE id IN (
    SELECT id FROM account_mail WHERE sent_at IS NULL AND coalesce(claimed_until < now(), true)
        AND requested_at > now() - %(seconds)s * interval '1 second'
    ORDER BY requested_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING id, kind, email, content, requested_at, (SELECT count(*) FROM account_mail o
    WHERE lower(o.email) = lower(account_mail.email) AND o.requested_at < account_mail.requested_at) AS before
"""
_ADD_LINK = (
    "INSERT INTO account_link (hash, mail, person, expires_at) VALUES (%s, %s, %s, now() + %s * interval '1 second')"
)
_FIND_LINK = (
    "SELECT m.id, m.content, l.person FROM account_link l JOIN account_mail m ON m.id = l.mail "
    "WHERE l.hash = %s AND m.kind = %s AND l.expires_at > now()"
)


class AccountMail(BaseModel):
    """One to be sent now. `token` is for the link, which can be used for `minutes`; without one there is nothing to follow."""

    id: UUID
    template: Template
    email: str
    first_name: str
    last_name: str
    language: str | None
    token: str | None
    minutes: int
    requested_at: datetime


class _Waiting(NamedTuple):
    id: UUID
    kind: Literal["password-reset", "registration"]
    email: str
    content: str | None
    requested_at: datetime
    before: int
    """So many were asked for at this address of late."""


class _Link(NamedTuple):
    id: UUID
    content: str | None
    person: UUID | None


class _Pending(BaseModel):
    """Who is to be registered once the address has answered."""

    person: NewPerson
    password_hash: str


class MailLimits(NamedTuple):
    """`seconds`: how long a request waits to be sent at most, and then how long its link can be used. `most`: e-mails to one
    address in that time; further ones are not sent, so that nobody's mailbox is flooded."""

    seconds: float
    most: int


class AccountMails:
    """Keeps what waits in the table `account_mail`."""

    def __init__(
        self,
        ledger: Directory,
        accounts: Accounts,
        registrations: Registrations,
        passwords: Passwords,
        attempts: Attempts,
        limits: MailLimits,
    ) -> None:
        self._ledger = ledger
        self._database = ledger.database
        self._accounts = accounts
        self._registrations = registrations
        self._passwords = passwords
        self._attempts = attempts
        self._limits = limits

    def request_reset(self, email: str, address: str) -> None:
        """Of a forgotten password. Raises TooManyAttempts."""
        with self._attempts.counted("password-reset", address=address, account=fold(trimmed(email))):
            self._request("password-reset", email, None)

    def request_registration(self, asked: Registration, address: str) -> None:
        """Raises Invalid for what cannot be registered anyhow, NotFound where the organisation is not open, TooManyAttempts."""
        check_email(asked.email)
        with self._database.connection() as conn:
            home = open_organisation(conn, asked.organisation)
        with self._attempts.counted(
            "registration", address=address, account=fold(trimmed(asked.email)), organisation=str(home)
        ):
            password_hash = self._passwords.hash(asked.password)
            person = asked.person(home).model_copy(update={"password": None})
            profile_of(UUID(int=0), person)
            pending = _Pending(person=person, password_hash=password_hash)
            self._request("registration", asked.email, pending.model_dump_json())

    def reset(self, token: str, password: str) -> None:
        """Once; every sign-in of the person ends. Raises Invalid for a short password, which leaves the link as it is, and Conflict
        for a link that does not hold."""
        password_hash = self._passwords.hash(password)
        with self._database.transaction() as conn:
            link = self._link(conn, token, "password-reset")
            if link.person is None or not people.is_active(conn, link.person):
                raise _no_such_link()
            query = "SELECT mail FROM account_link WHERE person = %s"
            _forget(conn, [UUID(str(mail)) for (mail,) in conn.execute(query, [link.person])])
            self._accounts.save_password(conn, link.person, password_hash)

    def confirm(self, token: str) -> Tokens:
        """The person is registered and signed in. Raises Conflict for a link that does not hold, and where the address has become
        known meanwhile."""
        with self._database.connection() as conn:
            link = self._link(conn, token, "registration")
            pending = _Pending.model_validate_json(str(link.content))
            id = uuid5(PEOPLE, str(link.id))
            profile = profile_of(id, pending.person)
            check_unique(conn, profile)

        def use(conn: Connection) -> None:
            if not _forget(conn, [link.id]):
                raise _no_such_link()

        context = CommandContext(id, command_id=str(link.id), reason_code="registration")
        self._registrations.save_hashed(context, profile, pending.person, pending.password_hash, also=use)
        return self._accounts.begin(id, record=True)

    def claim(self) -> list[AccountMail]:
        """Those that wait, for a mailer that sends them now and says so with `sent`; what it does not say so of comes again in a
        minute. Each is told its link anew."""
        with self._database.transaction() as conn:
            values = {"claim": _CLAIM_SECONDS, "seconds": self._limits.seconds, "limit": _CLAIMED}
            waiting = fetch(conn, _Waiting, _CLAIM, values)
            found = [(one, self._addressed(conn, one)) for one in waiting]
            _forget(conn, [one.id for one, mail in found if mail is None])
        return [mail for _, mail in found if mail is not None]

    def sent(self, id: UUID) -> None:
        """The mail server has it."""
        with self._database.connection() as conn:
            conn.execute("UPDATE account_mail SET sent_at = now() WHERE id = %s", [id])

    def _request(self, kind: str, email: str, content: str | None) -> None:
        with self._database.connection() as conn:
            conn.execute(_REQUEST, [uuid4(), kind, email, content])

    def _addressed(self, conn: Connection, one: _Waiting) -> AccountMail | None:
        """None where nobody is to be told: a stranger has forgotten no password, somebody who left gets no e-mail."""
        owner = people.address_owner(conn, one.email)
        if one.before >= self._limits.most:
            return None
        if owner is None:
            return self._told(conn, one, "registration", None) if one.kind == "registration" else None
        if not owner.active:
            return None
        if one.kind == "registration":
            return self._told(conn, one, "already-registered", owner)
        return self._told(conn, one, "password-reset", owner) if owner.has_account else None

    def _told(self, conn: Connection, one: _Waiting, template: Template, owner: AddressOwner | None) -> AccountMail:
        token = None if template == "already-registered" else secrets.token_urlsafe(32)
        if token:
            conn.execute(_ADD_LINK, [_hash(token), one.id, owner.id if owner else None, self._limits.seconds])
        return AccountMail(
            id=one.id,
            template=template,
            email=owner.email if owner else one.email,
            first_name=owner.first_name if owner else "",
            last_name=owner.last_name if owner else "",
            language=owner.language if owner else _language(one),
            token=token,
            minutes=math.ceil(self._limits.seconds / 60),
            requested_at=one.requested_at,
        )

    def _link(self, conn: Connection, token: str, kind: str) -> _Link:
        link = fetch_one(conn, _Link, _FIND_LINK, [_hash(token), kind])
        if link is None:
            raise _no_such_link()
        return link


def _language(one: _Waiting) -> str | None:
    return _Pending.model_validate_json(one.content).person.language if one.content else None


def _forget(conn: Connection, mails: Iterable[UUID]) -> int:
    """With their links. Returns how many were there."""
    return conn.execute("DELETE FROM account_mail WHERE id = ANY(%s)", [list(mails)]).rowcount


def _no_such_link() -> Conflict:
    return Conflict(
        "This link has expired or was used already. Ask for another one.", field="token", kind="link-not-valid"
    )


def _hash(token: str) -> bytes:
    """Of 256 random bits a fast one will do."""
    return hashlib.sha256(token.encode()).digest()
