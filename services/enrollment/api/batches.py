"""Batches: undoing what one command caused, and changes of feeds that wait for an administrator (ASG-20, ASG-21)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Response

from services.enrollment.api.parts import Reason, Using, answer
from services.enrollment.projections import batches, feeds
from services.enrollment.projections.batches import Irreversible
from services.enrollment.projections.feeds import HeldChange, OfferingChange
from shared.auth import Permission, SignedIn
from shared.documents import JOB
from shared.http import Commanded, Cursor, PageSize, Wait
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")


@router.post("/batches/{batch}/undo", responses=JOB)
def undo(
    caller: SignedIn,
    context: Commanded,
    using: Using,
    wait: Wait,
    response: Response,
    batch: UUID,
    body: Annotated[Reason | None, Body()] = None,
) -> Receipt:
    """Reverse what a batch did. What cannot be reversed is listed, with the reason."""
    caller.everywhere(Permission.ASSIGN)
    return answer(using.database, using.undoing.undo(context, batch, body.reason if body else None), response, wait)


@router.get("/batches/{batch}/irreversible")
def list_irreversible(
    caller: SignedIn, using: Using, size: PageSize, batch: UUID, cursor: Cursor = None
) -> Page[Irreversible]:
    """What undoing this batch left as it was, and why."""
    caller.everywhere(Permission.READ_ASSIGNMENTS)
    with using.database.connection() as conn:
        return batches.irreversible(conn, batch, cursor, size)


@router.get("/held-changes")
def list_held_changes(caller: SignedIn, using: Using, size: PageSize, cursor: Cursor = None) -> Page[HeldChange]:
    """Changes of feeds that would enrol or withdraw too many learners."""
    caller.everywhere(Permission.READ_ASSIGNMENTS)
    with using.database.connection() as conn:
        return feeds.held_changes(conn, None, cursor, size)


@router.get("/held-changes/{batch}/preview")
def preview_held_change(caller: SignedIn, using: Using, batch: UUID) -> list[OfferingChange]:
    """What releasing it would do now, by offering."""
    caller.everywhere(Permission.READ_ASSIGNMENTS)
    return using.breaker.preview(batch)


@router.post("/held-changes/{batch}/release")
def release(
    caller: SignedIn, context: Commanded, using: Using, batch: UUID, body: Annotated[Reason | None, Body()] = None
) -> Receipt:
    """Let a held change through."""
    caller.everywhere(Permission.RESOLVE)
    return using.breaker.release(context, batch, body.reason if body else None)
