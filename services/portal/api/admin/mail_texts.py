"""The texts of e-mails, of the whole system or an organisation: written, shown with a real case, sent to oneself (NTF-2)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, JsonValue

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import mail_settings, people, structure
from services.portal.client.asking import Asking, Missing, ServiceProblem
from services.portal.client.mail_settings import MailPreview, MailText, TextItem
from services.portal.client.people import Unit
from services.portal.rendering import Show
from shared.contracts.notifications import EditableTemplate
from shared.limits import Sought, Text

router = APIRouter(prefix="/admin/mail/templates")

Language = Literal["en", "de"]
Written = Annotated[str, Text(20_000, lines=True, strip=False)]


class TextForm(BaseModel):
    """`do`: save, show (a preview), test (to oneself) or remove."""

    key: UUID | None = None
    organisation_id: UUID | None = None
    language: Language = "en"
    revision: int = 0
    do: Literal["save", "show", "test", "remove"] = "show"
    subject: Annotated[str, Text(500)] = ""
    body: Written = ""
    html: Written = ""

    def text(self) -> dict[str, JsonValue]:
        return {"subject": self.subject, "body": self.body, "html": self.html}


@dataclass(frozen=True)
class TextsView:
    """`organisation` None: the whole system; `found`: organisations to choose from."""

    template: ClassVar[str] = "admin/mail_texts.html"
    texts: list[TextItem]
    language: str
    organisation: structure.Unit | Missing | None
    q: str
    found: list[Unit]
    query: str


@dataclass(frozen=True)
class TextView:
    """`text`: what holds; `asked`: what the form shows; `preview`: of what was typed; `tested`: it is on its way."""

    template: ClassVar[str] = "admin/mail_text.html"
    text: MailText
    organisation: structure.Unit | Missing | None
    asked: TextForm
    preview: MailPreview | None
    tested: bool
    changed: bool
    refused: ServiceProblem | None
    wrong: str
    back: str


@router.get("")
def list_texts(
    ask: Ask,
    show: ShowDep,
    language: Annotated[Language, Query()] = "en",
    organisation_id: Annotated[UUID | None, Query()] = None,
    q: Annotated[Sought, Query()] = "",
) -> Response:
    unit = ask.part(lambda: structure.unit(ask, organisation_id)) if organisation_id else None
    found = people.organisations(ask, q) if q else []
    texts = mail_settings.texts(ask, organisation_id, language)
    query = _query(organisation_id, language)
    return show(TextsView(texts, language, unit.result() if unit else None, q, found, query))


@router.get("/{template}")
def show_text(
    ask: Ask,
    show: ShowDep,
    template: EditableTemplate,
    language: Annotated[Language, Query()] = "en",
    organisation_id: Annotated[UUID | None, Query()] = None,
) -> Response:
    return _page(ask, show, template, TextForm(organisation_id=organisation_id, language=language), typed=False)


@router.post("/{template}")
def save(ask: Ask, show: ShowDep, template: EditableTemplate, asked: Annotated[TextForm, Form()]) -> Response:
    organisation, language, key = asked.organisation_id, asked.language, str(asked.key)
    preview = None
    try:
        if asked.do == "save":
            mail_settings.write_text(ask, template, organisation, language, asked.text(), asked.revision, key)
        elif asked.do == "remove":
            mail_settings.remove_text(ask, template, organisation, language, asked.revision, key)
        elif asked.do == "test":
            mail_settings.send_test(ask, template, language, asked.text(), key)
        else:
            preview = mail_settings.preview(ask, template, language, asked.text())
    except ServiceProblem as problem:
        return _page(ask, show, template, asked, refused=refused_in(problem))
    if asked.do in ("save", "remove"):
        return show.go(f"{router.prefix}/{template}?{_query(organisation, language)}", said="saved")
    return _page(ask, show, template, asked, preview=preview)


def _page(
    ask: Asking,
    show: Show,
    template: EditableTemplate,
    asked: TextForm,
    *,
    typed: bool = True,
    preview: MailPreview | None = None,
    refused: ServiceProblem | None = None,
) -> Response:
    organisation = asked.organisation_id
    unit = ask.part(lambda: structure.unit(ask, organisation)) if organisation else None
    text = mail_settings.text(ask, template, organisation, asked.language)
    changed = refused is not None and refused.status == 412
    if not typed:
        there = {"subject": text.subject, "body": text.body, "html": text.html, "revision": text.revision}
        asked = asked.model_copy(update=there)
    elif changed:
        asked = asked.model_copy(update={"revision": text.revision})
    wrong = (refused.field or "").removeprefix("body.") if refused else ""
    wrong = wrong if wrong in ("subject", "body", "html") else ""
    tested = typed and refused is None and asked.do == "test"
    back = f"{router.prefix}?{_query(organisation, asked.language)}"
    place = unit.result() if unit else None
    view = TextView(text, place, asked, preview, tested, changed, refused, wrong, back)
    return show(view, refused.status if refused else 200)


def _query(organisation: UUID | None, language: str) -> str:
    return urlencode({"language": language} | ({"organisation_id": str(organisation)} if organisation else {}))
