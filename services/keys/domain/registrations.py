"""Registering with a training key: whether it may begin (KEY-7, KEY-9). Pure."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.keys import KeyState


@dataclass(frozen=True)
class Offer:
    """What a key, and the organisation that a stranger names or its pool's, offer. None: that is not known here."""

    state: KeyState
    starts: datetime
    expires: datetime
    course: bool | None
    """The pool's offering takes learners."""
    home: UUID | None
    """The organisation where the learner would be."""
    within: bool
    """It is the pool's, or below it where the pool is shared."""
    anonymous_registration: bool | None
    key_field: bool | None
    """As they hold in `home` (DIR-7)."""


def admits(offer: Offer | None, now: datetime) -> UUID | None:
    """The organisation where somebody may register with it now; None for every key that does not do, whatever the reason (KEY-9).

    A stranger registers with a key where strangers may register at all, and the key field is on: as the sign-in page shows it.
    """
    if offer is None or offer.state not in ("free", "sent") or not offer.starts <= now < offer.expires:
        return None
    allowed = offer.course and offer.within and offer.anonymous_registration and offer.key_field
    return offer.home if allowed else None
