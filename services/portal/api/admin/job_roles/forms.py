"""A job role is created, edited on the version that was read, and deleted (CAT-10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field, JsonValue

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import job_roles
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.client.job_roles import JobRoleWhole, Qualification
from services.portal.rendering import Show
from shared.limits import Description, Line, Sought

router = APIRouter(prefix="/admin/job-roles")

_LINKS = 200
"""As many qualifications as a job role can link."""


class RoleForm(BaseModel):
    """`qualification`: those that are ticked; `sought`: the part of a title that is looked for."""

    key: UUID | None = None
    version: int = 0
    code: Line = ""
    name: Line = ""
    description: Description = ""
    qualification: list[UUID] = Field(default=[], max_length=_LINKS)
    required: list[UUID] = Field(default=[], max_length=_LINKS)
    sought: Sought = ""
    do: Line = "look"

    def body(self) -> dict[str, JsonValue]:
        links: list[JsonValue] = [
            {"qualification_id": str(one), "required": one in self.required}
            for one in dict.fromkeys(self.qualification)
        ]
        return {"code": self.code, "name": self.name, "description": self.description, "qualifications": links}

    @classmethod
    def of(cls, role: JobRoleWhole) -> "RoleForm":
        return cls(
            version=role.version,
            code=role.code,
            name=role.name,
            description=role.description,
            qualification=[one.qualification_id for one in role.qualifications],
            required=[one.qualification_id for one in role.qualifications if one.required],
        )


@dataclass(frozen=True)
class RoleFormView:
    """`role` None: a new one; `chosen` and `found`: qualifications that are ticked, and others that the search found."""

    template: ClassVar[str] = "admin/job_roles/form.html"
    role: JobRoleWhole | None
    asked: RoleForm
    chosen: Sequence[Qualification]
    found: Sequence[Qualification] | None
    refused: ServiceProblem | None


@dataclass(frozen=True)
class DeleteView:
    template: ClassVar[str] = "admin/job_roles/delete.html"
    role: JobRoleWhole
    refused: ServiceProblem | None


@router.get("/new")
def new(ask: Ask, show: ShowDep) -> Response:
    return _form(ask, show, None, RoleForm())


@router.post("/new")
def create(ask: Ask, show: ShowDep, asked: Annotated[RoleForm, Form()]) -> Response:
    if asked.do != "save":
        return _form(ask, show, None, asked)
    try:
        made = job_roles.create(ask, asked.body(), str(asked.key))
    except ServiceProblem as problem:
        return _form(ask, show, None, asked, refused_in(problem))
    return show.go(f"{router.prefix}/{made}", said="job-role-created")


@router.get("/{id}/edit")
def edit(ask: Ask, show: ShowDep, id: UUID) -> Response:
    role = job_roles.job_role(ask, id)
    return _form(ask, show, role, RoleForm.of(role))


@router.post("/{id}/edit")
def save(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[RoleForm, Form()]) -> Response:
    refused = None
    if asked.do == "save":
        try:
            job_roles.edit(ask, id, asked.body(), asked.version, str(asked.key))
        except ServiceProblem as problem:
            refused = refused_in(problem)
        else:
            return show.go(f"{router.prefix}/{id}", said="saved")
    role = job_roles.job_role(ask, id)
    if refused and refused.status == 412:
        asked = asked.model_copy(update={"version": role.version})
    return _form(ask, show, role, asked, refused)


def _form(
    ask: Asking, show: Show, role: JobRoleWhole | None, asked: RoleForm, refused: ServiceProblem | None = None
) -> Response:
    looking = ask.begin(lambda: job_roles.qualifications(ask, asked.sought)) if asked.sought else None
    called = job_roles.named(ask, asked.qualification)
    chosen = [called.get(one) or Qualification(id=one) for one in dict.fromkeys(asked.qualification)]
    found = [one for one in looking.result() if one.id not in asked.qualification] if looking else None
    view = RoleFormView(role, asked, chosen, found, refused)
    return show(view, refused.status if refused else 200)


@router.get("/{id}/delete")
def ask_to_delete(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return show(DeleteView(job_roles.job_role(ask, id), None))


@router.post("/{id}/delete")
def delete(
    ask: Ask, show: ShowDep, id: UUID, key: Annotated[UUID, Form()], version: Annotated[int, Form()]
) -> Response:
    try:
        job_roles.delete(ask, id, version, str(key))
    except ServiceProblem as problem:
        refused = refused_in(problem)
        return show(DeleteView(job_roles.job_role(ask, id), refused), refused.status)
    return show.go(router.prefix, said="job-role-deleted")
