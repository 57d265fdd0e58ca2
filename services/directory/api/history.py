"""What happened to a person, a unit, an audience, a machine client, as far as the directory knows (AUD-1)."""

from uuid import UUID

from fastapi import APIRouter

from services.directory.api.dependencies import DatabaseDep
from services.directory.projections import history, people
from services.directory.projections.history import Kind, SubjectKind
from shared.auth import CurrentCaller, Permission
from shared.errors import NotFound
from shared.history import Asked, Histories, HistoryPage
from shared.http import PageSize

router = APIRouter(prefix="/api/directory")
_HISTORIES: Histories[Kind] = Histories(history.TABLE, history.called)


@router.get("/history/{subject}/{id}")
def show_history(
    caller: CurrentCaller, database: DatabaseDep, size: PageSize, subject: SubjectKind, id: UUID, asked: Asked
) -> HistoryPage[Kind]:
    """List every change of a subject, newest first: when, who, what with what it was before, and through which interface; `as_of`
    as it was then (AUD-1).

    A person's history has home organisation, job assignments, permission roles, leaving and coming back; what they learn is
    enrollment's to tell. Names and addresses are in no history (DIR-12).
    """
    scope = caller.scope(Permission.READ_DIRECTORY)
    if subject == "client":
        caller.everywhere(Permission.MANAGE_DIRECTORY)
    with database.connection() as conn:
        if subject == "person" and people.find(conn, scope, id) is None:
            raise NotFound("There is no such person, or none that you may see.", field="id")
        return _HISTORIES.page(conn, history.of(subject, id), asked, size)
