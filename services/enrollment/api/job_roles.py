"""Who holds a job role; its qualifications come and go with it (ASG-12)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from services.enrollment.api.parts import Reason, Using, assigning_qualifications
from services.enrollment.application.naming import named
from services.enrollment.projections import triggers
from services.enrollment.projections.triggers import HeldRole, HolderItem
from shared.auth import Permission, Scope, SignedIn
from shared.http import Commanded, Cursor, PageSize
from shared.limits import MANY
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")


class Holders(BaseModel):
    people: list[UUID] = Field(min_length=1, max_length=MANY)


@router.post("/job-roles/{job_role_id}/holders", status_code=201)
def assign(caller: SignedIn, context: Commanded, using: Using, job_role_id: UUID, body: Holders) -> Receipt:
    """Assign a job role to these people, at once; the result says who was refused, and why (ASG-12)."""
    scope = assigning_qualifications(caller)
    return named(using.database, scope, using.role_holding.assign(context, scope, job_role_id, body.people))


@router.get("/job-roles/{job_role_id}/holders")
def list_holders(
    caller: SignedIn, using: Using, size: PageSize, job_role_id: UUID, cursor: Cursor = None
) -> Page[HolderItem]:
    """By hand, or by which triggers."""
    scope = caller.scope(Permission.READ_ASSIGNMENTS)
    with using.database.connection() as conn:
        return triggers.holders(conn, scope, job_role_id, cursor, size)


@router.delete("/job-roles/{job_role_id}/holders/{person_id}")
def take(
    caller: SignedIn,
    context: Commanded,
    using: Using,
    job_role_id: UUID,
    person_id: UUID,
    body: Annotated[Reason | None, Body()] = None,
) -> Receipt:
    """The person does not hold it by hand any more; its qualifications go with it (ASG-12)."""
    scope = assigning_qualifications(caller)
    return using.role_holding.take(context, scope, job_role_id, person_id, body.reason if body else None)


@router.get("/people/{person_id}/job-roles")
def list_roles(caller: SignedIn, using: Using, person_id: UUID) -> list[HeldRole]:
    """The job roles of a person, by name: one's own, or those of people in scope."""
    reads = caller.may(Permission.READ_ASSIGNMENTS)
    scope = caller.scope(Permission.READ_ASSIGNMENTS) if reads or caller.id != person_id else Scope(everything=False)
    with using.database.connection() as conn:
        return triggers.roles_of(conn, scope, caller.id, person_id)
