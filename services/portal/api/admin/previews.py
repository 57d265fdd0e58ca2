"""What a command would do, in numbers with the people behind each, and its confirmation (ASG-8, ASG-9)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, JsonValue

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import held_mail, rules
from services.portal.client.asking import Asking, Missing, ServiceProblem
from services.portal.client.held_mail import ForecastItem
from services.portal.client.people import Person, people_names
from services.portal.client.rules import Preview
from services.portal.rendering import Show
from shared.limits import Cursor, Line, Remark

router = APIRouter(prefix="/admin/previews/{preview_id}")

NUMBERS = {
    "enrolled": "enrolled",
    "added": "source_added",
    "held": "held_by_exceptions",
    "excluded": "excluded",
    "withdrawn": "withdrawn",
    "staying": "source_removed",
    "unsourced": "kept_without_source",
    "moved": "dates_moved",
}
"""The list of people behind each number, by which it is called."""
_BY_ACTION = {
    "remove": ("withdrawn", "staying", "unsourced"),
    "due": ("moved", "held"),
}
_ADDING = ("enrolled", "added", "held", "excluded")


@dataclass(frozen=True)
class Number:
    """A number of a preview. `before`: what it was in the preview that is out of date."""

    what: str
    count: int
    before: int


class ConfirmForm(BaseModel):
    """Why; `title`, `message`, `important`: what the learners are told (ASG-13); `emails`: what becomes of them (NTF-3)."""

    key: UUID | None = None
    reason: Remark = ""
    title: Line = ""
    message: Remark = ""
    important: bool = False
    emails: Literal["send", "hold", "silence"] = "send"

    def body(self) -> dict[str, JsonValue]:
        body: dict[str, JsonValue] = {"reason": self.reason.strip() or None}
        if self.title.strip() or self.message.strip():
            body["note"] = {"title": self.title, "message": self.message, "important": self.important}
        return body


@dataclass(frozen=True)
class PreviewView:
    """`unchanged`: those of the people for whom nothing changes; `outdated`: it is new, and takes the place of another one;
    `emails`: which ones it would cause, Missing: not known now."""

    template: ClassVar[str] = "admin/preview.html"
    preview: Preview
    numbers: list[Number]
    unchanged: int
    outdated: bool
    emails: list[ForecastItem] | Missing
    asked: ConfirmForm
    refused: ServiceProblem | None


@dataclass(frozen=True)
class GoneView:
    """There is no such preview, or not any more."""

    template: ClassVar[str] = "admin/preview_gone.html"


@dataclass(frozen=True)
class WhoView:
    """The people behind one number. `names`: as far as they are known."""

    template: ClassVar[str] = "admin/preview_who.html"
    preview: Preview
    what: str
    count: int
    people: list[UUID]
    names: dict[UUID, Person] | Missing
    following: str | None


@router.get("")
def preview(ask: Ask, show: ShowDep, preview_id: UUID) -> Response:
    try:
        return _page(ask, show, rules.preview(ask, preview_id))
    except ServiceProblem as problem:
        if problem.status != 404:
            raise
        return show(GoneView(), 404)


@router.post("")
def confirm(ask: Ask, show: ShowDep, preview_id: UUID, asked: Annotated[ConfirmForm, Form()]) -> Response:
    """Out of date: the new preview is shown, with what differs, and that one is confirmed next."""
    try:
        receipt, job = rules.confirm(ask, preview_id, asked.body(), str(asked.key), asked.emails)
    except ServiceProblem as problem:
        return _refused(ask, show, preview_id, asked, problem)
    if job:
        return show.go(f"/admin/jobs/{job}")
    offering = rules.preview(ask, preview_id).offering_id
    if offering is None:
        return show.go(f"/admin/batches/{receipt.batch}")
    at = f"/admin/offerings/{offering}/assignments"
    return show.go(at, said="assignments-changed", receipt=receipt, undo=True)


@router.get("/{what}")
def who(ask: Ask, show: ShowDep, preview_id: UUID, what: Line, cursor: Annotated[Cursor, Query()] = "") -> Response:
    shown = ask.begin(lambda: rules.preview(ask, preview_id))
    found = rules.preview_learners(ask, preview_id, what, cursor)
    people = [one.person_id for one in found.items]
    names = ask.part(lambda: people_names(ask, people)).result()
    preview = shown.result()
    return show(WhoView(preview, what, _number(preview, what), people, names, _following(preview_id, what, found.next)))


def _following(preview_id: UUID, what: str, cursor: str | None) -> str | None:
    return f"/admin/previews/{preview_id}/{what}?{urlencode({'cursor': cursor})}" if cursor else None


def _refused(ask: Asking, show: Show, preview_id: UUID, asked: ConfirmForm, problem: ServiceProblem) -> Response:
    refused = refused_in(problem)
    if refused.status == 404 and refused.field == "preview_id":
        return show(GoneView(), 404)
    before = rules.preview(ask, preview_id)
    if refused.kind != "preview-outdated":
        return _page(ask, show, before, asked=asked, refused=refused)
    newer = Preview.model_validate(refused.problem["preview"])
    return _page(ask, show, newer, before=before, asked=asked, refused=refused)


def _page(
    ask: Asking,
    show: Show,
    preview: Preview,
    *,
    before: Preview | None = None,
    asked: ConfirmForm | None = None,
    refused: ServiceProblem | None = None,
) -> Response:
    shown = _BY_ACTION.get(preview.action, _ADDING)
    numbers = [Number(what, _number(preview, what), _number(before or preview, what)) for what in shown]
    unchanged = max(0, preview.people - sum(one.count for one in numbers)) if preview.offering_id else 0
    emails = ask.part(lambda: held_mail.forecast(ask, preview)).result() if preview.state == "ready" else []
    view = PreviewView(preview, numbers, unchanged, before is not None, emails, asked or ConfirmForm(), refused)
    return show(view, refused.status if refused else 200)


def _number(preview: Preview, what: str) -> int:
    return int(getattr(preview, NUMBERS[what])) if what in NUMBERS else 0
