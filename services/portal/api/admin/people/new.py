"""A new person, who can be assigned to something right away (DIR-1, DIR-2)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field, JsonValue

from services.portal.api.admin.people.assigning import AssignForm
from services.portal.api.entrance.joining import faults
from services.portal.api.questions import Question, sealed_question, the_question
from services.portal.api.visitor import Ask, SealerDep, ShowDep, refused_in
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.client.people import Unit
from services.portal.client.person_lists import units_called
from services.portal.client.persons import register
from services.portal.rendering import Show
from shared.limits import Line, Secret, Sought

router = APIRouter(prefix="/admin/people/new")


class NewForm(BaseModel):
    """`draft`: what is assigned so far, sealed; `do`: look for organisations, create, or create and go on to assigning."""

    key: UUID | None = None
    draft: Annotated[str, Field(max_length=20_000)] = ""
    first_name: Sought = ""
    last_name: Sought = ""
    email: Sought = ""
    password: Secret = ""
    country: Line = ""
    organisation: Sought = ""
    organisation_id: Line = ""
    do: Line = "look"

    def body(self) -> dict[str, JsonValue]:
        optional = {"password": self.password, "country": self.country, "home_organisation": self.organisation_id}
        required = {"first_name": self.first_name, "last_name": self.last_name, "email": self.email}
        return {**required, **{name: value for name, value in optional.items() if value}}


@dataclass(frozen=True)
class NewView:
    """`organisations` to choose from; `faults`: fields that do not do. A password is typed again."""

    template: ClassVar[str] = "admin/people/new.html"
    asked: NewForm
    organisations: list[Unit]
    faults: tuple[str, ...]
    refused: ServiceProblem | None


@router.get("")
def new(ask: Ask, show: ShowDep, draft: Question = "") -> Response:
    return _page(ask, show, NewForm(draft=draft))


@router.post("")
def create(ask: Ask, show: ShowDep, sealer: SealerDep, asked: Annotated[NewForm, Form()]) -> Response:
    """Looks for organisations, too, so that what was typed stays."""
    if asked.do not in ("create", "assign"):
        return _page(ask, show, asked)
    try:
        made = register(ask, asked.body(), str(asked.key))
    except ServiceProblem as problem:
        return _page(ask, show, asked, refused_in(problem))
    if asked.do == "create":
        return show.go(f"/admin/people/{made}", said="person-created")
    draft = the_question(sealer, asked.draft, AssignForm).with_person(made)
    return show.go(
        f"/admin/people/assign?{urlencode({'draft': sealed_question(sealer, draft)})}", said="person-created"
    )


def _page(ask: Asking, show: Show, asked: NewForm, refused: ServiceProblem | None = None) -> Response:
    organisations = units_called(ask, "organisation", asked.organisation)
    view = NewView(asked, organisations, faults(refused), refused)
    return show(view, refused.status if refused else 200)
