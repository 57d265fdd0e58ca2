"""Deciding: who approves for which part of a stage, when a stage is passed, and what is refused (APR-2, APR-4 to APR-6)."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from services.approvals.domain.requests import WHOLE_STAGE, Request, Staffing, about, evolve, open_stage
from shared.contracts.approvals import RequestApproved, RequestDenied, StageApproved
from shared.errors import Conflict, Invalid
from shared.events import Event, TextRef

DecisionWord = Literal["approve", "deny"]


@dataclass(frozen=True)
class ActingAs:
    """In what capacity somebody decides: for which entries of the stage's list, and for whom (APR-5)."""

    approver: UUID
    entries: frozenset[int]
    for_person: UUID | None = None


def deny(state: Request, acting: ActingAs, reason: TextRef | None) -> list[Event]:
    """One denial ends the request; it needs a reason, which the learner sees (APR-2)."""
    _check_open(state)
    if reason is None:
        raise Invalid("Say why: the learner sees the reason of a denial.", field="reason")
    told = {"stage": state.stage, "approver_id": acting.approver, "for_id": acting.for_person, "reason": reason}
    told |= {"enrollment_id": state.enrollment, "term": state.term}
    return [RequestDenied.unchecked_next(state.id, state.version, {**about(state), **told})]


def approve(
    state: Request, acting: ActingAs, reason: TextRef | None, now: Staffing, following: Staffing | None
) -> list[Event]:
    """One approval, the next stage where it passes this one, and the whole request where it passes the last (APR-4).

    `now`: who may decide in this stage at this moment; `following`: in the next one, None where this is the last.
    """
    _check_open(state)
    if acting.approver in state.approved_by:
        raise Conflict("You have approved this already; others have to as well.", kind="approved-already")
    passed = _passed(state, acting, now)
    told = {"stage": state.stage, "approver_id": acting.approver, "for_id": acting.for_person, "reason": reason}
    told |= {"entries": tuple(sorted(acting.entries)), "passed": passed}
    events: list[Event] = [StageApproved.unchecked_next(state.id, state.version, {**about(state), **told})]
    if not passed:
        return events
    after = evolve(state, events[0])
    assert after is not None
    if following is not None:
        return [*events, open_stage(after, state.stage + 1, following)]
    asked = {"enrollment_id": state.enrollment, "due_on": state.due_on, "term": state.term, "reason": reason}
    return [*events, RequestApproved.unchecked_next(after.id, after.version, {**about(state), **asked})]


def _passed(state: Request, acting: ActingAs, now: Staffing) -> bool:
    """Of `all`, every entry for which there is somebody needs one approval; a site administrator's counts for the whole stage."""
    if WHOLE_STAGE in acting.entries or state.stages[state.stage - 1].needs == "any":
        return True
    return now.staffed <= state.covered | acting.entries


def _check_open(state: Request) -> None:
    if state.status != "open":
        raise Conflict(f"This request is no longer open: it is {state.status}.", kind="already-decided")
