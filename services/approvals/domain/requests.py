"""A request as its events tell it, and the events by which it is asked, withdrawn and closed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from shared.contracts.approval_stages import ApprovalStage
from shared.contracts.approvals import (
    AccessRequested,
    Closing,
    CompletionReviewRequested,
    DecisionRefused,
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
from shared.errors import Conflict
from shared.events import Event, TextRef

RequestStatus = Literal["open", "approved", "denied", "withdrawn", "closed"]
Outcome = Literal["none", "pending", "fulfilled", "refused", "ended"]
"""What became of an approved request. `pending`: enrollment has not answered yet; `ended`: what it led to is over."""
WHOLE_STAGE = 0
"""The entry that a site administrator's approval counts for, who decides where nobody else can or did."""


@dataclass(frozen=True)
class Request:
    """A request as its events tell it."""

    id: UUID
    version: int
    kind: RequestKind
    person: UUID
    offering: UUID
    stages: tuple[ApprovalStage, ...]
    reason: TextRef | None = None
    enrollment: UUID | None = None
    term: int | None = None
    due_on: date | None = None
    status: RequestStatus = "open"
    outcome: Outcome = "none"
    stage: int = 0
    """The open one, from 1 on."""
    nobody_found: bool = False
    escalated: bool = False
    covered: frozenset[int] = frozenset()
    """Entries of the open stage that somebody has approved for, from 1 on."""
    approved_by: frozenset[UUID] = frozenset()
    """Who has approved in the open stage."""
    assignment: UUID | None = None


@dataclass(frozen=True)
class Staffing:
    """Who may decide in a stage at this moment: people by entry of its list, and the site administrators."""

    named: Mapping[int, frozenset[UUID]]
    administrators: frozenset[UUID]

    @property
    def nobody_found(self) -> bool:
        return not any(self.named.values())

    @property
    def approvers(self) -> frozenset[UUID]:
        return self.administrators if self.nobody_found else frozenset[UUID]().union(*self.named.values())

    @property
    def staffed(self) -> frozenset[int]:
        """The entries for which there is somebody."""
        return frozenset(entry for entry, people in self.named.items() if people)


def evolve(state: Request | None, event: Event) -> Request | None:
    """The request after an event. Never judges."""
    if state is None:
        return _asked(event)
    now = state
    match event:
        case StageOpened():
            now = replace(
                state,
                stage=event.stage,
                nobody_found=event.nobody_found,
                escalated=False,
                covered=frozenset(),
                approved_by=frozenset(),
            )
        case StageApproved():
            covered, by = state.covered | set(event.entries), state.approved_by | {event.approver_id}
            now = replace(state, covered=covered, approved_by=by)
        case RequestApproved():
            now = replace(state, status="approved", outcome="pending")
        case RequestDenied():
            now = replace(state, status="denied")
        case RequestEscalated():
            now = replace(state, escalated=True)
        case RequestWithdrawn():
            now = replace(state, status="withdrawn")
        case RequestClosed():
            now = replace(state, status="closed")
        case RequestFulfilled():
            now = replace(state, outcome="fulfilled", assignment=event.assignment_id)
        case RequestRefused():
            now = replace(state, outcome="refused")
        case RequestedAssignmentEnded():
            now = replace(state, outcome="ended")
    return replace(now, version=event.originator_version)


def _asked(event: Event) -> Request | None:
    if not isinstance(event, AccessRequested | LaterDueDateRequested | CompletionReviewRequested):
        return None
    about = (event.person_id, event.offering_id, event.stages)
    match event:
        case AccessRequested():
            return Request(event.originator_id, event.originator_version, "access", *about, reason=event.reason)
        case LaterDueDateRequested():
            asked = Request(
                event.originator_id, event.originator_version, "later-due-date", *about, reason=event.reason
            )
            return replace(asked, enrollment=event.enrollment_id, due_on=event.due_on)
        case CompletionReviewRequested():
            asked = Request(event.originator_id, event.originator_version, "completion", *about)
            return replace(asked, enrollment=event.enrollment_id, term=event.term)


def ask_access(
    id: UUID, person: UUID, offering: UUID, stages: tuple[ApprovalStage, ...], reason: TextRef | None
) -> AccessRequested:
    return AccessRequested(
        originator_id=id, originator_version=1, person_id=person, offering_id=offering, stages=stages, reason=reason
    )


def about(state: Request) -> dict[str, object]:
    """What every event of a request says of it."""
    return {"kind": state.kind, "person_id": state.person, "offering_id": state.offering}


def open_stage(state: Request, stage: int, staffing: Staffing) -> StageOpened:
    told = {"stage": stage, "approvers": tuple(sorted(staffing.approvers)), "nobody_found": staffing.nobody_found}
    return StageOpened.unchecked_next(state.id, state.version, {**about(state), **told})


def withdraw(state: Request) -> RequestWithdrawn | None:
    """By the learner (APR-3); None where it is so already. Refuses what is decided."""
    if state.status == "withdrawn":
        return None
    if state.status != "open":
        raise Conflict(
            f"This request is no longer open: it is {state.status}. There is nothing to cancel.", kind="not-open"
        )
    return RequestWithdrawn.unchecked_next(state.id, state.version, about(state))


def close(state: Request, why: Closing) -> RequestClosed:
    return RequestClosed.unchecked_next(state.id, state.version, {**about(state), "why": why})


def escalate(state: Request, administrators: frozenset[UUID]) -> RequestEscalated | None:
    """Site administrators may decide too (APR-5); None where it is closed, or they may already."""
    if state.status != "open" or state.escalated or state.nobody_found:
        return None
    told = {"stage": state.stage, "approvers": tuple(sorted(administrators - state.approved_by))}
    return RequestEscalated.unchecked_next(state.id, state.version, {**about(state), **told})


def refused_decision(state: Request, id: UUID, approver: UUID, decision: str, problem: str) -> DecisionRefused:
    """Kept in the history: somebody tried to decide what was decided already (APR-8). A stream of its own, so that many who
    come too late at one moment do not overtake each other."""
    told = {"request_id": state.id, "approver_id": approver, "decision": decision, "problem": problem}
    return DecisionRefused.unchecked_next(id, 0, {**about(state), **told})


def evolved(state: Request | None, events: Sequence[Event]) -> Request:
    """The request after these events."""
    for event in events:
        state = evolve(state, event)
    assert state is not None
    return state
