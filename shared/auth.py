"""Who calls, and what they may do: signed tokens, and one table of permission roles (SEC-1, SEC-2, SEC-3)."""

import threading
import time
from collections.abc import Callable
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
    EDIT_CATALOGUE = "edit-catalogue"
    ASSIGN = "assign"
    ASSIGN_QUALIFICATIONS = "assign-qualifications"
    """Assign qualifications and job roles, which `assign` gives too (SEC-1)."""
    READ_ASSIGNMENTS = "read-assignments"
    READ_REPORTS = "read-reports"
    READ_MAIL = "read-mail"
    SETTLE_MAIL = "settle-mail"
    REVIEW = "review"
    """Approve, record, take back and revoke completions (ENR-5, ENR-12)."""
    RESOLVE = "resolve"
    """Answer exceptions and set due dates by hand (DUE-6, DUE-8)."""
    OVERRIDE = "override"
    """Cancel after the 24 hours, and say that something is paid; each with a reason (ASG-15, ENR-2)."""
    REPORT_PROGRESS = "report-progress"
    """Say what learners have done in exams and labs: a learning system, or an administrator (CAT-1)."""
    OPERATE = "operate"
    """Replay, dead letters: for the whole suite, not for one organisation."""


_READING = frozenset(
    {Permission.READ_DIRECTORY, Permission.READ_ASSIGNMENTS, Permission.READ_REPORTS, Permission.READ_MAIL}
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
    "company-training-manager": _ASSIGNING | {Permission.REVIEW, Permission.REPORT_PROGRESS},
    "enrollment-manager": _ASSIGNING | {Permission.REVIEW, Permission.REPORT_PROGRESS},
    "operations-manager": _ASSIGNING | {Permission.OVERRIDE, Permission.REPORT_PROGRESS},
    "sales-manager": _ASSIGNING,
    "learning-manager": frozenset(
        {
            Permission.EDIT_CATALOGUE,
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


class Scope(BaseModel):
    """Where a permission holds: a filter for every query. Organisations mean themselves and everything below."""

    model_config = ConfigDict(frozen=True)

    everything: bool
    organisations: tuple[UUID, ...] = ()
    permission: Permission | None = None
    """What holds there: a refusal names it (SEC-4). None: nothing but the own."""

    def beyond(self, why: str, field: str | None = None) -> Forbidden:
        """What is missing for a command that reaches further, and whom to ask (SEC-4). `why` says what it reaches."""
        return Forbidden(
            f"{why}, so the permission '{self.permission}' is needed for everything; yours is for some organisations. "
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

    def scope(self, permission: Permission) -> Scope:
        """Raises Forbidden, naming the permission and whom to ask (SEC-4), when no role gives it."""
        held = [h for h in self.roles if permission in ROLES.get(h.role, frozenset())]
        if not held:
            givers = ", ".join(role for role, allowed in ROLES.items() if permission in allowed)
            raise Forbidden(
                f"The permission '{permission}' is missing. The roles {givers} have it; a site administrator can grant one.",
                permission=str(permission),
            )
        organisations = tuple(h.organisation for h in held if h.organisation is not None)
        return Scope(everything=len(organisations) < len(held), organisations=organisations, permission=permission)

    def may(self, *permissions: Permission) -> bool:
        """One of these permissions is held, for something at least."""
        return any(not ROLES.get(held.role, frozenset()).isdisjoint(permissions) for held in self.roles)

    def everywhere(self, permission: Permission) -> None:
        """Raises Forbidden unless the permission is held for everything, not only for some organisations."""
        if not self.scope(permission).everything:
            raise Forbidden(
                f"The permission '{permission}' is needed for the whole suite; yours is for some organisations. "
                "Ask a site administrator.",
                permission=str(permission),
            )


class Claims(BaseModel):
    """The claims that Rollbook's tokens carry beside the registered ones."""

    sub: UUID
    roles: list[tuple[str, UUID | None]] = Field(default_factory=list)
    home: UUID | None = None


class Verifier:
    """Checks a token's signature, algorithm, issuer, audience and expiry; fetches new keys when one is unknown (SEC-3)."""

    REFETCH_SECONDS = 5.0
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
                "The token is not valid here: wrong issuer or audience, expired, or not signed by a known key. Sign in again."
            ) from error
        roles = tuple(Held(role=role, organisation=organisation) for role, organisation in claims.roles)
        return Caller(id=claims.sub, roles=roles, home=claims.home)

    def _key_set(self, *, again: bool = False) -> KeySet:
        with self._lock:
            stale = time.monotonic() - self._fetched > self.REFETCH_SECONDS
            if self._keys is None or (again and stale):
                self._keys = KeySet.import_key_set(self._fetch())
                self._fetched = time.monotonic()
            return self._keys


def signed_in(request: Request) -> Caller:
    """The caller of a route. Raises Unauthenticated."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send 'Authorization: Bearer <token>'; POST /api/directory/token gives one.")
    verifier: Verifier = request.app.state.verifier
    return verifier.verify(token)


SignedIn = Annotated[Caller, Depends(signed_in)]
