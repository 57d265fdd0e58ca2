"""Routes of the ledger (NTF-4, NTF-7)."""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from services.notifier.application import Notifier
from services.notifier.domain import Action, State
from services.notifier.projections.ledger import Entry, Filter, Message, OwnEntry, counts, entries, message, own_entries
from shared.auth import CurrentCaller, Permission, Scope
from shared.contracts.notifications import Template
from shared.errors import NotFound
from shared.http import AtLeast, CommandContextDep, Cursor, IfMatch, PageSize, PreferWait, etag
from shared.readmodel import Page, cursor_decode, cursor_number, page_of, wait_for
from shared.store import Receipt

AT_LEAST_SECONDS = 5.0


class Counts(BaseModel):
    """How many e-mails are in each state."""

    waiting: int
    held: int
    sending: int
    sent: int
    failed: int
    withdrawn: int
    unknown: int


class Settlement(BaseModel):
    """What a person found out about an e-mail whose fate was unknown."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["sent", "failed"]


def number_of(cursor: str | None) -> int | None:
    """The number in a cursor of these lists. Raises Invalid."""
    return cursor_decode(cursor, cursor_number)[0] if cursor else None


def ledger_routes(application: Notifier) -> APIRouter:
    router = APIRouter(prefix="/api/notifier", tags=["ledger"])
    _reading(router, application)
    _deciding(router, application)
    return router


def _reading(router: APIRouter, application: Notifier) -> None:
    database = application.database

    @router.get("/ledger")
    def list_ledger(
        caller: CurrentCaller,
        size: PageSize,
        wait: PreferWait,
        cursor: Cursor = None,
        state: State | None = None,
        person_id: UUID | None = None,
        offering_id: UUID | None = None,
        template: Template | None = None,
        enrollment_id: UUID | None = None,
        at_least: AtLeast = None,
    ) -> Page[Entry]:
        """List every reason for an e-mail, newest first, with its outcome."""
        scope = caller.scope(Permission.READ_MAIL)
        wanted = Filter(state, person_id, offering_id, template, enrollment_id, before=number_of(cursor))
        wait_for(database, at_least, wait or AT_LEAST_SECONDS)
        with database.connection() as conn:
            found = entries(conn, scope, wanted, size + 1)
        return page_of(found, size, lambda entry: [entry.number])

    @router.get("/ledger/mine")
    def list_own(
        caller: CurrentCaller,
        size: PageSize,
        wait: PreferWait,
        cursor: Cursor = None,
        offering_id: UUID | None = None,
        enrollment_id: UUID | None = None,
        at_least: AtLeast = None,
    ) -> Page[OwnEntry]:
        """List the e-mails to the caller, newest first. Needs no permission (LRN-8)."""
        wanted = Filter(offering=offering_id, enrollment=enrollment_id, before=number_of(cursor))
        wait_for(database, at_least, wait or AT_LEAST_SECONDS)
        with database.connection() as conn:
            found = own_entries(conn, caller.id, wanted, size + 1)
        return page_of(found, size, lambda entry: [entry.number])

    @router.get("/counts")
    def count_states(caller: CurrentCaller) -> Counts:
        """Count the e-mails in each state."""
        scope = caller.scope(Permission.READ_MAIL)
        with database.connection() as conn:
            return Counts.model_validate({state.value: n for state, n in counts(conn, scope).items()})

    @router.get("/messages/{id}")
    def read_message(id: UUID, caller: CurrentCaller, response: Response) -> Message:
        """Show one e-mail with its reasons and what people decided about it. Send its ETag as If-Match."""
        found = _visible(application, caller.scope(Permission.READ_MAIL), id)
        response.headers["ETag"] = etag(found.revision)
        return found


def _deciding(router: APIRouter, application: Notifier) -> None:
    def decide(
        id: UUID, action: Action, caller: CurrentCaller, context: CommandContextDep, expected: int | None
    ) -> Receipt:
        _visible(application, caller.scope(Permission.SETTLE_MAIL), id)
        return application.decide(context, id, action, expected)

    @router.post("/messages/{id}/resend")
    def resend(id: UUID, caller: CurrentCaller, context: CommandContextDep, expected: IfMatch) -> Receipt:
        """Send an e-mail of unknown outcome again, with the same Message-ID; the recipient may get it twice."""
        return decide(id, "resend", caller, context, expected)

    @router.post("/messages/{id}/settle")
    def settle(
        id: UUID, body: Settlement, caller: CurrentCaller, context: CommandContextDep, expected: IfMatch
    ) -> Receipt:
        """Record what happened to an e-mail of unknown outcome. Nothing is sent."""
        return decide(id, "settled-sent" if body.outcome == "sent" else "settled-failed", caller, context, expected)

    @router.post("/messages/{id}/retry")
    def retry(id: UUID, caller: CurrentCaller, context: CommandContextDep, expected: IfMatch) -> Receipt:
        """Try a failed e-mail again, with a full number of attempts."""
        return decide(id, "retry", caller, context, expected)

    @router.post("/restored")
    def restored(caller: CurrentCaller, context: CommandContextDep) -> Receipt:
        """After this database was restored: e-mails that may already have been sent become unknown and are not sent again."""
        caller.everywhere(Permission.OPERATE)
        return application.begin_again(context)


def _visible(application: Notifier, scope: Scope, id: UUID) -> Message:
    with application.database.connection() as conn:
        found = message(conn, scope, id)
    if found is None:
        raise NotFound("There is no such e-mail, or it was sent to someone outside your organisations.", field="id")
    return found
