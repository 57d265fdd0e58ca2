"""A person's word on e-mails: send again what is unknown, settle it, try again what failed (NTF-4, NTF-7)."""

from typing import NamedTuple
from uuid import UUID

from services.notifier.application.commands import Commands, check_revision
from services.notifier.domain import Action, State, decided
from shared.database import Connection, fetch_one
from shared.errors import NotFound
from shared.store import CommandContext, Receipt

_CHANGE = """
UPDATE message SET state = %s, reason = %s, ready = false, due_at = now(), mailer = NULL,
    attempts = CASE WHEN %s = 'waiting' THEN 0 ELSE attempts END, revision = revision + 1, changed_at = now()
WHERE id = %s RETURNING revision
"""
_DECIDE = "INSERT INTO message_decision (message_id, revision, action, actor, batch) VALUES (%s, %s, %s, %s, %s)"
_BEGIN_AGAIN = """
UPDATE message SET state = 'unknown', reason = 'before-restore', mailer = NULL, revision = revision + 1,
    changed_at = now()
WHERE state IN ('waiting', 'held', 'sending')
"""


class _Message(NamedTuple):
    state: str
    revision: int


class Messages(Commands):
    """About e-mails that are there."""

    def decide(self, context: CommandContext, message: UUID, action: Action, expected: int | None) -> Receipt:
        """Carry out a person's word, once, and keep who gave it. Raises NotFound, Stale, Conflict."""

        def also(conn: Connection) -> None:
            query = "SELECT state, revision FROM message WHERE id = %s FOR UPDATE"
            row = fetch_one(conn, _Message, query, [message])
            if row is None:
                raise NotFound("There is no such e-mail.", field="id")
            state, revision = State(row.state), row.revision
            check_revision(expected, revision)
            then = decided(action, state)
            reason = action if then is not State.WAITING else None
            conn.execute(_CHANGE, [then, reason, then, message])
            conn.execute(_DECIDE, [message, revision + 1, action, context.actor, context.correlation])

        return self.command(context, {"message": str(message), "action": action}, also)

    def begin_again(self, context: CommandContext) -> Receipt:
        """After a restore: what waits, or is for events recorded so far, may have been sent already, and is unknown."""

        def also(conn: Connection) -> None:
            conn.execute("UPDATE ledger_start SET since = clock_timestamp()")
            conn.execute(_BEGIN_AGAIN)

        return self.command(context, None, also)
