"""Keys that go out by e-mail: who is sent one, who is reminded, and what is taken back (KEY-11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.keys.domain.keys import Key
from services.keys.domain.pools import Pool
from shared.contracts.keys import KeyReminded, KeySent, KeyTakenBack
from shared.errors import Conflict
from shared.events import Event

Outcome = Literal[
    "sent",
    "bad-address",
    "duplicate",
    "already-sent",
    "already-redeemed",
    "other-organisation",
    "inactive-person",
]
"""What becomes of one recipient of a mailing."""
Reminder = Literal["reminded", "too-soon", "redeemed", "being-redeemed", "revoked", "taken-back"]
Return = Literal["free", "revoked", "redeemed", "being-redeemed", "already-revoked", "taken-back"]


@dataclass(frozen=True)
class Standing:
    """What is known of somebody who is to be sent a key of a pool. `had`: how the key stands that they were sent, or redeemed."""

    active: bool
    belongs: bool
    had: Literal["sent", "redeemed"] | None


def outcome(standing: Standing) -> Outcome:
    """Whoever is of another organisation could not redeem one; each gets one key of a pool."""
    if not standing.belongs:
        return "other-organisation"
    if not standing.active:
        return "inactive-person"
    if standing.had:
        return "already-redeemed" if standing.had == "redeemed" else "already-sent"
    return "sent"


def check_pool(pool: Pool, now: datetime) -> None:
    """Raises Conflict for a pool whose keys nobody can redeem any more."""
    if now >= pool.terms.expires:
        raise Conflict(
            f"This pool expired at {pool.terms.expires.isoformat()}: nobody could redeem its keys. Move its end first.",
            kind="expired",
        )


def check_enough(free: int, needed: int) -> None:
    """Raises Conflict, before anybody is sent anything."""
    if free < needed:
        raise Conflict(
            f"{needed} people are to get a key, and {free} keys of this pool are free. Add keys, or send to fewer people.",
            kind="too-few-keys",
            free=free,
            needed=needed,
        )


def send(key: UUID, version: int, pool: Pool, mailing: UUID, recipient: UUID, person: UUID | None) -> Event:
    """Of a free key at this version."""
    told = {"pool_id": pool.id, "offering_id": pool.offering, "mailing_id": mailing}
    return KeySent.unchecked_next(key, version, {**told, "recipient_id": recipient, "person_id": person})


def remind(
    key: Key, pool: Pool, recipient: UUID, person: UUID | None, last: datetime, now: datetime, pause: timedelta
) -> tuple[Reminder, Sequence[Event]]:
    """Once in each `pause`, as long as it is not redeemed."""
    if key.recipient != recipient:
        return "taken-back", ()
    match key.state:
        case "redeemed":
            return "redeemed", ()
        case "reserved":
            return "being-redeemed", ()
        case "revoked":
            return "revoked", ()
    if now < last + pause:
        return "too-soon", ()
    told = {"pool_id": pool.id, "offering_id": pool.offering, "recipient_id": recipient, "person_id": person}
    return "reminded", (KeyReminded.unchecked_next(key.id, key.version, told),)


def may_take_back(key: Key, recipient: UUID) -> Return:
    """`free`: it can be."""
    if key.recipient != recipient:
        return "taken-back"
    match key.state:
        case "redeemed":
            return "redeemed"
        case "reserved":
            return "being-redeemed"
        case "revoked":
            return "already-revoked"
    return "free"


def take_back(key: Key, recipient: UUID, person: UUID | None) -> Event:
    told = {"pool_id": key.pool, "recipient_id": recipient, "person_id": person}
    return KeyTakenBack.unchecked_next(key.id, key.version, told)
