"""Keys are sent by e-mail: to whom, with which words, and what that would do before anybody is sent anything (KEY-11)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Response
from pydantic import Field, JsonValue

from services.portal.api.admin.keys.adding import Pasted
from services.portal.api.admin.keys.texts import TextsForm, fields, wrong_field
from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import key_mailings, keys
from services.portal.client.asking import Asking, Listed, Missing, ServiceProblem
from services.portal.client.key_mailings import MailingPreview
from services.portal.client.keys import Pool
from services.portal.client.people import Person, people_called, people_names
from services.portal.rendering import Show
from shared.limits import MANY, Line, Sought

router = APIRouter(prefix="/admin/keys/{pool_id}/send/new")


class SendForm(TextsForm):
    """`person`: whom somebody has ticked; `do`: look for people, show what would happen, send, or go back to the form."""

    key: UUID | None = None
    person: list[UUID] = Field(default=[], max_length=MANY)
    first_name: Sought = ""
    last_name: Sought = ""
    addresses: Pasted = ""
    language: Line = "en"
    do: Line = "look"

    @property
    def lines(self) -> list[str]:
        return [line for line in self.addresses.splitlines() if line.strip()]

    @property
    def people(self) -> list[UUID]:
        return list(dict.fromkeys(self.person))

    def body(self) -> dict[str, JsonValue]:
        people: list[JsonValue] = [str(one) for one in self.people]
        to: dict[str, JsonValue] = {"people": people, "addresses": [*self.lines], "language": self.language}
        return {"recipients": to, "texts": self.texts() or None}


@dataclass(frozen=True)
class SendView:
    """`chosen`: names of those who are ticked, as far as they are known; `found`: whom a search found, None: none was made."""

    template: ClassVar[str] = "admin/keys/send.html"
    pool: Pool
    asked: SendForm
    chosen: dict[UUID, Person] | Missing
    found: Listed[Person] | None
    refused: ServiceProblem | None
    wrong: str


@dataclass(frozen=True)
class LeftOut:
    """Somebody who gets no key: a person, or what is in a line."""

    who: str
    outcome: str


@dataclass(frozen=True)
class PreviewView:
    """What sending would do."""

    template: ClassVar[str] = "admin/keys/preview.html"
    pool: Pool
    asked: SendForm
    preview: MailingPreview
    left_out: list[LeftOut]


@router.get("")
def compose(ask: Ask, show: ShowDep, pool_id: UUID) -> Response:
    pool = ask.begin(lambda: keys.pool(ask, pool_id))
    template = key_mailings.mail_template(ask, pool_id)
    asked = SendForm.model_validate(fields(template.texts))
    return show(SendView(pool.result(), asked, {}, None, None, ""))


@router.post("")
def send(ask: Ask, show: ShowDep, pool_id: UUID, asked: Annotated[SendForm, Form()]) -> Response:
    try:
        if asked.do == "preview":
            return _preview(ask, show, pool_id, asked)
        if asked.do == "send":
            sent = key_mailings.send(ask, pool_id, asked.body(), str(asked.key))
            if sent.job_id:
                return show.go(f"/admin/keys/{pool_id}/jobs/{sent.job_id}?mailing={sent.mailing_id}")
            return show.go(f"/admin/keys/{pool_id}/send/{sent.mailing_id}", said="keys-sent")
    except ServiceProblem as problem:
        return _form(ask, show, pool_id, asked, refused_in(problem))
    return _form(ask, show, pool_id, asked)


def _form(ask: Asking, show: Show, pool_id: UUID, asked: SendForm, refused: ServiceProblem | None = None) -> Response:
    pool = ask.begin(lambda: keys.pool(ask, pool_id))
    names = ask.part(lambda: people_names(ask, asked.people))
    sought = asked.do == "look" and (asked.first_name or asked.last_name)
    found = people_called(ask, asked.first_name, asked.last_name) if sought else None
    view = SendView(pool.result(), asked, names.result(), found, refused, wrong_field(refused))
    return show(view, refused.status if refused else 200)


def _preview(ask: Asking, show: Show, pool_id: UUID, asked: SendForm) -> Response:
    pool = ask.begin(lambda: keys.pool(ask, pool_id))
    names = ask.part(lambda: people_names(ask, asked.people))
    preview = key_mailings.preview(ask, pool_id, asked.body())
    named = names.result()
    known = {} if isinstance(named, Missing) else named
    left_out = [
        LeftOut(_who(asked, one.person_id, one.line, known), one.outcome)
        for one in preview.results
        if one.outcome != "sent"
    ]
    return show(PreviewView(pool.result(), asked, preview, left_out))


def _who(asked: SendForm, person: UUID | None, line: int | None, names: dict[UUID, Person]) -> str:
    """Empty: nobody whom whoever looks may know."""
    if line:
        return asked.lines[line - 1]
    return names[person].name if person in names else ""
