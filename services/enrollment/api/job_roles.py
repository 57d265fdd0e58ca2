"""Who holds a job role; its qualifications come and go with it (ASG-12)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from services.enrollment.api.dependencies import DatabaseDep, JobRoleCommandsDep, Reason, assigning_qualifications
from services.enrollment.application.assignments.receipts import named
from services.enrollment.projections import triggers
from services.enrollment.projections.triggers import HeldRole, HolderItem
from shared.auth import CurrentCaller, Permission, Scope
from shared.http import CommandContextDep, Cursor, PageSize
from shared.limits import MANY
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")


class Holders(BaseModel):
    people: list[UUID] = Field(min_length=1, max_length=MANY)


@router.post("/job-roles/{job_role_id}/holders", status_code=201)
def assign(
    caller: CurrentCaller,
    context: CommandContextDep,
    database: DatabaseDep,
    job_role_commands: JobRoleCommandsDep,
    job_role_id: UUID,
    body: Holders,
) -> Receipt:
    """Assign a job role to these people at once; the result lists who was rejected, and why (ASG-12)."""
    scope = assigning_qualifications(caller)
    return named(database, scope, job_role_commands.assign(context, scope, job_role_id, body.people))


@router.get("/job-roles/{job_role_id}/holders")
def list_holders(
    caller: CurrentCaller, database: DatabaseDep, size: PageSize, job_role_id: UUID, cursor: Cursor = None
) -> Page[HolderItem]:
    """List who holds the job role: by hand, or through which triggers."""
    scope = caller.scope(Permission.READ_ASSIGNMENTS)
    with database.connection() as conn:
        return triggers.holders(conn, scope, job_role_id, cursor, size)


@router.delete("/job-roles/{job_role_id}/holders/{person_id}")
def take(
    caller: CurrentCaller,
    context: CommandContextDep,
    job_role_commands: JobRoleCommandsDep,
    job_role_id: UUID,
    person_id: UUID,
    body: Annotated[Reason | None, Body()] = None,
) -> Receipt:
    """Remove a job role that was assigned by hand; its qualifications go with it (ASG-12)."""
    scope = assigning_qualifications(caller)
    return job_role_commands.take(context, scope, job_role_id, person_id, reason=body.reason if body else None)


@router.get("/people/{person_id}/job-roles")
def list_roles(caller: CurrentCaller, database: DatabaseDep, person_id: UUID) -> list[HeldRole]:
    """List the job roles of a person by name: your own, or those of people in your scope."""
    reads = caller.may(Permission.READ_ASSIGNMENTS)
    scope = caller.scope(Permission.READ_ASSIGNMENTS) if reads or caller.id != person_id else Scope(everything=False)
    with database.connection() as conn:
        return triggers.roles_of(conn, scope, caller.id, person_id)
