"""Why am I enrolled? From who assigned it to the e-mail, in plain words (LRN-8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.api.learner.offering import found_offering
from services.portal.api.visitor import Ask, ShowDep, SignedIn
from services.portal.client.asking import Missing
from services.portal.client.learning import Offering
from services.portal.client.people import names
from services.portal.client.why import OwnMail, Why, own_mails, why

router = APIRouter(prefix="/offerings/{id}/why")


@dataclass(frozen=True)
class WhyView:
    """`why`: None for somebody who never was on it; `names`: of people, by id, as far as one may know; `me`: the own id."""

    template: ClassVar[str] = "learner/why.html"
    found: Offering
    why: Why | None
    mails: list[OwnMail] | Missing
    names: Mapping[str, str]
    me: str


@router.get("")
def page(ask: Ask, session: SignedIn, show: ShowDep, id: UUID) -> Response:
    """Without the names, or the e-mails, it still says what is known."""
    found, _ = found_offering(ask, id)
    me = str(session.person)
    if found.standing.status in ("not-enrolled", "held"):
        return show(WhyView(found, None, [], {}, me))
    mails = ask.part(lambda: own_mails(ask, found.standing.id))
    told = why(ask, found.standing.id)
    known = ask.part(lambda: names(ask, told.people() - {me})).result()
    return show(WhyView(found, told, mails.result(), {} if isinstance(known, Missing) else known, me))
