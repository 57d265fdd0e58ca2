"""What happened to a pool, a training key, or the keys of a person (AUD-1)."""

from uuid import UUID

from fastapi import APIRouter

from services.keys.api.dependencies import READ, DatabaseDep
from services.keys.projections import history, keys, pools
from services.keys.projections.history import Kind, SubjectKind
from shared.auth import CurrentCaller, Scope
from shared.database import Connection
from shared.errors import NotFound
from shared.history import Asked, Histories, HistoryPage, Subject
from shared.http import PageSize

router = APIRouter(prefix="/api/keys", tags=["keys"])
_HISTORIES: Histories[Kind] = Histories(history.TABLE, history.called)


@router.get("/history/{subject}/{id}")
def show_history(
    caller: CurrentCaller, database: DatabaseDep, size: PageSize, subject: SubjectKind, id: UUID, asked: Asked
) -> HistoryPage[Kind]:
    """List every change of a pool with its exports and warnings, of a key, or of the keys that a person redeemed; newest first:
    when, who, what with what it was before, why, and through which interface; `as_of` as it was then (AUD-1)."""
    scope = caller.scope(READ)
    with database.connection() as conn:
        return _HISTORIES.page(conn, _subject(conn, scope, subject, id), asked, size)


def _subject(conn: Connection, scope: Scope, kind: SubjectKind, id: UUID) -> Subject:
    """Raises NotFound where the scope does not show it."""
    match kind:
        case "pool":
            if pools.visible(conn, scope, id):
                return history.of_pool(id)
        case "key":
            if keys.view(conn, scope, id):
                return Subject.of_streams([id])
        case "person":
            return history.of_person(scope, id)
    raise NotFound(f"There is no such {kind}, or none that you may see.", field="id")
