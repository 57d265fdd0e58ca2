"""Job roles: what a person does, and the qualifications that go with it (CAT-10)."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.catalog.api.dependencies import CatalogDep, JobRolesDep, check_reader
from services.catalog.application.job_roles import JobRoleIn
from services.catalog.projections import job_roles
from shared.auth import CurrentCaller, Permission
from shared.contracts.catalog import LinkedQualification
from shared.http import CommandContextDep, Cursor, IfMatch, PageSize, etag
from shared.limits import Sought
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/catalog")


class JobRoleView(BaseModel):
    """A job role, whole. `version` is its ETag."""

    id: UUID
    version: int
    code: str
    name: str
    description: str
    qualifications: tuple[LinkedQualification, ...]


@router.get("/job-roles")
def list_job_roles(
    caller: CurrentCaller, catalog: CatalogDep, size: PageSize, q: Sought | None = None, cursor: Cursor = None
) -> Page[job_roles.JobRoleItem]:
    """List job roles by name; `q` matches part of the name or code."""
    check_reader(caller)
    with catalog.database.connection() as conn:
        return job_roles.page(conn, q, cursor, size)


@router.get("/job-roles/{job_role_id}")
def show_job_role(
    caller: CurrentCaller, role_commands: JobRolesDep, response: Response, job_role_id: UUID
) -> JobRoleView:
    check_reader(caller)
    state = role_commands.find(job_role_id)
    response.headers["ETag"] = etag(state.version)
    return JobRoleView(id=state.id, version=state.version, **vars(state.described))


@router.post("/job-roles", status_code=201)
def create_job_role(
    caller: CurrentCaller, context: CommandContextDep, role_commands: JobRolesDep, response: Response, body: JobRoleIn
) -> Receipt:
    """Create a job role; codes are unique regardless of case."""
    caller.everywhere(Permission.EDIT_CATALOG)
    receipt = role_commands.describe(context, body)
    if isinstance(receipt.result, dict):
        response.headers["Location"] = f"/api/catalog/job-roles/{receipt.result['id']}"
    return receipt


@router.put("/job-roles/{job_role_id}")
def describe_job_role(
    caller: CurrentCaller,
    context: CommandContextDep,
    role_commands: JobRolesDep,
    job_role_id: UUID,
    expected: IfMatch,
    body: JobRoleIn,
) -> Receipt:
    """Replace the whole job role, including its links; send the ETag you read as If-Match."""
    caller.everywhere(Permission.EDIT_CATALOG)
    return role_commands.describe(context, body, job_role_id, expected)


@router.delete("/job-roles/{job_role_id}")
def remove_job_role(
    caller: CurrentCaller, context: CommandContextDep, role_commands: JobRolesDep, job_role_id: UUID, expected: IfMatch
) -> Receipt:
    """Remove a job role: nobody can hold it any more. Its code becomes free again."""
    caller.everywhere(Permission.EDIT_CATALOG)
    return role_commands.remove(context, job_role_id, expected)
