"""Who was sent which key of a pool: what became of each, reminding, taking back (KEY-11)."""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import key_mailings, keys
from services.portal.client.asking import Asking, Listed, Missing, ServiceProblem
from services.portal.client.key_mailings import Changed, Mailing, Recipient, RecipientResult
from services.portal.client.keys import Pool
from services.portal.client.people import Person, people_names
from services.portal.rendering import Show
from shared.limits import Cursor, Line

router = APIRouter(prefix="/admin/keys/{pool_id}/send")


@dataclass(frozen=True)
class MailingsView:
    """`changed`: what became of those who were reminded, or whose keys were taken back."""

    template: ClassVar[str] = "admin/keys/mailings.html"
    pool: Pool
    found: Listed[Recipient]
    following: str | None
    changed: Changed | None
    refused: ServiceProblem | None


@dataclass(frozen=True)
class MailingView:
    """`outcomes`: how many of each; `left_out`: whom no key was sent; `names` of people by their ids, Missing: not known now."""

    template: ClassVar[str] = "admin/keys/mailing.html"
    pool: Pool
    mailing: Mailing
    outcomes: dict[str, int]
    left_out: list[RecipientResult]
    names: dict[UUID, Person] | Missing


@router.get("")
def list_recipients(ask: Ask, show: ShowDep, pool_id: UUID, cursor: Annotated[Cursor, Query()] = "") -> Response:
    return _page(ask, show, pool_id, cursor)


@router.get("/{id}")
def show_mailing(ask: Ask, show: ShowDep, pool_id: UUID, id: UUID) -> Response:
    pool = ask.begin(lambda: keys.pool(ask, pool_id))
    mailing = key_mailings.mailing(ask, pool_id, id)
    results = mailing.results or ()
    left_out = [one for one in results if one.outcome != "sent"]
    people = [one.person_id for one in left_out if one.person_id]
    names = ask.part(lambda: people_names(ask, people)).result()
    return show(MailingView(pool.result(), mailing, Counter(one.outcome for one in results), left_out, names))


@router.post("/remind")
def remind(
    ask: Ask,
    show: ShowDep,
    pool_id: UUID,
    key: Annotated[UUID, Form()],
    recipient: Annotated[list[Line] | None, Form()] = None,
    everybody: Annotated[bool, Form()] = False,
) -> Response:
    """Those who are ticked, or everybody who may be reminded now."""
    if not recipient and not everybody:
        return show.go(f"/admin/keys/{pool_id}/send", said="nobody-ticked")
    try:
        changed = key_mailings.remind(ask, pool_id, [] if everybody else recipient or [], str(key))
    except ServiceProblem as problem:
        return _page(ask, show, pool_id, "", refused=refused_in(problem))
    return _page(ask, show, pool_id, "", changed)


@router.post("/take-back")
def take_back(
    ask: Ask,
    show: ShowDep,
    pool_id: UUID,
    key: Annotated[UUID, Form()],
    then: Annotated[Line, Form()],
    recipient: Annotated[list[Line] | None, Form()] = None,
) -> Response:
    if not recipient:
        return show.go(f"/admin/keys/{pool_id}/send", said="nobody-ticked")
    try:
        changed = key_mailings.take_back(ask, pool_id, recipient, then, str(key))
    except ServiceProblem as problem:
        return _page(ask, show, pool_id, "", refused=refused_in(problem))
    return _page(ask, show, pool_id, "", changed)


@router.post("/forget")
def forget_address(
    ask: Ask, show: ShowDep, pool_id: UUID, key: Annotated[UUID, Form()], address_of: Annotated[UUID, Form()]
) -> Response:
    try:
        key_mailings.forget_address(ask, pool_id, address_of, str(key))
    except ServiceProblem as problem:
        return _page(ask, show, pool_id, "", refused=refused_in(problem))
    return show.go(f"/admin/keys/{pool_id}/send", said="address-removed")


def _page(
    ask: Asking,
    show: Show,
    pool_id: UUID,
    cursor: str,
    changed: Changed | None = None,
    refused: ServiceProblem | None = None,
) -> Response:
    pool = ask.begin(lambda: keys.pool(ask, pool_id))
    found = key_mailings.recipients(ask, pool_id, cursor)
    following = f"/admin/keys/{pool_id}/send?{urlencode({'cursor': found.next})}" if found.next else None
    view = MailingsView(pool.result(), found, following, changed, refused)
    return show(view, refused.status if refused else 200)
