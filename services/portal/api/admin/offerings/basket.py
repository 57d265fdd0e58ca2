"""What somebody has selected to be assigned. It travels with the form, and nothing of it is stored (U-2)."""

from collections.abc import Iterable
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from services.portal.client.targets import Audience, Somebody, Unit
from shared.limits import Line
from shared.limits.text import Text

TargetType = Literal["audience", "organisation", "position", "manager", "individual"]
MOST = 500
"""So many items are assigned at once."""
Packed = Annotated[str, Text(20_000)]
"""An item as a form carries it."""


class Item(BaseModel):
    """`people`: whom it would reach; `below`: with everything below, None: where there is nothing to include."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str
    place: str = ""
    people: int = 0
    below: int | None = None

    @property
    def packed(self) -> str:
        return self.model_dump_json(exclude_defaults=True)


class DueForm(BaseModel):
    """When they have to be done, as it is typed (U-21). `due_after`: what a period counts from."""

    due: Line = ""
    due_on: Line = ""
    due_time: Line = ""
    due_amount: Line = ""
    due_unit: Line = "days"
    due_after: Line = ""
    due_field: Line = ""
    due_title: Line = ""
    due_offering: Line = ""

    def rule(self) -> JsonValue:
        """What is missing, the service says."""
        at: dict[str, JsonValue] = {"time": self.due_time} if self.due_time else {}
        if self.due == "on":
            return {"kind": "fixed", "on": self.due_on or None, **at}
        if self.due != "after":
            return None
        more: dict[str, JsonValue] = {}
        if self.due_after == "field":
            more = {"field": self.due_field or None}
        elif self.due_after == "completion":
            more = {"offering_id": self.due_offering or None}
        return {"kind": self.due_after, "amount": self.due_amount or None, "unit": self.due_unit, **more, **at}


class BasketForm(DueForm):
    """`item`: what is selected, `tick`: what was just ticked, `include`: those of which everything below is taken in, `drop`: what
    was taken out. `do`: show what would happen, or assign; anything else only looks."""

    item: list[Packed] = Field(default=[], max_length=MOST)
    tick: list[Packed] = Field(default=[], max_length=MOST)
    include: list[UUID] = Field(default=[], max_length=2 * MOST)
    drop: UUID | None = None
    required: bool = False
    access_days: Line = ""
    allow_empty: bool = False

    @property
    def items(self) -> list[Item]:
        """In the order in which they were selected, each once."""
        found = {one.id: one for one in map(_opened, [*self.item, *self.tick]) if one and one.id != self.drop}
        return list(found.values())

    @property
    def at_most(self) -> int:
        """The people of all of them, of whom some may be in several."""
        return sum(self.reaches(one) for one in self.items)

    def includes(self, one: Item) -> bool:
        return one.below is not None and one.id in self.include

    def reaches(self, one: Item) -> int:
        return one.below if one.below is not None and self.includes(one) else one.people

    def settings(self) -> dict[str, JsonValue]:
        """What holds for everybody who is assigned, beside the due date."""
        given: dict[str, JsonValue] = {"due": self.rule()}
        given |= {"required": True} if self.required else {}
        return given | ({"access_days": self.access_days} if self.access_days else {})

    def targets(self, type: TargetType) -> list[JsonValue]:
        return [{"type": type, "target_id": str(one.id), "include_below": self.includes(one)} for one in self.items]


def _opened(packed: str) -> Item | None:
    try:
        return Item.model_validate_json(packed)
    except ValidationError:
        return None


def of_units(units: Iterable[Unit]) -> list[Item]:
    """Of those with nothing below there is nothing to include."""
    return [
        Item(
            id=one.id,
            name=one.name,
            place=" > ".join(one.path),
            people=one.people or 0,
            below=(one.people_below or 0) if one.children else None,
        )
        for one in units
    ]


def of_audiences(audiences: Iterable[Audience]) -> list[Item]:
    return [Item(id=one.id, name=one.name, people=one.members) for one in audiences]


def of_people(people: Iterable[Somebody], *, leads: bool) -> list[Item]:
    return [
        Item(
            id=one.id,
            name=f"{one.first_name} {one.last_name}",
            place=", ".join(filter(None, (one.home_organisation_name, one.position_name))),
            people=(one.direct_team or 0) if leads else 1,
            below=(one.team or 0) if leads else None,
        )
        for one in people
    ]
