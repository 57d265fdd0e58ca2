"""What every command on one enrollment does: load it, its offering and the time; decide; record."""

import base64
import secrets
from collections.abc import Callable, Mapping
from datetime import date, datetime
from uuid import UUID

from pydantic import JsonValue

from services.enrollment.application.enrollments.self_enrollment import next_action
from services.enrollment.application.evaluation import evaluate, state_rows
from services.enrollment.application.evaluation.evaluator import Evaluator
from services.enrollment.application.ledger import Enrollments
from services.enrollment.domain.enrollment import Enrollment, evolve
from services.enrollment.domain.enrollment_ids import enrollment_id
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.progress import Moment
from services.enrollment.domain.self_enrollment import untold
from services.enrollment.domain.transitions import Transition
from services.enrollment.projections import enrollments, facts
from shared.database import Connection
from shared.errors import NotFound
from shared.store import CommandContext, Decision, Receipt, Revision, command, decided_again
from shared.texts import Texts

Decide = Callable[[Enrollment, Offering, Moment], Transition | None]
Also = Callable[[Connection, Transition], None]


class EnrollmentCommands:
    """Commands on enrollments that are there."""

    def __init__(self, ledger: Enrollments, evaluator: Evaluator) -> None:
        self.ledger = self._ledger = ledger
        self._evaluator = evaluator

    @decided_again
    @command
    def command(
        self, context: CommandContext, id: UUID, decide: Decide, *, texts: Texts | None = None, also: Also | None = None
    ) -> Receipt:
        """Once for each command id. `also` runs in the same transaction. Raises NotFound, and what `decide` refuses.

        What `decide` reads besides has to be changed only together with events of this enrollment: then it is as new as these.
        """
        if texts:
            texts.clear()
        state = self.find(id)
        offering, moment = self.surroundings(state.offering)
        change = decide(state, offering, moment)
        return self.record(context, state, offering, moment, change=change, texts=texts, also=also)

    def record(
        self,
        context: CommandContext,
        state: Enrollment,
        offering: Offering,
        moment: Moment,
        *,
        change: Transition | None,
        texts: Texts | None = None,
        also: Also | None = None,
        beside: Decision | None = None,
        preconditions: tuple[Revision, ...] = (),
        details: Mapping[str, JsonValue] | None = None,
    ) -> Receipt:
        """Write what was decided, with its texts, and `beside` it. Nothing decided: how it stands, which a repetition is told too.

        `details`: what else is in the result.

        A completion or the end of a term puts the learner in the queue: due dates may count from it, and exceptions hang on it.
        """
        told_now = self._result(change.after if change else state, offering, moment.today)
        result: JsonValue = {**told_now, **(details or {})}
        if change is None:
            return self._ledger.record(context, beside or Decision((), context.meta()), result)

        def more(conn: Connection) -> None:
            if texts:
                texts.keep(conn)
            if also:
                also(conn, change)
            if _counts_elsewhere(change) or _judges_anew(change):
                facts.enqueue(conn, [change.after.person], context.meta())

        decision = state_rows.decision(change, context.meta(), preconditions)
        return self._ledger.record(context, decision.together(beside) if beside else decision, result, also=more)

    def settled(self, context: CommandContext, person: UUID, offering_id: UUID) -> Receipt:
        """After a command of this person was recorded: carry it out at once, and say how it stands now.

        As the learner is told (DUE-4).
        The person is in the queue already, so that nothing is lost where this comes to nothing.
        """
        self._evaluator.now(person, offering_id, context.meta())
        state = self._ledger.load(enrollment_id(person, offering_id), evolve)
        state = state or Enrollment.unknown(person, offering_id)
        offering, moment = self.surroundings(offering_id)
        with self._ledger.database.connection() as conn:
            state = state if enrollments.own_hold(conn, state.id) else untold(state)
        earlier = self._ledger.find_receipt(context)
        told = earlier.result if earlier and isinstance(earlier.result, dict) else {}
        position = self._ledger.store.max_notification_id() or 0
        result = {**told, **self._result(state, offering, moment.today)}
        batch = earlier.batch if earlier else context.correlation
        return Receipt(position=f"{self._ledger.name}:{position}", batch=batch, result=result)

    def _result(self, state: Enrollment, offering: Offering, today: date) -> dict[str, JsonValue]:
        with self._ledger.database.connection() as conn:
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
        state = self._ledger.load(id, evolve)
        if state is None:
            raise NotFound("There is no such enrollment, or none that you may see.", field="enrollment_id")
        return state

    def surroundings(self, offering: UUID) -> tuple[Offering, Moment]:
        """The offering as the catalog has it, and the time. Raises NotFound."""
        with self._ledger.database.connection() as conn:
            found = evaluate.offerings(conn, [offering]).get(offering)
            row = conn.execute("SELECT clock_timestamp(), today()").fetchone()
        if found is None:
            raise NotFound("There is no such offering.", field="offering_id")
        assert row is not None
        now, today = row
        assert isinstance(now, datetime)
        assert isinstance(today, date)
        return found, Moment(now, today, new_serial())


def _counts_elsewhere(change: Transition) -> bool:
    """Other trainings of the learner may stand otherwise now (DUE-2, DUE-5)."""
    return change.before.completed_at != change.after.completed_at or (change.before.live and not change.after.live)


def _judges_anew(change: Transition) -> bool:
    """What waits, or was refused, waited because of the date that would hold (DUE-6)."""
    before, after = change.before, change.after
    return bool(after.holds) and (before.due, before.due_by_hand) != (after.due, after.due_by_hand)


def new_serial() -> str:
    """Of a certificate: 80 random bits that a person can type."""
    text = base64.b32encode(secrets.token_bytes(10)).decode()
    return "-".join(text[place : place + 4] for place in range(0, 16, 4))
