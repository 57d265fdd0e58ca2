"""Whom somebody has selected, over pages and searches: ticked one by one, or all that matched, as they were counted (ASG-4).

It travels in the address, sealed with the question; so ids are packed, and there is a limit to how many are ticked one by one.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, PlainSerializer, PlainValidator

MOST = 100
"""So many people can be ticked one by one, or left out of all that match: more would not fit in an address."""
AT_ONCE = 20
"""So many people who were ticked one by one are assigned at once; more go through a preview (U-3)."""
_BYTES = 16


def _packed(ids: tuple[UUID, ...]) -> str:
    return urlsafe_b64encode(b"".join(id.bytes for id in ids)).decode()


def _unpacked(text: object) -> tuple[UUID, ...]:
    if isinstance(text, tuple):
        return text
    whole = urlsafe_b64decode(str(text))
    return tuple(UUID(bytes=whole[at : at + _BYTES]) for at in range(0, len(whole), _BYTES))


Ids = Annotated[tuple[UUID, ...], PlainValidator(_unpacked), PlainSerializer(_packed)]


class Chosen(BaseModel):
    """Nobody at first. With a `selection` it is all of it but `without`, else `people`."""

    people: Ids = ()
    selection: UUID | None = None
    total: int = 0
    counted_at: datetime | None = None
    without: Ids = ()

    @property
    def count(self) -> int:
        return self.total - len(self.without) if self.selection else len(self.people)

    @property
    def at_once(self) -> bool:
        """They were ticked one by one, and are few."""
        return self.selection is None and self.count <= AT_ONCE

    def has(self, id: UUID) -> bool:
        return id not in self.without if self.selection else id in self.people

    def ticked(self, shown: Collection[UUID], ticked: Collection[UUID]) -> "Chosen":
        """After a page on which these were shown, and those ticked."""
        if self.selection:
            left_out = _first(
                (*(id for id in self.without if id not in ticked), *(id for id in shown if id not in ticked))
            )
            return self.model_copy(update={"without": left_out})
        kept = (id for id in self.people if id not in shown or id in ticked)
        return Chosen(people=_first((*kept, *ticked)))


def _first(ids: Collection[UUID]) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(ids))[:MOST]
