"""The form of an audience: its name, how members come, and the rule with the number of people that match as one writes (DIR-6)."""

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field, JsonValue

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import audiences, structure
from services.portal.client.asking import Asking, Listed, Missing, ServiceProblem
from services.portal.client.audiences import Audience, DateField, Rule
from services.portal.client.structure import Unit
from services.portal.rendering import Show
from shared.limits import FieldName, Line, Sought

router = APIRouter(prefix="/admin/audiences")

_UNITS, _COUNTRIES, _FIELDS = 100, 300, 20
"""As many conditions as a rule can have."""


class RuleForm(BaseModel):
    """A rule as it was ticked and typed. `below`: units that count with everything below; `field`, `since` and `until` stand beside
    each other, one of each for every date field; `sought`: the part of a unit's name that is looked for; `do`: save, or count."""

    key: UUID | None = None
    version: int = 0
    organisation: list[UUID] = Field(default=[], max_length=_UNITS)
    position: list[UUID] = Field(default=[], max_length=_UNITS)
    below: list[UUID] = Field(default=[], max_length=2 * _UNITS)
    country: list[Line] = Field(default=[], max_length=_COUNTRIES)
    has: list[FieldName] = Field(default=[], max_length=_FIELDS)
    field: list[FieldName] = Field(default=[], max_length=1_000)
    since: list[Line] = Field(default=[], max_length=1_000)
    until: list[Line] = Field(default=[], max_length=1_000)
    sought: Sought = ""
    do: Line = "count"

    @property
    def days(self) -> dict[str, tuple[str, str]]:
        """From when and until when, by the date field."""
        typed = zip(self.field, self.since, self.until, strict=False)
        return {name: (since, until) for name, since, until in typed}

    @property
    def countries(self) -> list[str]:
        return [one for one in dict.fromkeys(self.country) if one]

    @property
    def units(self) -> list[UUID]:
        return [*self.organisation, *self.position]

    def rule(self) -> dict[str, JsonValue]:
        """Empty: there is no condition."""
        fields: list[JsonValue] = [
            {"field": name, "on_or_after": since or None, "on_or_before": until or None}
            for name, (since, until) in self.days.items()
            if name in self.has or since or until
        ]
        rule: dict[str, JsonValue] = {
            "organisations": self._placed(self.organisation),
            "positions": self._placed(self.position),
            "countries": [*self.countries],
            "fields": fields,
        }
        return rule if any(rule.values()) else {}

    def _placed(self, units: list[UUID]) -> list[JsonValue]:
        return [{"unit": str(one), "include_below": one in self.below} for one in dict.fromkeys(units)]

    @classmethod
    def of(cls, audience: Audience) -> "RuleForm":
        rule = audience.rule or Rule()
        placed = (*rule.organisations, *rule.positions)
        return cls(
            version=audience.version,
            organisation=[one.unit for one in rule.organisations],
            position=[one.unit for one in rule.positions],
            below=[one.unit for one in placed if one.include_below],
            country=[*rule.countries],
            has=[one.field for one in rule.fields],
            field=[one.field for one in rule.fields],
            since=[str(one.on_or_after or "") for one in rule.fields],
            until=[str(one.on_or_before or "") for one in rule.fields],
        )


class NewForm(RuleForm):
    """`kind`: fixed, or rule."""

    name: Line = ""
    kind: Line = "fixed"


@dataclass(frozen=True)
class Choices:
    """What a rule is made of. `units`: those that are ticked; `found`: whom the search found, None: none was made; `matching`: how
    many people match, None: there is no condition yet."""

    units: dict[UUID, Unit] | Missing
    found: Listed[Unit] | Missing | None
    fields: list[DateField] | Missing
    matching: int | Missing | None

    @property
    def field_names(self) -> list[str]:
        return [] if isinstance(self.fields, Missing) else [one.name for one in self.fields]


@dataclass(frozen=True)
class NewView:
    template: ClassVar[str] = "admin/audiences/new.html"
    asked: NewForm
    choices: Choices | None
    refused: ServiceProblem | None


@dataclass(frozen=True)
class RuleView:
    """`changed`: somebody else was faster."""

    template: ClassVar[str] = "admin/audiences/rule.html"
    audience: Audience
    asked: RuleForm
    choices: Choices
    refused: ServiceProblem | None


@router.get("/new")
def new(ask: Ask, show: ShowDep) -> Response:
    return _new(ask, show, NewForm())


@router.post("/new")
def create(ask: Ask, show: ShowDep, asked: Annotated[NewForm, Form()]) -> Response:
    if asked.do != "create":
        return _new(ask, show, asked)
    try:
        made = audiences.create(ask, asked.name, asked.rule() if asked.kind == "rule" else None, str(asked.key))
    except ServiceProblem as problem:
        return _new(ask, show, asked, refused_in(problem))
    return show.go(f"{router.prefix}/{made}", said="audience-created")


def _new(ask: Asking, show: Show, asked: NewForm, refused: ServiceProblem | None = None) -> Response:
    choices = begin_choices(ask, asked).result() if asked.kind == "rule" else None
    return show(NewView(asked, choices, refused), refused.status if refused else 200)


@router.get("/{id}/rule")
def edit(ask: Ask, show: ShowDep, id: UUID) -> Response:
    audience = audiences.audience(ask, id)
    return show(RuleView(audience, asked := RuleForm.of(audience), begin_choices(ask, asked).result(), None))


@router.post("/{id}/rule")
def save(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[RuleForm, Form()]) -> Response:
    refused = None
    if asked.do == "save":
        try:
            audiences.set_rule(ask, id, asked.rule(), asked.version, str(asked.key))
        except ServiceProblem as problem:
            refused = refused_in(problem)
        else:
            return show.go(f"{router.prefix}/{id}", said="rule-saved")
    choices = begin_choices(ask, asked)
    audience = audiences.audience(ask, id)
    if refused and refused.status == 412:
        asked = asked.model_copy(update={"version": audience.version})
    view = RuleView(audience, asked, choices.result(), refused)
    return show(view, refused.status if refused else 200)


@dataclass(frozen=True)
class Begun:
    """Questions that are on their way."""

    units: "Future[dict[UUID, Unit] | Missing]"
    found: "Future[Listed[Unit] | Missing] | None"
    fields: "Future[list[DateField] | Missing]"
    matching: "Future[int | Missing] | None"

    def result(self) -> Choices:
        return Choices(
            self.units.result(),
            self.found.result() if self.found else None,
            self.fields.result(),
            self.matching.result() if self.matching else None,
        )


def begin_choices(ask: Asking, asked: RuleForm) -> Begun:
    rule = asked.rule()
    return Begun(
        ask.part(lambda: structure.units(ask, asked.units)),
        ask.part(lambda: structure.found(ask, asked.sought, count=False)) if asked.sought else None,
        ask.part(lambda: audiences.date_fields(ask)),
        ask.part(lambda: audiences.matching(ask, rule)) if rule else None,
    )
