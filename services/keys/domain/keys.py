"""Training keys: one key makes one course assignment for one learner, once (KEY-4)."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.keys.domain.pools import Course, Pool
from shared.contracts.keys import (
    KeyAdded,
    KeyHeld,
    KeyRedeemed,
    KeyReleased,
    KeyReminded,
    KeyReopened,
    KeyReserved,
    KeyRevoked,
    KeySent,
    KeyState,
    KeyTakenBack,
)
from shared.errors import Conflict, ConflictLost, Invalid
from shared.events import Event, TextRef


@dataclass(frozen=True)
class Key:
    """A key as its events tell it. `person` is whoever entered it, from the reservation on."""

    id: UUID
    version: int
    pool: UUID
    fingerprint: str
    generated: bool
    state: KeyState = "free"
    redemption: UUID | None = None
    person: UUID | None = None
    offering: UUID | None = None
    assignment: UUID | None = None
    ended: bool = False
    """Revoked together with its assignment."""
    recipient: UUID | None = None
    """Whom it was sent to, and the version of the event that said so last."""
    sent: int = 0
    held: bool = False
    """Reserved for somebody whose account is being made: enrollment does not know of it yet."""


@dataclass(frozen=True)
class Learner:
    """Who enters a key. `belongs`: the home organisation is one of those that the pool is for."""

    id: UUID
    active: bool
    belongs: bool


def evolve(state: Key | None, event: Event) -> Key | None:
    """The key after an event. Never judges."""
    if isinstance(event, KeyAdded):
        return Key(event.originator_id, event.originator_version, event.pool_id, event.fingerprint, event.generated)
    if state is None:
        return None
    now = replace(state, version=event.originator_version)
    match event:
        case KeyHeld() | KeyReserved():
            now = replace(now, state="reserved", redemption=event.redemption_id, held=isinstance(event, KeyHeld))
            now = replace(now, person=event.person_id, offering=event.offering_id)
        case KeyRedeemed():
            now = replace(now, state="redeemed", assignment=event.assignment_id)
        case KeyReleased():
            now = _unused(now)
        case KeyRevoked():
            now = replace(now, state="revoked", ended=event.end_assignment)
        case KeyReopened():
            now = replace(now, state="redeemed") if now.assignment and not now.ended else _unused(now)
        case KeySent():
            now = replace(now, state="sent", recipient=event.recipient_id, sent=event.originator_version)
        case KeyReminded():
            now = replace(now, sent=event.originator_version)
        case KeyTakenBack():
            now = _unused(replace(now, recipient=None))
    return now


def _unused(key: Key) -> Key:
    """Nobody has redeemed it: it is free, or its recipient's."""
    fresh = Key(key.id, key.version, key.pool, key.fingerprint, key.generated)
    return replace(fresh, state="sent", recipient=key.recipient, sent=key.sent) if key.recipient else fresh


def add(id: UUID, pool: UUID, fingerprint: str, *, generated: bool) -> Event:
    return KeyAdded.unchecked_next(id, 0, {"pool_id": pool, "fingerprint": fingerprint, "generated": generated})


def reserve(key: Key, pool: Pool, course: Course, learner: Learner, redemption: UUID, now: datetime) -> list[Event]:
    """For a learner who entered it. Refused as the kind says; whoever is of another organisation is not told more (KEY-9)."""
    _check_learner(learner)
    _check_free(key)
    _check_time(pool, now)
    if not course.active:
        raise Conflict(
            f"'{course.title}' does not take new learners at the moment. Your key stays unused; ask your training "
            "administrator when to try again.",
            field="key",
            kind="offering-inactive",
        )
    return [_reserved(key, pool, redemption, learner.id)]


def hold(key: Key, pool: Pool, redemption: UUID, person: UUID) -> list[Event]:
    """For somebody who registers with it, until the account is made (KEY-7)."""
    _check_free(key)
    held = {"pool_id": pool.id, "redemption_id": redemption, "person_id": person, "offering_id": pool.offering}
    return [KeyHeld.unchecked_next(key.id, key.version, held)]


def reserve_held(key: Key, pool: Pool, redemption: UUID, person: UUID) -> list[Event]:
    """The account is made: enrollment is asked. Raises ConflictLost where the key is not held for it any more."""
    if not (key.held and _waits(key, redemption)):
        raise ConflictLost("This key is not kept for this registration any more.", kind="registration-given-up")
    return [_reserved(key, pool, redemption, person)]


def _reserved(key: Key, pool: Pool, redemption: UUID, person: UUID) -> Event:
    reserved = {
        "pool_id": pool.id,
        "redemption_id": redemption,
        "person_id": person,
        "offering_id": pool.offering,
        "access_days": pool.terms.access_days,
    }
    return KeyReserved.unchecked_next(key.id, key.version, reserved)


def _check_learner(learner: Learner) -> None:
    if not learner.belongs:
        raise Conflict(
            "This key is for another organisation. Ask whoever gave it to you.", field="key", kind="other-organisation"
        )
    if not learner.active:
        raise Conflict("Your account is not active. Ask your administrator.", kind="inactive-person")


def _check_free(key: Key) -> None:
    if key.state == "revoked":
        raise Conflict("This key was revoked. Ask whoever gave it to you for another one.", field="key", kind="revoked")
    if key.state not in ("free", "sent"):
        raise Conflict(
            "This key was already used. Ask whoever gave it to you for another one.", field="key", kind="used"
        )


def _check_time(pool: Pool, now: datetime) -> None:
    starts, expires = pool.terms.starts, pool.terms.expires
    if now < starts:
        raise Conflict(
            f"This key can be redeemed from {starts.isoformat()} on. Try again then.",
            field="key",
            kind="not-yet-valid",
            starts=starts.isoformat(),
        )
    if now >= expires:
        raise Conflict(
            f"This key expired at {expires.isoformat()}. Ask whoever gave it to you for another one.",
            field="key",
            kind="expired",
            expires=expires.isoformat(),
        )


def redeem(key: Key, redemption: UUID, assignment: UUID) -> list[Event]:
    """Enrollment made the assignment. Nothing where the key does not wait for this answer any more."""
    if not _waits(key, redemption):
        return []
    return [KeyRedeemed.unchecked_next(key.id, key.version, {**_asked(key), "assignment_id": assignment})]


def release(key: Key, redemption: UUID, kind: str) -> list[Event]:
    """Enrollment refused: the key stays unused. Nothing where it does not wait for this answer any more."""
    if not _waits(key, redemption):
        return []
    return [KeyReleased.unchecked_next(key.id, key.version, {**_asked(key), "kind": kind})]


def _waits(key: Key, redemption: UUID) -> bool:
    return key.state == "reserved" and key.redemption == redemption


def _asked(key: Key) -> dict[str, object]:
    return {
        "pool_id": key.pool,
        "redemption_id": key.redemption,
        "person_id": key.person,
        "offering_id": key.offering,
    }


def revoke(key: Key, reason: TextRef | None, *, end_assignment: bool | None, override: bool) -> list[Event]:
    """Refused while somebody is redeeming it, and where nobody said what becomes of the assignment (KEY-12)."""
    if key.state == "revoked":
        raise Conflict("This key is already revoked.", kind="revoked")
    if key.state == "reserved":
        raise Conflict(
            "A learner is redeeming this key at this moment. Try again when that is decided.", kind="being-redeemed"
        )
    if key.assignment and end_assignment is None:
        raise Invalid(
            "This key was redeemed. Say whether its assignment ends, too: end_assignment true or false.",
            field="end_assignment",
            kind="end-assignment-missing",
        )
    if not key.assignment and end_assignment:
        raise Invalid("This key was not redeemed: there is no assignment to end.", field="end_assignment")
    told = {
        "pool_id": key.pool,
        "reason": reason,
        "person_id": key.person,
        "assignment_id": key.assignment,
        "end_assignment": bool(end_assignment),
        "override": override and bool(end_assignment),
    }
    return [KeyRevoked.unchecked_next(key.id, key.version, told)]


def reopen(key: Key, reason: TextRef) -> list[Event]:
    """A revoked key is again what it was; unused, where its assignment was to end (KEY-12)."""
    if key.state != "revoked":
        raise Conflict(f"Only a revoked key can be reopened; this one is {key.state}.", kind="not-revoked")
    return [KeyReopened.unchecked_next(key.id, key.version, {"pool_id": key.pool, "reason": reason})]
