"""Job roles of the catalogue: their qualifications are assigned to whoever holds them (CAT-10)."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from services.enrollment.application.role_holding import Linking
from services.enrollment.application.triggering import LoopCheck
from services.enrollment.projections import triggering, triggers
from services.enrollment.projections.triggers import JobRoleFact
from services.enrollment.reactions.causes import by_cause
from shared import jobs
from shared.contracts.catalog import (
    CertificationDescribed,
    JobRoleDescribed,
    JobRoleRemoved,
    QualificationDescribed,
    VersionPublished,
)
from shared.database import Connection
from shared.events import Meta, Recorded

_ROLES = (JobRoleDescribed, JobRoleRemoved)
_PARTS = (QualificationDescribed, CertificationDescribed, VersionPublished)
"""What says which completions lead to which."""


class JobRoleFacts:
    """Takes the catalogue's events once more, for tables of its own."""

    name = "enrollment job roles"
    source = "catalog"
    types = frozenset(c.TOPIC for c in (*_ROLES, *_PARTS))

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        for meta, caused in by_cause(events, self.source):
            changed = self._roles(conn, caused, meta)
            parts = any(isinstance(recorded.event, _PARTS) for recorded in caused)
            if (changed or parts) and triggering.any_there(conn):
                jobs.enqueue(conn, uuid4(), LoopCheck.kind, {}, meta)

    def _roles(self, conn: Connection, events: Sequence[Recorded], meta: Meta) -> bool:
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
            _link(conn, id, meta)
        return bool(known)


def _link(conn: Connection, id: UUID, meta: Meta) -> None:
    jobs.enqueue(conn, uuid4(), Linking.kind, {"job_role": str(id)}, meta)
