"""Searches by what may not be in an address, such as a name: the question is sealed before it goes there (DIR-9)."""

from typing import Annotated, TypeVar

from fastapi import Query
from pydantic import BaseModel, ValidationError

from services.portal.sealing import Sealer
from shared.limits.text import Text

M = TypeVar("M", bound=BaseModel)

Question = Annotated[str, Text(20_000), Query()]
"""A sealed question, as `s` of an address."""
_SECONDS = 86_400


def sealed_question(sealer: Sealer, asked: BaseModel) -> str:
    return sealer.seal("question", asked.model_dump(mode="json", exclude_defaults=True), _SECONDS)


def the_question(sealer: Sealer, sealed: str, model: type[M]) -> M:
    """What was sealed; the empty question for one that is too old."""
    try:
        return model.model_validate(sealer.open("question", sealed) or {}) if sealed else model()
    except ValidationError:
        return model()
