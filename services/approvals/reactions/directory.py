"""People, structure, jobs, permission roles and audiences: who may decide, and who is still there to be decided about."""

from collections.abc import Sequence
from uuid import UUID

from services.approvals.projections import facts
from services.approvals.projections.facts import JobFact
from services.approvals.reactions.ringing import ring_found
from shared.contracts.directory import (
    AudienceMembersAdded,
    AudienceMembersRemoved,
    AudienceRemoved,
    Job,
    JobAssigned,
    JobEnded,
    PermissionRoleGranted,
    PermissionRoleRevoked,
    PersonDeactivated,
)
from shared.database import Connection
from shared.directory_facts import PEOPLE, UNITS, save_people, save_units
from shared.events import Event, Recorded

_ROLES = (PermissionRoleGranted, PermissionRoleRevoked)
_AUDIENCES = (AudienceMembersAdded, AudienceMembersRemoved, AudienceRemoved)


class DirectoryFacts:
    """Takes the directory's events."""

    name = "approvals facts"
    source = "directory"
    group = "approvals.directory"
    tables: tuple[str, ...] = (
        "person_fact",
        "unit_fact",
        "unit_above",
        "job_fact",
        "permission_role",
        "audience_member",
    )
    types = frozenset(c.TOPIC for c in (*PEOPLE, *UNITS, *_ROLES, *_AUDIENCES, JobAssigned, JobEnded))

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        save_units(conn, events)
        save_people(conn, events)
        _save_jobs(conn, events)
        for recorded in events:
            _save_role(conn, recorded.event)
            _save_members(conn, recorded.event)
        concerned = {id: recorded for recorded in events for id in _concerned(recorded.event)}
        if concerned:
            meta = next(reversed(concerned.values())).causing(self.source)
            ring_found(conn, "r.status = 'open' AND r.person = ANY(%(people)s)", {"people": list(concerned)}, meta)


def _concerned(event: Event) -> Sequence[UUID]:
    """Whose open requests may be closed by it."""
    if isinstance(event, PersonDeactivated):
        return [event.originator_id]
    return event.people if isinstance(event, AudienceMembersRemoved) else []


def _save_jobs(conn: Connection, events: Sequence[Recorded]) -> None:
    now: dict[UUID, JobFact | None] = {}
    for event in (recorded.event for recorded in events):
        if isinstance(event, JobAssigned):
            now[event.job.id] = _job(event.originator_id, event.job)
        elif isinstance(event, JobEnded):
            now[event.job] = None
    if now:
        facts.save_jobs(conn, [job for job in now.values() if job], [id for id, job in now.items() if job is None])


def _job(person: UUID, job: Job) -> JobFact:
    managers = (job.manager_job, job.temporary_manager_job, job.temporary_until)
    return JobFact(job.id, person, *managers, job.starts, job.ends)


def _save_role(conn: Connection, event: Event) -> None:
    if isinstance(event, PermissionRoleGranted):
        conn.execute(
            "INSERT INTO permission_role (person, role, organisation) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [event.originator_id, event.role, event.organisation],
        )
    elif isinstance(event, PermissionRoleRevoked):
        conn.execute(
            "DELETE FROM permission_role WHERE person = %s AND role = %s AND organisation IS NOT DISTINCT FROM %s",
            [event.originator_id, event.role, event.organisation],
        )


def _save_members(conn: Connection, event: Event) -> None:
    match event:
        case AudienceMembersAdded():
            conn.execute(
                "INSERT INTO audience_member (audience, person) SELECT %s, unnest(%s::uuid[]) ON CONFLICT DO NOTHING",
                [event.originator_id, list(event.people)],
            )
        case AudienceMembersRemoved():
            conn.execute(
                "DELETE FROM audience_member WHERE audience = %s AND person = ANY(%s)",
                [event.originator_id, list(event.people)],
            )
        case AudienceRemoved():
            conn.execute("DELETE FROM audience_member WHERE audience = %s", [event.originator_id])
