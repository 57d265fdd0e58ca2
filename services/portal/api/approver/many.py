"""Decide many requests at once: confirmed with their numbers, told line by line (APR-6)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, Field

from services.portal.api.questions import Question, sealed_question, the_question
from services.portal.api.visitor import Ask, SealerDep, ShowDep, SignedIn, refused_in
from services.portal.client.approvals import Decided, Waiting, chosen, decide_many
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.rendering import Show
from shared.limits import Remark

router = APIRouter(prefix="/approvals")

Decision = Literal["approve", "deny"]
_MOST = 200
"""So many ids an address can hold; a page of the queue has fewer."""
Chosen = Annotated[list[UUID], Field(max_length=_MOST)]


@dataclass(frozen=True)
class ConfirmView:
    """`kinds`: how many of each; `gone`: how many that were chosen wait no more."""

    template: ClassVar[str] = "approver/decide.html"
    decision: str
    found: list[Waiting]
    kinds: Mapping[str, int]
    gone: int
    reason: str = ""
    refused: ServiceProblem | None = None


class Line(BaseModel):
    """What came of one request, with what it is known by."""

    person: str | None = None
    offering: str | None = None
    kind: str = ""
    decided: Decided


class Lines(BaseModel):
    """Sealed in the address of the result, since names are in it (DIR-9)."""

    lines: list[Line] = []


@dataclass(frozen=True)
class ResultView:
    template: ClassVar[str] = "approver/decided.html"
    results: list[Line]
    done: int


@router.get("/decide")
def confirm(
    ask: Ask,
    show: ShowDep,
    decision: Annotated[Decision, Query()],
    request: Annotated[Chosen | None, Query()] = None,
) -> Response:
    if not request:
        return show.go("/approvals", said="none-chosen")
    return _page(ask, show, decision, request)


@router.post("/decide")
def decide_chosen(
    ask: Ask,
    show: ShowDep,
    sealer: SealerDep,
    decision: Annotated[Decision, Form()],
    request: Annotated[Chosen, Form()],
    key: Annotated[UUID, Form()],
    reason: Annotated[Remark, Form()] = "",
) -> Response:
    """Nothing is all or nothing: each has its own result."""
    if decision == "deny" and not reason.strip():
        return _page(
            ask, show, decision, request, reason, ServiceProblem(422, {"type": "urn:rollbook:problem:reason-missing"})
        )
    try:
        known = {one.id: one for one in chosen(ask, request)}
        results = decide_many(ask, request, decision, reason.strip(), str(key))
    except ServiceProblem as problem:
        return _page(ask, show, decision, request, reason, refused_in(problem, 409, 422))
    lines = [_line(one, known.get(one.request_id)) for one in results]
    return show.go(f"/approvals/decided?{urlencode({'s': sealed_question(sealer, Lines(lines=lines))})}")


@router.get("/decided")
def result(_: SignedIn, show: ShowDep, sealer: SealerDep, s: Question = "") -> Response:
    lines = the_question(sealer, s, Lines).lines
    if not lines:
        return show.go("/approvals?state=decided")
    return show(ResultView(lines, sum(one.decided.status is not None for one in lines)))


def _line(one: Decided, about: Waiting | None) -> Line:
    return Line(
        person=about.person if about else None,
        offering=about.offering if about else None,
        kind=about.kind if about else "",
        decided=one,
    )


def _page(
    ask: Asking,
    show: Show,
    decision: str,
    ids: Sequence[UUID],
    reason: str = "",
    refused: ServiceProblem | None = None,
) -> Response:
    found = chosen(ask, list(dict.fromkeys(ids)))
    kinds = Counter(one.kind for one in found)
    view = ConfirmView(decision, found, kinds, len(set(ids)) - len(found), reason, refused)
    return show(view, refused.status if refused else 200)
