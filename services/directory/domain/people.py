"""One person: home, structural fields, jobs and permission roles. The stream is the person."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from shared.contracts.directory import (
    Deactivation,
    FirstSignedIn,
    Job,
    JobAssigned,
    JobEnded,
    PermissionRoleGranted,
    PermissionRoleRevoked,
    PersonDeactivated,
    PersonDescribed,
    PersonMoved,
    PersonReactivated,
    PersonRegistered,
)
from shared.errors import Conflict, Invalid, NotFound
from shared.events import Event

Held = tuple[str, UUID | None]
"""A permission role and the organisation it is held for; None: for everything."""


@dataclass(frozen=True)
class Person:
    """What the events of one person say today."""

    id: UUID
    version: int
    home: UUID | None = None
    country: str | None = None
    dates: Mapping[str, date] = field(default_factory=dict)
    active: bool = True
    jobs: Mapping[UUID, Job] = field(default_factory=dict)
    roles: frozenset[Held] = frozenset()


def evolve(state: Person | None, event: Event) -> Person:  # noqa: PLR0911
    now = replace(state or Person(event.originator_id, 0), version=event.originator_version)
    match event:
        case PersonRegistered():
            return replace(now, home=event.home_organisation, country=event.country, dates=event.dates)
        case PersonMoved():
            return replace(now, home=event.home_organisation)
        case PersonDescribed():
            return replace(now, country=event.country, dates=event.dates)
        case PersonDeactivated() | PersonReactivated():
            return replace(now, active=isinstance(event, PersonReactivated))
        case JobAssigned():
            return replace(now, jobs={**now.jobs, event.job.id: event.job})
        case JobEnded():
            return replace(now, jobs={id: job for id, job in now.jobs.items() if id != event.job})
        case PermissionRoleGranted():
            return replace(now, roles=now.roles | {(event.role, event.organisation)})
        case PermissionRoleRevoked():
            return replace(now, roles=now.roles - {(event.role, event.organisation)})
    return now


def move(person: Person, home: UUID | None) -> tuple[Event, ...]:
    """Another home organisation; none to the same one."""
    if person.home == home:
        return ()
    return (PersonMoved(originator_id=person.id, originator_version=person.version + 1, home_organisation=home),)


def describe(person: Person, country: str | None, dates: Mapping[str, date]) -> tuple[Event, ...]:
    """The structural fields, whole; nothing when they are the same."""
    if (person.country, dict(person.dates)) == (country, dict(dates)):
        return ()
    fields = {"country": country, "dates": dict(dates)}
    return (PersonDescribed.unchecked_next(person.id, person.version, fields),)


def deactivate(person: Person, why: Deactivation) -> tuple[Event, ...]:
    if not person.active:
        raise Conflict("This person is already inactive.", kind="already-inactive")
    return (PersonDeactivated(originator_id=person.id, originator_version=person.version + 1, why=why),)


def reactivate(person: Person) -> tuple[Event, ...]:
    if person.active:
        raise Conflict("This person is already active.", kind="already-active")
    return (PersonReactivated(originator_id=person.id, originator_version=person.version + 1),)


def sign_in(person: Person, at: datetime) -> tuple[Event, ...]:
    """Only the first sign-in ever is an event (DIR-10); the caller knows that it is the first."""
    if not person.active:
        raise Conflict("This person is not active.", kind="inactive")
    return (FirstSignedIn(originator_id=person.id, originator_version=person.version + 1, at=at),)


def grant(person: Person, held: Held) -> tuple[Event, ...]:
    """Every change of permission is an event (SEC-6)."""
    if held in person.roles:
        raise Conflict("This person already holds this permission role there.", field="role", kind="already-held")
    role, organisation = held
    return (
        PermissionRoleGranted(
            originator_id=person.id, originator_version=person.version + 1, role=role, organisation=organisation
        ),
    )


def revoke(person: Person, held: Held) -> tuple[Event, ...]:
    if held not in person.roles:
        raise NotFound("This person does not hold this permission role there.", field="role")
    role, organisation = held
    return (
        PermissionRoleRevoked(
            originator_id=person.id, originator_version=person.version + 1, role=role, organisation=organisation
        ),
    )


def assign_job(
    person: Person, job: Job, manager_chain: tuple[UUID, ...], temporary_chain: tuple[UUID, ...], today: date
) -> tuple[Event, ...]:
    """A job comes to be or changes. `manager_chain`: the manager's job and everything above it, nearest first."""
    check_job(person.id, job, today)
    if job.id in manager_chain:
        raise Conflict(
            "This manager reports, directly or indirectly, to this job, and nobody can be their own superior. "
            "Choose another manager, or change the manager's own manager first.",
            field="manager_job",
            kind="manager-cycle",
        )
    if job.id in temporary_chain:
        raise Conflict(
            "This temporary manager reports to this job. Choose another one.",
            field="temporary_manager_job",
            kind="manager-cycle",
        )
    if person.jobs.get(job.id) == job:
        return ()
    return (JobAssigned(originator_id=person.id, originator_version=person.version + 1, job=job),)


def check_job(person: UUID, job: Job, today: date) -> None:
    """What holds for a job alone (DIR-5). Raises Invalid naming the field."""
    if job.starts and job.ends and job.starts > job.ends:
        raise Invalid("A job must start before it ends.", field="ends")
    if person in (job.manager, job.temporary_manager):
        raise Invalid(
            "People cannot be their own managers. Choose another manager.",
            field="manager_job" if job.manager == person else "temporary_manager_job",
            kind="own-manager",
        )
    if job.temporary_manager_job and (job.temporary_until is None or job.temporary_until <= today):
        raise Invalid("A temporary manager must have a last day in the future.", field="temporary_until")


def end_job(person: Person, job: UUID) -> tuple[Event, ...]:
    if job not in person.jobs:
        raise NotFound("This person has no such job.", field="job_id")
    return (JobEnded(originator_id=person.id, originator_version=person.version + 1, job=job),)
