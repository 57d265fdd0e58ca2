"""Redeem a training key: at once on its course, or told what is wrong with it (KEY-6)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Response

from services.portal.api.visitor import Ask, ShowDep, SignedIn, refused_in
from services.portal.client.asking import ServiceProblem
from services.portal.client.redemptions import Redemption, redeem, redemption
from services.portal.rendering import Show
from shared.limits import Secret

router = APIRouter(prefix="/redeem")

_SAID = {None: "redeemed", "payment": "redeemed-payment", "exception": "redeemed-held"}
"""By what holds the learner: which line the course's page shows."""


@dataclass(frozen=True)
class RedeemView:
    """`entered`: what was typed, where it did not work; `refused`: why not."""

    template: ClassVar[str] = "learner/redeem.html"
    entered: str = ""
    refused: ServiceProblem | None = None


@dataclass(frozen=True)
class RedeemingView:
    """A key that is being redeemed. `refused`: it stays unused after all; `onward`: where its course is, once it is there."""

    template: ClassVar[str] = "learner/redeeming.html"
    found: Redemption
    refused: ServiceProblem | None
    onward: str


@router.get("")
def page(_: SignedIn, show: ShowDep) -> Response:
    return show(RedeemView())


@router.post("")
def enter(
    ask: Ask, show: ShowDep, key: Annotated[UUID, Form()], training_key: Annotated[Secret, Form()] = ""
) -> Response:
    if not training_key.strip():
        return _again(show, "", ServiceProblem(422, {"type": "key-missing"}))
    try:
        found = redeem(ask, training_key, str(key))
    except ServiceProblem as problem:
        return _again(show, training_key, refused_in(problem))
    return show.go(_course(found) if found.decided else f"{router.prefix}/{found.id}")


@router.get("/{redemption_id}")
def redeeming(redemption_id: UUID, ask: Ask, show: ShowDep) -> Response:
    """For a key that has to wait for its course; the page looks again until it is there."""
    found = redemption(ask, str(redemption_id))
    refused = ServiceProblem(409, {"type": found.kind, "detail": found.detail}) if found.state == "released" else None
    return show(RedeemingView(found, refused, _course(found)))


def _course(found: Redemption) -> str:
    return f"/offerings/{found.offering_id}?said={_SAID.get(found.held_by, 'redeemed')}"


def _again(show: Show, entered: str, refused: ServiceProblem) -> Response:
    headers = {"Retry-After": str(refused.retry_after)} if refused.retry_after else None
    return show(RedeemView(entered, refused), refused.status, headers)
