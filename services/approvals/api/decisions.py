"""Deciding: what waits, one decision, many decisions, and who decides for whom (APR-1, APR-2, APR-5 to APR-7)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from services.approvals.api.dependencies import DecisionCommandsDep, DelegationsDep, RequestQueriesDep
from services.approvals.application.decisions import Decided
from services.approvals.application.delegations import DelegationsView
from services.approvals.application.queries import RequestPage
from services.approvals.domain.decisions import DecisionWord
from services.approvals.projections.delegates import DelegateView
from services.approvals.projections.queue import QueueQuery, QueueState
from shared.auth import CurrentCaller
from shared.contracts.approvals import RequestKind
from shared.http import CommandContextDep, Cursor, PageSize
from shared.limits import Cursor as CursorText
from shared.limits import Day, Remark, Sought
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/approvals")


class DecisionIn(BaseModel):
    """To deny needs a reason, which the learner sees."""

    model_config = ConfigDict(extra="forbid")

    decision: DecisionWord
    reason: Remark | None = None


class DecisionsIn(DecisionIn):
    """The same decision on many requests."""

    requests: list[UUID] = Field(min_length=1, max_length=10_000)


class Decisions(BaseModel):
    """A result for each request."""

    decided: list[Decided]


class Counts(BaseModel):
    """How many requests wait for the caller's decision."""

    waiting: int


class DelegationIn(BaseModel):
    """To whom, and on which days, both included."""

    model_config = ConfigDict(extra="forbid")

    to: UUID
    starts: Day
    ends: Day


class DelegateSearch(BaseModel):
    """Parts of the names, regardless of letter case: two letters at least."""

    model_config = ConfigDict(extra="forbid")

    first_name: Sought = ""
    last_name: Sought = ""
    cursor: CursorText | None = None


@router.get("/queue")
def list_queue(
    caller: CurrentCaller,
    queries: RequestQueriesDep,
    size: PageSize,
    state: Annotated[QueueState, Query()] = "waiting",
    kind: Annotated[RequestKind | None, Query()] = None,
    offering_id: UUID | None = None,
    ids: Annotated[list[UUID] | None, Query(max_length=500)] = None,
    count: bool = False,
    cursor: Cursor = None,
) -> RequestPage:
    """List what waits for the caller's decision, oldest first, completions included (APR-1, APR-7); or what the caller decided.
    With `ids` only these, as far as they are there."""
    return queries.queue(caller.id, QueueQuery(kind, offering_id, ids=ids), state, cursor, size, count=count)


@router.get("/counts")
def count(caller: CurrentCaller, queries: RequestQueriesDep) -> Counts:
    """Count what waits for the caller's decision."""
    return Counts(waiting=queries.waiting(caller.id))


@router.post("/requests/{request_id}/decision")
def decide(
    caller: CurrentCaller,  # noqa: ARG001
    context: CommandContextDep,
    decision_commands: DecisionCommandsDep,
    request_id: UUID,
    body: DecisionIn,
) -> Receipt:
    """Approve or deny (APR-2). Of two approvers at the same moment, one decision stands and the other is told (APR-6)."""
    return decision_commands.decide(context, request_id, body.decision, body.reason)


@router.post("/decisions")
def decide_many(
    caller: CurrentCaller,  # noqa: ARG001
    context: CommandContextDep,
    decision_commands: DecisionCommandsDep,
    body: DecisionsIn,
) -> Decisions:
    """Decide many requests at once, with a result for each (APR-6)."""
    return Decisions(decided=decision_commands.decide_many(context, body.requests, body.decision, body.reason))


@router.get("/delegation")
def show_delegation(caller: CurrentCaller, delegations: DelegationsDep) -> DelegationsView:
    """Show who decides for the caller, and for whom the caller decides (APR-5)."""
    return delegations.view(caller.id)


@router.put("/delegation")
def delegate(
    caller: CurrentCaller,  # noqa: ARG001
    context: CommandContextDep,
    delegations: DelegationsDep,
    body: DelegationIn,
) -> Receipt:
    """Let somebody else decide too, for a period (APR-5). It replaces an earlier delegation."""
    return delegations.delegate(context, body.to, body.starts, body.ends)


@router.delete("/delegation")
def end_delegation(
    caller: CurrentCaller,  # noqa: ARG001
    context: CommandContextDep,
    delegations: DelegationsDep,
) -> Receipt:
    """Decide alone again (APR-5)."""
    return delegations.end(context)


@router.post("/delegates/search")
def search_delegates(
    caller: CurrentCaller, delegations: DelegationsDep, size: PageSize, asked: DelegateSearch
) -> Page[DelegateView]:
    """Find the person to delegate to, by name; for people who decide on requests (APR-5). Names go in the body, never in the
    URL."""
    return delegations.search(caller.id, asked.first_name, asked.last_name, asked.cursor, size)
