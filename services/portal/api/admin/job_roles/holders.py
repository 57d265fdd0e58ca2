"""One job role: its qualifications, who holds it; it is assigned to people, and taken away (ASG-12)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, Field

from services.portal.api.questions import Question, sealed_question, the_question
from services.portal.api.visitor import Ask, SealerDep, ShowDep, SignedIn, refused_in
from services.portal.client import job_roles, people
from services.portal.client.asking import Asking, Listed, Missing, ServiceProblem
from services.portal.client.job_roles import Assigned, Holder, JobRoleWhole, Qualification
from services.portal.client.people import Person
from services.portal.rendering import Show
from shared.limits import MANY, Cursor, Sought

router = APIRouter(prefix="/admin/job-roles/{id}")


class SoughtForm(BaseModel):
    """Whom to give it."""

    first_name: Sought = ""
    last_name: Sought = ""


class AssignForm(BaseModel):
    """`person`: who was ticked; `s`: the search that found them."""

    key: UUID
    person: list[UUID] = Field(default=[], max_length=MANY)
    s: Question = ""


@dataclass(frozen=True)
class JobRoleView:
    """`linked`: its qualifications by their ids; `holders` None: not for whoever looks; `found`: who can be given it, None: nobody
    was looked for; `s`: that search, sealed; `assigned`: what came of assigning it, where somebody was refused."""

    template: ClassVar[str] = "admin/job_roles/job_role.html"
    role: JobRoleWhole
    linked: dict[UUID, Qualification] | Missing
    holders: Listed[Holder] | Missing | None
    sought: SoughtForm
    s: str
    found: Listed[Person] | Missing | None
    following: str | None
    first: str | None
    assigned: Assigned | None
    refused: ServiceProblem | None


@router.get("")
def job_role(
    ask: Ask, show: ShowDep, sealer: SealerDep, id: UUID, s: Question = "", cursor: Annotated[Cursor, Query()] = ""
) -> Response:
    return _page(ask, show, id, the_question(sealer, s, SoughtForm), s, cursor)


@router.post("/find")
def find(_: SignedIn, show: ShowDep, sealer: SealerDep, id: UUID, asked: Annotated[SoughtForm, Form()]) -> Response:
    """By name: so the question is sealed before it is in an address (DIR-9)."""
    query = f"?{urlencode({'s': sealed_question(sealer, asked)})}" if asked.first_name or asked.last_name else ""
    return show.go(f"/admin/job-roles/{id}{query}")


@router.post("/holders")
def assign(ask: Ask, show: ShowDep, sealer: SealerDep, id: UUID, asked: Annotated[AssignForm, Form()]) -> Response:
    here = f"/admin/job-roles/{id}"
    if not asked.person:
        return show.go(here, said="nobody-ticked")
    sought = the_question(sealer, asked.s, SoughtForm)
    try:
        done = job_roles.assign(ask, id, asked.person, str(asked.key))
    except ServiceProblem as problem:
        return _page(ask, show, id, sought, asked.s, "", refused=refused_in(problem))
    if done.refused:
        return _page(ask, show, id, sought, asked.s, "", assigned=done)
    return show.go(here, said="job-role-assigned")


@router.post("/take")
def take(ask: Ask, show: ShowDep, id: UUID, key: Annotated[UUID, Form()], person: Annotated[UUID, Form()]) -> Response:
    try:
        job_roles.take(ask, id, person, "", str(key))
    except ServiceProblem as problem:
        return _page(ask, show, id, SoughtForm(), "", "", refused=refused_in(problem))
    return show.go(f"/admin/job-roles/{id}", said="job-role-taken")


def _page(
    ask: Asking,
    show: Show,
    id: UUID,
    sought: SoughtForm,
    s: str,
    cursor: str,
    *,
    assigned: Assigned | None = None,
    refused: ServiceProblem | None = None,
) -> Response:
    reads = show.shell.may("read-assignments")
    holding = ask.part(lambda: job_roles.holders(ask, id, cursor)) if reads else None
    looks = sought.first_name or sought.last_name
    looking = ask.part(lambda: people.people_called(ask, sought.first_name, sought.last_name)) if looks else None
    role = job_roles.job_role(ask, id)
    linked = ask.part(lambda: job_roles.named(ask, role.ids)).result()
    holders = holding.result() if holding else None
    here = f"/admin/job-roles/{id}"
    more = holders.next if holders and not isinstance(holders, Missing) else None
    following = f"{here}?{urlencode({'cursor': more})}" if more else None
    found = looking.result() if looking else None
    view = JobRoleView(role, linked, holders, sought, s, found, following, here if cursor else None, assigned, refused)
    return show(view, refused.status if refused else 200)
