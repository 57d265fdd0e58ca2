"""What pages read and command of audiences, and where they are assigned (DIR-6)."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Receipt, Reply
from services.portal.client.people import Person

AUDIENCES = "/api/directory/audiences"


class Placed(Reply):
    """An organisation or a position in a rule."""

    unit: UUID
    include_below: bool = False


class DateRange(Reply):
    """A date field is set, and within these days."""

    field: str
    on_or_before: date | None = None
    on_or_after: date | None = None


class Rule(Reply):
    """Whoever meets every condition that is given; of a list, any one will do, but all of `fields`."""

    organisations: tuple[Placed, ...] = ()
    positions: tuple[Placed, ...] = ()
    countries: tuple[str, ...] = ()
    fields: tuple[DateRange, ...] = ()

    @property
    def units(self) -> list[UUID]:
        return [one.unit for one in (*self.organisations, *self.positions)]


class Audience(Reply):
    """`rule` None: its members are listed by hand."""

    id: UUID
    version: int
    name: str
    external_id: str | None = None
    members: int
    rule: Rule | None = None


class Use(Reply):
    """An assignment of an audience."""

    id: UUID
    offering_id: UUID
    offering_title: str | None = None
    due: str


class DateField(Reply):
    """One that people have."""

    name: str
    people: int


class _Matching(Reply):
    people: int


def audiences(ask: Asking, name: str, cursor: str) -> Listed[Audience]:
    """By name."""
    return ask.listed(Audience, AUDIENCES, {"name": name, "cursor": cursor})


def audience(ask: Asking, id: UUID) -> Audience:
    return ask.one(Audience, f"{AUDIENCES}/{id}")


def members(ask: Asking, id: UUID, cursor: str) -> Listed[Person]:
    return ask.listed(Person, f"{AUDIENCES}/{id}/members", {"cursor": cursor})


def uses(ask: Asking, id: UUID) -> Listed[Use]:
    """Where it is assigned."""
    return ask.listed(Use, "/api/enrollment/assignments", {"type": "audience", "target_id": str(id)})


def date_fields(ask: Asking) -> list[DateField]:
    return ask.every(DateField, "/api/directory/fields")


def matching(ask: Asking, rule: Mapping[str, JsonValue]) -> int:
    """How many people match now."""
    return ask.post(_Matching, f"{AUDIENCES}/rule-preview", rule).people


def create(ask: Asking, name: str, rule: Mapping[str, JsonValue] | None, key: str) -> UUID:
    body: dict[str, JsonValue] = {"name": name, "rule": dict(rule) if rule is not None else None}
    return _Made.model_validate(ask.send("POST", AUDIENCES, body, key).result).audience_id


def set_rule(ask: Asking, id: UUID, rule: Mapping[str, JsonValue], version: int, key: str) -> Receipt:
    return ask.send("PUT", f"{AUDIENCES}/{id}/rule", rule, key, version=version)


def change_members(ask: Asking, id: UUID, add: Sequence[UUID], remove: Sequence[UUID], key: str) -> Receipt:
    body: dict[str, JsonValue] = {"add": [str(one) for one in add], "remove": [str(one) for one in remove]}
    return ask.send("POST", f"{AUDIENCES}/{id}/members", body, key)


def delete(ask: Asking, id: UUID, version: int, key: str) -> Receipt:
    return ask.send("DELETE", f"{AUDIENCES}/{id}", None, key, version=version)


class _Made(Reply):
    audience_id: UUID
