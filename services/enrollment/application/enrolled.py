"""What every command on one enrollment does: load it, its offering and the time; decide; record."""

import base64
import secrets
from collections.abc import Callable, Mapping
from datetime import date, datetime
from uuid import UUID

from pydantic import JsonValue

from services.enrollment.application import judging, rows
from services.enrollment.application.assigning import Enrollments
from services.enrollment.application.coming import next_action
from services.enrollment.application.evaluator import Evaluator
from services.enrollment.domain import standing
from services.enrollment.domain.enrollment import Enrollment, enrollment_id
from services.enrollment.domain.learning import Moment
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.standing import Change
from services.enrollment.projections import facts
from shared.database import Connection
from shared.errors import NotFound
from shared.store import Context, Decision, Receipt, Revision, decided_again
from shared.texts import Texts

Decide = Callable[[Enrollment, Offering, Moment], Change | None]
Also = Callable[[Connection, Change], None]


class Enrolled:
    """Commands on enrollments that are there."""

    def __init__(self, ledger: Enrollments, evaluator: Evaluator) -> None:
        self.ledger = ledger
        self._evaluator = evaluator

    @decided_again
    def command(
        self, context: Context, id: UUID, decide: Decide, *, texts: Texts | None = None, also: Also | None = None
    ) -> Receipt:
        """Once for each command id. `also` runs in the same transaction. Raises NotFound, and what `decide` refuses.

        What `decide` reads besides has to be changed only together with events of this enrollment: then it is as new as these.
        """
        if earlier := self.ledger.earlier(context):
            return earlier
        if texts:
            texts.clear()
        state = self.find(id)
        offering, at = self.surroundings(state.offering)
        return self.record(context, state, offering, at, decide(state, offering, at), texts=texts, also=also)

    def record(
        self,
        context: Context,
        state: Enrollment,
        offering: Offering,
        at: Moment,
        change: Change | None,
        *,
        texts: Texts | None = None,
        also: Also | None = None,
        beside: Decision | None = None,
        relied_on: tuple[Revision, ...] = (),
        told: Mapping[str, JsonValue] | None = None,
    ) -> Receipt:
        """Write what was decided, with its texts, and `beside` it. Nothing decided: how it stands, which a repetition is told too.

        `told`: what else is in the result.

        A completion or the end of a term puts the learner in the queue: due dates may count from it, and exceptions hang on it.
        """
        told_now = self._result(change.after if change else state, offering, at.today)
        result: JsonValue = {**told_now, **(told or {})}
        if change is None:
            return self.ledger.record(context, beside or Decision((), context.meta()), result)

        def more(conn: Connection) -> None:
            if texts:
                texts.keep(conn)
            if also:
                also(conn, change)
            if _counts_elsewhere(change) or _judges_anew(change):
                facts.mark(conn, [change.after.person], context.meta())

        decision = rows.decision(change, context.meta(), relied_on)
        return self.ledger.record(context, decision.together(beside) if beside else decision, result, also=more)

    def settled(self, context: Context, person: UUID, on: UUID) -> Receipt:
        """After a command of this person was recorded: carry it out at once, and say how it stands now.

        The person is in the queue already, so that nothing is lost where this comes to nothing.
        """
        self._evaluator.now(person, on, context.meta())
        state = self.ledger.load(enrollment_id(person, on), standing.evolve) or Enrollment.unknown(person, on)
        offering, at = self.surroundings(on)
        earlier = self.ledger.earlier(context)
        told = earlier.result if earlier and isinstance(earlier.result, dict) else {}
        position = self.ledger.store.max_notification_id() or 0
        result = {**told, **self._result(state, offering, at.today)}
        batch = earlier.batch if earlier else context.correlation
        return Receipt(position=f"{self.ledger.name}:{position}", batch=batch, result=result)

    def _result(self, state: Enrollment, offering: Offering, today: date) -> dict[str, JsonValue]:
        with self.ledger.database.connection() as conn:
            action = next_action(conn, state, offering, today).action
        return {
            "enrollment_id": str(state.id),
            "status": state.status(today),
            "next_action": action,
            "steps": [*sorted(state.steps)],
            "serial": state.serial,
        }

    def find(self, id: UUID) -> Enrollment:
        """Raises NotFound."""
        state = self.ledger.load(id, standing.evolve)
        if state is None:
            raise NotFound("There is no such enrollment, or none that you may see.", field="enrollment_id")
        return state

    def surroundings(self, offering: UUID) -> tuple[Offering, Moment]:
        """The offering as the catalogue has it, and the time. Raises NotFound."""
        with self.ledger.database.connection() as conn:
            found = judging.offerings(conn, [offering]).get(offering)
            row = conn.execute("SELECT clock_timestamp(), today()").fetchone()
        if found is None:
            raise NotFound("There is no such offering.", field="offering_id")
        assert row is not None
        now, today = row
        assert isinstance(now, datetime)
        assert isinstance(today, date)
        return found, Moment(now, today, new_serial())


def _counts_elsewhere(change: Change) -> bool:
    """Other trainings of the learner may stand otherwise now (DUE-2, DUE-5)."""
    return change.before.completed_at != change.after.completed_at or (change.before.live and not change.after.live)


def _judges_anew(change: Change) -> bool:
    """What waits, or was refused, waited because of the date that would hold (DUE-6)."""
    before, after = change.before, change.after
    return bool(after.holds) and (before.due, before.due_by_hand) != (after.due, after.due_by_hand)


def new_serial() -> str:
    """Of a certificate: 80 random bits that a person can type."""
    text = base64.b32encode(secrets.token_bytes(10)).decode()
    return "-".join(text[place : place + 4] for place in range(0, 16, 4))
