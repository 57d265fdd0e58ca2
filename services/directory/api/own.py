"""Routes on oneself: who the caller is, and what holds for the caller."""

from fastapi import APIRouter, Response

from services.directory.api.dependencies import DatabaseDep, PeopleDep
from services.directory.api.people import show
from services.directory.application.people import OwnEdit
from services.directory.projections import people, profiles
from services.directory.projections.people import OwnView
from services.directory.projections.profiles import Holding
from shared.auth import CurrentCaller, Scope
from shared.errors import NotFound
from shared.http import CommandContextDep, IfMatch
from shared.store import Receipt

router = APIRouter(prefix="/api/directory/me", tags=["oneself"])


@router.get("")
def me(database: DatabaseDep, caller: CurrentCaller, response: Response) -> OwnView:
    """Show the caller, with the permissions that the roles give at this moment."""
    found = show(database, Scope(everything=True), caller.id, response)
    return OwnView(**dict(found), permissions=people.permissions(found))


@router.patch("")
def edit(commands: PeopleDep, context: CommandContextDep, edit: OwnEdit, expected: IfMatch) -> Receipt:
    """Change the own language and time zone (DIR-1)."""
    return commands.edit_own(context, edit, expected)


@router.get("/holding")
def holding(database: DatabaseDep, caller: CurrentCaller) -> Holding:
    """Show what holds for the caller: whom to ask, days of access, the time zone of due dates (DIR-7)."""
    with database.connection() as conn:
        found = profiles.holding(conn, caller.id)
    if found is None:
        raise NotFound("You are not a person of the directory, so nothing holds for you.")
    return found
