"""Routes of the mail catcher, there only while it runs. An address goes in a body, never in a URL."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from services.notifier.api.ledger import number_of
from services.notifier.catcher import headers, parse
from services.notifier.projections.caught import Caught, caught, raw
from shared.addresses import NotAnAddress, read_address
from shared.auth import CurrentCaller, Permission, Scope
from shared.database import Database
from shared.errors import NotFound
from shared.http import Cursor, PageSize
from shared.limits import Cursor as CursorText
from shared.limits import Number, Text
from shared.readmodel import Page, page_of

Address = Annotated[str, Text(320)]


class Search(BaseModel):
    """Which caught e-mails: the whole address `to`, of any case."""

    model_config = ConfigDict(extra="forbid")

    to: Address | None = None
    person_id: UUID | None = None
    cursor: CursorText | None = None


class Letter(BaseModel):
    """A caught e-mail, whole."""

    id: int
    headers: list[tuple[str, str]]
    text: str | None
    html: str | None


def caught_routes(database: Database) -> APIRouter:
    router = APIRouter(prefix="/api/notifier/caught", tags=["mail catcher"])

    def page(
        scope: Scope, size: int, cursor: str | None, *, person: UUID | None = None, to: str | None = None
    ) -> Page[Caught]:
        with database.connection() as conn:
            found = caught(conn, scope, person=person, to=to, before=number_of(cursor), limit=size + 1)
        return page_of(found, size, lambda mail: [mail.id])

    @router.get("")
    def list_caught(
        caller: CurrentCaller,
        size: PageSize,
        cursor: Cursor = None,
        person_id: Annotated[UUID | None, Query(description="Only e-mails sent to this person")] = None,
    ) -> Page[Caught]:
        """List the caught e-mails, newest first."""
        return page(caller.scope(Permission.READ_MAIL), size, cursor, person=person_id)

    @router.post("/search")
    def search_caught(body: Search, caller: CurrentCaller, size: PageSize) -> Page[Caught]:
        """Search the caught e-mails, also by address."""
        to = body.to and _as_sent(body.to)
        return page(caller.scope(Permission.READ_MAIL), size, body.cursor, person=body.person_id, to=to)

    @router.get("/{id}")
    def read_caught(id: Number, caller: CurrentCaller) -> Letter:
        scope = caller.scope(Permission.READ_MAIL)
        with database.connection() as conn:
            content = raw(conn, scope, id)
        if content is None:
            raise NotFound("There is no such caught e-mail.", field="id")
        return _letter(id, content)

    return router


def _as_sent(typed: str) -> str:
    try:
        return str(read_address(typed))
    except NotAnAddress:
        return typed


def _letter(id: int, content: bytes) -> Letter:
    message = parse(content)
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    return Letter(
        id=id,
        headers=headers(message),
        text=str(plain.get_content()) if plain else None,
        html=str(html.get_content()) if html else None,
    )
