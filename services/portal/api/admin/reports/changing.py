"""A saved report is renamed, asked otherwise, shared with others, or deleted by its owner (RPT-3)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, JsonValue
from starlette.datastructures import QueryParams

from services.portal.api.admin.reports import questions
from services.portal.api.admin.reports.questions import Address
from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import reporting, saved_reports
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.client.people import Unit
from services.portal.client.person_lists import units_called
from services.portal.client.saved_reports import SavedReport
from services.portal.rendering import Show
from shared.auth import ROLES
from shared.limits import Line, Place, Sought

router = APIRouter(prefix="/admin/reports/saved/{id}")


class ChangeForm(BaseModel):
    """`organisation`: a part of the name of the one that is sought; `do`: look, save. Without a role it is nobody else's."""

    key: UUID | None = None
    revision: Place = 0
    called: Line = ""
    role: Line = ""
    organisation: Sought = ""
    organisation_id: Line = ""
    do: Line = "look"

    def shared(self) -> JsonValue:
        return {"role": self.role, "organisation_id": self.organisation_id or None} if self.role else None


@dataclass(frozen=True)
class ChangeView:
    """`roles`: those that may read the report; `organisations` to choose from."""

    template: ClassVar[str] = "admin/reports/changing.html"
    saved: SavedReport
    asked: ChangeForm
    roles: list[str]
    organisations: list[Unit]
    refused: ServiceProblem | None


@router.get("/change")
def edit(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return _page(ask, show, id, None)


@router.post("/change")
def change(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[ChangeForm, Form()]) -> Response:
    """Looks for organisations, too, so that what was chosen stays."""
    if asked.do != "save":
        return _page(ask, show, id, asked)
    saved = saved_reports.one(ask, id)
    try:
        body = {**saved.body(), "name": asked.called, "shared": asked.shared()}
        saved_reports.change(ask, id, body, asked.revision, str(asked.key))
    except ServiceProblem as problem:
        return _page(ask, show, id, asked, refused_in(problem))
    return show.go(f"/admin/reports/saved/{id}", said="saved")


@router.post("/question")
def ask_otherwise(
    ask: Ask,
    show: ShowDep,
    id: UUID,
    key: Annotated[UUID, Form()],
    revision: Annotated[Place, Form()],
    address: Annotated[Address, Form()] = "",
) -> Response:
    """The question of a source's page becomes that of the saved report; a part of a name, which no address has, stays."""
    described = ask.begin(lambda: reporting.sources(ask))
    saved = saved_reports.one(ask, id)
    source = questions.source_of(described.result(), saved.source)
    personal = {
        one.name: saved.question[one.name] for one in source.filters if one.personal and one.name in saved.question
    }
    question = {**questions.whole(source, QueryParams(address)), **personal}
    try:
        saved_reports.change(ask, id, {**saved.body(), "question": question}, revision, str(key))
    except ServiceProblem as problem:
        return _page(ask, show, id, None, refused_in(problem))
    return show.go(f"/admin/reports/saved/{id}", said="saved")


@router.post("/delete")
def delete(
    ask: Ask, show: ShowDep, id: UUID, key: Annotated[UUID, Form()], revision: Annotated[Place, Form()]
) -> Response:
    try:
        saved_reports.delete(ask, id, revision, str(key))
    except ServiceProblem as problem:
        return _page(ask, show, id, None, refused_in(problem))
    return show.go("/admin/reports", said="report-deleted")


def _page(
    ask: Asking, show: Show, id: UUID, asked: ChangeForm | None, refused: ServiceProblem | None = None
) -> Response:
    described = ask.begin(lambda: reporting.sources(ask))
    there = ask.begin(lambda: units_called(ask, "organisation", asked.organisation if asked else ""))
    saved = saved_reports.one(ask, id)
    source = questions.source_of(described.result(), saved.source)
    roles = [role for role, allowed in ROLES.items() if source.permission in allowed]
    view = ChangeView(saved, asked or _as_it_is(saved), roles, there.result(), refused)
    return show(view, refused.status if refused else 200)


def _as_it_is(saved: SavedReport) -> ChangeForm:
    shared = saved.shared
    place = str(shared.organisation_id) if shared and shared.organisation_id else ""
    return ChangeForm(
        revision=saved.revision, called=saved.name, role=shared.role if shared else "", organisation_id=place
    )
