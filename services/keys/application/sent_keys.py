"""Keys that were sent: reminding those who have not redeemed theirs, and taking keys back (KEY-11)."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field, JsonValue

from services.keys.application.ledger import TrainingKeys, clock
from services.keys.application.rows import after, key_row
from services.keys.domain import keys, sending
from services.keys.domain.keys import Key
from services.keys.domain.pools import Pool
from services.keys.domain.sending import Reminder, Return
from services.keys.projections import mailings as queries
from services.keys.projections.mailings import RecipientRow
from services.keys.projections.tables import KeyRow
from shared.auth import Scope
from shared.database import Connection
from shared.errors import ConflictLost, Invalid, NotFound
from shared.events import Event
from shared.limits import MANY, Remark
from shared.store import CommandContext, Decision, Receipt, Row, command, decided_again
from shared.texts import Texts


class Reminded(BaseModel):
    """`recipients` null: everybody of the pool who has not redeemed and may be reminded now."""

    recipients: list[UUID] | None = Field(default=None, min_length=1, max_length=MANY)


class TakenBack(BaseModel):
    """`then`: what becomes of each key. Of one whose e-mail has gone out, `free` means that whoever has the e-mail may be faster
    than the next one who is sent it; the result says of which ones that is so."""

    recipients: list[UUID] = Field(min_length=1, max_length=MANY)
    then: Literal["free", "revoke"] = "free"
    reason: Remark | None = None


class SentKeys:
    """`most`: recipients of one command. `pause`: nobody is reminded more often."""

    def __init__(self, ledger: TrainingKeys, most: int, pause: timedelta) -> None:
        self._ledger = ledger
        self._most = most
        self._pause = pause

    @decided_again
    @command
    def remind(self, context: CommandContext, scope: Scope, pool_id: UUID, asked: Reminded) -> Receipt:
        """The same key again, to those who have not redeemed it. The result says of each recipient what became of it."""
        self._check(asked.recipients or ())
        with self._ledger.database.transaction(
            snapshot=True
        ) as conn:  # when it was reminded, and the version of its key
            pool, now = self._ledger.pool(conn, scope, pool_id), clock(conn)
            sending.check_pool(pool, now)
            wanted = asked.recipients or queries.unredeemed(conn, pool_id, self._pause, now, self._most)
            found, rows = _found(conn, pool, wanted)
        changed: list[tuple[KeyRow, Key, Sequence[Event]]] = []
        versions: dict[UUID, int] = {}
        outcomes: dict[UUID, Reminder] = {}
        for id in dict.fromkeys(wanted):
            row = found[id]
            key = _key(rows[row.key], row)
            outcomes[id], events = sending.remind(key, pool, id, row.person, row.last_at, now, self._pause)
            if events:
                versions[id] = events[-1].originator_version
                changed.append((rows[row.key], key, events))

        def also(conn: Connection) -> None:
            queries.reminded(conn, versions, now)

        return self._record(context, changed, {str(id): {"outcome": outcome} for id, outcome in outcomes.items()}, also)

    @decided_again
    @command
    def take_back(self, context: CommandContext, scope: Scope, pool_id: UUID, asked: TakenBack) -> Receipt:
        """Keys that were sent and not redeemed are free again, or revoked. E-mail that still waits is not sent."""
        self._check(asked.recipients)
        texts = Texts()
        with self._ledger.database.transaction(snapshot=True) as conn:
            pool, now = self._ledger.pool(conn, scope, pool_id), clock(conn)
            found, rows = _found(conn, pool, asked.recipients)
        changed: list[tuple[KeyRow, Key, Sequence[Event]]] = []
        told: dict[UUID, bool] = {}
        results: dict[str, JsonValue] = {}
        ref = texts.ref(context.actor, asked.reason) if asked.then == "revoke" else None
        for id in dict.fromkeys(asked.recipients):
            row = found[id]
            key = _key(rows[row.key], row)
            outcome: Return = sending.may_take_back(key, id)
            if outcome == "free":
                told[id] = row.told
                if asked.then == "revoke":
                    outcome = "revoked"
                    events: Sequence[Event] = keys.revoke(key, ref, end_assignment=None, override=False)
                else:
                    events = (sending.take_back(key, id, row.person),)
                changed.append((rows[row.key], key, events))
            results[str(id)] = {"outcome": outcome, "may_be_known": row.told}

        def also(conn: Connection) -> None:
            if queries.end(conn, told, now) != len(told):
                raise ConflictLost("One of these e-mails is going out at this moment. Try again.")
            texts.keep(conn)

        return self._record(context, changed, results, also)

    @command
    def forget(self, context: CommandContext, scope: Scope, pool_id: UUID, recipient: UUID) -> Receipt:
        """Remove a typed address; who was sent a key stays on record without it, and is sent nothing any more."""
        with self._ledger.database.connection() as conn:
            pool = self._ledger.pool(conn, scope, pool_id)
            _found(conn, pool, [recipient])

        def also(conn: Connection) -> None:
            queries.forget(conn, pool.id, recipient)

        return self._ledger.record(context, Decision((), context.meta()), {"recipient_id": str(recipient)}, also=also)

    def _check(self, recipients: Sequence[UUID]) -> None:
        if len(recipients) > self._most:
            raise Invalid(
                f"One command can name at most {self._most} recipients (ROLLBOOK_KEY_MAILING_LIMIT). Send several.",
                field="recipients",
            )

    def _record(
        self,
        context: CommandContext,
        changed: Sequence[tuple[KeyRow, Key, Sequence[Event]]],
        results: dict[str, JsonValue],
        also: Callable[[Connection], None],
    ) -> Receipt:
        with self._ledger.database.connection() as conn:
            now = clock(conn)
        events = tuple(event for _, _, some in changed for event in some)
        rows: tuple[Row, ...] = tuple(key_row(row, after(key, list(some)), now) for row, key, some in changed)
        decision = Decision(events, context.meta(), updated=rows)
        return self._ledger.record(context, decision, {"changed": len(changed), "recipients": results}, also=also)


def _found(conn: Connection, pool: Pool, ids: Sequence[UUID]) -> tuple[dict[UUID, RecipientRow], dict[UUID, KeyRow]]:
    """Raises NotFound where one was sent no key of this pool."""
    found = queries.rows(conn, pool.id, ids)
    if missing := next((id for id in ids if id not in found), None):
        raise NotFound(f"Recipient {missing} was sent no key of this pool.", field="recipients")
    return found, queries.keys_of(conn, [row.key for row in found.values()])


def _key(row: KeyRow, recipient: RecipientRow) -> Key:
    """The key as its row tells it: of so many, events are not read one by one."""
    return Key(
        row.id,
        row.revision,
        row.pool,
        row.fingerprint,
        row.generated,
        row.state,
        person=row.person,
        assignment=row.assignment,
        recipient=None if recipient.ended else recipient.id,
    )
