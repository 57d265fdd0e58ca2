"""Asking: for access, for a later due date; what became of it, and not asking any more (APR-1, APR-3, DUE-9)."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, ConfigDict

from services.approvals.api.dependencies import RequestCommandsDep, RequestQueriesDep, StagesDep, reading
from services.approvals.application.queries import RequestDetail, RequestPage
from services.approvals.application.stages import StageView
from services.approvals.domain.requests import RequestStatus
from services.approvals.projections.queue import QueueQuery
from shared.auth import CurrentCaller, Permission
from shared.contracts.approvals import RequestKind
from shared.http import CommandContextDep, Cursor, PageSize
from shared.limits import Day, Remark, Text
from shared.store import Receipt

router = APIRouter(prefix="/api/approvals")


class AccessIn(BaseModel):
    """Access to an offering, with a reason for those who decide."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["access"]
    offering_id: UUID
    reason: Remark | None = None


class LaterDueDateIn(BaseModel):
    """A later due date, with the day and a reason for those who decide."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["later-due-date"]
    enrollment_id: UUID
    due_on: Day
    reason: Annotated[str, Text(2000, 1, lines=True)]


RequestIn = Annotated[AccessIn | LaterDueDateIn, Body(discriminator="kind")]


@router.post("/requests", status_code=201, responses={200: {"model": Receipt, "description": "It is open already"}})
def ask(
    caller: CurrentCaller,
    context: CommandContextDep,
    request_commands: RequestCommandsDep,
    body: RequestIn,
    response: Response,
) -> Receipt:
    """Ask for access, or for a later due date (APR-1, DUE-9). Whoever has an open request gets that one, with 200 (APR-3)."""
    if isinstance(body, AccessIn):
        receipt = request_commands.ask_access(context, caller.id, body.offering_id, body.reason)
    else:
        receipt = request_commands.ask_later_due_date(context, caller.id, body.enrollment_id, body.due_on, body.reason)
    result = receipt.result if isinstance(receipt.result, dict) else {}
    response.headers["Location"] = f"/api/approvals/requests/{result.get('id')}"
    if result.get("open_already"):
        response.status_code = 200
    return receipt


@router.get("/requests")
def list_requests(
    caller: CurrentCaller,
    queries: RequestQueriesDep,
    size: PageSize,
    mine: bool = False,
    kind: Annotated[RequestKind | None, Query()] = None,
    offering_id: UUID | None = None,
    person_id: UUID | None = None,
    status: Annotated[RequestStatus | None, Query()] = None,
    cursor: Cursor = None,
) -> RequestPage:
    """List requests, newest first: one's own with `mine`, otherwise those of learners whom the caller may read (SEC-2)."""
    query = QueueQuery(kind, offering_id, caller.id if mine else person_id, status)
    scope = None if mine or person_id == caller.id else caller.scope(Permission.READ_ASSIGNMENTS)
    return queries.listed(caller.id, scope, query, cursor, size)


@router.get("/offerings/{offering_id}/stages")
def list_stages(
    caller: CurrentCaller, stages: StagesDep, offering_id: UUID, kind: Annotated[RequestKind, Query()]
) -> list[StageView]:
    """List who would decide on a request of the caller, stage by stage, and when it escalates (APR-1, CAT-13)."""
    return stages.ahead(caller.id, offering_id, kind)


@router.get("/requests/{request_id}")
def show(caller: CurrentCaller, queries: RequestQueriesDep, request_id: UUID) -> RequestDetail:
    """Show a request with everything to decide by, and its whole history (APR-8)."""
    return queries.one(caller.id, reading(caller), request_id)


@router.delete("/requests/{request_id}")
def withdraw(
    caller: CurrentCaller, context: CommandContextDep, request_commands: RequestCommandsDep, request_id: UUID
) -> Receipt:
    """Cancel one's own open request (APR-3). It stays in the history."""
    return request_commands.withdraw(context, caller.id, request_id)
