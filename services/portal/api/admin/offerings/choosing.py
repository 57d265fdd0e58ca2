"""Courses and certifications that are found by title and chosen: the items of a qualification."""

from collections.abc import Mapping
from uuid import UUID

from services.portal.api.admin.offerings.rows import rearranged
from services.portal.client import offerings
from services.portal.client.asking import Asking
from services.portal.client.catalog import OfferingHead


def chosen(ids: list[UUID], do: str) -> list[UUID]:
    """After a button was pressed: `add-ID` adds one, once."""
    what, _, told = do.partition("-")
    if what != "add":
        return rearranged(ids, do)
    try:
        return list(dict.fromkeys((*ids, UUID(told))))
    except ValueError:
        return ids


def titles(ask: Asking, ids: list[UUID]) -> Mapping[UUID, OfferingHead]:
    return offerings.named(ask, set(ids))


def items_called(ask: Asking, words: str) -> list[OfferingHead]:
    """Courses and certifications to choose from."""
    return [one for one in offerings.found(ask, words) if one.kind != "qualification"] if words else []
