"""What pages read and command of changes that wait to be released (ASG-21)."""

from datetime import datetime
from uuid import UUID

from services.portal.client.asking import Asking, Listed, Receipt, Reply

HELD = "/api/enrollment/held-changes"


class OfferingChange(Reply):
    """What a change would do on one offering."""

    offering_id: UUID
    offering_title: str | None = None
    enrolled: int = 0
    withdrawn: int = 0
    held_by_exceptions: int = 0


class HeldChange(Reply):
    """A change of a feed, with the numbers of the moment in which it was held. `state` open: its end has not come yet."""

    batch: UUID
    feed: str
    state: str
    enrolled: int
    withdrawn: int
    held_at: datetime
    people: int


def held_changes(ask: Asking, cursor: str) -> Listed[HeldChange]:
    return ask.listed(HeldChange, HELD, {"cursor": cursor})


def held_change(ask: Asking, batch: UUID) -> HeldChange | None:
    """None: it was released, or never held."""
    return next(iter(ask.listed(HeldChange, HELD, {"batch": str(batch)}).items), None)


def preview(ask: Asking, batch: UUID) -> list[OfferingChange]:
    """What releasing it would do now."""
    return ask.every(OfferingChange, f"{HELD}/{batch}/preview")


def release(ask: Asking, batch: UUID, reason: str, key: str) -> Receipt:
    return ask.send("POST", f"{HELD}/{batch}/release", {"reason": reason or None}, key)
