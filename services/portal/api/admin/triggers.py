"""Triggers: what assigns by itself when something becomes true of a person; applied to those who match today (TRG-1 to TRG-3)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, get_args
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, JsonValue

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import triggers
from services.portal.client.asking import Asking, Listed, ServiceProblem
from services.portal.client.triggers import Applied, Trigger
from services.portal.rendering import Show
from shared.contracts.enrollment import TriggerKind
from shared.limits import Cursor, Line, Remark, Sought

router = APIRouter(prefix="/admin/triggers")

KINDS = get_args(TriggerKind)
TARGETED = ("organisation", "position", "audience", "job-role", "completion")


class NewForm(BaseModel):
    """As it was typed. `sought`, `what`: what is looked for; `gives`: an offering or a job role; `do`: look, or create."""

    key: UUID | None = None
    do: Line = ""
    name: Line = ""
    kind: Line = "created"
    sought: Sought = ""
    target_id: Line = ""
    include_below: bool = False
    field: Line = ""
    on_or_after: Line = ""
    on_or_before: Line = ""
    what: Sought = ""
    gives: Line = ""
    undo: bool = False

    def body(self) -> dict[str, JsonValue]:
        when: dict[str, JsonValue] = {"kind": self.kind}
        if self.kind in TARGETED:
            when["target_id"] = self.target_id or None
        if self.kind in ("organisation", "position"):
            when["include_below"] = self.include_below
        if self.kind == "field":
            days = {"on_or_after": self.on_or_after, "on_or_before": self.on_or_before}
            when |= {"field": self.field or None, **{name: day for name, day in days.items() if day}}
        sort, _, id = self.gives.partition(":")
        given: dict[str, JsonValue] = {"job_role_id" if sort == "job-role" else "offering_id": id or None}
        return {"name": self.name, "when": when, **given, "undo": self.undo}


@dataclass(frozen=True)
class TriggersView:
    template: ClassVar[str] = "admin/triggers.html"
    found: Listed[Trigger]
    following: str | None


@dataclass(frozen=True)
class NewTriggerView:
    """`targets`, `offerings`, `job_roles`: to choose from, as pairs of a value and a name."""

    template: ClassVar[str] = "admin/trigger_new.html"
    asked: NewForm
    kinds: tuple[str, ...]
    targets: list[tuple[str, str]]
    offerings: list[tuple[str, str]]
    job_roles: list[tuple[str, str]]
    refused: ServiceProblem | None


@dataclass(frozen=True)
class TriggerView:
    """`applied`: what applying it to those who match today would do, when that was asked for."""

    template: ClassVar[str] = "admin/trigger.html"
    trigger: Trigger
    applied: Applied | None
    reason: str
    refused: ServiceProblem | None


@router.get("")
def list_triggers(ask: Ask, show: ShowDep, cursor: Annotated[Cursor, Query()] = "") -> Response:
    found = triggers.triggers(ask, cursor)
    return show(TriggersView(found, f"{router.prefix}?{urlencode({'cursor': found.next})}" if found.next else None))


@router.get("/new")
def new(ask: Ask, show: ShowDep, kind: Annotated[Line, Query()] = "created") -> Response:
    return _new(ask, show, NewForm(kind=kind if kind in KINDS else "created"))


@router.post("/new")
def create(ask: Ask, show: ShowDep, asked: Annotated[NewForm, Form()]) -> Response:
    """Looking for something keeps everything that was typed."""
    if asked.do != "create":
        return _new(ask, show, asked)
    try:
        made = triggers.create(ask, asked.body(), str(asked.key or show.shell.key()))
    except ServiceProblem as problem:
        return _new(ask, show, asked, refused_in(problem))
    return show.go(f"{router.prefix}/{made}" if made else router.prefix, said="trigger-created")


@router.get("/{id}")
def show_trigger(ask: Ask, show: ShowDep, id: UUID, preview: Annotated[UUID | None, Query()] = None) -> Response:
    return _page(ask, show, id, preview)


@router.post("/{id}/preview")
def look_ahead(ask: Ask, show: ShowDep, id: UUID, key: Annotated[UUID, Form()]) -> Response:
    try:
        found = triggers.look_ahead(ask, id, str(key))
    except ServiceProblem as problem:
        return _page(ask, show, id, refused=refused_in(problem))
    return show.go(f"{router.prefix}/{id}?preview={found.id}")


@router.post("/{id}/apply")
def apply(
    ask: Ask, show: ShowDep, id: UUID, key: Annotated[UUID, Form()], preview: Annotated[UUID, Form()]
) -> Response:
    """What the preview showed, or the new preview when the facts have changed since."""
    try:
        job = triggers.confirm(ask, preview, str(key))
    except ServiceProblem as problem:
        newer = problem.problem.get("preview")
        if problem.kind == "preview-outdated" and isinstance(newer, dict):
            return show.go(f"{router.prefix}/{id}?preview={newer['id']}", said="preview-outdated")
        return _page(ask, show, id, refused=refused_in(problem))
    return show.go(f"/admin/jobs/{job}" if job else f"{router.prefix}/{id}")


@router.post("/{id}/stop")
def stop(
    ask: Ask,
    show: ShowDep,
    id: UUID,
    key: Annotated[UUID, Form()],
    reason: Annotated[Remark, Form()] = "",
    take_back: Annotated[bool, Form()] = False,
) -> Response:
    try:
        triggers.stop(ask, id, reason.strip(), str(key), take_back=take_back)
    except ServiceProblem as problem:
        return _page(ask, show, id, reason=reason, refused=refused_in(problem))
    return show.go(f"{router.prefix}/{id}", said="trigger-stopped")


def _new(ask: Asking, show: Show, asked: NewForm, refused: ServiceProblem | None = None) -> Response:
    targets = ask.begin(lambda: triggers.targets(ask, asked.kind, asked.sought))
    roles = ask.begin(lambda: triggers.job_roles(ask, asked.what))
    offerings = triggers.offerings(ask, asked.what)
    view = NewTriggerView(asked, KINDS, targets.result(), offerings, roles.result(), refused)
    return show(view, refused.status if refused else 200)


def _page(
    ask: Asking,
    show: Show,
    id: UUID,
    preview: UUID | None = None,
    *,
    reason: str = "",
    refused: ServiceProblem | None = None,
) -> Response:
    applied = ask.begin(lambda: triggers.preview(ask, preview)) if preview else None
    found = triggers.trigger(ask, id)
    view = TriggerView(found, applied.result() if applied else None, reason, refused)
    return show(view, refused.status if refused else 200)
