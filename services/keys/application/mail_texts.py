"""The texts that go with keys: what is delivered, what an organisation wrote for a pool, and a text with its values (KEY-11)."""

import importlib.resources
from typing import Annotated, NamedTuple, Self
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import BaseModel, model_validator

from services.keys.application.ledger import TrainingKeys
from services.keys.domain import mail_templates
from services.keys.domain.mail_templates import LANGUAGES, Language, Written
from services.keys.domain.pools import Course, Pool
from shared.auth import Scope
from shared.database import Connection, fetch_one
from shared.http import check_version
from shared.limits import Text
from shared.page_addresses import Pages
from shared.store import CommandContext, Decision, Receipt, command

_DELIVERED = importlib.resources.files("services.keys") / "templates"


class MailText(BaseModel):
    """Subject and text, with placeholders such as {name} and {key}. Blank lines part paragraphs. `title` and `contact` are the
    sender's, for the placeholders of these names: what the sender is, and where to ask."""

    subject: Annotated[str, Text(200, 1)]
    text: Annotated[str, Text(10_000, 1, lines=True)]
    title: Annotated[str, Text(200)] = ""
    contact: Annotated[str, Text(1_000, lines=True)] = ""

    @property
    def signature(self) -> dict[str, str]:
        return {"title": self.title, "contact": self.contact}


class MailTexts(BaseModel):
    """By language. Who reads another one gets the English text, or the only one that there is."""

    en: MailText | None = None
    de: MailText | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.en is None and self.de is None:
            raise ValueError("write it in one language at least: en, de")
        return self

    def check(self, field: str = "texts") -> "MailTexts":
        """Raises Invalid for a text that could not be sent."""
        for language in LANGUAGES:
            if text := getattr(self, language):
                mail_templates.check(text.subject, text.text, text.signature, f"{field}.{language}")
        return self

    def language(self, wanted: str | None) -> Language:
        """In which one somebody is written to who wants this one, such as de or de-CH."""
        asked = (wanted or "en").replace("_", "-").split("-")[0].lower()
        there: list[Language] = [one for one in LANGUAGES if getattr(self, one) is not None]
        return next((one for one in there if one == asked), there[0])

    def fill(self, language: Language, values: dict[str, str]) -> Written:
        text: MailText = getattr(self, language)
        return mail_templates.fill(text.subject, text.text, {**values, **text.signature})


def delivered() -> MailTexts:
    """The texts that come with Rollbook."""
    return MailTexts(**{language: _read(language) for language in LANGUAGES})


def _read(language: Language) -> MailText:
    folder = _DELIVERED / language
    return MailText(
        subject=(folder / "key.subject.txt").read_text("utf-8"), text=(folder / "key.txt").read_text("utf-8")
    )


class TemplateView(BaseModel):
    """The texts of a pool; its `version` is the ETag, 0: those that come with Rollbook."""

    version: int
    texts: MailTexts
    placeholders: tuple[str, ...] = mail_templates.PLACEHOLDERS


class _Saved(NamedTuple):
    revision: int
    texts: dict[str, dict[str, str] | None]


class PoolTemplates:
    """The texts that an organisation wrote for its pools."""

    def __init__(self, ledger: TrainingKeys) -> None:
        self._ledger = ledger

    def view(self, conn: Connection, scope: Scope, pool: UUID) -> TemplateView:
        self._ledger.pool(conn, scope, pool)
        return template(conn, pool)

    @command
    def save(
        self, context: CommandContext, scope: Scope, pool: UUID, texts: MailTexts, expected: int | None
    ) -> Receipt:
        """For the mailings to come; those that went out keep theirs. Nothing of it is in an event: people write what they like."""
        texts.check()
        with self._ledger.database.connection() as conn:
            version = self.view(conn, scope, pool).version
        check_version(expected, version)

        def also(conn: Connection) -> None:
            conn.execute(
                "INSERT INTO pool_template AS t (pool, revision, texts) VALUES (%s, 1, %s) ON CONFLICT (pool) "
                "DO UPDATE SET revision = t.revision + 1, texts = excluded.texts",
                [pool, Jsonb(texts.model_dump())],
            )

        return self._ledger.record(context, Decision((), context.meta()), {"pool_id": str(pool)}, also=also)


def template(conn: Connection, pool: UUID) -> TemplateView:
    saved = fetch_one(conn, _Saved, "SELECT revision, texts FROM pool_template WHERE pool = %s", [pool])
    if saved is None:
        return TemplateView(version=0, texts=delivered())
    return TemplateView(version=saved.revision, texts=MailTexts.model_validate(saved.texts))


class About(NamedTuple):
    """What the texts of a pool speak of."""

    pool: Pool
    course: Course
    organisation: str
    sender: str
    pages: Pages

    def values(self, name: str, key: str) -> dict[str, str]:
        """For every placeholder but those of the signature, which the text itself says."""
        terms = self.pool.terms
        return {
            "name": name,
            "key": key,
            "course": self.course.title,
            "pool": terms.name,
            "organisation": self.organisation,
            "starts": f"{terms.starts:%Y-%m-%d %H:%M} UTC",
            "expires": f"{terms.expires:%Y-%m-%d %H:%M} UTC",
            "days": str(terms.access_days),
            "sign_in": self.pages.sign_in,
            "join": self.pages.join,
            "sender": self.sender,
        }
