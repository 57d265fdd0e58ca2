"""Job roles: who holds one by hand, and the assignments by which its qualifications come with it (ASG-12, CAT-10)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

from pydantic import JsonValue

from services.enrollment.application.assignments.commands import AssignmentCommands, refused_people
from services.enrollment.application.assignments.rows import to_assignment
from services.enrollment.application.evaluation.fan_out import enqueue
from services.enrollment.application.ledger import Enrollments
from services.enrollment.application.triggers import check_job_role
from services.enrollment.domain import assignments as assignment_rules
from services.enrollment.domain import job_roles
from services.enrollment.domain.assignments import AssignmentSettings, Target
from services.enrollment.domain.job_roles import RoleAssignment, holding_id
from services.enrollment.projections import facts, groups, learning_items, tables, triggers
from services.enrollment.projections.tables import ASSIGNMENT, JOB_ROLE_HOLDER, AssignmentRow
from services.enrollment.projections.triggers import JobRoleFact
from shared import jobs
from shared.auth import Scope
from shared.database import Connection
from shared.errors import Conflict, Invalid
from shared.events import Event
from shared.jobs import Job
from shared.store import CommandContext, Decision, Receipt, Row, command, decided_again
from shared.texts import Texts


class JobRoleCommands:
    """`rows_limit`: how many people one command may name."""

    def __init__(self, ledger: Enrollments, assigning: AssignmentCommands, rows_limit: int) -> None:
        self._ledger = ledger
        self._assigning = assigning
        self._rows_limit = rows_limit

    @decided_again
    @command
    def assign(self, context: CommandContext, scope: Scope, job_role: UUID, people: Sequence[UUID]) -> Receipt:
        """One, several or all people; the reply says who was refused, and why, and what they do not see (ASG-12, CAT-11)."""
        if len(people) > self._rows_limit:
            raise Invalid(
                f"One command can have at most {self._rows_limit} people (ROLLBOOK_ASSIGNMENT_ROWS_LIMIT). Send several commands.",
                field="people",
            )
        unique = list(dict.fromkeys(people))
        with self._ledger.database.connection() as conn:
            role = check_job_role(conn, job_role)
            refusals = dict(refused_people(conn, scope, unique))
            held = triggers.held_by_hand(conn, job_role, unique)
            versions = groups.versions(conn, [holding_id(job_role, person) for person in unique])
            now = facts.now(conn)
        refusals |= {
            p: ("already-assigned", "This person already holds the job role.") for p in held if p not in refusals
        }
        joining = [person for person in unique if person not in refusals]
        events: list[Event] = []
        for person in joining:
            id = holding_id(job_role, person)
            events.append(job_roles.assigned(RoleAssignment(id, versions.get(id, 0)), job_role, person))
        rows = tuple(Row(JOB_ROLE_HOLDER, (job_role, person, now)) for person in joining)
        with self._ledger.database.connection() as conn:
            unseen: list[JsonValue] = [
                {"offering_id": str(link.qualification_id), **warning.model_dump(mode="json")}
                for link in role.qualifications
                for warning in learning_items.warnings_for(conn, link.qualification_id, joining)
            ]
        result: JsonValue = {
            "job_role_id": str(job_role),
            "assigned": [str(person) for person in joining],
            "refused": [
                {"person_id": str(person), "kind": kind, "detail": detail}
                for person, (kind, detail) in refusals.items()
            ],
            "item_warnings": unseen,
        }

        def also(conn: Connection) -> None:
            facts.enqueue(conn, joining, context.meta())

        return self._ledger.record(context, Decision(tuple(events), context.meta(), inserted=rows), result, also=also)

    @decided_again
    @command
    def take(
        self, context: CommandContext, scope: Scope, job_role: UUID, person: UUID, *, reason: str | None
    ) -> Receipt:
        """Remove a job role that was assigned by hand; its qualifications go with it (ASG-12)."""
        self._assigning.check_person(scope, person)
        id, texts = holding_id(job_role, person), Texts()
        holding = self._ledger.load(id, job_roles.evolve) or RoleAssignment(id)
        event = job_roles.unassigned(holding, job_role, person, texts.ref(person, reason))

        def also(conn: Connection) -> None:
            texts.keep(conn)
            facts.enqueue(conn, [person], context.meta())

        decision = Decision((event,), context.meta(), deleted=(Row(JOB_ROLE_HOLDER, (job_role, person)),))
        return self._ledger.record(context, decision, {"job_role_id": str(job_role)}, also=also)


class JobRoleSync:
    """The job after the catalog changed a job role: each of its qualifications has one assignment of the type job role, and no
    other has. Idempotent, therefore resumable; what the catalog changes meanwhile has a job of its own."""

    kind = "job-role"

    def __init__(self, ledger: Enrollments, assigning: AssignmentCommands) -> None:
        self._ledger = ledger
        self._assigning = assigning

    def step(self, job: Job) -> None:
        id = UUID(str(job.args["job_role"]))
        with self._ledger.database.connection() as conn:
            role = triggers.job_roles(conn, [id])[id]
            live = {row.offering: row for row in tables.assigned_to(conn, "job-role", id)}
            now = facts.now(conn)
        wanted = {} if role.removed else {link.qualification_id: link.required for link in role.qualifications}
        cause = job.caused_by
        context = CommandContext.system(f"{self.kind}/{job.id}", correlation=cause.correlation, reason_code="catalog")
        decision = Decision((), context.meta())
        removing = [to_assignment(row) for offering, row in live.items() if offering not in wanted]
        if removing:
            decision = decision.together(self._assigning.removal(removing, None, context))
        touched = {assignment.offering: assignment.id for assignment in removing}
        for offering, required in wanted.items():
            if offering not in live:
                created = self._create(context, role, offering, required=required, now=now)
                decision, touched[offering] = decision.together(created), created.events[0].originator_id
            elif event := assignment_rules.set_requirement(to_assignment(live[offering]), required):
                row = live[offering]._replace(revision=event.originator_version, required=required)
                decision = decision.together(Decision((event,), context.meta(), updated=(Row(ASSIGNMENT, row),)))

        def also(conn: Connection) -> None:
            for offering, assignment in touched.items():
                enqueue(conn, context.meta(), offering, [assignment])
            if role.removed:
                facts.enqueue(conn, triggers.holders_of(conn, id), context.meta())

        try:
            if decision.events or role.removed:
                self._ledger.record(context, decision, also=also)
        except Conflict:
            return  # somebody was there first: the next step looks again
        with self._ledger.database.transaction() as conn:
            jobs.finish(conn, job)

    def _create(
        self, context: CommandContext, role: JobRoleFact, offering: UUID, *, required: bool, now: datetime
    ) -> Decision:
        """Also where the qualification is not open: it waits, as every rule does (CAT-4)."""
        target, settings = Target("job-role", role.id), AssignmentSettings(required=required)
        id = uuid5(role.id, f"{offering}/{role.revision}")
        row = AssignmentRow(
            id=id,
            revision=1,
            offering=offering,
            type=target.type,
            target=target.id,
            include_below=False,
            live=True,
            batch=context.correlation,
            created_at=now,
            required=required,
        )
        event = assignment_rules.created(id, offering, target, settings)
        return Decision((event,), context.meta(), inserted=(Row(ASSIGNMENT, row),))
