"""One course for one learner, with the last day of access and a note; saving leads to the assignment (ASG-4, ASG-5, ASG-13)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, JsonValue

from services.portal.api.form_values import given_id
from services.portal.api.visitor import Ask, AtLeast, ShowDep, SignedIn, refused_in
from services.portal.client import course_assignments
from services.portal.client.asking import Asking, Listed, Missing, ServiceProblem
from services.portal.client.catalog import Offering, courses
from services.portal.client.course_assignments import Refused
from services.portal.client.people import Person, people_called, people_names
from services.portal.rendering import Show
from shared.limits import Line, Remark, Sought

router = APIRouter(prefix="/admin/assign")


class AssignForm(BaseModel):
    """`do`: look for people and courses, or save."""

    key: UUID | None = None
    person: Line = ""
    first_name: Sought = ""
    last_name: Sought = ""
    course: Sought = ""
    offering_id: Line = ""
    access_until: Line = ""
    title: Line = ""
    message: Remark = ""
    important: bool = False
    do: Line = "look"

    @property
    def chosen(self) -> list[UUID]:
        """The one who is ticked, as ids are looked up."""
        found = given_id(self.person)
        return [found] if found else []

    def body(self) -> dict[str, JsonValue]:
        note: dict[str, JsonValue] = {"title": self.title, "message": self.message, "important": self.important}
        return {
            "offerings": [self.offering_id],
            "people": [self.person],
            "access_until": self.access_until or None,
            "note": note if self.title or self.message else None,
        }


@dataclass(frozen=True)
class AssignView:
    """`chosen`: who is ticked, as far as known; `found`, `courses`: what was looked for, None: nothing was. `row`: why it
    cannot be; `missing`: the field that is empty."""

    template: ClassVar[str] = "admin/assign.html"
    asked: AssignForm
    chosen: dict[UUID, Person] | Missing
    found: Listed[Person] | None
    courses: list[Offering] | None
    refused: ServiceProblem | None
    row: Refused | None
    missing: str


@dataclass(frozen=True)
class AssignedView:
    """It holds nobody yet: the work goes on, or an exception holds the learner back."""

    template: ClassVar[str] = "admin/assigned.html"
    id: UUID


@router.get("")
def form(_: SignedIn, show: ShowDep) -> Response:
    return show(AssignView(AssignForm(), {}, None, None, None, None, ""))


@router.post("")
def assign(ask: Ask, show: ShowDep, asked: Annotated[AssignForm, Form()]) -> Response:
    """Names are in the body only (DIR-9)."""
    if asked.do != "save":
        return _form(ask, show, asked)
    if missing := "person" if not asked.chosen else "offering_id" if not asked.offering_id else "":
        return _form(ask, show, asked, missing=missing)
    try:
        receipt, told = course_assignments.assign(ask, asked.body(), str(asked.key))
    except ServiceProblem as problem:
        return _form(ask, show, asked, refused=refused_in(problem))
    if not told.created:
        return _form(ask, show, asked, row=next(iter(told.refused), None))
    return show.go(f"{router.prefix}/{told.created[0].assignment_id}", said="assigned", receipt=receipt, undo=True)


@router.get("/{id}")
def assigned(ask: Ask, show: ShowDep, id: UUID, at_least: AtLeast = None) -> Response:
    """Lead to the assignment's page, which has a number of its own."""
    found = course_assignments.of_assignment(ask, id, at_least)
    if found is None:
        return show(AssignedView(id))
    return show.on(f"/admin/assignments/{found.number}")


def _form(
    ask: Asking,
    show: Show,
    asked: AssignForm,
    *,
    refused: ServiceProblem | None = None,
    row: Refused | None = None,
    missing: str = "",
) -> Response:
    names = ask.part(lambda: people_names(ask, asked.chosen))
    seeking = asked.first_name or asked.last_name
    found = ask.begin(lambda: people_called(ask, asked.first_name, asked.last_name)) if seeking else None
    offered = courses(ask, asked.course) if asked.course or asked.offering_id else None
    view = AssignView(asked, names.result(), found.result() if found else None, offered, refused, row, missing)
    return show(view, refused.status if refused else 422 if row or missing else 200)
