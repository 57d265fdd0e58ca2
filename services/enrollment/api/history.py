"""What happened to an enrollment, an assignment, a learner, an offering (AUD-1)."""

from uuid import UUID

from fastapi import APIRouter

from services.enrollment.api.dependencies import HistoriesDep
from services.enrollment.projections.history import Kind, SubjectKind
from shared.auth import CurrentCaller, Permission
from shared.history import Asked, HistoryPage
from shared.http import PageSize

router = APIRouter(prefix="/api/enrollment")


@router.get("/history/{subject}/{id}")
def show_history(
    caller: CurrentCaller, histories: HistoriesDep, size: PageSize, subject: SubjectKind, id: UUID, asked: Asked
) -> HistoryPage[Kind]:
    """List every change of a subject, newest first: when, who, what with what it was before, why, through which interface, and
    caused by what; `as_of` as it was then (AUD-1).

    An offering's history has its assignments, groups and triggers; learners have histories of their own.
    """
    return histories.page(caller.scope(Permission.READ_ASSIGNMENTS), subject, id, asked, size)
