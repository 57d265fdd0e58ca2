"""Organisations and positions: frameworks, trees one level at a time, search with paths, and what is created there (DIR-3)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel

from services.portal.api.form_values import given_id
from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import structure
from services.portal.client.asking import Asking, Listed, ServiceProblem
from services.portal.client.structure import Framework, Unit
from services.portal.rendering import Show
from shared.errors import NotFound
from shared.limits import Cursor, Line, Sought

router = APIRouter(prefix="/admin/structure/{tree}")

Tree = Literal["organisations", "positions"]
KINDS: dict[Tree, str] = {"organisations": "organisation", "positions": "position"}


class Place(BaseModel):
    """What is looked at: a framework, a unit in it, or the part of a name that is looked for."""

    framework: Line = ""
    unit: UUID | None = None
    q: Sought = ""
    cursor: Cursor = ""


class NewForm(BaseModel):
    """`what`: a framework, or a unit below `parent`; of `framework`, at the top without one."""

    key: UUID | None = None
    what: Literal["framework", "unit"] = "unit"
    name: Line = ""
    external_id: Line = ""
    framework: Line = ""
    parent: Line = ""


@dataclass(frozen=True)
class TreeView:
    """`framework`: the one that is looked at, None: there is none yet, or all are searched; `unit`: whose children these are, None:
    the top; `following`, `first`: addresses of other pages of the same level."""

    template: ClassVar[str] = "admin/structure/tree.html"
    tree: Tree
    frameworks: list[Framework]
    framework: Framework | None
    unit: Unit | None
    found: Listed[Unit]
    name: str
    following: str | None
    first: str | None
    refused: ServiceProblem | None


@dataclass(frozen=True)
class NewView:
    """A framework is created, or a unit: below `above`, or at the top of the framework."""

    template: ClassVar[str] = "admin/structure/new.html"
    tree: Tree
    framework: Framework | None
    above: Unit | None
    asked: NewForm
    refused: ServiceProblem | None


@router.get("")
def look(ask: Ask, show: ShowDep, tree: Tree, place: Annotated[Place, Query()]) -> Response:
    kind = KINDS[tree]
    there = ask.begin(lambda: structure.frameworks(ask, kind))
    unit = structure.unit(ask, place.unit) if place.unit and not place.q else None
    frameworks = there.result()
    framework = _framework(frameworks, str(unit.framework_id) if unit else place.framework)
    if place.q:
        found = structure.found(ask, place.q, kind, place.framework, place.cursor, count=True)
    elif framework:
        found = structure.level(ask, framework.id, unit.id if unit else None, place.cursor)
    else:
        found = Listed([])
    here = _address(tree, place, "")
    following = _address(tree, place, found.next) if found.next else None
    first = here if place.cursor else None
    searched = framework if place.framework or not place.q else None
    view = TreeView(tree, frameworks, searched, unit, found, place.q, following, first, None)
    return show(view)


@router.get("/new")
def new(ask: Ask, show: ShowDep, tree: Tree, asked: Annotated[NewForm, Query()]) -> Response:
    return _new(ask, show, tree, asked)


@router.post("/new")
def create(ask: Ask, show: ShowDep, tree: Tree, asked: Annotated[NewForm, Form()]) -> Response:
    name, external_id, key = asked.name, asked.external_id, str(asked.key)
    try:
        if asked.what == "framework":
            made = structure.create_framework(ask, KINDS[tree], name, external_id, key)
            return show.go(f"/admin/structure/{tree}?framework={made}", said="framework-created")
        made = structure.create_unit(ask, asked.framework, asked.parent, name, external_id, key)
    except ServiceProblem as problem:
        return _new(ask, show, tree, asked, refused_in(problem))
    return show.go(f"/admin/structure/units/{made}", said="unit-created")


def _new(ask: Asking, show: Show, tree: Tree, asked: NewForm, refused: ServiceProblem | None = None) -> Response:
    framework = above = None
    if asked.what == "unit":
        there = ask.begin(lambda: structure.frameworks(ask, KINDS[tree]))
        above = structure.unit(ask, _parent(asked.parent)) if asked.parent else None
        framework = next((one for one in there.result() if str(one.id) == asked.framework), None)
    view = NewView(tree, framework, above, asked, refused)
    return show(view, refused.status if refused else 200)


def _parent(text: str) -> UUID:
    if (id := given_id(text)) is None:
        raise NotFound("There is no such place in the tree.", field="parent")
    return id


def _framework(frameworks: list[Framework], id: str) -> Framework | None:
    return next((one for one in frameworks if str(one.id) == id), frameworks[0] if frameworks else None)


def _address(tree: Tree, place: Place, cursor: str | None) -> str:
    query = {"framework": place.framework, "unit": place.unit, "q": place.q, "cursor": cursor}
    given = {name: value for name, value in query.items() if value}
    return f"/admin/structure/{tree}?{urlencode(given)}" if given else f"/admin/structure/{tree}"
