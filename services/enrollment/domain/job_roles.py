"""Who holds a job role by hand (ASG-12). The role and its qualifications are the catalog's."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from shared.contracts.enrollment import JobRoleAssigned, JobRoleUnassigned
from shared.errors import Conflict
from shared.events import Event, TextRef


@dataclass(frozen=True)
class RoleAssignment:
    """One person and one job role."""

    id: UUID
    version: int = 0
    held: bool = False


def holding_id(job_role: UUID, person: UUID) -> UUID:
    """There is one for each job role and person."""
    return uuid5(job_role, str(person))


def evolve(state: RoleAssignment | None, event: Event) -> RoleAssignment | None:
    match event:
        case JobRoleAssigned():
            return RoleAssignment(event.originator_id, event.originator_version, True)
        case JobRoleUnassigned():
            return RoleAssignment(event.originator_id, event.originator_version, False)
        case _:
            return state


def assigned(state: RoleAssignment, job_role: UUID, person: UUID) -> JobRoleAssigned:
    return JobRoleAssigned(
        originator_id=state.id, originator_version=state.version + 1, person_id=person, job_role_id=job_role
    )


def unassigned(state: RoleAssignment, job_role: UUID, person: UUID, reason: TextRef | None) -> JobRoleUnassigned:
    """Refuses somebody who does not hold it by hand."""
    if not state.held:
        raise Conflict(
            "This person was not assigned the job role by hand. A job role given by a trigger is taken back with the trigger.",
            kind="not-a-holder",
        )
    return JobRoleUnassigned(
        originator_id=state.id,
        originator_version=state.version + 1,
        person_id=person,
        job_role_id=job_role,
        reason=reason,
    )
