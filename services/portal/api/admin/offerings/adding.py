"""Assign an offering to whom one selects: found by search or in their tree, and previewed before anything happens (ADM-2, U-1)."""

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Response
from pydantic import JsonValue

from services.portal.api.admin.offerings.basket import (
    BasketForm,
    Item,
    TargetType,
    of_audiences,
    of_people,
    of_units,
)
from services.portal.api.admin.people.chosen import AT_ONCE
from services.portal.api.form_values import given_id
from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import rules, targets
from services.portal.client.asking import Asking, Listed, ServiceProblem
from services.portal.client.catalog import Offering, OfferingHead, offering_head, offerings_meant
from services.portal.client.rules import Result
from services.portal.client.targets import Framework, Unit
from services.portal.rendering import Show
from shared.limits import Cursor, Line, Sought

router = APIRouter(prefix="/admin/offerings/{offering_id}/add/{type}")


class AddForm(BasketForm):
    """With what is looked for: names, a framework, the level `at` that is open. `open`: another level, or `top`."""

    key: UUID | None = None
    framework: Line = ""
    q: Sought = ""
    first_name: Sought = ""
    last_name: Sought = ""
    at: UUID | None = None
    open: Line | None = None
    cursor: Cursor = ""
    do: Line = ""

    def looking(self) -> "AddForm":
        """Where it looks now: a search goes over the whole framework, and a level that is opened ends it."""
        if self.open is not None:
            return self.model_copy(update={"at": given_id(self.open), "q": "", "cursor": ""})
        return self.model_copy(update={"at": None}) if self.q else self


@dataclass(frozen=True)
class Found:
    """What is there to select: `units` as they are, for their trees; `level`: the one that is open."""

    items: list[Item]
    next: str | None
    frameworks: list[Framework]
    units: dict[UUID, Unit]
    level: Unit | None


@dataclass(frozen=True)
class AddView:
    """`taken`: what is assigned already, each with that assignment; `matches`: offerings that a title may have meant; `result`:
    what became of those who were assigned at once; `field`: where the refusal belongs."""

    template: ClassVar[str] = "admin/offerings/add.html"
    offering: OfferingHead
    type: TargetType
    asked: AddForm
    found: Found
    taken: dict[UUID, UUID]
    matches: list[Offering]
    result: Result | None
    refused: ServiceProblem | None
    field: str


@router.get("")
def choose(ask: Ask, show: ShowDep, offering_id: UUID, type: TargetType) -> Response:
    return _page(ask, show, offering_id, type, AddForm())


@router.post("")
def add(ask: Ask, show: ShowDep, offering_id: UUID, type: TargetType, asked: Annotated[AddForm, Form()]) -> Response:
    matches: list[Offering] = []
    if asked.do in ("preview", "assign") and asked.items:
        asked, matches = _with_offering(ask, asked)
    if asked.do not in ("preview", "assign") or not asked.items or _undecided(asked):
        return _page(ask, show, offering_id, type, asked, matches=matches)
    try:
        if asked.do == "assign" and type == "individual" and len(asked.items) <= AT_ONCE:
            return _assigned(ask, show, offering_id, asked)
        empty = {"allow_empty": asked.allow_empty}
        body = {"offering_id": str(offering_id), "targets": asked.targets(type), **asked.settings(), **empty}
        return show.go(f"/admin/previews/{rules.preview_adding(ask, body).id}")
    except ServiceProblem as problem:
        return _page(ask, show, offering_id, type, asked, refused=refused_in(problem))


def _assigned(ask: Asking, show: Show, offering_id: UUID, asked: AddForm) -> Response:
    """All of them: the list says so. Where some were not, the page says who and why, and keeps nobody selected (ASG-5)."""
    people: list[JsonValue] = [str(one.id) for one in asked.items]
    body: dict[str, JsonValue] = {"offerings": [str(offering_id)], "people": people, **asked.settings()}
    receipt, result = rules.assign_people(ask, body, str(asked.key))
    if not result.refused:
        return show.go(
            f"/admin/offerings/{offering_id}/assignments", said="people-assigned", receipt=receipt, undo=True
        )
    return _page(ask, show, offering_id, "individual", AddForm(), result=result)


def _with_offering(ask: Asking, asked: AddForm) -> tuple[AddForm, list[Offering]]:
    """The other offering that a due date counts from, by its title; several that match are to choose from."""
    if asked.due != "after" or asked.due_after != "completion":
        return asked, []
    matches = offerings_meant(ask, asked.due_title) if asked.due_title.strip() else []
    ids = [one.id for one in matches]
    chosen = asked.due_offering if asked.due_offering in ids else ids[0] if len(ids) == 1 else ""
    return asked.model_copy(update={"due_offering": chosen}), matches


def _undecided(asked: AddForm) -> bool:
    return asked.due == "after" and asked.due_after == "completion" and not asked.due_offering


def _page(
    ask: Asking,
    show: Show,
    offering_id: UUID,
    type: TargetType,
    asked: AddForm,
    *,
    matches: list[Offering] | None = None,
    result: Result | None = None,
    refused: ServiceProblem | None = None,
) -> Response:
    head = ask.begin(lambda: offering_head(ask, offering_id))
    looking = asked.looking()
    found = _found(ask, show, type, looking)
    taken = rules.assigned(ask, offering_id, type, [one.id for one in found.items])
    view = AddView(
        head.result(), type, looking, found, taken, matches or [], result, refused, _field(looking, refused, asked.do)
    )
    return show(view, refused.status if refused else 422 if view.field else 200)


def _field(asked: AddForm, refused: ServiceProblem | None, do: str) -> str:
    """Where something is missing or wrong; empty: nothing, or nothing that has a field of its own."""
    if refused is None:
        wanted = do in ("preview", "assign")
        return "" if not wanted else "item" if not asked.items else "due_title" if _undecided(asked) else ""
    field = refused.field or ""
    if "access" in field:
        return "access_days"
    if "due" not in field:
        return ""
    return "due_on" if asked.due == "on" else "due_amount"


def _found(ask: Asking, show: Show, type: TargetType, asked: AddForm) -> Found:
    if type in ("organisation", "position"):
        return _units(ask, type, asked, whole_tree=show.shell.may_everywhere("read-directory"))
    if type == "audience":
        audiences = targets.audiences(ask, asked.q, asked.cursor)
        return Found(of_audiences(audiences.items), audiences.next, [], {}, None)
    leads = type == "manager"
    people = targets.people(ask, asked.first_name, asked.last_name, asked.cursor, leads=leads)
    return Found(of_people(people.items, leads=leads), people.next, [], {}, None)


def _units(ask: Asking, kind: str, asked: AddForm, *, whole_tree: bool) -> Found:
    """Whoever sees only some organisations has no topmost level: they see theirs in one list, each with its path."""
    level: Future[Unit] | None = None
    frameworks: Future[list[Framework]] | None = None
    if asked.at:
        parent = asked.at
        level = ask.begin(lambda: targets.unit(ask, parent))
    else:
        frameworks = ask.begin(lambda: targets.frameworks(ask, kind))
    top = whole_tree and not asked.at and not asked.q
    found: Listed[Unit] = targets.units(
        ask, kind, framework=asked.framework, parent=asked.at, top=top, name=asked.q, cursor=asked.cursor
    )
    by_id = {one.id: one for one in found.items}
    shown = frameworks.result() if frameworks else []
    return Found(of_units(found.items), found.next, shown, by_id, level.result() if level else None)
