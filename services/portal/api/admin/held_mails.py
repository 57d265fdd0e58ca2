"""E-mails that wait until a person releases or drops them, by the command that caused them (NTF-3)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import held_mail
from services.portal.client.asking import Asking, Listed, Missing, ServiceProblem
from services.portal.client.held_mail import HeldBatch
from services.portal.rendering import Show
from shared.limits import Cursor

router = APIRouter(prefix="/admin/mail/held")

_SAID = {"release": "emails-released", "drop": "emails-dropped"}


@dataclass(frozen=True)
class HeldMailsView:
    """`people`: who asked that they are held, by their ids; Missing: not known now."""

    template: ClassVar[str] = "admin/held_mails.html"
    found: Listed[HeldBatch]
    people: dict[str, str] | Missing
    following: str | None


@dataclass(frozen=True)
class HeldMailView:
    template: ClassVar[str] = "admin/held_mail.html"
    one: HeldBatch
    people: dict[str, str] | Missing
    refused: ServiceProblem | None


@router.get("")
def list_held(ask: Ask, show: ShowDep, cursor: Annotated[Cursor, Query()] = "") -> Response:
    found = held_mail.held_batches(ask, cursor)
    people = ask.part(lambda: held_mail.holders(ask, found.items)).result()
    following = f"{router.prefix}?{urlencode({'cursor': found.next})}" if found.next else None
    return show(HeldMailsView(found, people, following))


@router.get("/{id}")
def show_held(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return _page(ask, show, id)


@router.post("/{id}")
def decide(
    ask: Ask,
    show: ShowDep,
    id: UUID,
    key: Annotated[UUID, Form()],
    action: Annotated[Literal["release", "drop"], Form()],
) -> Response:
    """Whoever is slower finds nothing held any more."""
    try:
        held_mail.order(ask, id, action, str(key))
    except ServiceProblem as problem:
        if problem.status == 404:
            return show.go(router.prefix, said="held-meanwhile")
        return _page(ask, show, id, refused_in(problem))
    return show.go(router.prefix, said=_SAID[action])


def _page(ask: Asking, show: Show, id: UUID, refused: ServiceProblem | None = None) -> Response:
    found = held_mail.held_batch(ask, id)
    people = ask.part(lambda: held_mail.holders(ask, [found])).result()
    return show(HeldMailView(found, people, refused), refused.status if refused else 200)
