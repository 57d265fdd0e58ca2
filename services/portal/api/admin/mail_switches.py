"""Which e-mails are on for the whole system or an organisation, and the offerings that differ (NTF-2, CAT-17)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, Field

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import mail_settings, people, structure
from services.portal.client.asking import Asking, Listed, Missing, ServiceProblem
from services.portal.client.mail_settings import OfferingSwitches, Switches
from services.portal.client.people import Unit
from services.portal.rendering import Show
from shared.contracts.notifications import OCCASIONS
from shared.limits import Cursor, Line, Sought

router = APIRouter(prefix="/admin/mail/switches")


class SwitchesForm(BaseModel):
    """`on`: what is sent; `copied`: what managers get a copy of."""

    key: UUID | None = None
    organisation_id: UUID | None = None
    revision: int = 0
    on: list[Line] = Field(default_factory=list)
    copied: list[Line] = Field(default_factory=list)

    @property
    def off(self) -> list[str]:
        return [one for one in OCCASIONS if one not in self.on]


@dataclass(frozen=True)
class SwitchesView:
    """`organisation` None: the whole system; `found`: organisations to choose from; `asked`: what was sent."""

    template: ClassVar[str] = "admin/mail_switches.html"
    switches: Switches
    organisation: structure.Unit | Missing | None
    offerings: Listed[OfferingSwitches] | Missing
    q: str
    found: list[Unit]
    asked: SwitchesForm
    refused: ServiceProblem | None
    following: str | None


@router.get("")
def show_switches(
    ask: Ask,
    show: ShowDep,
    organisation_id: Annotated[UUID | None, Query()] = None,
    q: Annotated[Sought, Query()] = "",
    cursor: Annotated[Cursor, Query()] = "",
) -> Response:
    return _page(ask, show, organisation_id, q, cursor)


@router.post("")
def save(ask: Ask, show: ShowDep, asked: Annotated[SwitchesForm, Form()]) -> Response:
    organisation = asked.organisation_id
    try:
        mail_settings.set_switches(ask, organisation, asked.off, asked.copied, asked.revision, str(asked.key))
    except ServiceProblem as problem:
        return _page(ask, show, organisation, asked=asked, refused=refused_in(problem))
    query = {"organisation_id": str(organisation)} if organisation else {}
    return show.go(f"{router.prefix}?{urlencode(query)}" if query else router.prefix, said="saved")


def _page(
    ask: Asking,
    show: Show,
    organisation: UUID | None,
    q: str = "",
    cursor: str = "",
    asked: SwitchesForm | None = None,
    refused: ServiceProblem | None = None,
) -> Response:
    offerings = ask.part(lambda: mail_settings.offerings_that_differ(ask, cursor))
    unit = ask.part(lambda: structure.unit(ask, organisation)) if organisation else None
    found = people.organisations(ask, q) if q else []
    there = mail_settings.switches(ask, organisation)
    if asked is None:
        on = [one for one in there.occasions if one not in there.off]
        asked = SwitchesForm(revision=there.revision, on=on, copied=list(there.copied))
    elif refused is not None and refused.status == 412:
        asked = asked.model_copy(update={"revision": there.revision})
    differ = offerings.result()
    following = None if isinstance(differ, Missing) or not differ.next else f"{router.prefix}?cursor={differ.next}"
    view = SwitchesView(there, unit.result() if unit else None, differ, q, found, asked, refused, following)
    return show(view, refused.status if refused else 200)
