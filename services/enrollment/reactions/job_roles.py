"""Job roles of the catalogue: their qualifications are assigned to whoever holds them (CAT-10)."""

from collections.abc import Sequence
from uuid import uuid4

from services.enrollment.application.role_holding import Linking
from services.enrollment.application.triggering import LoopCheck
from services.enrollment.projections import triggers
from services.enrollment.projections.triggers import JobRoleFact
from services.enrollment.reactions.causes import by_cause
from shared import jobs
from shared.contracts.catalog import JobRoleDescribed, JobRoleRemoved
from shared.database import Connection
from shared.events import Meta, Recorded

_ROLES = (JobRoleDescribed, JobRoleRemoved)


class JobRoleFacts:
    """Takes the catalogue's events once more, for tables of its own."""

    name = "enrollment job roles"
    source = "catalog"
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
                    known[id] = JobRoleFact(id, revision, event.code, event.name, event.qualifications, False)
                case JobRoleRemoved():
                    known[id] = known[id]._replace(revision=revision, removed=True)
        triggers.save_job_roles(conn, list(known.values()))
        for id in known:
            jobs.enqueue(conn, uuid4(), Linking.kind, {"job_role": str(id)}, meta)


def check_loops(conn: Connection, meta: Meta) -> None:
    """The catalogue has changed what leads to what (TRG-3)."""
    if triggers.live(conn):
        jobs.enqueue(conn, uuid4(), LoopCheck.kind, {}, meta)
