"""The ledger of e-mails: why each was sent, to whom, when, and what became of it; a person's word on those in doubt (NTF-4)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import mail
from services.portal.client.asking import Asking, Listed, Missing, ServiceProblem
from services.portal.client.mail import Mail, MailCounts, MailReason
from services.portal.rendering import Show
from shared.contracts.notifications import TEMPLATES
from shared.limits import Cursor, Line, Number

router = APIRouter(prefix="/admin/mail")

STATES = tuple(MailCounts.model_fields)
Action = Literal["resend", "retry", "sent", "failed"]


@dataclass(frozen=True)
class LedgerView:
    """`numbers` by state; `state` and `template_name` empty: all; `people` by their ids, Missing: not known now."""

    template: ClassVar[str] = "admin/mail.html"
    found: Listed[MailReason]
    numbers: MailCounts | Missing
    states: tuple[str, ...]
    templates: tuple[str, ...]
    state: str
    template_name: str
    people: dict[str, str] | Missing
    following: str | None


@dataclass(frozen=True)
class MessageView:
    template: ClassVar[str] = "admin/mail_message.html"
    mail: Mail
    people: dict[str, str] | Missing
    refused: ServiceProblem | None


@router.get("")
def list_ledger(
    ask: Ask,
    show: ShowDep,
    state: Annotated[Line, Query()] = "",
    template: Annotated[Line, Query()] = "",
    cursor: Annotated[Cursor, Query()] = "",
) -> Response:
    given = {"state": state if state in STATES else "", "template": template if template in TEMPLATES else ""}
    numbers = ask.part(lambda: mail.counts(ask))
    found = mail.ledger(ask, {**given, "cursor": cursor})
    people = ask.part(lambda: mail.recipients(ask, found.items)).result()
    query = {**{name: value for name, value in given.items() if value}, "cursor": found.next}
    following = f"{router.prefix}?{urlencode(query)}" if found.next else None
    return show(
        LedgerView(found, numbers.result(), STATES, TEMPLATES, given["state"], given["template"], people, following)
    )


@router.get("/{id}")
def show_message(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return _page(ask, show, id)


@router.post("/{id}")
def decide(
    ask: Ask,
    show: ShowDep,
    id: UUID,
    key: Annotated[UUID, Form()],
    action: Annotated[Action, Form()],
    revision: Annotated[Number, Form()],
) -> Response:
    """On the state that was looked at: whoever is slower is told."""
    try:
        mail.decide(ask, id, action, revision, str(key))
    except ServiceProblem as problem:
        return _page(ask, show, id, refused_in(problem))
    return show.go(f"{router.prefix}/{id}", said="saved")


def _page(ask: Asking, show: Show, id: UUID, refused: ServiceProblem | None = None) -> Response:
    found = mail.mail(ask, id)
    people = ask.part(lambda: mail.people_of(ask, found)).result()
    return show(MessageView(found, people, refused), refused.status if refused else 200)
