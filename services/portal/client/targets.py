"""Whom an offering can be assigned to, as pages let one choose: units, audiences, people, those who lead others (ADM-2)."""

from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Reply

D = "/api/directory"


class Framework(Reply):
    """A tree of organisations, or of positions."""

    id: str
    name: str


class Unit(Reply):
    """An organisation or a position. `people`: how many an assignment would reach; `people_below`: with all below."""

    id: UUID
    name: str
    parent_id: UUID | None = None
    children: int = 0
    path: tuple[str, ...] = ()
    people: int | None = None
    people_below: int | None = None


class Audience(Reply):
    id: UUID
    name: str
    members: int


class Somebody(Reply):
    """A person in a list. `direct_team`, `team`: of those who lead others."""

    id: UUID
    first_name: str
    last_name: str
    home_organisation_name: str | None = None
    position_name: str | None = None
    direct_team: int | None = None
    team: int | None = None


def frameworks(ask: Asking, kind: str) -> list[Framework]:
    return ask.every(Framework, f"{D}/frameworks", {"kind": kind})


def unit(ask: Asking, id: UUID) -> Unit:
    return ask.one(Unit, f"{D}/units/{id}")


def units(
    ask: Asking, kind: str, *, framework: str = "", parent: UUID | None = None, top: bool, name: str, cursor: str
) -> Listed[Unit]:
    """With numbers of people, by name: the units of one level, or those whose name has this, wherever they are."""
    at = {"parent_id": str(parent) if parent else None, "top": True if top else None}
    asked = {"kind": kind, "framework_id": framework, "name": name, "cursor": cursor, "count": True, **at}
    return ask.listed(Unit, f"{D}/units", asked)


def audiences(ask: Asking, name: str, cursor: str) -> Listed[Audience]:
    return ask.listed(Audience, f"{D}/audiences", {"name": name, "cursor": cursor})


def people(ask: Asking, first_name: str, last_name: str, cursor: str, *, leads: bool) -> Listed[Somebody]:
    """Active people with these names, or those among them who lead somebody. Names go in the body (DIR-9)."""
    given = {"first_name": first_name or None, "last_name": last_name or None, "cursor": cursor or None}
    sought: dict[str, JsonValue] = {**given, "active": True, "leads": True if leads else None}
    return ask.sought(Somebody, f"{D}/people/search", sought)
