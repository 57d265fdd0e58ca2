"""A group of an offering: what it says and allows, its due date, its people (GRP-1, GRP-2, GRP-4)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, Field, JsonValue

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import groups
from services.portal.client.asking import Asking, Listed, Missing, ServiceProblem
from services.portal.client.catalog import OfferingHead, offering_head
from services.portal.client.groups import Added, Group, Member
from services.portal.client.people import Person, people_called, people_names
from services.portal.rendering import Show
from shared.limits import MANY, Cursor, Line, Remark, Sought

router = APIRouter(prefix="/admin")


class DueForm(BaseModel):
    """`due_kind`: empty for none, fixed for a day, else what it counts from."""

    key: UUID | None = None
    version: int = 0
    due_kind: Line = ""
    due_on: Line = ""
    due_time: Line = ""
    due_amount: Line = ""
    due_unit: Line = "days"

    def due(self) -> JsonValue:
        if not self.due_kind:
            return None
        at: dict[str, JsonValue] = {"time": self.due_time} if self.due_time else {}
        if self.due_kind == "fixed":
            return {"kind": "fixed", "on": self.due_on, **at}
        return {"kind": self.due_kind, "amount": self.due_amount, "unit": self.due_unit, **at}


class GroupForm(DueForm):
    """A group, whole; `opens` and `closes` go back as they came."""

    name: Line = ""
    description: Remark = ""
    allow_enrol: bool = False
    allow_withdraw: bool = False
    opens: Line = ""
    closes: Line = ""

    @classmethod
    def of(cls, group: Group) -> "GroupForm":
        due = group.due
        told = group.model_dump(include={"name", "description", "allow_enrol", "allow_withdraw"})
        when = {"opens": group.opens or "", "closes": group.closes or ""}
        counted = {
            "due_kind": due.kind if due else "",
            "due_on": (due.on if due else None) or "",
            "due_time": (due.time if due else None) or "",
            "due_amount": str(due.amount) if due and due.amount is not None else "",
            "due_unit": (due.unit if due else None) or "days",
        }
        return cls(version=group.revision, **told, **when, **counted)

    def body(self) -> dict[str, JsonValue]:
        told = self.model_dump(include={"name", "description", "allow_enrol", "allow_withdraw"})
        return {**told, "opens": self.opens or None, "closes": self.closes or None}


class AddForm(BaseModel):
    """`person`: whom somebody has ticked; `do`: look for people, or add."""

    key: UUID | None = None
    person: list[UUID] = Field(default=[], max_length=MANY)
    first_name: Sought = ""
    last_name: Sought = ""
    do: Line = "look"

    @property
    def people(self) -> list[UUID]:
        return list(dict.fromkeys(self.person))


@dataclass(frozen=True)
class NewView:
    template: ClassVar[str] = "admin/group_new.html"
    offering: OfferingHead
    asked: GroupForm
    refused: ServiceProblem | None


@dataclass(frozen=True)
class GroupView:
    """`asked`: the fields, as they are or were typed; `changed`: as they are there now, where somebody else was faster;
    `following`: the address of the next page of members."""

    template: ClassVar[str] = "admin/group.html"
    offering: OfferingHead
    group: Group
    members: Listed[Member]
    asked: GroupForm
    changed: GroupForm | None
    following: str | None
    refused: ServiceProblem | None


@dataclass(frozen=True)
class AddView:
    """`chosen`: names of those who are ticked; `found`: whom a search found, None: none was made; `added`: who was, and was not."""

    template: ClassVar[str] = "admin/group_add.html"
    offering: OfferingHead
    group: Group
    asked: AddForm
    chosen: dict[UUID, Person] | Missing
    found: Listed[Person] | None
    added: Added | None
    refused: ServiceProblem | None


@router.get("/offerings/{offering_id}/groups/new")
def new(ask: Ask, show: ShowDep, offering_id: UUID) -> Response:
    return show(NewView(offering_head(ask, offering_id), GroupForm(), None))


@router.post("/offerings/{offering_id}/groups/new")
def create(ask: Ask, show: ShowDep, offering_id: UUID, asked: Annotated[GroupForm, Form()]) -> Response:
    try:
        receipt, id = groups.create(ask, offering_id, {**asked.body(), "due": asked.due()}, str(asked.key))
    except ServiceProblem as problem:
        refused = refused_in(problem)
        return show(NewView(offering_head(ask, offering_id), asked, refused), refused.status)
    return show.go(f"/admin/groups/{id}", said="group-created", receipt=receipt, undo=True)


@router.get("/groups/{id}")
def show_group(ask: Ask, show: ShowDep, id: UUID, cursor: Annotated[Cursor, Query()] = "") -> Response:
    return _group(ask, show, id, cursor)


@router.post("/groups/{id}")
def edit(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[GroupForm, Form()]) -> Response:
    try:
        receipt = groups.edit(ask, id, asked.body(), asked.version, str(asked.key))
    except ServiceProblem as problem:
        return _group(ask, show, id, asked=asked, refused=refused_in(problem))
    return show.go(f"/admin/groups/{id}", said="saved", receipt=receipt, undo=True)


@router.post("/groups/{id}/due")
def set_due(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[DueForm, Form()]) -> Response:
    try:
        receipt = groups.set_due(ask, id, asked.due(), asked.version, str(asked.key))
    except ServiceProblem as problem:
        return _group(ask, show, id, due=asked, refused=refused_in(problem))
    return show.go(f"/admin/groups/{id}", said="saved", receipt=receipt, undo=True)


@router.get("/groups/{id}/add")
def adding(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return _adding(ask, show, id, AddForm())


@router.post("/groups/{id}/add")
def add(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[AddForm, Form()]) -> Response:
    """Names are in the body only (DIR-9). Whoever could not be added is told of in place."""
    if asked.do != "add" or not asked.people:
        return _adding(ask, show, id, asked)
    try:
        receipt, added = groups.add(ask, id, asked.people, str(asked.key))
    except ServiceProblem as problem:
        return _adding(ask, show, id, asked, refused=refused_in(problem))
    if added.refused:
        return _adding(ask, show, id, AddForm(), added=added)
    return show.go(f"/admin/groups/{id}", said="members-added", receipt=receipt, undo=True)


@router.post("/groups/{id}/members/{person}/remove")
def remove(ask: Ask, show: ShowDep, id: UUID, person: UUID, key: Annotated[UUID, Form()]) -> Response:
    try:
        receipt = groups.remove(ask, id, person, str(key))
    except ServiceProblem as problem:
        return _group(ask, show, id, refused=refused_in(problem))
    return show.go(f"/admin/groups/{id}", said="member-removed", receipt=receipt, undo=True)


def _group(
    ask: Asking,
    show: Show,
    id: UUID,
    cursor: str = "",
    *,
    asked: GroupForm | None = None,
    due: DueForm | None = None,
    refused: ServiceProblem | None = None,
) -> Response:
    members = ask.begin(lambda: groups.members(ask, id, cursor))
    group = groups.group(ask, id)
    offering = offering_head(ask, group.offering_id)
    now = GroupForm.of(group)
    says = asked.model_dump(exclude=set(DueForm.model_fields) - {"version"}) if asked else {}
    typed = now.model_copy(update=due.model_dump() if due else says)
    found = members.result()
    following = f"/admin/groups/{id}?{urlencode({'cursor': found.next})}" if found.next else None
    changed = now if refused and refused.status == 412 else None
    if changed:
        typed = typed.model_copy(update={"version": now.version})
    view = GroupView(offering, group, found, typed, changed, following, refused)
    return show(view, refused.status if refused else 200)


def _adding(
    ask: Asking,
    show: Show,
    id: UUID,
    asked: AddForm,
    *,
    added: Added | None = None,
    refused: ServiceProblem | None = None,
) -> Response:
    names = ask.part(lambda: people_names(ask, asked.people))
    seeking = asked.first_name or asked.last_name
    found = ask.begin(lambda: people_called(ask, asked.first_name, asked.last_name)) if seeking else None
    group = groups.group(ask, id)
    offering = offering_head(ask, group.offering_id)
    view = AddView(offering, group, asked, names.result(), found.result() if found else None, added, refused)
    return show(view, refused.status if refused else 200)
