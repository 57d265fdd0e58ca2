"""What every command on one enrollment does: load it, its offering and the time; decide; record."""

import base64
import secrets
from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from pydantic import JsonValue

from services.enrollment.application import evaluator, rows
from services.enrollment.application.assigning import Enrollments
from services.enrollment.domain import standing
from services.enrollment.domain.learning import Moment, next_action
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.standing import Change, Enrollment
from services.enrollment.projections import offerings
from shared.database import Connection
from shared.errors import NotFound
from shared.store import Context, Decision, Receipt
from shared.texts import Texts

Decide = Callable[[Enrollment, Offering, Moment], Change | None]
Also = Callable[[Connection, Change], None]


class Enrolled:
    """Commands on enrollments that are there."""

    def __init__(self, ledger: Enrollments) -> None:
        self.ledger = ledger

    def command(
        self, context: Context, id: UUID, decide: Decide, *, texts: Texts | None = None, also: Also | None = None
    ) -> Receipt:
        """Once for each command id. `also` runs in the same transaction. Raises NotFound, and what `decide` refuses."""
        if earlier := self.ledger.earlier(context):
            return earlier
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
    ) -> Receipt:
        """Write what was decided, with its texts, and `beside` it. Nothing decided: the receipt of how it stands."""
        result = _result(change.after if change else state, offering, at.today)
        if change is None:
            position = self.ledger.store.max_notification_id() or 0
            return Receipt(position=f"{self.ledger.name}:{position}", batch=context.correlation, result=result)

        def more(conn: Connection) -> None:
            if texts:
                texts.keep(conn)
            if also:
                also(conn, change)

        decision = rows.decision(change, context.meta())
        return self.ledger.record(context, _both(decision, beside) if beside else decision, result, also=more)

    def find(self, id: UUID) -> Enrollment:
        """Raises NotFound."""
        state = self.ledger.load(id, standing.evolve)
        if state is None:
            raise NotFound("There is no such enrollment, or none that you may see.", field="enrollment_id")
        return state

    def surroundings(self, offering: UUID) -> tuple[Offering, Moment]:
        """The offering as the catalogue has it, and the time. Raises NotFound."""
        with self.ledger.database.connection() as conn:
            found = offerings.offerings(conn, [offering]).get(offering)
            row = conn.execute("SELECT clock_timestamp(), today()").fetchone()
        if found is None:
            raise NotFound("There is no such offering.", field="offering_id")
        assert row is not None
        now, today = row
        assert isinstance(now, datetime)
        assert isinstance(today, date)
        return evaluator.offering(found), Moment(now, today, new_serial())


def _both(one: Decision, other: Decision) -> Decision:
    return Decision(
        (*one.events, *other.events),
        one.meta,
        new=(*one.new, *other.new),
        changed=(*one.changed, *other.changed),
        gone=(*one.gone, *other.gone),
    )


def new_serial() -> str:
    """Of a certificate: 80 random bits that a person can type."""
    text = base64.b32encode(secrets.token_bytes(10)).decode()
    return "-".join(text[place : place + 4] for place in range(0, 16, 4))


def _result(state: Enrollment, offering: Offering, today: date) -> dict[str, JsonValue]:
    return {
        "enrollment_id": str(state.id),
        "status": state.status(today),
        "next_action": next_action(state, offering, today),
        "steps": [*sorted(state.steps)],
        "serial": state.serial,
    }
