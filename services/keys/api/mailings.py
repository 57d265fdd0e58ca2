"""Keys by e-mail: sending, who was sent which, reminding, taking back (KEY-11)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.keys.api.dependencies import (
    MANAGE,
    READ,
    DatabaseDep,
    KeyCommandsDep,
    MailingsDep,
    PoolTemplatesDep,
    SentKeysDep,
)
from services.keys.api.jobs import answer
from services.keys.application.mail_texts import MailTexts, TemplateView
from services.keys.application.mailings import MailingPreview, NewMailing, RecipientResult
from services.keys.application.sent_keys import Reminded, TakenBack
from services.keys.projections import mailings
from services.keys.projections.mailings import RecipientItem
from shared.auth import CurrentCaller
from shared.documents import JOB
from shared.errors import NotFound
from shared.http import CommandContextDep, Cursor, IfMatch, PageSize, PreferWait, etag
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/keys", tags=["mailings"])

_PREVIEW: dict[int | str, dict[str, Any]] = {
    200: {"model": MailingPreview, "description": "Of a dry run: nobody was sent anything"}
}


class MailingView(BaseModel):
    """What became of each recipient of a mailing; null as long as its job has not done it."""

    id: UUID
    at: datetime
    results: list[RecipientResult] | None


@router.get("/pools/{pool_id}/mail-template")
def show_template(
    caller: CurrentCaller, database: DatabaseDep, templates: PoolTemplatesDep, response: Response, pool_id: UUID
) -> TemplateView:
    """Show the texts that go with the keys of a pool, and which placeholders there are."""
    with database.connection() as conn:
        found = templates.view(conn, caller.scope(READ), pool_id)
    response.headers["ETag"] = etag(found.version)
    return found


@router.put("/pools/{pool_id}/mail-template")
def save_template(
    caller: CurrentCaller,
    context: CommandContextDep,
    templates: PoolTemplatesDep,
    pool_id: UUID,
    expected: IfMatch,
    body: MailTexts,
) -> Receipt:
    """Replace the texts; send the ETag you read as If-Match. The text has to say {key}, and the subject must not."""
    return templates.save(context, caller.scope(MANAGE), pool_id, body, expected)


@router.post("/pools/{pool_id}/mailings", status_code=201, responses={**JOB, **_PREVIEW})
def send_keys(
    caller: CurrentCaller,
    context: CommandContextDep,
    key_commands: KeyCommandsDep,
    mailing_commands: MailingsDep,
    database: DatabaseDep,
    wait: PreferWait,
    response: Response,
    pool_id: UUID,
    body: NewMailing,
) -> Receipt | MailingPreview:
    """Send each recipient a free key of the pool. The result says of each person and each line of addresses what became of it:
    sent, bad-address, duplicate, already-sent, already-redeemed, other-organisation, inactive-person.

    Too few free keys: refused (`too-few-keys`), and nobody is sent anything. Many recipients work in a job, which is answered with
    202. With `dry_run` nothing happens: the answer says what would, and shows the e-mail.
    """
    scope = caller.scope(MANAGE)
    if body.dry_run:
        response.status_code = 200
        return mailing_commands.preview(scope, pool_id, body, caller.id)
    receipt = mailing_commands.send(key_commands.hushed(context), scope, pool_id, body)
    if isinstance(receipt.result, dict) and "job_id" in receipt.result:
        return answer(database, receipt, response, wait)
    return receipt


@router.get("/pools/{pool_id}/mailings")
def list_recipients(
    caller: CurrentCaller,
    database: DatabaseDep,
    size: PageSize,
    pool_id: UUID,
    mailing_id: UUID | None = None,
    cursor: Cursor = None,
) -> Page[RecipientItem]:
    """List who was sent which key of the pool, the newest first, with what became of the e-mail and of the key."""
    scope = caller.scope(READ)
    with database.connection() as conn:
        return mailings.page(conn, scope, pool_id, mailing_id, cursor, size)


@router.get("/pools/{pool_id}/mailings/{mailing_id}")
def show_mailing(caller: CurrentCaller, database: DatabaseDep, pool_id: UUID, mailing_id: UUID) -> MailingView:
    """Show what became of each recipient of a mailing."""
    with database.connection() as conn:
        found = mailings.results_of(conn, caller.scope(READ), pool_id, mailing_id)
    if found is None:
        raise NotFound("There is no such mailing, or none that you may see.", field="mailing_id")
    return MailingView.model_validate({"id": mailing_id, "at": found.at, "results": found.results})


@router.post("/pools/{pool_id}/mailings/remind")
def remind(
    caller: CurrentCaller, context: CommandContextDep, sent_keys: SentKeysDep, pool_id: UUID, body: Reminded
) -> Receipt:
    """Send those who have not redeemed theirs the same key again, at most once in `ROLLBOOK_KEY_REMINDER_DAYS`. The result says of
    each recipient: reminded, too-soon, redeemed, being-redeemed, revoked, taken-back."""
    return sent_keys.remind(context, caller.scope(MANAGE), pool_id, body)


@router.post("/pools/{pool_id}/mailings/take-back")
def take_back(
    caller: CurrentCaller, context: CommandContextDep, sent_keys: SentKeysDep, pool_id: UUID, body: TakenBack
) -> Receipt:
    """Take back keys that were sent and not redeemed: free again, or revoked; e-mail that waits is not sent. The result says of
    each recipient: free, revoked, redeemed, being-redeemed, already-revoked, taken-back; and whether the key may be known."""
    return sent_keys.take_back(context, caller.scope(MANAGE), pool_id, body)


@router.delete("/pools/{pool_id}/recipients/{recipient_id}/address")
def remove_address(
    caller: CurrentCaller, context: CommandContextDep, sent_keys: SentKeysDep, pool_id: UUID, recipient_id: UUID
) -> Receipt:
    """Remove an address that somebody typed. That a key was sent stays on record."""
    return sent_keys.forget(context, caller.scope(MANAGE), pool_id, recipient_id)
