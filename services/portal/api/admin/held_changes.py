"""Changes from feeds that would enrol or withdraw too many learners at once: what each would do, and its release (ASG-21)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import held_changes
from services.portal.client.asking import Asking, Listed, ServiceProblem
from services.portal.client.held_changes import HeldChange, OfferingChange
from services.portal.rendering import Show
from shared.errors import NotFound
from shared.limits import Cursor, Remark

router = APIRouter(prefix="/admin/held-changes")


@dataclass(frozen=True)
class HeldChangesView:
    """`found` None: only for those who read everything."""

    template: ClassVar[str] = "admin/held_changes.html"
    found: Listed[HeldChange] | None
    following: str | None


@dataclass(frozen=True)
class HeldChangeView:
    """`offerings`: what releasing it would do now; `reason`: what somebody typed before they were refused."""

    template: ClassVar[str] = "admin/held_change.html"
    change: HeldChange
    offerings: list[OfferingChange]
    reason: str
    refused: ServiceProblem | None


@router.get("")
def list_held_changes(ask: Ask, show: ShowDep, cursor: Annotated[Cursor, Query()] = "") -> Response:
    try:
        found = held_changes.held_changes(ask, cursor)
    except ServiceProblem as problem:
        refused_in(problem, 403)
        return show(HeldChangesView(None, None), 403)
    return show(HeldChangesView(found, f"{router.prefix}?{urlencode({'cursor': found.next})}" if found.next else None))


@router.get("/{id}")
def show_held_change(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return _page(ask, show, id)


@router.post("/{id}/release")
def release(
    ask: Ask, show: ShowDep, id: UUID, key: Annotated[UUID, Form()], reason: Annotated[Remark, Form()] = ""
) -> Response:
    try:
        held_changes.release(ask, id, reason.strip(), str(key))
    except ServiceProblem as problem:
        if problem.status == 404:
            return show.go(router.prefix, said="released-meanwhile")
        return _page(ask, show, id, reason, refused_in(problem))
    return show.go(router.prefix, said="released")


def _page(ask: Asking, show: Show, id: UUID, reason: str = "", refused: ServiceProblem | None = None) -> Response:
    offerings = ask.begin(lambda: held_changes.preview(ask, id))
    change = held_changes.held_change(ask, id)
    if change is None:
        raise NotFound("There is no such held change. It was released, or was never held.")
    view = HeldChangeView(change, offerings.result(), reason, refused)
    return show(view, refused.status if refused else 200)
