"""Paying for an offering: the price, the way to the provider, what became of the order (ENR-2, ENR-3)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from fastapi import APIRouter, Form, Response

from services.portal.api.learner.offering import ADDRESS_SECONDS, Sealed, found_offering
from services.portal.api.visitor import Ask, SealerDep, ShowDep, refused_in
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.client.learning import Offering, Order, enrol, orders, purchase, standing
from services.portal.rendering import Show

router = APIRouter(prefix="/offerings/{id}/purchase")


@dataclass(frozen=True)
class PurchaseView:
    """`checkout`: where the order that was just opened is paid, at `provider`; `order`: the last one."""

    template: ClassVar[str] = "learner/purchase.html"
    found: Offering
    order: Order | None
    checkout: str | None
    provider: str
    refused: ServiceProblem | None


@router.get("")
def page(ask: Ask, show: ShowDep, sealer: SealerDep, id: UUID, s: Sealed = "") -> Response:
    opened = sealer.open("checkout", s) if s else None
    return _page(ask, show, id, opened if isinstance(opened, str) else None)


def _page(
    ask: Asking, show: Show, id: UUID, checkout: str | None = None, refused: ServiceProblem | None = None
) -> Response:
    found, _ = found_offering(ask, id)
    past = orders(ask, found.standing.id) if found.enrolled else []
    due = checkout if found.standing.status == "awaiting-payment" else None
    provider = urlsplit(due).netloc if due else ""
    return show(
        PurchaseView(found, past[-1] if past else None, due, provider, refused), refused.status if refused else 200
    )


@router.post("")
def buy(ask: Ask, show: ShowDep, sealer: SealerDep, id: UUID, key: Annotated[UUID, Form()]) -> Response:
    """Enrols whoever is not yet, so that there is a term to pay for; then opens the order, or a new one after a failure."""
    try:
        before = standing(ask, str(id))
        if before.groups_to_join:
            return show.go(f"/offerings/{id}/enrol")
        if before.status != "awaiting-payment" and before.next_action == "purchase":
            enrol(ask, str(id), "", str(uuid5(key, "enrol")))
            before = standing(ask, str(id))
        if before.status != "awaiting-payment":
            return show.go(f"/offerings/{id}")
        order = purchase(ask, before.id, str(key))
    except ServiceProblem as problem:
        return _page(ask, show, id, refused=refused_in(problem, 403, 404, 409, 422, 503))
    return show.go(f"/offerings/{id}/purchase?s={sealer.seal('checkout', order.checkout, ADDRESS_SECONDS)}")
