"""Triggers: create, list, stop; they are applied to those who match today by a preview (TRG-1 to TRG-3)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel

from services.enrollment.api.dependencies import DatabaseDep, TriggerCommandsDep, answer
from services.enrollment.application.triggers import TriggerIn
from services.enrollment.projections import triggers
from services.enrollment.projections.triggers import TriggerItem
from shared.auth import CurrentCaller, Permission
from shared.documents import JOB
from shared.errors import NotFound
from shared.http import CommandContextDep, Cursor, PageSize, PreferWait
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
    caller: CurrentCaller,
    context: CommandContextDep,
    trigger_commands: TriggerCommandsDep,
    database: DatabaseDep,
    wait: PreferWait,
    response: Response,
    body: TriggerIn,
) -> Receipt:
    """Create a trigger. It acts on everyone who comes to match the condition from now on (TRG-1), in any organisation.

    To apply it to those who match today: POST /api/enrollment/previews with action 'apply-trigger', and confirm the preview.
    """
    caller.everywhere(Permission.ASSIGN)
    receipt = trigger_commands.create(context, body)
    if isinstance(receipt.result, dict):
        response.headers["Location"] = f"/api/enrollment/triggers/{receipt.result['trigger_id']}"
    return answer(database, receipt, response, wait)


@router.get("/triggers")
def list_triggers(
    caller: CurrentCaller, database: DatabaseDep, size: PageSize, live: bool | None = None, cursor: Cursor = None
) -> Page[TriggerItem]:
    """List triggers: what each waits for and assigns, whether it is active, and why it was stopped, including any loop (TRG-3)."""
    caller.scope(Permission.READ_ASSIGNMENTS)
    with database.connection() as conn:
        return triggers.triggers(conn, cursor, size, live=live)


@router.get("/triggers/{trigger_id}")
def show(caller: CurrentCaller, database: DatabaseDep, trigger_id: UUID) -> TriggerItem:
    caller.scope(Permission.READ_ASSIGNMENTS)
    with database.connection() as conn:
        found = triggers.triggers(conn, None, 1, id=trigger_id).items
    if not found:
        raise NotFound("There is no such trigger. GET /api/enrollment/triggers lists them.", field="trigger_id")
    return found[0]


@router.delete("/triggers/{trigger_id}", responses=JOB)
def stop(
    caller: CurrentCaller,
    context: CommandContextDep,
    trigger_commands: TriggerCommandsDep,
    database: DatabaseDep,
    wait: PreferWait,
    response: Response,
    trigger_id: UUID,
    body: Annotated[StopRequest | None, Body()] = None,
) -> Receipt:
    """Stop a trigger. Everyone it assigned stays assigned, unless its job role is to be taken back."""
    caller.everywhere(Permission.ASSIGN)
    asked = body or StopRequest()
    receipt = trigger_commands.stop(context, trigger_id, take_back=asked.take_back, reason=asked.reason)
    return answer(database, receipt, response, wait)
