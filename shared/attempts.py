"""Limits of attempts at secrets, counted by address, account and organisation for all processes of a service (KEY-9, SEC-3).

    with attempts.counted("sign-in", address=address, account=user_name) as attempt:
        person = verify(password)      # a refusal is a failed attempt, and stays counted
        attempt.succeeded()            # gives it back: who knows the secret is never counted

What fails is counted before it is tried, so that a thousand at once are no way round. Where an allowance is used up, `counted`
raises TooManyAttempts and nothing is counted, so that whoever is refused does not use up what others share. The allowances, each
used up by the failures of one window and regained evenly over the next:

- of an account at one address,
- of an address, for all accounts,
- of an account, at all addresses,
- of an organisation, for all addresses and accounts. Only where the caller names the organisation: found by way of the account it
  would tell strangers which accounts exist.

One address uses up its own allowances long before the shared ones, so it locks out nobody elsewhere. Many together can use up what
an account, or an organisation, has for addresses that it does not know; at an address where it succeeded in the last
`ROLLBOOK_KNOWN_ADDRESS_DAYS` only the first allowance counts. Why not a library: docs/adr/0016.
"""

import hashlib
import hmac
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

from shared.database import Connection, Database, scalar
from shared.errors import TooManyAttempts
from shared.settings import Settings

EXPIRED = {
    "attempts": "DELETE FROM attempt WHERE regained_at < now()",
    "known-addresses": "DELETE FROM known_address WHERE seen_at < now() - make_interval(days => {known_days})",
}
"""For the service's RetentionWorker; see `Attempts.expired`."""

_ADMIT = (
    "INSERT INTO attempt AS a (key, regained_at) VALUES (%(key)s, now() + %(cost)s * interval '1 second') "
    "ON CONFLICT (key) DO UPDATE SET regained_at = greatest(a.regained_at, now()) + %(cost)s * interval '1 second' "
    "WHERE greatest(a.regained_at, now()) + %(cost)s * interval '1 second' <= now() + %(window)s * interval '1 second' "
    "RETURNING true"
)
_WAIT = (
    "SELECT extract(epoch FROM regained_at - now())::float8 + %(cost)s - %(window)s FROM attempt WHERE key = %(key)s"
)
_GIVE_BACK = "UPDATE attempt SET regained_at = regained_at - %s * interval '1 second' WHERE key = %s"
_KNOWN = "SELECT FROM known_address WHERE key = %s AND seen_at > now() - make_interval(days => %s)"
_REMEMBER = (
    "INSERT INTO known_address AS k (key) VALUES (%s) ON CONFLICT (key) DO UPDATE SET seen_at = now() "
    "WHERE k.seen_at < now() - interval '1 day'"
)
_SHORTEST_WINDOW = 1e-3


@dataclass(frozen=True)
class AttemptLimits:
    """Failures within `window` seconds. `secret`: what addresses and names are hashed with; empty: the database's own."""

    window: float
    account_at_address: int
    address: int
    account: int
    organisation: int
    known_days: int
    secret: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            settings.attempts_window,
            settings.attempts_per_account_at_address,
            settings.attempts_per_address,
            settings.attempts_per_account,
            settings.attempts_per_organisation,
            settings.known_address_days,
            settings.attempts_secret,
        )


class _Count(NamedTuple):
    """One counter that an attempt moves on, and by how many seconds."""

    key: bytes
    cost: float


@dataclass
class Attempt:
    """One that was admitted, and is counted as failed until it says otherwise."""

    _attempts: "Attempts"
    _counts: Sequence[_Count]
    _pair: bytes | None

    def succeeded(self) -> None:
        """It is not counted, and the account is known at this address from now on."""
        self._attempts._forgive(self._counts, self._pair)


class Attempts:
    """Of one service, in its own database."""

    def __init__(self, database: Database, limits: AttemptLimits) -> None:
        self._database = database
        self._limits = limits

    @contextmanager
    def counted(
        self, what: str, *, address: str, account: str | None = None, organisation: str | None = None
    ) -> Iterator[Attempt]:
        """An attempt at `what` (`sign-in`, `registration`, `key` ...), each with counters of its own. Raises TooManyAttempts.

        `account`: who is meant, folded, known or not: a typed user name, or a person's id. None: nobody is named.
        """
        pair = None if account is None else self._hash(what, "account at address", f"{account}\0{address}")
        with self._database.transaction(async_commit=True) as conn:
            counts = self._counts(conn, what, pair, address, account, organisation)
            for count in counts:
                self._admit(conn, count)
        yield Attempt(self, counts, pair)

    def succeeded_later(self, what: str, *, address: str) -> None:
        """One that named no account, and was counted in an earlier request, has succeeded: it is given back."""
        self._forgive([self._count(self._hash(what, "address", address), self._limits.address)], None)

    @property
    def expired(self) -> dict[str, str]:
        """What the service's RetentionWorker clears away."""
        return {what: statement.format(known_days=self._limits.known_days) for what, statement in EXPIRED.items()}

    def _counts(
        self,
        conn: Connection,
        what: str,
        pair: bytes | None,
        address: str,
        account: str | None,
        organisation: str | None,
    ) -> list[_Count]:
        """From the narrowest to the widest, the same order for everybody: nobody waits for one who waits."""
        counts = [] if pair is None else [self._count(pair, self._limits.account_at_address)]
        if pair and conn.execute(_KNOWN, [pair, self._limits.known_days]).fetchone() is not None:
            return counts
        for kind, value, limit in (
            ("address", address, self._limits.address),
            ("account", account, self._limits.account),
            ("organisation", organisation, self._limits.organisation),
        ):
            if value is not None:
                counts.append(self._count(self._hash(what, kind, value), limit))
        return counts

    def _count(self, key: bytes, limit: int) -> _Count:
        return _Count(key, self._limits.window / limit)

    def _admit(self, conn: Connection, count: _Count) -> None:
        values = {"key": count.key, "cost": count.cost, "window": self._limits.window + _SHORTEST_WINDOW}
        if conn.execute(_ADMIT, values).fetchone() is None:
            raise TooManyAttempts(max(1, math.ceil(scalar(conn, _WAIT, float, values))))

    def _forgive(self, counts: Sequence[_Count], pair: bytes | None) -> None:
        with self._database.transaction(async_commit=True) as conn:
            for count in counts:
                conn.execute(_GIVE_BACK, [count.cost, count.key])
            if pair:
                conn.execute(_REMEMBER, [pair])

    def _hash(self, what: str, kind: str, value: str) -> bytes:
        return hmac.digest(self._secret, f"{what}\0{kind}\0{value}".encode(), hashlib.sha256)

    @cached_property
    def _secret(self) -> bytes:
        if self._limits.secret:
            return self._limits.secret.encode()
        with self._database.connection() as conn:
            return scalar(conn, "SELECT secret FROM attempt_secret", str).encode()
