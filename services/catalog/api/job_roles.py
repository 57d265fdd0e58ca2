"""Job roles: what a person does, and the qualifications that go with it (CAT-10)."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.catalog.api.parts import Using, check_reader
from services.catalog.application.job_roles import JobRoleIn
from services.catalog.projections import job_roles
from shared.auth import Permission, SignedIn
from shared.contracts.catalog import LinkedQualification
from shared.http import Commanded, Cursor, Expected, PageSize, etag
from shared.limits import Sought
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/catalog")


class JobRoleView(BaseModel):
    """A job role, whole."""

    id: UUID
    code: str
    name: str
    description: str
    qualifications: tuple[LinkedQualification, ...]


@router.get("/job-roles")
def list_job_roles(
    caller: SignedIn, using: Using, size: PageSize, q: Sought | None = None, cursor: Cursor = None
) -> Page[job_roles.JobRoleItem]:
    """Job roles by name; `q` is a part of name or code."""
    check_reader(caller)
    with using.catalog.database.connection() as conn:
        return job_roles.page(conn, q, cursor, size)


@router.get("/job-roles/{job_role_id}")
def show_job_role(caller: SignedIn, using: Using, response: Response, job_role_id: UUID) -> JobRoleView:
    check_reader(caller)
    state = using.job_roles.find(job_role_id)
    response.headers["ETag"] = etag(state.version)
    return JobRoleView(id=state.id, **vars(state.described))


@router.post("/job-roles", status_code=201)
def create_job_role(caller: SignedIn, context: Commanded, using: Using, response: Response, body: JobRoleIn) -> Receipt:
    """A new job role; codes are unique regardless of case."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    receipt = using.job_roles.describe(context, body)
    if isinstance(receipt.result, dict):
        response.headers["Location"] = f"/api/catalog/job-roles/{receipt.result['id']}"
    return receipt


@router.put("/job-roles/{job_role_id}")
def describe_job_role(
    caller: SignedIn, context: Commanded, using: Using, job_role_id: UUID, expected: Expected, body: JobRoleIn
) -> Receipt:
    """Replace it whole, with its links; send the ETag you read as If-Match."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.job_roles.describe(context, body, job_role_id, expected)


@router.delete("/job-roles/{job_role_id}")
def remove_job_role(
    caller: SignedIn, context: Commanded, using: Using, job_role_id: UUID, expected: Expected
) -> Receipt:
    """Nobody can have it any more. Its code is free again."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.job_roles.remove(context, job_role_id, expected)
