"""The texts that go with the keys of a pool by e-mail, edited for the mailings to come (KEY-11)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, JsonValue

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import key_mailings, keys
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.client.key_mailings import MailTexts
from services.portal.client.keys import Pool
from services.portal.rendering import Show
from shared.limits import Description, Line

router = APIRouter(prefix="/admin/keys/{pool_id}/send/texts")

LANGUAGES = ("en", "de")
PARTS = ("subject", "text", "title", "contact")


class TextsForm(BaseModel):
    """Subject, text, and the sender's title and contact by language; a language of which all is empty is left out."""

    subject_en: Line = ""
    text_en: Description = ""
    title_en: Line = ""
    contact_en: Description = ""
    subject_de: Line = ""
    text_de: Description = ""
    title_de: Line = ""
    contact_de: Description = ""

    def texts(self) -> dict[str, JsonValue]:
        written: dict[str, JsonValue] = {}
        for language in LANGUAGES:
            said: dict[str, JsonValue] = {part: getattr(self, f"{part}_{language}") for part in PARTS}
            if any(said.values()):
                written[language] = said
        return written


class TemplateForm(TextsForm):
    key: UUID | None = None
    version: int = 0


def fields(texts: MailTexts) -> dict[str, str]:
    """As the form has them."""
    there = {one: text for one in LANGUAGES if (text := getattr(texts, one))}
    return {f"{part}_{one}": getattr(text, part) for one, text in there.items() for part in PARTS}


def wrong_field(refused: ServiceProblem | None) -> str:
    """Of the form, where the refusal is about one of the texts: texts.en.subject is subject_en."""
    parts = (refused.field or "").split(".") if refused else []
    return f"{parts[-1]}_{parts[-2]}" if len(parts) > 1 and parts[-2] in LANGUAGES else ""


@dataclass(frozen=True)
class TextsView:
    """`changed`: the texts as somebody else has saved them meanwhile; `wrong`: the field that the refusal is about."""

    template: ClassVar[str] = "admin/keys/texts.html"
    pool: Pool
    asked: TemplateForm
    placeholders: tuple[str, ...]
    changed: MailTexts | None
    refused: ServiceProblem | None
    wrong: str


@router.get("")
def texts(ask: Ask, show: ShowDep, pool_id: UUID) -> Response:
    return _page(ask, show, pool_id)


@router.post("")
def save(ask: Ask, show: ShowDep, pool_id: UUID, asked: Annotated[TemplateForm, Form()]) -> Response:
    try:
        key_mailings.save_template(ask, pool_id, asked.texts(), asked.version, str(asked.key))
    except ServiceProblem as problem:
        return _page(ask, show, pool_id, asked, refused_in(problem))
    return show.go(f"/admin/keys/{pool_id}/send", said="saved")


def _page(
    ask: Asking,
    show: Show,
    pool_id: UUID,
    asked: TemplateForm | None = None,
    refused: ServiceProblem | None = None,
) -> Response:
    pool = ask.begin(lambda: keys.pool(ask, pool_id))
    found = key_mailings.mail_template(ask, pool_id)
    changed = None
    if asked is None:
        asked = TemplateForm.model_validate({**fields(found.texts), "version": found.version})
    elif refused and refused.status == 412:
        changed, asked = found.texts, asked.model_copy(update={"version": found.version})
    view = TextsView(pool.result(), asked, found.placeholders, changed, refused, wrong_field(refused))
    return show(view, refused.status if refused else 200)
