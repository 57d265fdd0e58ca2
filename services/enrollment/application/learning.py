"""What learners do on their enrollments: begin, and complete steps."""

from datetime import datetime
from uuid import UUID

from pydantic import JsonValue

from services.enrollment.application import evaluator
from services.enrollment.application.assigning import Enrollments
from services.enrollment.domain import standing
from services.enrollment.domain.standing import Change, Enrollment
from services.enrollment.projections import facts
from shared.errors import Conflict, NotFound
from shared.store import Context, Receipt


class Learning:
    """Beginning and completing a step, as far as ASG-10 needs them."""

    def __init__(self, ledger: Enrollments) -> None:
        self._ledger = ledger

    def begin(self, context: Context, id: UUID) -> Receipt:
        """Begin the open term. Beginning again changes nothing."""
        if earlier := self._ledger.earlier(context):
            return earlier
        state = self.find(id)
        return self._record(context, state, standing.begin(state))

    def complete_step(self, context: Context, id: UUID, step: int) -> Receipt:
        """Complete a step of the published version; the last one completes the training."""
        if earlier := self._ledger.earlier(context):
            return earlier
        state = self.find(id)
        with self._ledger.database.connection() as conn:
            offering = facts.offerings(conn, [state.offering])[state.offering]
            now = conn.execute("SELECT clock_timestamp()").fetchone()
        if not offering.steps:
            raise Conflict(f"'{offering.title}' has no steps to complete.", kind="no-steps")
        assert now is not None
        assert isinstance(now[0], datetime)
        change = standing.complete_step(state, step, offering.steps, offering.published, now[0])
        return self._record(context, state, change)

    def find(self, id: UUID) -> Enrollment:
        """Raises NotFound."""
        state = self._ledger.load(id, standing.evolve)
        if state is None:
            raise NotFound("There is no such enrollment, or none that you may see.", field="enrollment_id")
        return state

    def _record(self, context: Context, state: Enrollment, change: Change | None) -> Receipt:
        after = change.after if change else state
        result: dict[str, JsonValue] = {
            "enrollment_id": str(after.id),
            "status": after.status,
            "steps": [*sorted(after.steps)],
        }
        if change is None:
            position = self._ledger.store.max_notification_id() or 0
            return Receipt(position=f"{self._ledger.name}:{position}", batch=context.correlation, result=result)
        return self._ledger.record(context, evaluator.decision(change, context.meta()), result)
