"""Creating a course, certification or qualification (CAT-1, CAT-2, CAT-9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import Field

from services.portal.api.admin.offerings.choosing import chosen, items_called, titles
from services.portal.api.admin.offerings.forms import DescribedForm, wrong_field
from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import offerings
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.client.catalog import OfferingHead
from services.portal.rendering import Show
from shared.limits import Sought

router = APIRouter(prefix="/admin/offerings")

Kind = Literal["course", "certification", "qualification"]
NEXT = {"course": "information", "certification": "versions", "qualification": "items"}
"""The page that goes on after creating one."""


class NewForm(DescribedForm):
    """`items` of a qualification; `q`: what is sought to be one."""

    kind: Kind = "course"
    items: list[UUID] = Field(default_factory=list)
    q: Sought = ""

    @property
    def seeks(self) -> bool:
        return bool(self.q)


@dataclass(frozen=True)
class NewView:
    """`named`: the items that are chosen; `found`: what can be; `added`: whether the last activity is new."""

    template: ClassVar[str] = "admin/offerings/new.html"
    asked: NewForm
    named: Mapping[UUID, OfferingHead]
    found: list[OfferingHead]
    refused: ServiceProblem | None
    wrong: str
    added: bool


@router.get("/new")
def new(ask: Ask, show: ShowDep, kind: Annotated[Kind, Query()] = "course") -> Response:
    return _page(ask, show, NewForm(kind=kind))


@router.post("/new")
def create(ask: Ask, show: ShowDep, asked: Annotated[NewForm, Form()]) -> Response:
    """Adds, moves and removes activities and items, too, so that what was typed stays."""
    if asked.do != "save":
        items = asked.kind == "qualification"
        after = asked.model_copy(update={"items": chosen(asked.items, asked.do)}) if items else asked.pressed()
        return _page(ask, show, after, added=asked.do == "add")
    try:
        made = offerings.create(ask, asked.body(asked.kind, asked.items), str(asked.key))
    except ServiceProblem as problem:
        return _page(ask, show, asked, refused_in(problem))
    return show.go(f"/admin/offerings/{made}/{NEXT[asked.kind]}", said="offering-created")


def _page(
    ask: Asking, show: Show, asked: NewForm, refused: ServiceProblem | None = None, *, added: bool = False
) -> Response:
    named = ask.begin(lambda: titles(ask, asked.items))
    view = NewView(asked, named.result(), items_called(ask, asked.q), refused, wrong_field(refused), added)
    return show(view, refused.status if refused else 200)
