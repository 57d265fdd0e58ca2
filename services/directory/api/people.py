"""Routes on people, their jobs and permission roles."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel

from services.directory.api.parts import Using
from services.directory.application.jobs import JobRequest
from services.directory.application.people import NewPerson, PersonEdit
from services.directory.projections import people
from services.directory.projections.people import PersonFilter, PersonItem, PersonQuery, PersonView, SignInView
from shared.auth import Permission, Scope, SignedIn
from shared.contracts.directory import Deactivation
from shared.errors import Invalid, NotFound
from shared.http import Commanded, Cursor, Expected, Limit, PageSize, etag
from shared.limits import Cursor as CursorText
from shared.limits import Role, Secret
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/directory", tags=["people"])

MANAGE, READ = Permission.MANAGE_DIRECTORY, Permission.READ_DIRECTORY


class PeopleQuery(PersonFilter):
    cursor: Cursor = None
    limit: Limit = None


class Move(BaseModel):
    organisation_id: UUID | None


class Leave(BaseModel):
    why: Deactivation = "left"


class RoleRequest(BaseModel):
    """organisation None: for everything."""

    role: Role
    organisation: UUID | None = None


class Password(BaseModel):
    password: Secret


class PersonSearch(PersonQuery):
    cursor: CursorText | None = None


class Selection(BaseModel):
    """Everybody whom a search finds, for a command that takes people."""

    people: list[UUID]


@router.get("/people")
def list_people(
    use: Using, caller: SignedIn, asked: Annotated[PeopleQuery, Query()], limit: PageSize
) -> Page[PersonItem]:
    """People of organisations, positions, audiences, within the caller's scope. Names are searched for in a body only."""
    scope = caller.scope(READ)
    with use.database.connection() as conn:
        return people.search(conn, scope, asked, asked.cursor, limit)


@router.post("/people/search")
def search(use: Using, caller: SignedIn, limit: PageSize, asked: PersonSearch) -> Page[PersonItem]:
    """The same, also by parts of first and last name, and by e-mail (DIR-9): never in an address."""
    scope = caller.scope(READ)
    with use.database.connection() as conn:
        return people.search(conn, scope, asked, asked.cursor, limit)


@router.post("/people/selection")
def select_all(use: Using, caller: SignedIn, request: Request, asked: PersonQuery) -> Selection:
    """Everybody in the result of a search, not only the visible page, to assign them at once (ASG-4)."""
    limit: int = request.app.state.settings.assignment_rows_limit
    with use.database.connection() as conn:
        found = people.selection(conn, caller.scope(READ), asked, limit)
    if len(found) > limit:
        raise Invalid(
            f"More than {limit} people match (ROLLBOOK_ASSIGNMENT_ROWS_LIMIT). Narrow the search, or assign an organisation, "
            "a position or an audience.",
            kind="too-many",
        )
    return Selection(people=found)


@router.post("/people", status_code=201)
def register(use: Using, caller: SignedIn, context: Commanded, new: NewPerson, response: Response) -> Receipt:
    receipt = use.people.register(context, caller.scope(MANAGE), new)
    if isinstance(receipt.result, dict):
        response.headers["Location"] = f"/api/directory/people/{receipt.result['person_id']}"
    return receipt


@router.get("/me")
def me(use: Using, caller: SignedIn, response: Response) -> PersonView:
    """Whoever signed in."""
    return _person(use, Scope(everything=True), caller.id, response)


@router.get("/people/{person_id}")
def person(use: Using, caller: SignedIn, person_id: UUID, response: Response) -> PersonView:
    return _person(use, caller.scope(READ), person_id, response)


def _person(use: Using, scope: Scope, id: UUID, response: Response) -> PersonView:
    with use.database.connection() as conn:
        found = people.find(conn, scope, id)
    if found is None:
        raise NotFound("There is no such person, or none that you may see.", field="person_id")
    response.headers["ETag"] = etag(found.version)
    return found


@router.patch("/people/{person_id}")
def edit(
    use: Using, caller: SignedIn, context: Commanded, person_id: UUID, edit: PersonEdit, expected: Expected
) -> Receipt:
    return use.people.edit(context, caller.scope(MANAGE), person_id, edit, expected)


@router.post("/people/{person_id}/move")
def move(use: Using, caller: SignedIn, context: Commanded, person_id: UUID, move: Move, expected: Expected) -> Receipt:
    """To another home organisation."""
    return use.people.move(context, caller.scope(MANAGE), person_id, move.organisation_id, expected)


@router.post("/people/{person_id}/deactivate")
def deactivate(
    use: Using,
    caller: SignedIn,
    context: Commanded,
    person_id: UUID,
    expected: Expected,
    leave: Annotated[Leave, Body()] = Leave(),  # noqa: B008
) -> Receipt:
    return use.people.deactivate(context, caller.scope(MANAGE), person_id, leave.why, expected)


@router.post("/people/{person_id}/reactivate")
def reactivate(use: Using, caller: SignedIn, context: Commanded, person_id: UUID, expected: Expected) -> Receipt:
    return use.people.reactivate(context, caller.scope(MANAGE), person_id, expected)


@router.post("/people/{person_id}/jobs", status_code=201)
def assign_job(
    use: Using, caller: SignedIn, context: Commanded, person_id: UUID, job: JobRequest, expected: Expected
) -> Receipt:
    return use.jobs.assign(context, caller.scope(MANAGE), person_id, None, job, expected)


@router.put("/people/{person_id}/jobs/{job_id}")
def change_job(
    use: Using, caller: SignedIn, context: Commanded, person_id: UUID, job_id: UUID, job: JobRequest, expected: Expected
) -> Receipt:
    return use.jobs.assign(context, caller.scope(MANAGE), person_id, job_id, job, expected)


@router.delete("/people/{person_id}/jobs/{job_id}")
def end_job(
    use: Using, caller: SignedIn, context: Commanded, person_id: UUID, job_id: UUID, expected: Expected
) -> Receipt:
    return use.jobs.end(context, caller.scope(MANAGE), person_id, job_id, expected)


@router.post("/people/{person_id}/roles", status_code=201)
def grant(use: Using, caller: SignedIn, context: Commanded, person_id: UUID, held: RoleRequest) -> Receipt:
    return use.people.grant(context, caller.scope(MANAGE), person_id, (held.role, held.organisation))


@router.delete("/people/{person_id}/roles/{role}")
def revoke(
    use: Using, caller: SignedIn, context: Commanded, person_id: UUID, role: Role, organisation: UUID | None = None
) -> Receipt:
    return use.people.revoke(context, caller.scope(MANAGE), person_id, (role, organisation))


@router.get("/people/{person_id}/sign-ins")
def sign_ins(use: Using, caller: SignedIn, person_id: UUID, limit: PageSize, cursor: Cursor = None) -> Page[SignInView]:
    """Successful ones, newest first. Everybody may see the own ones."""
    scope = None if caller.id == person_id else caller.scope(READ)
    with use.database.connection() as conn:
        if scope and not people.visible(conn, scope, [person_id]):
            raise NotFound("There is no such person, or none that you may see.", field="person_id")
        return people.sign_ins(conn, person_id, cursor, limit)


@router.put("/people/{person_id}/password", status_code=204)
def set_password(use: Using, caller: SignedIn, person_id: UUID, body: Password) -> None:
    """A local account for this person, or another password. Everybody may change the own one."""
    if caller.id != person_id:
        use.people.check_account(caller.scope(MANAGE), person_id, caller.id)
    use.accounts.set_password(person_id, body.password)
