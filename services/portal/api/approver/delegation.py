"""Who decides for whoever looks, and for whom they decide (APR-5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel

from services.portal.api.questions import Question, sealed_question, the_question
from services.portal.api.visitor import Ask, SealerDep, ShowDep, SignedIn, refused_in
from services.portal.client.approvals import (
    Delegate,
    Delegations,
    delegate,
    delegations,
    end_delegation,
    find_delegates,
)
from services.portal.client.asking import Asking, Listed, Missing, ServiceProblem
from services.portal.rendering import Show
from services.portal.sealing import Sealer
from shared.limits import Line, Sought
from shared.limits.text import Text

router = APIRouter(prefix="/approvals/delegation")

Sealed = Annotated[str, Text(20_000)]


class SoughtDelegate(BaseModel):
    """Parts of the names."""

    first_name: Sought = ""
    last_name: Sought = ""


@dataclass(frozen=True)
class DelegationView:
    """`found`: whom the search finds, None: nothing was asked yet; `s`: the search, sealed; `entered`: what was typed."""

    template: ClassVar[str] = "approver/delegation.html"
    standing: Delegations
    asked: SoughtDelegate
    found: Listed[Delegate] | Missing | None
    s: str
    entered: Mapping[str, str] = field(default_factory=dict)
    refused: ServiceProblem | None = None


@router.get("")
def show_delegation(ask: Ask, show: ShowDep, sealer: SealerDep, s: Question = "") -> Response:
    return _page(ask, show, sealer, s)


@router.post("/search")
def seek(_: SignedIn, show: ShowDep, sealer: SealerDep, asked: Annotated[SoughtDelegate, Form()]) -> Response:
    """By names, so the question is sealed before it is in an address (DIR-9)."""
    return show.go(f"{router.prefix}?{urlencode({'s': sealed_question(sealer, asked)})}")


@router.post("")
def save(
    ask: Ask,
    show: ShowDep,
    sealer: SealerDep,
    key: Annotated[UUID, Form()],
    s: Annotated[Sealed, Form()] = "",
    to: Annotated[Line, Form()] = "",
    starts: Annotated[Line, Form()] = "",
    ends: Annotated[Line, Form()] = "",
) -> Response:
    entered = {"to": to, "starts": starts, "ends": ends}
    try:
        if not to:
            raise ServiceProblem(422, {"type": "urn:rollbook:problem:person-missing", "field": "to"})
        delegate(ask, to, starts, ends, str(key))
    except ServiceProblem as problem:
        return _page(ask, show, sealer, s, entered, refused_in(problem))
    return show.go(router.prefix, said="saved")


@router.post("/end")
def end(ask: Ask, show: ShowDep, key: Annotated[UUID, Form()]) -> Response:
    end_delegation(ask, str(key))
    return show.go(router.prefix, said="delegation-ended")


def _page(
    ask: Asking,
    show: Show,
    sealer: Sealer,
    s: str,
    entered: Mapping[str, str] | None = None,
    refused: ServiceProblem | None = None,
) -> Response:
    asked = the_question(sealer, s, SoughtDelegate)
    seeking = asked != SoughtDelegate()
    found = ask.part(lambda: find_delegates(ask, asked.first_name, asked.last_name)) if seeking else None
    view = DelegationView(delegations(ask), asked, found.result() if found else None, s, entered or {}, refused)
    return show(view, refused.status if refused else 200)
