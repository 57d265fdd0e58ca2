"""What happened to a request, or to all that somebody asked for (AUD-1)."""

from uuid import UUID

from fastapi import APIRouter

from services.approvals.api.dependencies import RequestQueriesDep, reading
from services.approvals.projections.history_table import Kind, SubjectKind
from shared.auth import CurrentCaller, Permission
from shared.history import Asked, HistoryPage
from shared.http import PageSize

router = APIRouter(prefix="/api/approvals")


@router.get("/history/{subject}/{id}")
def show_history(
    caller: CurrentCaller, queries: RequestQueriesDep, size: PageSize, subject: SubjectKind, id: UUID, asked: Asked
) -> HistoryPage[Kind]:
    """List every change of a request, or of all requests and delegations of a person, newest first: when, who, what, why, and
    through which interface; `as_of` as it was then (AUD-1)."""
    if subject == "request":
        return queries.history_of_request(caller.id, reading(caller), id, asked, size)
    return queries.history_of_person(caller.scope(Permission.READ_ASSIGNMENTS), id, asked, size)
