"""A job role for everybody who is selected (ADM-3, ASG-12)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field

from services.portal.api.admin.people.chosen import MOST, Chosen
from services.portal.api.questions import Question, the_question
from services.portal.api.visitor import Ask, SealerDep, ShowDep, refused_in
from services.portal.client import job_roles
from services.portal.client.asking import Asking, Missing, ServiceProblem
from services.portal.client.job_roles import Assigned, JobRole
from services.portal.client.people import Person, people_names
from services.portal.client.person_lists import selected
from services.portal.rendering import Show
from shared.limits import Line, Sought

router = APIRouter(prefix="/admin/people/job-role")


class GiveForm(BaseModel):
    """`s`: who is selected, sealed; `name`: a part of the name of the job role that is sought; `do`: look, give."""

    key: UUID | None = None
    s: Annotated[str, Field(max_length=20_000)] = ""
    name: Sought = ""
    role: Line = ""
    do: Line = "look"


@dataclass(frozen=True)
class GiveView:
    """`names`: of those who were ticked one by one; `given`: what came of it, where somebody was refused."""

    template: ClassVar[str] = "admin/people/job_role.html"
    asked: GiveForm
    chosen: Chosen
    names: dict[UUID, Person] | Missing
    roles: list[JobRole]
    given: Assigned | None
    refused: ServiceProblem | None


@router.get("")
def giving(ask: Ask, show: ShowDep, sealer: SealerDep, s: Question = "") -> Response:
    chosen = the_question(sealer, s, Chosen)
    if not chosen.count:
        return show.go("/admin/people", said="nobody-ticked")
    return _page(ask, show, chosen, GiveForm(s=s))


@router.post("")
def give(ask: Ask, show: ShowDep, sealer: SealerDep, asked: Annotated[GiveForm, Form()]) -> Response:
    """Looks for job roles, too, so that nothing is lost."""
    chosen = the_question(sealer, asked.s, Chosen)
    if asked.do != "give":
        return _page(ask, show, chosen, asked)
    if not asked.role:
        return _page(ask, show, chosen, asked, refused=ServiceProblem(422, {"type": "urn:rollbook:problem:no-role"}))
    try:
        given = job_roles.assign(ask, UUID(asked.role), _everybody(ask, chosen), str(asked.key))
    except ServiceProblem as problem:
        return _page(ask, show, chosen, asked, refused=refused_in(problem))
    if given.refused:
        return _page(ask, show, chosen, asked, given=given)
    return show.go(f"/admin/job-roles/{asked.role}", said="job-role-assigned")


def _everybody(ask: Asking, chosen: Chosen) -> list[UUID]:
    """Raises ServiceProblem for a selection that has ended, or that has more people than one command can name."""
    if chosen.selection is None:
        return list(chosen.people)
    found = selected(ask, chosen.selection).people
    if found is None:
        raise ServiceProblem(422, {"type": "urn:rollbook:problem:too-many"})
    left_out = set(chosen.without)
    return [id for id in found if id not in left_out]


def _page(
    ask: Asking,
    show: Show,
    chosen: Chosen,
    asked: GiveForm,
    *,
    given: Assigned | None = None,
    refused: ServiceProblem | None = None,
) -> Response:
    names = ask.part(lambda: people_names(ask, chosen.people[:MOST]))
    roles = job_roles.job_roles(ask, asked.name, "").items
    view = GiveView(asked, chosen, names.result(), roles, given, refused)
    return show(view, refused.status if refused else 200)
