"""Redeeming a key: it is reserved here, enrollment answers, and the answer is carried out (KEY-4, KEY-6)."""

import threading
import time
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID, uuid5

from services.keys.application.ledger import TrainingKeys, belonging, clock, course
from services.keys.application.rows import after, key_row
from services.keys.application.vault import Vault
from services.keys.domain import keys
from services.keys.domain.keys import Key, Learner
from services.keys.projections import admissions, redemptions
from services.keys.projections import keys as key_queries
from services.keys.projections.redemptions import RedemptionView
from services.keys.projections.tables import REDEMPTION, RedemptionRow, RedemptionState
from shared.attempts import Attempts
from shared.database import Connection, Database, keep_stepping
from shared.errors import Conflict, ConflictLost, Corrupt, NotFound, Refusal
from shared.events import Event, Meta
from shared.set_aside import SetAside, SetAsideRow, passing
from shared.store import CommandContext, Decision, Row, decided_again

_REDEMPTIONS = UUID("5d0ad7c5-9b3e-4c58-8f67-2f1f8d3f4b27")
"""The name space of the ids of redemptions."""
_FIRST_LOOK, _LONGEST_LOOK = 0.02, 0.25
_CHUNK = 500
_WRONG = "wrong"
"""The kind of problem of a key that there is not: a guess, or a slip of the hand."""


class Entered(NamedTuple):
    """What a learner's key led to: a redemption. `own`: it was there before, by the same learner."""

    redemption: UUID
    own: bool


class Redemptions:
    """What learners do with keys. `patience`: seconds that they wait for enrollment where they do not say how many; `waiters`: so
    many wait at once, since each holds a thread: all others are told at once to ask again."""

    def __init__(
        self, ledger: TrainingKeys, vault: Vault, attempts: Attempts, *, patience: float, waiters: int
    ) -> None:
        self._ledger = ledger
        self._attempts = attempts
        self._vault = vault
        self.patience = patience
        self._places = threading.BoundedSemaphore(waiters)

    def enter(self, context: CommandContext, text: str, address: str) -> Entered:
        """Reserve the key for whoever entered it. Guesses are limited by address and person; what is no guess is not counted
        (KEY-9). Raises TooManyAttempts."""
        with self._attempts.counted("key", address=address, account=str(context.actor)) as attempt:
            try:
                entered = self.reserve(context, text)
            except Refusal as refusal:
                if refusal.kind != _WRONG:
                    attempt.succeeded()
                raise
            attempt.succeeded()
            return entered

    @decided_again
    def reserve(self, context: CommandContext, text: str) -> Entered:
        """Of those who enter one at the same instant, one gets it (KEY-4)."""
        if (earlier := self._ledger.find_receipt(context)) and isinstance(earlier.result, dict):
            return Entered(UUID(str(earlier.result["redemption_id"])), own=False)
        with self._ledger.database.connection() as conn:
            id = key_queries.by_hash(conn, self._vault.hashes(text))
        if id is None:
            raise self._wrong()
        key = self._ledger.key_of(id)
        if key.person == context.actor and key.redemption and key.state in ("reserved", "redeemed") and not key.held:
            return Entered(key.redemption, own=True)
        redemption = uuid5(_REDEMPTIONS, f"{context.actor}/{context.command_id}")
        self._reserve(context, key, redemption)
        return Entered(redemption, own=False)

    def _wrong(self) -> NotFound:
        return NotFound("There is no such key. Check it, letter by letter.", field="key", kind=_WRONG)

    def _reserve(self, context: CommandContext, key: Key, redemption: UUID) -> None:
        pool = self._ledger.pool_of(key.pool)
        with self._ledger.database.connection() as conn:
            person = belonging(conn, context.actor, pool)
            row, now = key_queries.row(conn, key.id), clock(conn)
            offering = course(conn, pool.offering)
        if row is None:
            raise Corrupt(f"key {key.id} has no row")
        learner = Learner(context.actor, active=person.active, belongs=person.belongs)
        events = keys.reserve(key, pool, offering, learner, redemption, now)
        kept = RedemptionRow(redemption, 1, key.id, context.actor, pool.offering, "reserved", None, None, now)
        decision = Decision(
            tuple(events),
            context.meta(),
            inserted=(Row(REDEMPTION, kept),),
            updated=(key_row(row, after(key, events), now),),
        )
        self._ledger.record(context, decision, {"redemption_id": str(redemption)})

    def find(self, id: UUID, person: UUID) -> RedemptionView:
        """Raises NotFound, also for somebody else's."""
        with self._ledger.database.connection() as conn:
            found = redemptions.view(conn, id, person)
        if found is None:
            raise NotFound("There is no such redemption of yours.", field="redemption_id")
        return found

    def wait(self, id: UUID, person: UUID, seconds: float) -> RedemptionView:
        """As it stands once enrollment has answered and tells what holds the learner, or after so long."""
        if (found := self.find(id, person)).told or not self._places.acquire(blocking=False):
            return found
        deadline, pause = time.monotonic() + seconds, _FIRST_LOOK
        try:
            while not found.told and time.monotonic() < deadline:
                time.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_LOOK)
                found = self.find(id, person)
            return found
        finally:
            self._places.release()


class Settlement:
    """A worker that carries out enrollment's answers: the key is redeemed with its assignment, or free without one.

    Idempotent, therefore resumable: an answer is forgotten in the transaction that carries it out.
    """

    name = "keys redemptions"

    def __init__(self, ledger: TrainingKeys, pause: float) -> None:
        self._ledger = ledger
        self._database: Database = ledger.database
        self._pause = pause
        self._aside = SetAside(self._database, self.name)

    def run(self, stop: threading.Event) -> None:
        keep_stepping(stop, self.step, self._pause, worker=self.name, also=(Conflict,))

    def step(self) -> int:
        """Returns how many answers were carried out. Raises Conflict where a key was overtaken: the next step repeats it."""
        with self._database.connection() as conn:
            waiting = admissions.unsettled(conn, self.name, _CHUNK)
        for redemption, meta in waiting:
            try:
                self._settle(redemption, Meta.model_validate_json(meta))
            except Exception as error:
                if passing(error) or isinstance(error, ConflictLost):
                    raise
                self._aside.put(redemption, "redemption", error)
        return len(waiting)

    def _settle(self, redemption: UUID, meta: Meta) -> None:
        with self._database.connection() as conn:
            answer = admissions.find(conn, redemption)
            asked = redemptions.row(conn, redemption)
            row = key_queries.row(conn, asked.key) if asked else None
            now = clock(conn)
        if answer is None or asked is None or row is None:
            raise Corrupt(f"enrollment answered redemption {redemption}, which is not known here")
        key = self._ledger.key_of(asked.key)
        events: list[Event]
        state: RedemptionState
        if answer.assignment:
            events, state = keys.redeem(key, redemption, answer.assignment), "redeemed"
        else:
            events, state = keys.release(key, redemption, answer.kind or "refused"), "released"
        settled = asked._replace(
            revision=asked.revision + 1, state=state, assignment=answer.assignment, kind=answer.kind
        )
        updated = (key_row(row, after(key, events), now), Row(REDEMPTION, settled)) if events else ()
        self._record(redemption, meta, Decision(tuple(events), meta, updated=updated))

    def _record(self, redemption: UUID, meta: Meta, decision: Decision) -> None:
        context = CommandContext.system(f"settle/{redemption}", correlation=meta.correlation)
        context = replace(context, reason_code=meta.reason_code, causation=meta.causation)

        def done(conn: Connection) -> None:
            admissions.settled(conn, redemption)

        self._ledger.record(
            context, replace(decision, meta=context.meta()), {"redemption_id": str(redemption)}, also=done
        )

    def retry(self, row: SetAsideRow, meta: Meta) -> None:  # noqa: ARG002
        """Carry it out once more. Raises what it crashes with."""
        with self._database.connection() as conn:
            told = admissions.meta_of(conn, row.subject)
        if told is not None:
            self._settle(row.subject, Meta.model_validate_json(told))

    def drop(self, conn: Connection, row: SetAsideRow) -> None:
        """The answer is given up: the key stays reserved."""
        admissions.settled(conn, row.subject)
