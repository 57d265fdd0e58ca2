"""Ask for access to an offering, or for a later due date (APR-1, APR-3, DUE-9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Response
from pydantic import JsonValue

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client.asking import Asking, Missing, ServiceProblem
from services.portal.client.requests import AskedWhole, Stage, open_request, send_request, stages_ahead
from services.portal.client.standing import OwnStanding, own_standing
from services.portal.rendering import Show
from shared.limits import Line, Remark

router = APIRouter(prefix="/offerings/{offering_id}")


@dataclass(frozen=True)
class RequestAccessView:
    """`there`: the request that is open already; `stages`: who would decide; `entered`: what was typed."""

    template: ClassVar[str] = "learner/request_access.html"
    standing: OwnStanding
    there: AskedWhole | Missing | None
    stages: list[Stage] | Missing
    entered: Mapping[str, str] = field(default_factory=dict)
    refused: ServiceProblem | None = None


@dataclass(frozen=True)
class LaterDateView:
    """As for access, with the day."""

    template: ClassVar[str] = "learner/later_date.html"
    standing: OwnStanding
    there: AskedWhole | Missing | None
    stages: list[Stage] | Missing
    entered: Mapping[str, str] = field(default_factory=dict)
    refused: ServiceProblem | None = None


_VIEWS: Mapping[str, type[RequestAccessView | LaterDateView]] = {
    "access": RequestAccessView,
    "later-due-date": LaterDateView,
}


@router.get("/request")
def access_form(offering_id: UUID, ask: Ask, show: ShowDep) -> Response:
    return _form(ask, show, offering_id, "access")


@router.post("/request")
def request_access(
    offering_id: UUID, ask: Ask, show: ShowDep, key: Annotated[UUID, Form()], reason: Annotated[Remark, Form()] = ""
) -> Response:
    body: dict[str, JsonValue] = {"kind": "access", "offering_id": str(offering_id), "reason": reason or None}
    return _sent(ask, show, offering_id, body, key, {"reason": reason})


@router.get("/later-date")
def later_date_form(offering_id: UUID, ask: Ask, show: ShowDep) -> Response:
    return _form(ask, show, offering_id, "later-due-date")


@router.post("/later-date")
def request_later_date(
    offering_id: UUID,
    ask: Ask,
    show: ShowDep,
    key: Annotated[UUID, Form()],
    enrollment_id: Annotated[UUID, Form()],
    due_on: Annotated[Line, Form()] = "",
    reason: Annotated[Remark, Form()] = "",
) -> Response:
    body: dict[str, JsonValue] = {
        "kind": "later-due-date",
        "enrollment_id": str(enrollment_id),
        "due_on": due_on,
        "reason": reason,
    }
    return _sent(ask, show, offering_id, body, key, {"due_on": due_on, "reason": reason})


def _sent(
    ask: Asking, show: Show, offering_id: UUID, body: dict[str, JsonValue], key: UUID, entered: Mapping[str, str]
) -> Response:
    """Whoever has an open request is led to that one (APR-3)."""
    try:
        id = send_request(ask, body, str(key))
    except ServiceProblem as problem:
        return _form(ask, show, offering_id, str(body["kind"]), entered, refused_in(problem, 409, 422))
    return show.go(f"/requests/{id}", said="requested")


def _form(
    ask: Asking,
    show: Show,
    offering_id: UUID,
    kind: str,
    entered: Mapping[str, str] | None = None,
    refused: ServiceProblem | None = None,
) -> Response:
    there = ask.part(lambda: open_request(ask, str(offering_id), kind))
    stages = ask.part(lambda: stages_ahead(ask, str(offering_id), kind))
    standing = own_standing(ask, str(offering_id))
    view = _VIEWS[kind](standing, there.result(), stages.result(), entered or {}, refused)
    return show(view, refused.status if refused else 200)
