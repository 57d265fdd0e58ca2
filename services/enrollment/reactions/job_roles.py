"""Job roles of the catalog: their qualifications are assigned to whoever holds them (CAT-10)."""

from collections.abc import Sequence
from uuid import uuid4

from services.enrollment.application.job_roles import JobRoleSync
from services.enrollment.application.triggers import LoopCheck
from services.enrollment.projections import triggers
from services.enrollment.projections.triggers import JobRoleFact
from services.enrollment.reactions.causes import by_cause
from shared import jobs
from shared.contracts.catalog import JobRoleDescribed, JobRoleRemoved
from shared.database import Connection
from shared.events import Meta, Recorded

_ROLES = (JobRoleDescribed, JobRoleRemoved)


class JobRoleFacts:
    """Takes the catalog's events once more, for tables of its own."""

    name = "enrollment job roles"
    source = "catalog"
    group = "enrollment.catalog.job-roles"
    tables: tuple[str, ...] = ("job_role_fact",)
    types = frozenset(c.TOPIC for c in _ROLES)

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        for meta, caused in by_cause(events, self.source):
            self._roles(conn, caused, meta)
            check_loops(conn, meta)

    def _roles(self, conn: Connection, events: Sequence[Recorded], meta: Meta) -> None:
        told = [recorded.event for recorded in events if isinstance(recorded.event, _ROLES)]
        known = triggers.job_roles(conn, {event.originator_id for event in told})
        for event in told:
            id, revision = event.originator_id, event.originator_version
            match event:
                case JobRoleDescribed():
                    known[id] = JobRoleFact(
                        id=id,
                        revision=revision,
                        code=event.code,
                        name=event.name,
                        qualifications=event.qualifications,
                        removed=False,
                    )
                case JobRoleRemoved():
                    known[id] = known[id]._replace(revision=revision, removed=True)
        triggers.save_job_roles(conn, list(known.values()))
        for id in known:
            jobs.enqueue(conn, uuid4(), JobRoleSync.kind, {"job_role": str(id)}, meta)


def check_loops(conn: Connection, meta: Meta) -> None:
    """The catalog has changed what leads to what (TRG-3)."""
    if triggers.live(conn):
        jobs.enqueue(conn, uuid4(), LoopCheck.kind, {}, meta)
