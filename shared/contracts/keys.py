"""What happens to pools of training keys, and to each key. A key's secret is in no event: a fingerprint stands for it (KEY-10)."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events import Event, TextRef

KeyState = Literal["free", "sent", "reserved", "redeemed", "revoked"]
"""Where a key stands; it follows from its events. `sent`: somebody was allotted it, by e-mail; whoever has it redeems it.
`reserved`: a learner entered it, and enrollment has not answered yet, or the account of whoever registers with it is not made
yet."""
ExportFormat = Literal["csv", "xlsx"]


class PoolDescribed(Event):
    """A pool of training keys came to be, or was edited; it is here whole (KEY-1). The stream is the pool."""

    TOPIC: ClassVar[str] = "keys.PoolDescribed.v1"
    name: str
    offering_id: UUID
    """The course that its keys are for: the same for ever."""
    organisation_id: UUID
    """Whose people redeem."""
    starts: datetime
    expires: datetime
    """From when on, and until when, keys are redeemed; that moment itself is not included (KEY-2)."""
    access_days: int
    """The content availability: days of access from the redemption, at most what the course allows."""
    share_below: bool
    """The people of all organisations below redeem, too."""


class KeyAdded(Event):
    """A key came into a pool (KEY-3). The stream is the key; so it is for everything that happens to a key."""

    TOPIC: ClassVar[str] = "keys.KeyAdded.v1"
    pool_id: UUID
    fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    """What tells keys apart without telling what they are: a keyed hash, cut short."""
    generated: bool
    """By Rollbook; otherwise somebody entered it."""


class KeyReserved(Event):
    """A learner entered the key. Enrollment answers with `AssignmentCreated` or `AdmissionRefused`, of the type `key`, whose
    `origin_id` is the redemption (KEY-4)."""

    TOPIC: ClassVar[str] = "keys.KeyReserved.v1"
    pool_id: UUID
    redemption_id: UUID
    person_id: UUID
    offering_id: UUID
    access_days: int
    """Of the pool, from today; enrollment gives no more than the course allows."""


class KeyHeld(Event):
    """Somebody registers with the key: it is kept for them while their account is made (KEY-7). `KeyReserved` follows with the same
    redemption and person, or `KeyReleased`, and then there is no such person."""

    TOPIC: ClassVar[str] = "keys.KeyHeld.v1"
    pool_id: UUID
    redemption_id: UUID
    person_id: UUID
    """Who they will be; the directory may never hear of them."""
    offering_id: UUID


class KeyRedeemed(Event):
    """The key became this assignment (KEY-4)."""

    TOPIC: ClassVar[str] = "keys.KeyRedeemed.v1"
    pool_id: UUID
    redemption_id: UUID
    person_id: UUID
    offering_id: UUID
    assignment_id: UUID


class KeyReleased(Event):
    """Enrollment refused, or a registration came to nothing: the key is unused and can be redeemed again (KEY-6, KEY-7)."""

    TOPIC: ClassVar[str] = "keys.KeyReleased.v1"
    pool_id: UUID
    redemption_id: UUID
    person_id: UUID
    offering_id: UUID
    kind: str
    """Why, as the kind of a problem (RFC 9457), as `AdmissionRefused` has it, or the registration."""


class KeyRevoked(Event):
    """Nobody redeems the key any more (KEY-12)."""

    TOPIC: ClassVar[str] = "keys.KeyRevoked.v1"
    pool_id: UUID
    reason: TextRef | None
    person_id: UUID | None
    assignment_id: UUID | None
    """Of a key that was redeemed: who holds what by it."""
    end_assignment: bool
    """That assignment is to end, too."""
    override: bool
    """By whoever may cancel after the time for it (ASG-15)."""


class KeyReopened(Event):
    """A revoked key is again what it was, and free where its assignment was to end: a recorded override (KEY-12)."""

    TOPIC: ClassVar[str] = "keys.KeyReopened.v1"
    pool_id: UUID
    reason: TextRef


class KeysExported(Event):
    """The secrets of a pool's keys went out in a file, for distribution (KEY-5). The stream is the export."""

    TOPIC: ClassVar[str] = "keys.KeysExported.v1"
    pool_id: UUID
    format: ExportFormat
    state: KeyState | None
    """Only keys in this state; None: all."""
    keys: int
    """How many."""


class KeySent(Event):
    """Somebody was allotted a free key, and is to get it by e-mail (KEY-11)."""

    TOPIC: ClassVar[str] = "keys.KeySent.v1"
    pool_id: UUID
    offering_id: UUID
    mailing_id: UUID
    recipient_id: UUID
    """Who it is for: a row of the keys service, which has the address."""
    person_id: UUID | None
    """None for an address that somebody typed."""


class KeyReminded(Event):
    """Whoever was sent the key and has not redeemed it is to get it by e-mail again (KEY-11)."""

    TOPIC: ClassVar[str] = "keys.KeyReminded.v1"
    pool_id: UUID
    offering_id: UUID
    recipient_id: UUID
    person_id: UUID | None


class KeyTakenBack(Event):
    """A key that was sent and not redeemed is free again (KEY-11). What was sent of it may still be redeemed."""

    TOPIC: ClassVar[str] = "keys.KeyTakenBack.v1"
    pool_id: UUID
    recipient_id: UUID
    person_id: UUID | None


class PoolRanLow(Event):
    """So many percent of a pool's keys are used: not free any more. Revoked ones do not count. The stream is this warning."""

    TOPIC: ClassVar[str] = "keys.PoolRanLow.v1"
    pool_id: UUID
    offering_id: UUID
    organisation_id: UUID
    percent: int
    """Which of the levels that are set was reached."""
    used: int
    keys: int


class PoolExpiring(Event):
    """A pool with keys that nobody has redeemed is about to expire. The stream is this warning."""

    TOPIC: ClassVar[str] = "keys.PoolExpiring.v1"
    pool_id: UUID
    offering_id: UUID
    organisation_id: UUID
    expires: datetime
    unused: int
    """Keys that are free, or sent and not redeemed."""
