"""What one command did, and undoing it: what that would reverse is said first, and what it left, and why, afterwards (ASG-20)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import batches, held_mail
from services.portal.client.asking import Asking, Listed, Missing, ServiceProblem
from services.portal.client.batches import Batch, Irreversible, UndoPreview
from services.portal.client.held_mail import ForecastItem
from services.portal.client.people import Person, people_names
from services.portal.rendering import Show
from shared.limits import Cursor, Remark

router = APIRouter(prefix="/admin/batches")


@dataclass(frozen=True)
class BatchView:
    """`left`: what undoing left as it was, None: it was not undone; `names` of people by their ids."""

    template: ClassVar[str] = "admin/batch.html"
    batch: Batch
    left: Listed[Irreversible] | Missing | None
    names: dict[UUID, Person] | Missing
    following: str | None


@dataclass(frozen=True)
class UndoView:
    """`emails`: which ones it would cause; `reason`, `choice`: what was given before a refusal."""

    template: ClassVar[str] = "admin/undo.html"
    batch: Batch
    preview: UndoPreview | Missing
    emails: list[ForecastItem] | Missing
    reason: str
    choice: str
    refused: ServiceProblem | None


@router.get("/{id}")
def show_batch(ask: Ask, show: ShowDep, id: UUID, cursor: Annotated[Cursor, Query()] = "") -> Response:
    found = batches.batch(ask, id)
    left = ask.part(lambda: batches.irreversible(ask, id, cursor)).result() if found.undone else None
    items = left.items if isinstance(left, Listed) else []
    people = list(dict.fromkeys(one.person_id for one in items if one.person_id))
    names = ask.part(lambda: people_names(ask, people)).result()
    following = left.next if isinstance(left, Listed) else None
    address = f"{router.prefix}/{id}?{urlencode({'cursor': following})}" if following else None
    return show(BatchView(found, left, names, address))


@router.get("/{id}/undo")
def undoing(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return _undoing(ask, show, id)


@router.post("/{id}/undo")
def undo(
    ask: Ask,
    show: ShowDep,
    id: UUID,
    key: Annotated[UUID, Form()],
    reason: Annotated[Remark, Form()] = "",
    emails: Annotated[Literal["send", "hold", "silence"], Form()] = "send",
) -> Response:
    try:
        batches.undo(ask, id, reason.strip(), str(key), emails)
    except ServiceProblem as problem:
        return _undoing(ask, show, id, reason, emails, refused_in(problem, 400, 403, 409, 422))
    return show.go(f"{router.prefix}/{id}", said="undone")


def _undoing(
    ask: Asking, show: Show, id: UUID, reason: str = "", choice: str = "send", refused: ServiceProblem | None = None
) -> Response:
    previewed = ask.part(lambda: batches.undo_preview(ask, id))
    found, preview = batches.batch(ask, id), previewed.result()
    emails: list[ForecastItem] | Missing = []
    if isinstance(preview, UndoPreview) and (learners := preview.losing):
        emails = ask.part(lambda: held_mail.forecast_withdrawing(ask, learners)).result()
    view = UndoView(found, preview, emails, reason, choice, refused)
    return show(view, refused.status if refused else 200)
