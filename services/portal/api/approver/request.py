"""One request: everything to decide by, and the decision (APR-2 to APR-8)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Form, Response

from services.portal.api.visitor import Ask, ShowDep, SignedIn, refused_in
from services.portal.client.approvals import ToDecide, decide, to_decide
from services.portal.client.asking import Asking, Missing, ServiceProblem
from services.portal.client.people import Person, people_names
from services.portal.client.training import StepDone, steps_of
from services.portal.rendering import Show
from services.portal.session import Session
from shared.limits import Remark

router = APIRouter(prefix="/approvals/{request_id}")

T = TypeVar("T")

_UNTOLD = (403, 404)
"""What whoever looks may not know is left out, rather than said to be missing."""


@dataclass(frozen=True)
class RequestView:
    """`placed`: position of who asks, None: it may not be known; `steps`: of a completion. `mine`: an own request."""

    template: ClassVar[str] = "approver/request.html"
    found: ToDecide
    mine: bool
    placed: Person | Missing | None
    steps: list[StepDone] | Missing | None
    reason: str = ""
    refused: ServiceProblem | None = None


@router.get("")
def request(request_id: UUID, ask: Ask, show: ShowDep, session: SignedIn) -> Response:
    return _page(ask, show, session, request_id)


@router.post("")
def decide_request(
    request_id: UUID,
    ask: Ask,
    show: ShowDep,
    session: SignedIn,
    decision: Annotated[Literal["approve", "deny"], Form()],
    key: Annotated[UUID, Form()],
    reason: Annotated[Remark, Form()] = "",
) -> Response:
    """Where somebody else was faster, the page says who, when and what: that is no error (APR-6)."""
    try:
        status = decide(ask, request_id, decision, reason.strip(), str(key))
    except ServiceProblem as problem:
        if problem.kind == "already-decided":
            return show.go(f"/approvals/{request_id}", said="decided-meanwhile")
        return _page(ask, show, session, request_id, reason, refused_in(problem, 403, 409, 422, 502, 503))
    return show.go("/approvals", said="approved-stage" if status == "open" else status)


def _page(
    ask: Asking,
    show: Show,
    session: Session,
    request_id: UUID,
    reason: str = "",
    refused: ServiceProblem | None = None,
) -> Response:
    found = to_decide(ask, request_id)
    where = ask.part(lambda: people_names(ask, [found.person_id]).get(found.person_id))
    completion = found.kind == "completion" and found.enrollment_id
    done = ask.part(lambda: steps_of(ask, str(found.enrollment_id))) if completion else None
    mine = found.person_id == session.person
    view = RequestView(found, mine, _told(where.result()), _told(done.result()) if done else None, reason, refused)
    return show(view, refused.status if refused else 200)


def _told(part: T | Missing | None) -> T | Missing | None:
    return None if isinstance(part, Missing) and part.problem.status in _UNTOLD else part
