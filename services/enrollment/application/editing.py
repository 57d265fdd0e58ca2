"""What is changed on assignments that are there: the due rule, and whom they may not hold (DUE-1, ASG-7)."""

from uuid import UUID, uuid4

from pydantic import JsonValue

from services.enrollment.application import judging, rows
from services.enrollment.application.assigning import Assigning, Enrollments
from services.enrollment.application.expansion import enqueue
from services.enrollment.application.targets import may_see
from services.enrollment.domain import assignments as rules
from services.enrollment.domain import granting, standing
from services.enrollment.domain.assignments import Assignment
from services.enrollment.domain.enrollment import Enrollment, enrollment_id
from services.enrollment.projections import facts, state
from services.enrollment.projections.state import ASSIGNMENT
from shared.auth import Scope
from shared.contracts.enrollment import DueRule, describe
from shared.database import Connection
from shared.errors import NotFound
from shared.store import Context, Decision, Receipt, Row, decided_again
from shared.texts import Texts


class Editing:
    def __init__(self, ledger: Enrollments, assigning: Assigning) -> None:
        self._ledger = ledger
        self._assigning = assigning

    def set_due_rule(self, context: Context, assignment: Assignment, due: DueRule | None) -> Receipt:
        """Another due rule for everybody whom the assignment holds, and who comes later (DUE-1, DUE-3)."""
        if earlier := self._ledger.earlier(context):
            return earlier
        event = rules.set_due_rule(assignment, due)
        with self._ledger.database.connection() as conn:
            row = state.assignments(conn, [assignment.id])[assignment.id]
            offering = judging.offerings(conn, [assignment.offering]).get(assignment.offering)
            warnings: list[JsonValue] = [*judging.flagged(conn, offering, due)]
        job = uuid4()
        result: dict[str, JsonValue] = {"due": describe(due), "warnings": warnings, "jobs": [str(job)]}
        if event is None:
            return self._ledger.record(context, Decision((), context.meta()), {**result, "jobs": []})
        text = due.model_dump_json() if due else None
        changed = Row(ASSIGNMENT, row._replace(revision=event.originator_version, due=text))

        def queue(conn: Connection) -> None:
            enqueue(conn, context.meta(), assignment.offering, [assignment.id], job=job)

        return self._ledger.record(context, Decision((event,), context.meta(), changed=(changed,)), result, also=queue)

    def set_requirement(self, context: Context, assignment: Assignment, required: bool) -> Receipt:
        """Required of everybody whom the assignment holds, or optional (ASG-11). A job role's is the catalogue's to say."""
        if earlier := self._ledger.earlier(context):
            return earlier
        rules.check_not_of_job_role(assignment)
        with self._ledger.database.connection() as conn:
            row = state.assignments(conn, [assignment.id])[assignment.id]
            rules.check_requirement(judging.offerings(conn, [assignment.offering])[assignment.offering])
        event = rules.set_requirement(assignment, required)
        result: JsonValue = {"assignment_id": str(assignment.id), "required": required}
        if event is None:
            return self._ledger.record(context, Decision((), context.meta()), result)
        changed = Row(ASSIGNMENT, row._replace(revision=event.originator_version, required=required))
        return self._ledger.record(context, Decision((event,), context.meta(), changed=(changed,)), result)

    @decided_again
    def exclude(self, context: Context, scope: Scope, assignment: UUID, person: UUID, reason: str | None) -> Receipt:
        """Take one learner out of one assignment until somebody allows it again (ASG-7)."""
        if earlier := self._ledger.earlier(context):
            return earlier
        texts = Texts()
        change = granting.exclude(self._standing(scope, assignment, person), assignment, texts.ref(person, reason))
        with self._ledger.database.connection() as conn:
            status = change.after.status(facts.today(conn))
        result: JsonValue = {"enrollment_id": str(change.after.id), "status": status}

        def also(conn: Connection) -> None:
            texts.keep(conn)
            facts.mark_waiting(conn, context.meta(), [person])

        return self._ledger.record(context, rows.decision(change, context.meta()), result, also=also)

    @decided_again
    def allow_again(self, context: Context, scope: Scope, assignment: UUID, person: UUID) -> Receipt:
        """Lift an exclusion; the learner comes back if the assignment's rule still says so."""
        if earlier := self._ledger.earlier(context):
            return earlier
        change = granting.allow_again(self._standing(scope, assignment, person), assignment)

        def queue(conn: Connection) -> None:
            facts.mark(conn, [person], context.meta())

        return self._ledger.record(
            context, rows.decision(change, context.meta()), {"enrollment_id": str(change.after.id)}, also=queue
        )

    def _standing(self, scope: Scope, assignment: UUID, person: UUID) -> Enrollment:
        found = self._assigning.find(assignment)
        with self._ledger.database.connection() as conn:
            if not may_see(conn, scope, [person]):
                raise NotFound("There is no such learner, or none that you may see.", field="person_id")
        loaded = self._ledger.load(enrollment_id(person, found.offering), standing.evolve)
        if loaded is None:
            raise NotFound("This learner has no enrollment on this offering.", field="person_id")
        return loaded
