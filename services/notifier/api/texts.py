"""Routes of the texts of e-mails: the organisation's own, a preview with a real case, and a test to oneself (NTF-2)."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from services.notifier.api.switches import Organisation, check_organisation
from services.notifier.application import Notifier
from services.notifier.mailer.letters import Letters
from services.notifier.mailer.previews import Previews
from services.notifier.own_texts import BODY_LENGTH, SUBJECT_LENGTH, OwnText, check, placeholders
from services.notifier.projections import texts
from shared.auth import CurrentCaller, Permission
from shared.contracts.notifications import EDITABLE, EditableTemplate
from shared.database import Connection
from shared.errors import NotFound
from shared.http import CommandContextDep, IfMatch, etag
from shared.limits import Text
from shared.store import Receipt

Language = Annotated[Literal["en", "de"], Query(description="One in which every e-mail has a text")]


class TextIn(BaseModel):
    """A text with its placeholders. Without `html` that part is made from `body`."""

    model_config = ConfigDict(extra="forbid")

    subject: Annotated[str, Text(SUBJECT_LENGTH, 1)]
    body: Annotated[str, Text(BODY_LENGTH, 1, lines=True, strip=False)]
    html: Annotated[str, Text(BODY_LENGTH, lines=True, strip=False)] = ""

    def of(self, language: str) -> OwnText:
        body, html = (one.replace("\r\n", "\n") for one in (self.body, self.html))
        return OwnText(language, self.subject, body, html)


class Draft(TextIn):
    """A text that somebody is writing, shown with an e-mail that there is: the one that is named, else the newest."""

    message_id: UUID | None = None


class TextView(BaseModel):
    """The text that holds. `origin`: whose it is; `organisation_id` where it is an organisation's. `revision`: the ETag."""

    template: str
    language: str
    origin: Literal["own", "above", "built-in"]
    organisation_id: UUID | None
    subject: str
    body: str
    html: str
    placeholders: list[str]
    revision: int


class TextItem(BaseModel):
    template: str
    origin: Literal["own", "above", "built-in"]
    organisation_id: UUID | None


class Preview(BaseModel):
    """As it would go out to the caller. `content`: the HTML without the document around it. `message_id`: the e-mail whose case it
    shows; None: what it names is made up."""

    subject: str
    body: str
    html: str
    content: str
    message_id: UUID | None


def text_routes(application: Notifier, letters: Letters, previews: Previews) -> APIRouter:
    router = APIRouter(prefix="/api/notifier/texts", tags=["texts"])
    _reading(router, application, letters)
    _writing(router, application)
    _trying(router, application, previews)
    return router


def _reading(router: APIRouter, application: Notifier, letters: Letters) -> None:
    database = application.database

    @router.get("")
    def list_texts(
        caller: CurrentCaller, language: Language = "en", organisation_id: Organisation = None
    ) -> list[TextItem]:
        """List every e-mail whose text can be written, and whose text holds."""
        with database.connection() as conn:
            check_organisation(conn, caller, Permission.READ_MAIL, organisation_id)
            held = texts.holders(conn, organisation_id, language)
        return [
            TextItem(template=one, origin=_origin(held, one, organisation_id), organisation_id=held.get(one))
            for one in EDITABLE
        ]

    @router.get("/{template}")
    def read_text(
        caller: CurrentCaller,
        response: Response,
        template: EditableTemplate,
        language: Language = "en",
        organisation_id: Organisation = None,
    ) -> TextView:
        """Show the text that holds, and its placeholders. Send its ETag as If-Match."""
        with database.connection() as conn:
            check_organisation(conn, caller, Permission.READ_MAIL, organisation_id)
            found = _text(conn, letters, template, language, organisation_id)
        response.headers["ETag"] = etag(found.revision)
        return found


def _origin(
    held: dict[str, UUID | None], template: str, organisation: UUID | None
) -> Literal["own", "above", "built-in"]:
    if template not in held:
        return "built-in"
    return "own" if held[template] == organisation else "above"


def _text(
    conn: Connection, letters: Letters, template: EditableTemplate, language: str, organisation: UUID | None
) -> TextView:
    own = texts.own(conn, organisation, language, template)
    holding = texts.holding(conn, organisation, language, template)
    held: dict[str, UUID | None] = {template: holding.organisation} if holding else {}
    text = holding or letters.built_in(language, template)
    if text is None:
        raise NotFound("This e-mail has no text in this language.", field="language")
    return TextView(
        template=template,
        language=language,
        origin=_origin(held, template, organisation),
        organisation_id=holding.organisation if holding else None,
        subject=text.subject,
        body=text.body,
        html=text.html,
        placeholders=list(placeholders(template)),
        revision=own.revision if own else 0,
    )


def _writing(router: APIRouter, application: Notifier) -> None:
    database = application.database

    @router.put("/{template}")
    def write_text(
        caller: CurrentCaller,
        context: CommandContextDep,
        expected: IfMatch,
        template: EditableTemplate,
        body: TextIn,
        language: Language = "en",
        organisation_id: Organisation = None,
    ) -> Receipt:
        """Write the text of an e-mail for an organisation and everything below it, or for the whole system."""
        with database.connection() as conn:
            check_organisation(conn, caller, Permission.MANAGE_MAIL, organisation_id)
        return application.write_text(context, organisation_id, template, body.of(language), expected)

    @router.delete("/{template}")
    def remove_text(
        caller: CurrentCaller,
        context: CommandContextDep,
        expected: IfMatch,
        template: EditableTemplate,
        language: Language = "en",
        organisation_id: Organisation = None,
    ) -> Receipt:
        """Give up an own text: that of the organisation above, or the built-in one, holds again."""
        with database.connection() as conn:
            check_organisation(conn, caller, Permission.MANAGE_MAIL, organisation_id)
        return application.remove_text(context, organisation_id, template, language, expected)


def _trying(router: APIRouter, application: Notifier, previews: Previews) -> None:
    database = application.database

    def case(conn: Connection, caller: CurrentCaller, template: EditableTemplate, message: UUID | None) -> UUID | None:
        found = texts.a_case(conn, caller.scope(Permission.READ_MAIL), template, message)
        if message is not None and found is None:
            raise NotFound("There is no such e-mail of this kind in your organisations.", field="message_id")
        return found

    @router.post("/{template}/preview")
    def preview(caller: CurrentCaller, template: EditableTemplate, body: Draft, language: Language = "en") -> Preview:
        """Show a text as it would go out to you, with the case of a real e-mail. Nothing is stored or sent."""
        caller.scope(Permission.MANAGE_MAIL)
        text = body.of(language)
        check(template, text)
        with database.connection() as conn:
            real = case(conn, caller, template, body.message_id)
            shown = previews.show(conn, caller.id, template, text, real)
        return Preview(subject=shown.subject, body=shown.plain, html=shown.html, content=shown.content, message_id=real)

    @router.post("/{template}/test")
    def send_test(
        caller: CurrentCaller,
        context: CommandContextDep,
        template: EditableTemplate,
        body: Draft,
        language: Language = "en",
    ) -> Receipt:
        """Send a text to yourself, with the case of a real e-mail. The result has the id of the e-mail."""
        caller.scope(Permission.MANAGE_MAIL)
        with database.connection() as conn:
            real = case(conn, caller, template, body.message_id)
        return application.send_test(context, template, body.of(language), real)
