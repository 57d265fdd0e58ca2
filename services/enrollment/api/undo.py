"""What one command did, and undoing it (ASG-20)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Response

from services.enrollment.api.dependencies import BatchQueriesDep, DatabaseDep, Reason, UndoDep, answer
from services.enrollment.application.undo.queries import BatchView, UndoPreview
from services.enrollment.projections.batch_records import BatchItem, BatchQuery
from services.enrollment.projections.batches import Irreversible
from shared.auth import CurrentCaller, Permission
from shared.documents import JOB
from shared.http import CommandContextDep, Cursor, PageSize, PreferWait
from shared.limits import Moment
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")


@router.get("/batches")
def list_batches(
    caller: CurrentCaller,
    batches: BatchQueriesDep,
    size: PageSize,
    actor: UUID | None = None,
    since: Moment | None = None,
    cursor: Cursor = None,
) -> Page[BatchItem]:
    """List commands about assignments, the newest first, as long as they are remembered (ROLLBOOK_COMMAND_DAYS).

    Whoever reads only some organisations sees their own commands.
    """
    return batches.commands(caller, BatchQuery(actor, since), cursor, size)


@router.get("/batches/{batch}")
def show_batch(caller: CurrentCaller, batches: BatchQueriesDep, batch: UUID) -> BatchView:
    """Show what a command did, in numbers, and whether the caller can undo it, or why not.

    For who made it, and where the whole batch lies within the caller's organisations.
    """
    return batches.one(caller, batch)


@router.get("/batches/{batch}/undo")
def preview_undo(caller: CurrentCaller, batches: BatchQueriesDep, batch: UUID) -> UndoPreview:
    """Show what undoing would reverse now, and what would stay, and why."""
    return batches.foresee(caller, batch)


@router.post("/batches/{batch}/undo", responses=JOB)
def undo(
    caller: CurrentCaller,
    context: CommandContextDep,
    database: DatabaseDep,
    undo_commands: UndoDep,
    wait: PreferWait,
    response: Response,
    batch: UUID,
    body: Annotated[Reason | None, Body()] = None,
) -> Receipt:
    """Undo what a batch did, where all of it lies within the caller's organisations. What cannot be undone is listed, with the
    reason."""
    scope = caller.scope(Permission.ASSIGN)
    receipt = undo_commands.undo(context, scope, batch, body.reason if body else None)
    return answer(database, receipt, response, wait)


@router.get("/batches/{batch}/irreversible")
def list_irreversible(
    caller: CurrentCaller, batches: BatchQueriesDep, size: PageSize, batch: UUID, cursor: Cursor = None
) -> Page[Irreversible]:
    """List what undoing this batch left as it was, and why."""
    return batches.irreversible(caller, batch, cursor, size)
