"""What undoing a batch does about job roles, triggers and requirements (ASG-20)."""

from uuid import UUID

from services.enrollment.application.assignments.rows import to_assignment
from services.enrollment.application.evaluation.trigger_firing import taking_back, to_trigger
from services.enrollment.application.triggers import stopping
from services.enrollment.domain import assignments as assignment_rules
from services.enrollment.domain import job_roles, triggers
from services.enrollment.domain.job_roles import RoleAssignment
from services.enrollment.projections import batches, facts, groups, trigger_matching
from services.enrollment.projections import triggers as trigger_rows
from services.enrollment.projections.batches import IrreversibleKind
from services.enrollment.projections.tables import ASSIGNMENT, JOB_ROLE_HOLDER, assignments
from shared import jobs
from shared.contracts.enrollment import JobRoleAssigned, JobRoleUnassigned, RequirementSet, TriggerCreated
from shared.database import Connection, Database, int_of
from shared.events import Event, Meta
from shared.jobs import Job
from shared.store import Decision, Row, Store

Reversible = JobRoleAssigned | JobRoleUnassigned | TriggerCreated | RequirementSet


def reverse(conn: Connection, meta: Meta, event: Reversible) -> Decision | IrreversibleKind:
    """The opposite, without events where there is nothing left to reverse; or why it stays."""
    match event:
        case TriggerCreated():
            return _stop(conn, meta, event)
        case RequirementSet():
            return _set_back(conn, meta, event)
        case _:
            return _hold_back(conn, meta, event)


def _stop(conn: Connection, meta: Meta, event: TriggerCreated) -> Decision | IrreversibleKind:
    row = trigger_rows.rows(conn, [event.originator_id])[event.originator_id]
    if not row.live:
        return Decision((), meta)
    if row.revision != event.originator_version:
        return "changed-since"
    return stopping(row, triggers.stop(to_trigger(row), "undone", take_back=True), meta)


def _set_back(conn: Connection, meta: Meta, event: RequirementSet) -> Decision | IrreversibleKind:
    row = assignments(conn, [event.originator_id])[event.originator_id]
    if not row.live:
        return Decision((), meta)
    if row.type == "job-role":
        return "from-job-role"
    if row.revision != event.originator_version:
        return "changed-since"
    back = assignment_rules.set_requirement(to_assignment(row), not event.required)
    assert back is not None
    row = row._replace(revision=back.originator_version, required=back.required)
    return Decision((back,), meta, updated=(Row(ASSIGNMENT, row),))


def _hold_back(conn: Connection, meta: Meta, event: JobRoleAssigned | JobRoleUnassigned) -> Decision | IrreversibleKind:
    id, role, person = event.originator_id, event.job_role_id, event.person_id
    if groups.versions(conn, [id])[id] != event.originator_version:
        return "changed-since"
    now = RoleAssignment(id, event.originator_version, isinstance(event, JobRoleAssigned))
    if now.held:
        back: Event = job_roles.unassigned(now, role, person, None)
        return Decision((back,), meta, deleted=(Row(JOB_ROLE_HOLDER, (role, person)),))
    back = job_roles.assigned(now, role, person)
    return Decision((back,), meta, inserted=(Row(JOB_ROLE_HOLDER, (role, person, facts.now(conn))),))


class RevokeJobRoles:
    """The job that takes back the job roles that triggers gave in a batch. What triggers assigned otherwise goes like all grants of
    a batch. Whoever still fulfils the condition is no new occasion."""

    kind = "undo-triggers"

    def __init__(self, database: Database, store: Store, chunk: int) -> None:
        self._database = database
        self._store = store
        self._chunk = chunk

    def step(self, job: Job) -> None:
        """One part: what was taken back is not found again."""
        batch, meta = UUID(str(job.args["batch"])), job.caused_by
        with self._database.connection() as conn:
            turns = trigger_matching.fired_in(conn, batches.like(batch), int_of(job.args["first"]), self._chunk)
            rows = trigger_rows.rows(conn, {turn.trigger for turn in turns})
        taking_back(self._store, {id: to_trigger(row) for id, row in rows.items()}, turns, meta)
        with self._database.transaction() as conn:
            facts.enqueue(conn, [turn.person for turn in turns], meta)
            if turns:
                jobs.advance(conn, job, cursor={}, done=job.done + len(turns))
            else:
                jobs.finish(conn, job)
