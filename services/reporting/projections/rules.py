"""What job roles and triggers are called: the names of their assignments. Sources: catalog, enrollment."""

from typing import NamedTuple
from uuid import UUID

from services.reporting.projections.periods import PeriodTable, first_of_stream, stream
from shared.contracts.catalog import JobRoleDescribed, JobRoleRemoved
from shared.contracts.enrollment import TriggerCreated
from shared.events import Event


class JobRole(NamedTuple):
    job_role_id: UUID
    name: str


class Trigger(NamedTuple):
    trigger_id: UUID
    name: str


def _job_role(state: JobRole | None, event: Event) -> JobRole | None:
    match event:
        case JobRoleDescribed():
            return JobRole(event.originator_id, event.name)
        case JobRoleRemoved():
            return None
    return state


def _trigger(state: Trigger | None, event: Event) -> Trigger | None:
    return Trigger(event.originator_id, event.name) if isinstance(event, TriggerCreated) else state


JOB_ROLE = PeriodTable(
    "job_role",
    JobRole,
    key=("job_role_id",),
    events=(JobRoleDescribed, JobRoleRemoved),
    key_of=stream,
    evolve=_job_role,
    opens=first_of_stream,
)
TRIGGER = PeriodTable(
    "trigger",
    Trigger,
    key=("trigger_id",),
    events=(TriggerCreated,),
    key_of=stream,
    evolve=_trigger,
    opens=first_of_stream,
)
