"""What is changed on assignments that are there: the due rule, and whom they may not hold (DUE-1, ASG-7)."""

from uuid import UUID, uuid4

from pydantic import JsonValue

from services.enrollment.application.assignments.commands import AssignmentCommands
from services.enrollment.application.assignments.targets import may_see
from services.enrollment.application.evaluation import evaluate, state_rows
from services.enrollment.application.evaluation.fan_out import enqueue
from services.enrollment.application.ledger import Enrollments
from services.enrollment.domain import assignments as assignment_rules
from services.enrollment.domain import grants
from services.enrollment.domain.assignments import Assignment
from services.enrollment.domain.enrollment import Enrollment, evolve
from services.enrollment.domain.enrollment_ids import enrollment_id
from services.enrollment.projections import facts, tables
from services.enrollment.projections.tables import ASSIGNMENT
from shared.auth import Scope
from shared.contracts.enrollment import DueRule, describe
from shared.database import Connection
from shared.errors import NotFound
from shared.store import CommandContext, Decision, Receipt, Row, command, decided_again
from shared.texts import Texts


class AssignmentEdits:
    def __init__(self, ledger: Enrollments, assigning: AssignmentCommands) -> None:
        self._ledger = ledger
        self._assigning = assigning

    @command
    def set_due_rule(self, context: CommandContext, assignment: Assignment, due: DueRule | None) -> Receipt:
        """Another due rule for everybody whom the assignment holds, and who comes later (DUE-1, DUE-3)."""
        event = assignment_rules.set_due_rule(assignment, due)
        with self._ledger.database.connection() as conn:
            row = tables.assignments(conn, [assignment.id])[assignment.id]
            offering = evaluate.offerings(conn, [assignment.offering]).get(assignment.offering)
            warnings: list[JsonValue] = [*evaluate.flagged(conn, offering, due)]
        job = uuid4()
        result: dict[str, JsonValue] = {"due": describe(due), "warnings": warnings, "jobs": [str(job)]}
        if event is None:
            return self._ledger.record(context, Decision((), context.meta()), {**result, "jobs": []})
        text = due.model_dump_json() if due else None
        changed = Row(ASSIGNMENT, row._replace(revision=event.originator_version, due=text))

        def queue(conn: Connection) -> None:
            enqueue(conn, context.meta(), assignment.offering, [assignment.id], job=job)

        return self._ledger.record(context, Decision((event,), context.meta(), updated=(changed,)), result, also=queue)

    @command
    def set_requirement(self, context: CommandContext, assignment: Assignment, required: bool) -> Receipt:
        """Required of everybody whom the assignment holds, or optional (ASG-11). A job role's is the catalog's to say."""
        assignment_rules.check_not_of_job_role(assignment)
        with self._ledger.database.connection() as conn:
            row = tables.assignments(conn, [assignment.id])[assignment.id]
            assignment_rules.check_requirement(evaluate.offerings(conn, [assignment.offering])[assignment.offering])
        event = assignment_rules.set_requirement(assignment, required)
        result: JsonValue = {"assignment_id": str(assignment.id), "required": required}
        if event is None:
            return self._ledger.record(context, Decision((), context.meta()), result)
        changed = Row(ASSIGNMENT, row._replace(revision=event.originator_version, required=required))
        return self._ledger.record(context, Decision((event,), context.meta(), updated=(changed,)), result)

    @decided_again
    @command
    def exclude(
        self, context: CommandContext, scope: Scope, assignment: UUID, person: UUID, *, reason: str | None
    ) -> Receipt:
        """Take one learner out of one assignment until somebody allows it again (ASG-7)."""
        texts = Texts()
        change = grants.exclude(self._standing(scope, assignment, person), assignment, texts.ref(person, reason))
        with self._ledger.database.connection() as conn:
            status = change.after.status(facts.today(conn))
        result: JsonValue = {"enrollment_id": str(change.after.id), "status": status}

        def also(conn: Connection) -> None:
            texts.keep(conn)
            facts.enqueue_waiting(conn, context.meta(), [person])

        return self._ledger.record(context, state_rows.decision(change, context.meta()), result, also=also)

    @decided_again
    @command
    def allow_again(self, context: CommandContext, scope: Scope, assignment: UUID, person: UUID) -> Receipt:
        """Lift an exclusion; the learner comes back if the assignment's rule still says so."""
        change = grants.allow_again(self._standing(scope, assignment, person), assignment)

        def queue(conn: Connection) -> None:
            facts.enqueue(conn, [person], context.meta())

        return self._ledger.record(
            context, state_rows.decision(change, context.meta()), {"enrollment_id": str(change.after.id)}, also=queue
        )

    def _standing(self, scope: Scope, assignment: UUID, person: UUID) -> Enrollment:
        found = self._assigning.find(assignment)
        with self._ledger.database.connection() as conn:
            if not may_see(conn, scope, [person]):
                raise NotFound("There is no such learner, or none that you may see.", field="person_id")
        loaded = self._ledger.load(enrollment_id(person, found.offering), evolve)
        if loaded is None:
            raise NotFound("This learner has no enrollment on this offering.", field="person_id")
        return loaded
