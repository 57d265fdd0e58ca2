"""Routes of what is held until a person releases or drops it (NTF-3)."""

from uuid import UUID

from fastapi import APIRouter

from services.notifier.api.ledger import number_of
from services.notifier.application import Notifier
from services.notifier.projections import held_mails
from services.notifier.projections.held_mails import HeldBatch
from shared.auth import CurrentCaller, Permission
from shared.errors import NotFound
from shared.http import CommandContextDep, Cursor, PageSize
from shared.readmodel import Page, page_of
from shared.store import Receipt


def held_mail_routes(application: Notifier) -> APIRouter:
    router = APIRouter(prefix="/api/notifier/held", tags=["held"])
    database = application.database

    @router.get("")
    def list_held(caller: CurrentCaller, size: PageSize, cursor: Cursor = None) -> Page[HeldBatch]:
        """List what is held, by the command that caused it, newest first, with how many e-mails of each kind."""
        scope = caller.scope(Permission.HOLD_MAIL)
        with database.connection() as conn:
            found = held_mails.held_batches(conn, scope, size + 1, before=number_of(cursor))
        return page_of(found, size, lambda one: [one.number])

    @router.get("/{batch_id}")
    def read_held(batch_id: UUID, caller: CurrentCaller) -> HeldBatch:
        """Show what is held of one batch."""
        scope = caller.scope(Permission.HOLD_MAIL)
        with database.connection() as conn:
            found = held_mails.held_batches(conn, scope, 1, batch=batch_id)
        if not found:
            raise NotFound(
                "No e-mail of this batch is held, or none to people in your organisations.", field="batch_id"
            )
        return found[0]

    @router.post("/{batch_id}/release")
    def release(batch_id: UUID, caller: CurrentCaller, context: CommandContextDep) -> Receipt:
        """Let the e-mails of a batch go that are held now. Each is looked at again before it is sent: one whose reason is gone is
        withdrawn."""
        return application.order(context, caller.scope(Permission.HOLD_MAIL), batch_id, "release")

    @router.post("/{batch_id}/drop")
    def drop(batch_id: UUID, caller: CurrentCaller, context: CommandContextDep) -> Receipt:
        """Never send the e-mails of a batch that are held now."""
        return application.order(context, caller.scope(Permission.HOLD_MAIL), batch_id, "drop")

    return router
