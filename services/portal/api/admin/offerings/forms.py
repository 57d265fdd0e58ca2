"""What describes an offering, as it was typed into its form (CAT-1, CAT-2, CAT-8)."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, JsonValue

from services.portal.api.admin.offerings.rows import rearranged, wrong_row
from services.portal.api.admin.offerings.saving import Section
from services.portal.client.asking import ServiceProblem
from services.portal.client.offerings import Activity, WholeOffering
from shared.limits import Description, Line
from shared.limits.text import Text

Address = Annotated[str, Text(2_000)]
_ACTIVITY = {
    "kind": "part_kind",
    "title": "part_title",
    "pass_mark": "part_mark",
    "address": "part_address",
    "description": "part_description",
    "system_requirements": "part_system",
    "connection": "part_connection",
    "reported_by": "part_reporter",
}
"""The form's field for each part of an activity."""
_FIELDS = {"minimum_minutes": "minutes", "price": "amount", "price.amount": "amount", "price.currency": "currency"}
"""The form's field, where the service's has another name."""


class ActivityRow(BaseModel):
    """An activity as typed."""

    kind: str = "content"
    title: str = ""
    pass_mark: str = ""
    address: str = ""
    description: str = ""
    system_requirements: str = ""
    connection: str = ""
    reported_by: str = ""

    @classmethod
    def of(cls, there: Activity) -> "ActivityRow":
        told = {name: getattr(there, name) for name in cls.model_fields}
        return cls(**{name: "" if value is None else str(value) for name, value in told.items()})

    def body(self) -> dict[str, JsonValue]:
        told: dict[str, JsonValue] = dict(self.model_dump())
        return told | {name: told[name] or None for name in ("pass_mark", "address", "reported_by")}


class DescribedForm(Section):
    """`minutes` and `access_days` empty: by default. What activities have is in lists of the same length."""

    code: Line = ""
    title: Line = ""
    description: Description = ""
    minutes: Line = ""
    access_days: Line = ""
    certificate: Line = ""
    badge: Line = ""
    amount: Line = ""
    currency: Line = ""
    in_order: bool = False
    part_kind: list[Line] = Field(default_factory=list)
    part_title: list[Line] = Field(default_factory=list)
    part_mark: list[Line] = Field(default_factory=list)
    part_address: list[Address] = Field(default_factory=list)
    part_description: list[Description] = Field(default_factory=list)
    part_system: list[Description] = Field(default_factory=list)
    part_connection: list[Description] = Field(default_factory=list)
    part_reporter: list[Line] = Field(default_factory=list)

    @classmethod
    def of(cls, there: WholeOffering) -> "DescribedForm":
        price = there.price
        described = cls(
            code=there.code,
            title=there.title,
            description=there.description,
            minutes="" if there.own_minutes is None else str(there.own_minutes),
            access_days="" if there.access_days is None else str(there.access_days),
            certificate=there.certificate or "",
            badge=there.badge or "",
            amount=str(price.amount) if price else "",
            currency=price.currency if price else "",
            in_order=there.in_order,
        )
        return described.with_activities([ActivityRow.of(one) for one in there.activities]).as_read(there.version)

    @property
    def activities(self) -> list[ActivityRow]:
        lists = [getattr(self, field) for field in _ACTIVITY.values()]
        return [ActivityRow(**dict(zip(_ACTIVITY, row, strict=True))) for row in zip(*lists, strict=False)]

    def with_activities(self, rows: list[ActivityRow]) -> Self:
        told = {field: [getattr(row, name) for row in rows] for name, field in _ACTIVITY.items()}
        return self.model_copy(update=told)

    def pressed(self) -> Self:
        """After the button that adds, moves or removes an activity."""
        rows = rearranged(self.activities, self.do)
        return self.with_activities([*rows, ActivityRow()] if self.do == "add" else rows)

    def body(self, kind: str, items: list[UUID]) -> dict[str, JsonValue]:
        """`items`: of a qualification."""
        told: dict[str, JsonValue] = {
            "kind": kind,
            "code": self.code,
            "title": self.title,
            "description": self.description,
            "certificate": self.certificate or None,
            "badge": self.badge or None,
            "price": {"amount": self.amount, "currency": self.currency.upper()}
            if self.amount or self.currency
            else None,
        }
        if kind == "course":
            told |= {"minimum_minutes": self.minutes or 0, "access_days": self.access_days or None}
            told |= {"in_order": self.in_order, "activities": [row.body() for row in self.activities]}
        elif kind == "certification":
            told["minimum_minutes"] = self.minutes or None
        else:
            told["items"] = [str(id) for id in items]
        return told


def wrong_field(refused: ServiceProblem | None) -> str:
    """The form's field that the refusal is about; empty: none of them."""
    told = (refused.field or "") if refused else ""
    if row := wrong_row(told, "activities"):
        place, part = row
        return f"{_ACTIVITY[part]}-{place}" if part in _ACTIVITY else f"part_title-{place}"
    name = told.partition(".")[2] if told.partition(".")[0] in ("course", "certification", "qualification") else told
    name = _FIELDS.get(name, name)
    return name if name in DescribedForm.model_fields or name == "items" else ""
