"""Routes on people in lists: search, everybody whom a search finds, and who the people are that have these ids."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from services.directory.api.dependencies import DatabaseDep
from services.directory.projections import lookup, people, person_lists, selections
from services.directory.projections.lookup import FoundPeople
from services.directory.projections.people import DateField
from services.directory.projections.person_lists import PeoplePage, PersonFilter, PersonQuery
from services.directory.projections.selections import SelectedPeople, Selection
from shared.auth import Caller, CurrentCaller, Permission, Scope
from shared.database import Connection, Database
from shared.errors import Forbidden
from shared.http import Cursor, Limit, PageSize
from shared.limits import Cursor as CursorText

router = APIRouter(prefix="/api/directory", tags=["people"])

READ = Permission.READ_DIRECTORY
LARGEST_PAGE = 10_000
"""People of a selection that the enrollment service reads at once: no page for a reader."""


class PeopleQuery(PersonFilter):
    cursor: Cursor = None
    limit: Limit = None
    count: bool = False


class PersonSearch(PersonQuery):
    """`count`: with how many match."""

    cursor: CursorText | None = None
    count: bool = False


class PeopleIds(BaseModel):
    ids: list[UUID] = Field(max_length=500)


@router.get("/people")
def list_people(
    database: DatabaseDep,
    caller: CurrentCaller,
    request: Request,
    asked: Annotated[PeopleQuery, Query()],
    limit: PageSize,
) -> PeoplePage:
    """List people by organisation, position, audience, country, manager or selection, within the caller's scope. To search by
    name, use POST."""
    return _found(database, caller, request, asked, asked.cursor, limit=limit, count=asked.count)


@router.post("/people/search")
def search(
    database: DatabaseDep, caller: CurrentCaller, request: Request, limit: PageSize, asked: PersonSearch
) -> PeoplePage:
    """Search people, also by part of the first or last name and by e-mail (DIR-9). These go in the body, never in the URL."""
    return _found(database, caller, request, asked, asked.cursor, limit=limit, count=asked.count)


@router.post("/people/selection")
def select_all(database: DatabaseDep, caller: CurrentCaller, request: Request, asked: PersonQuery) -> Selection:
    """Select everybody in the result of a search, not only the visible page, to assign them all at once (ASG-4). The selection
    stays as it was counted, and ends after an hour, unless configured otherwise."""
    with database.transaction() as conn:
        _check(conn, caller, request, asked)
        id = selections.keep(conn, caller.id, caller.scope(READ), asked, request.app.state.settings.selection_limit)
        return _selection(conn, caller, request, id)


@router.get("/people/selection/{selection_id}")
def show_selection(database: DatabaseDep, caller: CurrentCaller, request: Request, selection_id: UUID) -> Selection:
    """Show a selection of one's own, as it was counted."""
    caller.scope(READ)
    with database.connection() as conn:
        return _selection(conn, caller, request, selection_id)


@router.get("/people/selection/{selection_id}/people")
def list_selected(
    database: DatabaseDep,
    caller: CurrentCaller,
    request: Request,
    selection_id: UUID,
    of: Annotated[UUID, Query(description="Who selected them")],
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = LARGEST_PAGE,
) -> SelectedPeople:
    """For the enrollment service: list everybody in a selection, in the order of ids, to assign them for whoever selected them."""
    if caller.service != "enrollment":
        raise Forbidden("Only Rollbook's own enrollment service reads the selections of others.")
    with database.connection() as conn:
        return selections.people(conn, of, selection_id, _seconds(request), cursor, limit)


def _selection(conn: Connection, caller: Caller, request: Request, id: UUID) -> Selection:
    most: int = request.app.state.settings.assignment_rows_limit
    return selections.find(conn, caller.id, id, _seconds(request), most)


def _seconds(request: Request) -> float:
    """For so long a selection is kept."""
    seconds: float = request.app.state.settings.selection_seconds
    return seconds


def _found(
    database: Database,
    caller: Caller,
    request: Request,
    asked: PersonFilter,
    cursor: str | None,
    *,
    limit: int,
    count: bool,
) -> PeoplePage:
    scope = caller.scope(READ)
    with database.connection() as conn:
        _check(conn, caller, request, asked)
        return person_lists.search(conn, scope, asked, cursor, limit, count=count)


def _check(conn: Connection, caller: Caller, request: Request, asked: PersonFilter) -> None:
    """Raises NotFound for a selection that has ended."""
    if asked.selection:
        selections.check(conn, caller.id, asked.selection, _seconds(request))


@router.post("/people/lookup")
def look_up(database: DatabaseDep, caller: CurrentCaller, asked: PeopleIds) -> FoundPeople:
    """Tell who the people are that have these ids, as far as the caller may know. Needs no permission: whoever has none sees
    themselves, and the names of those who are above them."""
    scope = caller.scope(READ) if caller.may(READ) else Scope(everything=False)
    with database.connection() as conn:
        return lookup.lookup(conn, scope, caller.id, asked.ids)


@router.get("/fields")
def list_date_fields(database: DatabaseDep, caller: CurrentCaller) -> list[DateField]:
    """List the date fields that people have, by name: what due dates and audiences may count from (DUE-1, DIR-6)."""
    scope = caller.scope(READ)
    with database.connection() as conn:
        return people.date_fields(conn, scope)
