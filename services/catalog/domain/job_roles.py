"""Job roles: what a person does (nurse, driver), and the qualifications that go with it (CAT-10). Pure."""

from dataclasses import dataclass, replace
from uuid import UUID

from shared.contracts.catalog import JobRoleDescribed, JobRoleRemoved, LinkedQualification
from shared.errors import Invalid
from shared.events import Event


@dataclass(frozen=True)
class Description:
    """What a job role is described by."""

    code: str
    name: str
    description: str = ""
    qualifications: tuple[LinkedQualification, ...] = ()


@dataclass(frozen=True)
class JobRole:
    """A job role as its events tell it."""

    id: UUID
    version: int
    described: Description
    removed: bool = False


def evolve(state: JobRole | None, event: Event) -> JobRole | None:
    """The job role after an event. Never judges."""
    match event:
        case JobRoleDescribed():
            described = Description(event.code, event.name, event.description, event.qualifications)
            return JobRole(event.originator_id, event.originator_version, described)
        case JobRoleRemoved() if state:
            return replace(state, version=event.originator_version, removed=True)
    return state


def describe(state: JobRole | None, id: UUID, wanted: Description) -> list[Event]:
    """Create the job role, or replace it whole; nothing where it is so already."""
    if state and state.described == wanted:
        return []
    linked = [link.qualification_id for link in wanted.qualifications]
    if len(set(linked)) < len(linked):
        raise Invalid("A qualification appears more than once in the list.", field="qualifications")
    return [JobRoleDescribed.unchecked_next(id, state.version if state else 0, vars(wanted))]


def remove(state: JobRole) -> list[Event]:
    return [JobRoleRemoved.unchecked_next(state.id, state.version, {})]
