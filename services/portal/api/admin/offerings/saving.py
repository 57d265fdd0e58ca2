"""Saving one section of an offering's settings, so that nobody overwrites what somebody else did meanwhile."""

import hashlib
from collections.abc import Callable
from typing import Self
from uuid import UUID

from pydantic import BaseModel, model_validator

from services.portal.client import offerings
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.client.offerings import WholeOffering
from shared.limits import Line


def mark(values: object) -> str:
    """Tells these values from others."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


class Section(BaseModel):
    """What each form of a section has: `version` and `was` say what of the offering it is based on; `do`: the button that was
    pressed, or Enter."""

    key: UUID | None = None
    version: int = 0
    was: Line = ""
    do: Line = "save"

    @property
    def seeks(self) -> bool:
        """Whether something to choose is looked for: then Enter looks, too."""
        return False

    @model_validator(mode="after")
    def _entered(self) -> Self:
        if self.do == "enter":
            self.do = "look" if self.seeks else "save"
        return self

    def as_read(self, version: int) -> Self:
        """The section as it is there."""
        values = self.model_dump(exclude={"key", "version", "was", "do", "q"})
        return self.model_copy(update={"version": version, "was": mark(values)})

    def based_on(self, there: "Section") -> Self:
        """What was typed, to be saved over what is there now."""
        return self.model_copy(update={"version": there.version, "was": there.was})


def save(
    ask: Asking,
    id: UUID,
    asked: Section,
    marked: Callable[[WholeOffering], str],
    send: Callable[[int], object],
) -> None:
    """`send` is given the version that the edit is based on. Where others have changed other sections alone, it is sent again with
    theirs; `marked` tells. Raises ServiceProblem, with 412 where somebody has changed this section."""
    try:
        send(asked.version)
    except ServiceProblem as problem:
        if problem.status != 412:
            raise
        there = offerings.whole(ask, id)
        if marked(there) != asked.was:
            raise
        send(there.version)
