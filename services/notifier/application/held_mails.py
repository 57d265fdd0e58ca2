"""A person's word on what is held: release it, or drop it (NTF-3)."""

from uuid import UUID, uuid4

from services.notifier.application.commands import Commands
from services.notifier.projections import held_mails
from services.notifier.projections.held_mails import HeldAction, Order
from shared.auth import Scope
from shared.database import Connection
from shared.errors import NotFound
from shared.store import CommandContext, Receipt


class HeldMails(Commands):
    """About the e-mails of a batch to people in scope that are held now; what comes to it later waits for another word."""

    def order(self, context: CommandContext, scope: Scope, batch: UUID, action: HeldAction) -> Receipt:
        """It is carried out by a worker, set by set. Raises NotFound where nothing is held any more."""
        if (receipt := self.find_receipt(context)) is not None:
            return receipt
        with self.database.connection() as conn:
            found = held_mails.extent(conn, scope, batch)
        if not found.emails:
            raise NotFound(
                "No e-mail of this batch is held: they were released, dropped or withdrawn, or are for people outside your "
                "organisations. List what is held again.",
                field="batch_id",
            )
        order = Order(
            id=uuid4(),
            batch=batch,
            command=context.correlation,
            action=action,
            actor=context.actor,
            everything=scope.everything,
            organisations=list(scope.organisations),
            up_to=found.up_to,
        )

        def also(conn: Connection) -> None:
            held_mails.put(conn, order)

        return self.command(context, {"batch": str(batch), "action": action, "emails": found.emails}, also)
