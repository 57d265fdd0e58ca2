"""Routes on people, their jobs and permission roles."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel

from services.directory.api.dependencies import AccountsDep, DatabaseDep, JobsDep, PeopleDep, RegistrationsDep
from services.directory.application.jobs import JobRequest
from services.directory.application.people import PersonEdit
from services.directory.application.registrations import NewPerson
from services.directory.projections import people
from services.directory.projections.people import PersonView, SignInView
from shared.auth import CurrentCaller, Permission, Scope
from shared.client_address import ClientAddress
from shared.contracts.directory import Deactivation
from shared.database import Database
from shared.errors import NotFound
from shared.http import CommandContextDep, Cursor, IfMatch, PageSize, etag, without_secrets
from shared.limits import Role, Secret
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/directory", tags=["people"])

MANAGE, READ, ASSIGN = Permission.MANAGE_DIRECTORY, Permission.READ_DIRECTORY, Permission.ASSIGN


class Move(BaseModel):
    organisation_id: UUID | None


class Leave(BaseModel):
    why: Deactivation = "left"


class RoleRequest(BaseModel):
    """organisation None: for everything."""

    role: Role
    organisation: UUID | None = None


class Password(BaseModel):
    """`present_password` for one's own."""

    password: Secret
    present_password: Secret | None = None


@router.post("/people", status_code=201)
def register(
    registrations: RegistrationsDep,
    caller: CurrentCaller,
    context: CommandContextDep,
    new: NewPerson,
    response: Response,
) -> Receipt:
    """Register a person, with a password as an account too. Whoever assigns in an organisation may do that there, with first name,
    last name, e-mail, password and country (DIR-2)."""
    manage = caller.scope(MANAGE) if caller.may(MANAGE) or not caller.may(ASSIGN) else None
    assign = caller.scope(ASSIGN) if caller.may(ASSIGN) else None
    receipt = registrations.register(without_secrets(context, new, "password"), manage, assign, new)
    if isinstance(receipt.result, dict):
        response.headers["Location"] = f"/api/directory/people/{receipt.result['person_id']}"
    return receipt


@router.get("/people/{person_id}")
def person(database: DatabaseDep, caller: CurrentCaller, person_id: UUID, response: Response) -> PersonView:
    return show(database, caller.scope(READ), person_id, response)


def show(database: Database, scope: Scope, id: UUID, response: Response) -> PersonView:
    """Raises NotFound."""
    with database.connection() as conn:
        found = people.find(conn, scope, id)
    if found is None:
        raise NotFound("There is no such person, or none that you may see.", field="person_id")
    response.headers["ETag"] = etag(found.version)
    return found


@router.patch("/people/{person_id}")
def edit(
    commands: PeopleDep,
    caller: CurrentCaller,
    context: CommandContextDep,
    person_id: UUID,
    edit: PersonEdit,
    expected: IfMatch,
) -> Receipt:
    return commands.edit(context, caller.scope(MANAGE), person_id, edit, expected)


@router.post("/people/{person_id}/move")
def move(
    commands: PeopleDep,
    caller: CurrentCaller,
    context: CommandContextDep,
    person_id: UUID,
    move: Move,
    expected: IfMatch,
) -> Receipt:
    """Move a person to another home organisation."""
    return commands.move(context, caller.scope(MANAGE), person_id, move.organisation_id, expected)


@router.post("/people/{person_id}/deactivate")
def deactivate(
    commands: PeopleDep,
    caller: CurrentCaller,
    context: CommandContextDep,
    person_id: UUID,
    expected: IfMatch,
    leave: Annotated[Leave, Body()] = Leave(),  # noqa: B008
) -> Receipt:
    return commands.deactivate(context, caller.scope(MANAGE), person_id, leave.why, expected)


@router.post("/people/{person_id}/reactivate")
def reactivate(
    commands: PeopleDep, caller: CurrentCaller, context: CommandContextDep, person_id: UUID, expected: IfMatch
) -> Receipt:
    return commands.reactivate(context, caller.scope(MANAGE), person_id, expected)


@router.post("/people/{person_id}/jobs", status_code=201)
def assign_job(
    job_commands: JobsDep,
    caller: CurrentCaller,
    context: CommandContextDep,
    person_id: UUID,
    job: JobRequest,
    expected: IfMatch,
) -> Receipt:
    return job_commands.assign(context, caller.scope(MANAGE), person_id, job, expected)


@router.put("/people/{person_id}/jobs/{job_id}")
def change_job(
    job_commands: JobsDep,
    caller: CurrentCaller,
    context: CommandContextDep,
    person_id: UUID,
    job_id: UUID,
    job: JobRequest,
    expected: IfMatch,
) -> Receipt:
    return job_commands.assign(context, caller.scope(MANAGE), person_id, job, expected, job_id=job_id)


@router.delete("/people/{person_id}/jobs/{job_id}")
def end_job(
    job_commands: JobsDep,
    caller: CurrentCaller,
    context: CommandContextDep,
    person_id: UUID,
    job_id: UUID,
    expected: IfMatch,
) -> Receipt:
    return job_commands.end(context, caller.scope(MANAGE), person_id, job_id, expected)


@router.post("/people/{person_id}/roles", status_code=201)
def grant(
    commands: PeopleDep, caller: CurrentCaller, context: CommandContextDep, person_id: UUID, held: RoleRequest
) -> Receipt:
    return commands.grant(context, caller.scope(MANAGE), person_id, (held.role, held.organisation))


@router.delete("/people/{person_id}/roles/{role}")
def revoke(
    commands: PeopleDep,
    caller: CurrentCaller,
    context: CommandContextDep,
    person_id: UUID,
    role: Role,
    organisation: UUID | None = None,
) -> Receipt:
    return commands.revoke(context, caller.scope(MANAGE), person_id, (role, organisation))


@router.get("/people/{person_id}/sign-ins")
def sign_ins(
    database: DatabaseDep, caller: CurrentCaller, person_id: UUID, limit: PageSize, cursor: Cursor = None
) -> Page[SignInView]:
    """List a person's successful sign-ins, newest first. Everybody can see their own."""
    scope = None if caller.id == person_id else caller.scope(READ)
    with database.connection() as conn:
        if scope and not people.visible(conn, scope, [person_id]):
            raise NotFound("There is no such person, or none that you may see.", field="person_id")
        return people.sign_ins(conn, person_id, cursor, limit)


@router.put("/people/{person_id}/password", status_code=204)
def set_password(
    commands: PeopleDep,
    accounts: AccountsDep,
    caller: CurrentCaller,
    address: ClientAddress,
    person_id: UUID,
    body: Password,
) -> None:
    """Create a local account for this person, or change its password; every sign-in with the one before ends. Everybody can change
    their own password, with the present one."""
    if caller.id == person_id:
        accounts.change_password(person_id, body.present_password, body.password, address)
        return
    commands.check_account(caller.scope(MANAGE), person_id, caller.id)
    accounts.set_password(person_id, body.password)
