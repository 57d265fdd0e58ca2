"""What an offering is: its description, and whether it takes new learners (CAT-1 to CAT-4, CAT-8)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Response

from services.portal.api.admin.offerings.forms import DescribedForm, wrong_field
from services.portal.api.admin.offerings.saving import save
from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import offerings
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.client.offerings import WholeOffering
from services.portal.rendering import Show

router = APIRouter(prefix="/admin/offerings/{id}")


@dataclass(frozen=True)
class InformationView:
    """`asked` is what the form shows; `changed`: the offering as somebody else has made it meanwhile; `wrong`: the field that the
    refusal is about; `added`: whether the last activity is a new one."""

    template: ClassVar[str] = "admin/offerings/information.html"
    offering: WholeOffering
    asked: DescribedForm
    changed: DescribedForm | None
    refused: ServiceProblem | None
    wrong: str
    added: bool


@router.get("")
def offering(show: ShowDep, id: UUID) -> Response:
    return show.go(f"/admin/offerings/{id}/information")


@router.get("/information")
def information(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return _page(ask, show, id)


@router.post("/information")
def describe(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[DescribedForm, Form()]) -> Response:
    """Adds, moves and removes activities, too, so that what was typed stays."""
    if asked.do != "save":
        return _page(ask, show, id, asked.pressed(), added=asked.do == "add")

    def send(based_on: int) -> None:
        there = offerings.whole(ask, id)
        offerings.describe(ask, id, asked.body(there.kind, list(there.items)), based_on, str(asked.key))

    try:
        save(ask, id, asked, lambda there: DescribedForm.of(there).was, send)
    except ServiceProblem as problem:
        return _page(ask, show, id, asked, refused_in(problem))
    return show.go(f"/admin/offerings/{id}/information", said="saved")


@router.post("/active")
def activate(
    ask: Ask,
    show: ShowDep,
    id: UUID,
    key: Annotated[UUID, Form()],
    version: Annotated[int, Form()],
    active: Annotated[bool, Form()],
) -> Response:
    try:
        offerings.activate(ask, id, active=active, version=version, key=str(key))
    except ServiceProblem as problem:
        return _page(ask, show, id, refused=refused_in(problem))
    return show.go(f"/admin/offerings/{id}/information", said="offering-active" if active else "offering-inactive")


def _page(
    ask: Asking,
    show: Show,
    id: UUID,
    asked: DescribedForm | None = None,
    refused: ServiceProblem | None = None,
    *,
    added: bool = False,
) -> Response:
    found = offerings.whole(ask, id)
    there = DescribedForm.of(found)
    changed = None
    if asked and refused and refused.status == 412:
        changed, asked = there, asked.based_on(there)
    view = InformationView(found, asked or there, changed, refused, wrong_field(refused), added)
    return show(view, refused.status if refused else 200)
