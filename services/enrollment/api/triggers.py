"""Triggers: create, list, stop; they are applied to those who match today by a preview (TRG-1 to TRG-3)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel

from services.enrollment.api.parts import Using, answer
from services.enrollment.application.triggering import TriggerIn
from services.enrollment.projections import triggers
from services.enrollment.projections.triggers import TriggerItem
from shared.auth import Permission, SignedIn
from shared.documents import JOB
from shared.errors import NotFound
from shared.http import Commanded, Cursor, PageSize, Wait
from shared.limits import Remark
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")


class StopRequest(BaseModel):
    """Why; and whether the job role that it gave is taken back from everybody."""

    reason: Remark | None = None
    take_back: bool = False


@router.post("/triggers", status_code=201, responses=JOB)
def create(
    caller: SignedIn, context: Commanded, using: Using, wait: Wait, response: Response, body: TriggerIn
) -> Receipt:
    """It acts on whomever the condition becomes true of from now on (TRG-1). A condition may reach people of any organisation.

    To let it act on those who match today: POST /api/enrollment/previews with action 'apply-trigger', and confirm that.
    """
    caller.everywhere(Permission.ASSIGN)
    receipt = using.triggers.create(context, body)
    if isinstance(receipt.result, dict):
        response.headers["Location"] = f"/api/enrollment/triggers/{receipt.result['trigger_id']}"
    return answer(using.database, receipt, response, wait)


@router.get("/triggers")
def list_triggers(
    caller: SignedIn, using: Using, size: PageSize, live: bool | None = None, cursor: Cursor = None
) -> Page[TriggerItem]:
    """What each waits for and gives, whether it acts, and why it was stopped: a loop is named (TRG-3)."""
    caller.scope(Permission.READ_ASSIGNMENTS)
    with using.database.connection() as conn:
        return triggers.triggers(conn, cursor, size, live=live)


@router.get("/triggers/{trigger_id}")
def show(caller: SignedIn, using: Using, trigger_id: UUID) -> TriggerItem:
    caller.scope(Permission.READ_ASSIGNMENTS)
    with using.database.connection() as conn:
        found = triggers.triggers(conn, None, 1, id=trigger_id).items
    if not found:
        raise NotFound("There is no such trigger. GET /api/enrollment/triggers lists them.", field="trigger_id")
    return found[0]


@router.delete("/triggers/{trigger_id}", responses=JOB)
def stop(
    caller: SignedIn,
    context: Commanded,
    using: Using,
    wait: Wait,
    response: Response,
    trigger_id: UUID,
    body: Annotated[StopRequest | None, Body()] = None,
) -> Receipt:
    """It acts no more. Whomever it assigned stays assigned, unless its job role is to be taken back."""
    caller.everywhere(Permission.ASSIGN)
    asked = body or StopRequest()
    receipt = using.triggers.stop(context, trigger_id, take_back=asked.take_back, reason=asked.reason)
    return answer(using.database, receipt, response, wait)
