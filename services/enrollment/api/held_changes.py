"""Changes of feeds that wait for an administrator (ASG-21)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body

from services.enrollment.api.dependencies import CircuitBreakerDep, DatabaseDep, Reason
from services.enrollment.projections import held_changes
from services.enrollment.projections.held_changes import HeldChange, OfferingChange
from shared.auth import CurrentCaller, Permission
from shared.http import CommandContextDep, Cursor, PageSize
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")


@router.get("/held-changes")
def list_held_changes(
    caller: CurrentCaller, database: DatabaseDep, size: PageSize, batch: UUID | None = None, cursor: Cursor = None
) -> Page[HeldChange]:
    """List changes from feeds that would enrol or withdraw too many learners; `batch`: this one."""
    caller.everywhere(Permission.READ_ASSIGNMENTS)
    with database.connection() as conn:
        return held_changes.held_changes(conn, batch, cursor, size)


@router.get("/held-changes/{batch}/preview")
def preview_held_change(caller: CurrentCaller, breaker: CircuitBreakerDep, batch: UUID) -> list[OfferingChange]:
    """Preview what releasing the change would do now, by offering."""
    caller.everywhere(Permission.READ_ASSIGNMENTS)
    return breaker.preview(batch)


@router.post("/held-changes/{batch}/release")
def release(
    caller: CurrentCaller,
    context: CommandContextDep,
    breaker: CircuitBreakerDep,
    batch: UUID,
    body: Annotated[Reason | None, Body()] = None,
) -> Receipt:
    """Release a held change."""
    caller.everywhere(Permission.RESOLVE)
    return breaker.release(context, batch, body.reason if body else None)
