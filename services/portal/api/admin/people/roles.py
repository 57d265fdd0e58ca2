"""Permission roles of a person: for an organisation and everything below it, or for everything (SEC-1, SEC-2)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.client.people import Unit
from services.portal.client.person_lists import units_called
from services.portal.client.persons import WholePerson, grant, revoke, whole_person
from services.portal.rendering import Show
from shared.auth import ROLES
from shared.limits import Line, Sought

router = APIRouter(prefix="/admin/people/{id}/roles")


class RoleForm(BaseModel):
    """`organisation`: a part of the name of the one that is sought; `do`: look, grant."""

    key: UUID | None = None
    role: Line = ""
    where: Line = ""
    organisation: Sought = ""
    organisation_id: Line = ""
    do: Line = "look"


@dataclass(frozen=True)
class RolesView:
    """`organisations` to choose from; `roles`: those that there are."""

    template: ClassVar[str] = "admin/people/roles.html"
    found: WholePerson
    asked: RoleForm
    organisations: list[Unit]
    roles: tuple[str, ...]
    refused: ServiceProblem | None


@router.get("")
def list_roles(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return _page(ask, show, id, RoleForm())


@router.post("")
def add(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[RoleForm, Form()]) -> Response:
    """Looks for organisations, too, so that what was chosen stays."""
    if asked.do != "grant":
        return _page(ask, show, id, asked)
    if not asked.role or not (asked.where == "everything" or asked.organisation_id):
        missing = "role" if not asked.role else "organisation"
        return _page(
            ask, show, id, asked, ServiceProblem(422, {"type": "urn:rollbook:problem:missing", "field": missing})
        )
    try:
        grant(ask, id, asked.role, None if asked.where == "everything" else asked.organisation_id, str(asked.key))
    except ServiceProblem as problem:
        return _page(ask, show, id, asked, refused_in(problem))
    return show.go(f"/admin/people/{id}/roles", said="role-granted")


@router.post("/revoke")
def take(
    ask: Ask,
    show: ShowDep,
    id: UUID,
    role: Annotated[Line, Form()],
    key: Annotated[UUID, Form()],
    organisation: Annotated[Line, Form()] = "",
) -> Response:
    try:
        revoke(ask, id, role, organisation or None, str(key))
    except ServiceProblem as problem:
        return _page(ask, show, id, RoleForm(), refused_in(problem))
    return show.go(f"/admin/people/{id}/roles", said="role-revoked")


def _page(ask: Asking, show: Show, id: UUID, asked: RoleForm, refused: ServiceProblem | None = None) -> Response:
    there = ask.begin(lambda: units_called(ask, "organisation", asked.organisation))
    view = RolesView(whole_person(ask, id), asked, there.result(), tuple(ROLES), refused)
    return show(view, refused.status if refused else 200)
