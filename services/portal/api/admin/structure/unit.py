"""One organisation or position: what it is called, where it is, what stands against deleting it (DIR-3, DIR-4)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel

from services.portal.api.admin.structure.profile import Origins, origins
from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import structure
from services.portal.client.asking import Asking, Listed, Missing, ServiceProblem
from services.portal.client.structure import Profile, Unit
from services.portal.rendering import Show
from shared.limits import Line, Sought

router = APIRouter(prefix="/admin/structure/units/{id}")


class MoveForm(BaseModel):
    """`q`: the part of the name of the new place that is looked for; `parent` empty: to the top."""

    key: UUID | None = None
    version: int = 0
    q: Sought = ""
    parent: Line = ""
    do: Line = "look"


@dataclass(frozen=True)
class UnitView:
    """`profile` None: a position has none."""

    template: ClassVar[str] = "admin/structure/unit.html"
    unit: Unit
    profile: Profile | None
    origins: Origins | Missing
    typed: str
    refused: ServiceProblem | None


@dataclass(frozen=True)
class MoveView:
    """`found`: where it can go, None: nothing was looked for."""

    template: ClassVar[str] = "admin/structure/move.html"
    unit: Unit
    asked: MoveForm
    found: Listed[Unit] | None
    refused: ServiceProblem | None


@dataclass(frozen=True)
class DeleteView:
    template: ClassVar[str] = "admin/structure/delete.html"
    unit: Unit
    refused: ServiceProblem | None


@router.get("")
def unit(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return _page(ask, show, id)


@router.post("/name")
def rename(
    ask: Ask,
    show: ShowDep,
    id: UUID,
    key: Annotated[UUID, Form()],
    version: Annotated[int, Form()],
    name: Annotated[Line, Form()] = "",
) -> Response:
    try:
        structure.rename(ask, id, name, version, str(key))
    except ServiceProblem as problem:
        return _page(ask, show, id, name, refused_in(problem))
    return show.go(f"/admin/structure/units/{id}", said="saved")


def _page(ask: Asking, show: Show, id: UUID, typed: str = "", refused: ServiceProblem | None = None) -> Response:
    found = structure.unit(ask, id)
    profile = structure.profile(ask, id) if found.kind == "organisation" else None
    named = ask.part(lambda: origins(ask, profile)).result() if profile else {}
    view = UnitView(found, profile, named, typed, refused)
    return show(view, refused.status if refused else 200)


@router.get("/move")
def choose_place(ask: Ask, show: ShowDep, id: UUID, q: Annotated[Sought, Query()] = "") -> Response:
    return _move(ask, show, id, MoveForm(q=q))


@router.post("/move")
def move(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[MoveForm, Form()]) -> Response:
    if asked.do == "look" or not asked.parent:
        return _move(ask, show, id, asked)
    try:
        structure.move(ask, id, "" if asked.parent == "top" else asked.parent, asked.version, str(asked.key))
    except ServiceProblem as problem:
        return _move(ask, show, id, asked, refused_in(problem))
    return show.go(f"/admin/structure/units/{id}", said="unit-moved")


def _move(ask: Asking, show: Show, id: UUID, asked: MoveForm, refused: ServiceProblem | None = None) -> Response:
    there = structure.unit(ask, id)
    found = structure.found(ask, asked.q, there.kind, str(there.framework_id), count=False) if asked.q else None
    view = MoveView(there, asked, found, refused)
    return show(view, refused.status if refused else 200)


@router.get("/delete")
def ask_to_delete(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return show(DeleteView(structure.unit(ask, id), None))


@router.post("/delete")
def delete(
    ask: Ask, show: ShowDep, id: UUID, key: Annotated[UUID, Form()], version: Annotated[int, Form()]
) -> Response:
    found = structure.unit(ask, id)
    try:
        structure.delete(ask, id, version, str(key))
    except ServiceProblem as problem:
        refused = refused_in(problem)
        return show(DeleteView(structure.unit(ask, id), refused), refused.status)
    return show.go(found.place, said="unit-deleted")
