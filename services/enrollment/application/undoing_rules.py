"""What undoing a batch does about job roles, triggers and requirements (ASG-20)."""

from dataclasses import replace
from uuid import UUID

from services.enrollment.application.firing import taking_back, trigger
from services.enrollment.application.triggering import stopping
from services.enrollment.domain import assignments as rules
from services.enrollment.domain import job_roles, triggers
from services.enrollment.domain.assignments import Assignment, Sharing, Target
from services.enrollment.domain.job_roles import Holding
from services.enrollment.projections import batches, facts, groups, triggering
from services.enrollment.projections import triggers as known
from services.enrollment.projections.batches import IrreversibleKind
from services.enrollment.projections.state import ASSIGNMENT, JOB_ROLE_HOLDER, assignments
from shared import jobs
from shared.contracts.enrollment import JobRoleAssigned, JobRoleUnassigned, RequirementSet, TriggerCreated
from shared.database import Connection, Database
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
    row = known.rows(conn, [event.originator_id])[event.originator_id]
    if not row.live:
        return Decision((), meta)
    if row.revision != event.originator_version:
        return "changed-since"
    return stopping(row, triggers.stop(trigger(row), "undone", take_back=True), meta)


def _set_back(conn: Connection, meta: Meta, event: RequirementSet) -> Decision | IrreversibleKind:
    row = assignments(conn, [event.originator_id])[event.originator_id]
    if not row.live:
        return Decision((), meta)
    if row.type == "job-role":
        return "of-job-role"
    if row.revision != event.originator_version:
        return "changed-since"
    now = Assignment(row.id, row.revision, row.offering, Target(row.type, row.target), True)  # type: ignore[arg-type]
    back = rules.set_requirement(replace(now, shared=Sharing(required=event.required)), not event.required)
    assert back is not None
    row = row._replace(revision=back.originator_version, required=back.required)
    return Decision((back,), meta, changed=(Row(ASSIGNMENT, tuple(row)),))


def _hold_back(conn: Connection, meta: Meta, event: JobRoleAssigned | JobRoleUnassigned) -> Decision | IrreversibleKind:
    id, role, person = event.originator_id, event.job_role_id, event.person_id
    if groups.versions(conn, [id])[id] != event.originator_version:
        return "changed-since"
    now = Holding(id, event.originator_version, isinstance(event, JobRoleAssigned))
    if now.held:
        back: Event = job_roles.unassigned(now, role, person, None)
        return Decision((back,), meta, gone=(Row(JOB_ROLE_HOLDER, (role, person)),))
    back = job_roles.assigned(now, role, person)
    return Decision((back,), meta, new=(Row(JOB_ROLE_HOLDER, (role, person, facts.now(conn))),))


class TakingRolesBack:
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
            turns = triggering.fired_in(conn, batches.like(batch), int(str(job.args["first"])), self._chunk)
            rows = known.rows(conn, {turn.trigger for turn in turns})
        taking_back(self._store, {id: trigger(row) for id, row in rows.items()}, turns, meta)
        with self._database.transaction() as conn:
            facts.mark(conn, [turn.person for turn in turns], meta)
            if turns:
                jobs.advance(conn, job, cursor={}, done=job.done + len(turns))
            else:
                jobs.finish(conn, job)
