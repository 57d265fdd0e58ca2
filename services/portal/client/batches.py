"""What pages read of batches, and undoing one (ASG-20)."""

from datetime import datetime
from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Receipt, Reply

BATCHES = "/api/enrollment/batches"


class NumberOf(Reply):
    """How much of something, on one offering."""

    what: str
    offering_id: UUID | None = None
    offering_title: str | None = None
    number: int


class Undone(Reply):
    """The batch that took another one back."""

    batch: UUID
    actor_id: UUID
    at: datetime


class Batch(Reply):
    """What one command did; `actor_id` None: Rollbook itself. `why_not`: what keeps whoever looks from undoing it."""

    id: UUID
    actor_id: UUID | None = None
    actor_name: str | None = None
    began_at: datetime
    did: tuple[NumberOf, ...]
    undo_until: datetime
    undone: Undone | None = None
    undoable: bool
    why_not: str | None = None
    why_not_text: str | None = None


class Stays(Reply):
    """How much undoing would leave, and why."""

    kind: str
    why: str
    number: int


class UndoPreview(Reply):
    would: tuple[NumberOf, ...]
    stays: tuple[Stays, ...]

    @property
    def losing(self) -> int:
        """So many learners would lose an assignment; some of them may have another one."""
        return sum(one.number for one in self.would if one.what == "learners-unassigned")


class Irreversible(Reply):
    """Something that undoing left as it was."""

    kind: str
    why: str
    person_id: UUID | None = None


def batch(ask: Asking, id: UUID) -> Batch:
    return ask.one(Batch, f"{BATCHES}/{id}")


def undo_preview(ask: Asking, id: UUID) -> UndoPreview:
    return ask.one(UndoPreview, f"{BATCHES}/{id}/undo")


def irreversible(ask: Asking, id: UUID, cursor: str) -> Listed[Irreversible]:
    return ask.listed(Irreversible, f"{BATCHES}/{id}/irreversible", {"cursor": cursor})


def undo(ask: Asking, id: UUID, reason: str, key: str, emails: str) -> Receipt:
    """`emails`: what becomes of those that it causes: send, hold or silence."""
    body: dict[str, JsonValue] = {"reason": reason or None}
    return ask.choosing(emails).send("POST", f"{BATCHES}/{id}/undo", body, key)
