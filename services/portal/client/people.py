"""Who people are, and organisations to choose from. Names go in the body, never in an address (DIR-9)."""

from collections.abc import Collection, Sequence
from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Reply

MOST = 500
"""So many names are looked up at once."""


class Unit(Reply):
    """An organisation, with the names of those above it, the topmost first."""

    id: UUID
    name: str
    path: tuple[str, ...] = ()

    @property
    def pair(self) -> tuple[str, str]:
        """For a choice: its id, and its name with where it is."""
        return str(self.id), " > ".join((*self.path, self.name))


class Person(Reply):
    """Somebody, as far as whoever looks may know: of some the names alone."""

    id: UUID
    first_name: str
    last_name: str
    home_organisation_name: str | None = None
    position_name: str | None = None

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


class _Found(Reply):
    items: tuple[Person, ...]
    named: tuple[Person, ...]


def organisations(ask: Asking, name: str) -> list[Unit]:
    """Those whose name has this."""
    return ask.listed(Unit, "/api/directory/units", {"kind": "organisation", "name": name, "limit": 200}).items


def people_called(ask: Asking, first_name: str, last_name: str) -> Listed[Person]:
    sought: dict[str, JsonValue] = {"first_name": first_name or None, "last_name": last_name or None, "active": True}
    return ask.sought(Person, "/api/directory/people/search", sought, {"limit": 50})


def people_remembered(ask: Asking, text: str) -> list[Person]:
    """Active people by what somebody typed: a part of a name, first and last name in either order, or an e-mail address."""
    first, _, last = text.replace(",", " ").strip().partition(" ")
    if "@" in text:
        ways: list[dict[str, JsonValue]] = [{"email": text}]
    elif last:
        ways = [
            {"first_name": first, "last_name": last.strip()},
            {"first_name": last.strip(), "last_name": first},
        ]
    else:
        ways = [{"last_name": first}, {"first_name": first}]
    return list({one.id: one for way in ways for one in _sought(ask, way)}.values())


def _sought(ask: Asking, way: dict[str, JsonValue]) -> list[Person]:
    return ask.sought(Person, "/api/directory/people/search", {**way, "active": True}, {"limit": 20}).items


def people_names(ask: Asking, ids: Sequence[UUID]) -> dict[UUID, Person]:
    """Who these are, as far as whoever looks may know."""
    if not ids:
        return {}
    found = ask.post(_Found, "/api/directory/people/lookup", {"ids": [str(id) for id in ids[:MOST]]})
    return {one.id: one for one in (*found.named, *found.items)}


def names(ask: Asking, ids: Collection[str]) -> dict[str, str]:
    """Of people by their ids, as answers have them."""
    return {str(id): one.name for id, one in people_names(ask, [UUID(id) for id in sorted(ids)]).items()}
