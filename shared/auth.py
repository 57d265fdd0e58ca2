"""Who calls, and what they may do: signed tokens, and one table of permission roles (SEC-1, SEC-2, SEC-3)."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import httpx
from fastapi import Depends, Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import Forbidden, Unauthenticated

ALGORITHMS = ("Ed25519", "EdDSA", "ES256", "RS256")


class Permission(StrEnum):
    """What an action asks for."""

    MANAGE_DIRECTORY = "manage-directory"
    READ_DIRECTORY = "read-directory"
    EDIT_CATALOG = "edit-catalog"
    ASSIGN = "assign"
    ASSIGN_QUALIFICATIONS = "assign-qualifications"
    """Assign qualifications and job roles, which `assign` gives too (SEC-1)."""
    READ_ASSIGNMENTS = "read-assignments"
    READ_REPORTS = "read-reports"
    READ_MAIL = "read-mail"
    SETTLE_MAIL = "settle-mail"
    MANAGE_MAIL = "manage-mail"
    """Switch e-mails off, and write their texts (NTF-2)."""
    HOLD_MAIL = "hold-mail"
    """Hold or silence the e-mails of a command, and release or drop those that are held (NTF-3)."""
    REVIEW = "review"
    """Approve, record, take back and revoke completions (ENR-5, ENR-12)."""
    RESOLVE = "resolve"
    """Answer exceptions and set due dates by hand (DUE-6, DUE-8)."""
    OVERRIDE = "override"
    """Cancel after the 24 hours, and say that something is paid; each with a reason (ASG-15, ENR-2)."""
    REPORT_PROGRESS = "report-progress"
    """Say what learners have done in exams and labs: a learning system, or an administrator (CAT-1)."""
    MANAGE_KEY_POOLS = "manage-key-pools"
    """Create pools of training keys, add, export and revoke their keys (KEY-1, KEY-5)."""
    READ_KEY_POOLS = "read-key-pools"
    """See pools, and how their keys stand; never a key's secret."""
    REGISTER_PEOPLE = "register-people"
    """Register a person on the way to something else, under a chosen id, and take that back: the keys service (KEY-7)."""
    EXPORT_HISTORY = "export-history"
    """Export slices of the whole history with their proofs (AUD-4)."""
    OPERATE = "operate"
    """Replay, dead letters: for the whole suite, not for one organisation."""


_READING = frozenset(
    {
        Permission.READ_DIRECTORY,
        Permission.READ_ASSIGNMENTS,
        Permission.READ_REPORTS,
        Permission.READ_MAIL,
        Permission.READ_KEY_POOLS,
        Permission.EXPORT_HISTORY,
    }
)
_ASSIGNING = frozenset(
    {
        Permission.ASSIGN,
        Permission.ASSIGN_QUALIFICATIONS,
        Permission.READ_ASSIGNMENTS,
        Permission.READ_DIRECTORY,
        Permission.READ_REPORTS,
    }
)

ROLES: dict[str, frozenset[Permission]] = {
    "site-administrator": frozenset(Permission),
    "company-training-manager": _ASSIGNING | {Permission.REVIEW, Permission.REPORT_PROGRESS, Permission.HOLD_MAIL},
    "enrollment-manager": _ASSIGNING | {Permission.REVIEW, Permission.REPORT_PROGRESS, Permission.HOLD_MAIL},
    "operations-manager": _ASSIGNING
    | {Permission.OVERRIDE, Permission.REPORT_PROGRESS, Permission.HOLD_MAIL}
    | {Permission.MANAGE_KEY_POOLS, Permission.READ_KEY_POOLS},
    "sales-manager": _ASSIGNING,
    "learning-manager": frozenset(
        {
            Permission.EDIT_CATALOG,
            Permission.ASSIGN_QUALIFICATIONS,
            Permission.READ_ASSIGNMENTS,
            Permission.READ_DIRECTORY,
        }
    ),
    "approver": frozenset[Permission](),
    "auditor": _READING,
    "learning-system": frozenset({Permission.READ_ASSIGNMENTS, Permission.REPORT_PROGRESS}),
    "learner": frozenset[Permission](),
}
"""The one table of permission roles and what they allow (SEC-1). docs show it; nothing else decides."""


class Held(BaseModel):
    """A permission role, held for an organisation and everything below it; None: for everything."""

    model_config = ConfigDict(frozen=True)

    role: str
    organisation: UUID | None


class Granted(BaseModel):
    """A permission that a machine client has by itself, for an organisation and everything below it; None: for everything."""

    model_config = ConfigDict(frozen=True)

    permission: str
    organisation: UUID | None


class Scope(BaseModel):
    """Where a permission holds: a filter for every query. Organisations mean themselves and everything below."""

    model_config = ConfigDict(frozen=True)

    everything: bool
    organisations: tuple[UUID, ...] = ()
    permission: Permission | None = None
    """What holds there: a refusal names it (SEC-4). None: nothing but the own."""

    @property
    def anything(self) -> bool:
        """It holds somewhere."""
        return self.everything or bool(self.organisations)

    @property
    def values(self) -> dict[str, object]:
        """What the condition of a query asks for."""
        return {"everything": self.everything, "organisations": list(self.organisations)}

    def beyond(self, why: str, field: str | None = None) -> Forbidden:
        """What is missing for a command that reaches further, and whom to ask (SEC-4). `why` says what it reaches."""
        return Forbidden(
            f"{why}, so the permission '{self.permission}' is required for all organisations; you have it for only some. "
            "Ask a site administrator.",
            field=field,
            permission=str(self.permission),
        )


class Caller(BaseModel):
    """Whoever signed in, as the token says."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    roles: tuple[Held, ...] = ()
    home: UUID | None = None
    scopes: tuple[Granted, ...] = ()
    """Of a machine client, which has no roles (SEC-5)."""
    service: str | None = None
    """Which of Rollbook's own services calls, if one does."""

    def scope(self, permission: Permission) -> Scope:
        """Raises Forbidden, naming the permission and whom to ask (SEC-4), when no role gives it."""
        held = self._held(permission)
        if not held:
            givers = ", ".join(role for role, allowed in ROLES.items() if permission in allowed)
            raise Forbidden(
                f"You need the permission '{permission}'. The roles {givers} include it; a site administrator can grant you one.",
                permission=str(permission),
            )
        organisations = tuple(one for one in held if one is not None)
        return Scope(everything=len(organisations) < len(held), organisations=organisations, permission=permission)

    def may(self, *permissions: Permission) -> bool:
        """One of these permissions is held, for something at least."""
        return any(self._held(permission) for permission in permissions)

    def _held(self, permission: Permission) -> list[UUID | None]:
        """Where it is held: by roles, and by what a machine client was given."""
        by_role = [held.organisation for held in self.roles if permission in ROLES.get(held.role, frozenset())]
        return by_role + [one.organisation for one in self.scopes if one.permission == permission]

    def wherever_acting(self, permission: Permission) -> None:
        """Raises Forbidden unless the permission is held wherever the caller holds one that changes anything: what a command
        reaches is not known before it is carried out."""
        self.scope(permission)
        held = set(self._held(permission))
        acting = {one.organisation for one in self.roles if ROLES.get(one.role, frozenset()) - _READING}
        acting |= {one.organisation for one in self.scopes if one.permission not in _READING}
        if None not in held and acting - held:
            raise Forbidden(
                f"The permission '{permission}' is required wherever you may change anything; you have it for only some of these "
                "organisations. Ask a site administrator.",
                permission=str(permission),
            )

    def everywhere(self, permission: Permission) -> None:
        """Raises Forbidden unless the permission is held for everything, not only for some organisations."""
        if not self.scope(permission).everything:
            raise Forbidden(
                f"The permission '{permission}' is required for the whole suite; you have it for only some organisations. "
                "Ask a site administrator.",
                permission=str(permission),
            )


class Claims(BaseModel):
    """The claims that Rollbook's tokens carry beside the registered ones."""

    sub: UUID
    roles: list[tuple[str, UUID | None]] = Field(default_factory=list)
    home: UUID | None = None
    scopes: list[tuple[str, UUID | None]] = Field(default_factory=list)
    service: str | None = None


class Verifier:
    """Checks a token's signature, algorithm, issuer, audience and expiry; fetches new keys when one is unknown (SEC-3)."""

    REFETCH_SECONDS = 5.0
    """At most so often where a token names an unknown key, which anybody can do."""
    MAX_AGE_SECONDS = 600.0
    """Keys that are older are fetched again, so that one that was withdrawn is forgotten."""
    LEEWAY_SECONDS = 10

    def __init__(self, issuer: str, audience: str, fetch: Callable[[], Any]) -> None:
        self._fetch = fetch
        self._keys: KeySet | None = None
        self._fetched = float("-inf")
        self._lock = threading.Lock()
        self._claims = jwt.JWTClaimsRegistry(
            leeway=self.LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    @classmethod
    def from_url(cls, issuer: str, audience: str, url: str) -> "Verifier":
        return cls(issuer, audience, lambda: httpx.get(url, timeout=5.0).raise_for_status().json())

    def verify(self, token: str) -> Caller:
        """Raises Unauthenticated with one answer for every fault, so that nothing is learnt from it."""
        try:
            try:
                decoded = jwt.decode(token, self._key_set(), algorithms=list(ALGORITHMS))
            except (JoseError, ValueError):
                decoded = jwt.decode(token, self._key_set(again=True), algorithms=list(ALGORITHMS))
            self._claims.validate(decoded.claims)
            claims = Claims.model_validate(decoded.claims)
        except (JoseError, ValueError, ValidationError) as error:
            raise Unauthenticated(
                "The token is not valid: its issuer or audience is wrong, it has expired, or it is not signed "
                "by a known key. Sign in again."
            ) from error
        roles = tuple(Held(role=role, organisation=organisation) for role, organisation in claims.roles)
        scopes = tuple(Granted(permission=name, organisation=organisation) for name, organisation in claims.scopes)
        return Caller(id=claims.sub, roles=roles, home=claims.home, scopes=scopes, service=claims.service)

    def _key_set(self, *, again: bool = False) -> KeySet:
        with self._lock:
            age = time.monotonic() - self._fetched
            if self._keys is None or (again and age > self.REFETCH_SECONDS):
                self._keys = KeySet.import_key_set(self._fetch())
                self._fetched = time.monotonic()
            elif age > self.MAX_AGE_SECONDS:
                self._fetched = time.monotonic() - self.MAX_AGE_SECONDS + self.REFETCH_SECONDS
                with suppress(httpx.HTTPError):  # the known ones hold until the directory answers
                    self._keys = KeySet.import_key_set(self._fetch())
                    self._fetched = time.monotonic()
            return self._keys


def signed_in(request: Request) -> Caller:
    """The caller of a route. Raises Unauthenticated."""
    found = maybe_signed_in(request)
    if found is None:
        raise Unauthenticated("Send 'Authorization: Bearer <token>'; get a token from POST /api/directory/token.")
    return found


def maybe_signed_in(request: Request) -> Caller | None:
    """The caller of a route that strangers may use too. Raises Unauthenticated for a token that does not hold."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    verifier: Verifier = request.app.state.verifier
    return verifier.verify(token)


CurrentCaller = Annotated[Caller, Depends(signed_in)]
MaybeCaller = Annotated[Caller | None, Depends(maybe_signed_in)]
