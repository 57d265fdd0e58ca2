"""What happened to an offering or a job role, as far as the catalog knows (AUD-1)."""

from uuid import UUID

from fastapi import APIRouter

from services.catalog.api.dependencies import CatalogDep, check_reader
from services.catalog.projections import history
from services.catalog.projections.history import Kind, SubjectKind
from shared.auth import CurrentCaller
from shared.errors import NotFound
from shared.history import Asked, Histories, HistoryPage
from shared.http import PageSize

router = APIRouter(prefix="/api/catalog")
_HISTORIES: Histories[Kind] = Histories(history.TABLE, history.called)


@router.get("/history/{subject}/{id}")
def show_history(
    caller: CurrentCaller, catalog: CatalogDep, size: PageSize, subject: SubjectKind, id: UUID, asked: Asked
) -> HistoryPage[Kind]:
    """List every change of an offering or a job role, newest first: when, who, what with what it was before, and through which
    interface; `as_of` as it was then (AUD-1). What is assigned is enrollment's to tell."""
    check_reader(caller)
    with catalog.database.connection() as conn:
        if not history.known(conn, subject, id):
            raise NotFound(f"There is no such {subject}.", field="id")
        return _HISTORIES.page(conn, history.of(subject, id), asked, size)
