"""A person's word on e-mails: send again what is unknown, settle it, try again what failed (NTF-4, NTF-7)."""

from collections.abc import Callable
from uuid import UUID

from pydantic import JsonValue

from services.notifier.domain import Action, State, decided
from shared.database import Connection
from shared.errors import NotFound, Stale
from shared.store import Context, Decision, Ledger, Receipt

_CHANGE = """
UPDATE message SET state = %s, reason = %s, ready = false, due_at = now(), mailer = NULL,
    attempts = CASE WHEN %s = 'waiting' THEN 0 ELSE attempts END, revision = revision + 1, changed_at = now()
WHERE id = %s RETURNING revision
"""
_DECIDE = "INSERT INTO message_decision (message_id, revision, action, actor, batch) VALUES (%s, %s, %s, %s, %s)"
_BEGIN_AGAIN = """
UPDATE message SET state = 'unknown', reason = 'before-restore', mailer = NULL, revision = revision + 1,
    changed_at = now()
WHERE state IN ('waiting', 'sending')
"""


class Notifier(Ledger):
    """Commands of the notifier. It has no events: an e-mail is an effect, and the ledger is its record (DESIGN 5)."""

    name = "notifier"

    def decide(self, context: Context, message: UUID, action: Action, expected: int | None) -> Receipt:
        """Carry out a person's word, once, and keep who gave it. Raises NotFound, Stale, Conflict."""

        def also(conn: Connection) -> None:
            row = conn.execute("SELECT state, revision FROM message WHERE id = %s FOR UPDATE", [message]).fetchone()
            if row is None:
                raise NotFound("There is no such e-mail.", field="id")
            state, revision = State(str(row[0])), int(str(row[1]))
            if expected is not None and expected != revision:
                raise Stale(
                    f"If-Match names version {expected}, the current one is {revision}. Read it again.",
                    field="If-Match",
                    current=revision,
                )
            then = decided(action, state)
            reason = action if then is not State.WAITING else None
            conn.execute(_CHANGE, [then, reason, then, message])
            conn.execute(_DECIDE, [message, revision + 1, action, context.actor, context.correlation])

        return self._command(context, {"message": str(message), "action": action}, also)

    def begin_again(self, context: Context) -> Receipt:
        """After a restore: what waits, or is for events recorded so far, may have been sent already, and is unknown."""

        def also(conn: Connection) -> None:
            conn.execute("UPDATE ledger_start SET since = clock_timestamp()")
            conn.execute(_BEGIN_AGAIN)

        return self._command(context, None, also)

    def _command(self, context: Context, result: JsonValue, also: Callable[[Connection], None]) -> Receipt:
        return self.earlier(context) or self.record(context, Decision((), context.meta()), result, also=also)
