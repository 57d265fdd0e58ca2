"""Requests that somebody has to decide, and what became of them. Source: approvals."""

from datetime import date
from typing import Literal, NamedTuple
from uuid import UUID

from services.reporting.projections.periods import PeriodTable, first_of_stream, stream
from shared.contracts.approvals import (
    AccessRequested,
    CompletionReviewRequested,
    LaterDueDateRequested,
    RequestApproved,
    RequestClosed,
    RequestDenied,
    RequestedAssignmentEnded,
    RequestEscalated,
    RequestFulfilled,
    RequestKind,
    RequestRefused,
    RequestWithdrawn,
    StageApproved,
    StageOpened,
)
from shared.events import Event
from shared.store import Int4

RequestState = Literal["open", "approved", "denied", "withdrawn", "closed"]


class Request(NamedTuple):
    request_id: UUID
    kind: RequestKind
    person_id: UUID
    offering_id: UUID
    stages: Int4
    due_on: date | None = None
    """The later due date that is asked for."""
    stage: Int4 = 0
    """The open one, from 1 on."""
    escalated: bool = False
    state: RequestState = "open"
    outcome: str | None = None
    """What became of an approved one: pending, fulfilled, refused, ended."""
    decided_by: UUID | None = None
    """Who decided last."""


_ASKED: dict[type[Event], RequestKind] = {
    AccessRequested: "access",
    LaterDueDateRequested: "later-due-date",
    CompletionReviewRequested: "completion",
}


def evolve(state: Request | None, event: Event) -> Request | None:
    if isinstance(event, AccessRequested | LaterDueDateRequested | CompletionReviewRequested):
        due_on = event.due_on if isinstance(event, LaterDueDateRequested) else None
        what = (event.originator_id, _ASKED[type(event)], event.person_id, event.offering_id)
        return Request(*what, len(event.stages), due_on)
    return _changed(state, event) if state else None


_ENDED: dict[type[Event], RequestState] = {
    RequestApproved: "approved",
    RequestDenied: "denied",
    RequestWithdrawn: "withdrawn",
    RequestClosed: "closed",
}
_OUTCOMES: dict[type[Event], str] = {
    RequestApproved: "pending",
    RequestFulfilled: "fulfilled",
    RequestRefused: "refused",
    RequestedAssignmentEnded: "ended",
}


def _changed(state: Request, event: Event) -> Request:
    now = state._replace(state=_ENDED.get(type(event), state.state), outcome=_OUTCOMES.get(type(event), state.outcome))
    match event:
        case StageOpened():
            now = now._replace(stage=event.stage, escalated=False)
        case RequestEscalated():
            now = now._replace(escalated=True)
        case StageApproved() | RequestDenied():
            now = now._replace(decided_by=event.approver_id)
    return now


REQUEST = PeriodTable(
    "request",
    Request,
    key=("request_id",),
    events=(
        *_ASKED,
        StageOpened,
        StageApproved,
        RequestEscalated,
        *_ENDED,
        RequestFulfilled,
        RequestRefused,
        RequestedAssignmentEnded,
    ),
    key_of=stream,
    evolve=evolve,
    opens=first_of_stream,
)
