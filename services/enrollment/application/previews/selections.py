"""Selections of people are the directory's: read there in pages, as this service, for whoever selected them (ASG-4)."""

from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

import httpx
from pydantic import BaseModel, ValidationError

from shared.errors import Busy, NotFound
from shared.service_client import ServiceClient

_SELECTIONS = "/api/directory/people/selection"


class Unreachable(Exception):
    """The directory did not answer, or not with what it should."""


class SelectedPage(NamedTuple):
    """`next` None: the last one. `total`: how many there are on all pages."""

    people: list[UUID]
    next: str | None
    total: int


class _Person(BaseModel):
    person_id: UUID


class _Answer(BaseModel):
    items: list[_Person]
    next: str | None = None
    total: int


class Selections:
    """`services` reaches the directory; None: this service cannot sign in there."""

    def __init__(self, services: ServiceClient | None) -> None:
        self._services = services

    def check(self) -> None:
        """Raises Busy where this service cannot sign in at the directory, since nobody told it how."""
        if self._services is None:
            raise Busy(
                "Selections cannot be read: ROLLBOOK_SERVICE_SECRET is empty. Ask whoever operates Rollbook.",
                kind="selections-not-set-up",
            )

    def page(self, selection: UUID, of: UUID, cursor: str | None, limit: int) -> SelectedPage:
        """Raises NotFound for one that has ended, or that somebody else made than `of`; Unreachable."""
        if self._services is None:
            raise Unreachable("ROLLBOOK_SERVICE_SECRET is empty")
        asked = {"of": str(of), "limit": str(limit), **({"cursor": cursor} if cursor else {})}
        try:
            answer = self._services.send("GET", f"{_SELECTIONS}/{selection}/people?{urlencode(asked)}")
            if answer.status_code == 404:
                raise NotFound("The selection has ended, or it is not yours. Select again.", kind="selection-ended")
            found = _Answer.model_validate_json(answer.raise_for_status().content)
        except (httpx.HTTPError, ValidationError) as error:
            raise Unreachable(type(error).__name__) from None
        return SelectedPage([one.person_id for one in found.items], found.next, found.total)
