"""What happens to requests that somebody has to decide. The stream is the request, or one approver's delegation."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.approval_stages import ApprovalStage
from shared.events import Event, TextRef

RequestKind = Literal["access", "later-due-date", "completion"]
"""What is asked: to be enrolled (APR-1), a later due date (DUE-9), or that a completion counts (ENR-5)."""
Closing = Literal[
    "offering-inactive", "not-requestable", "hidden", "learner-left", "enrolled-otherwise", "settled-otherwise"
]
"""Why nobody has to decide any more (APR-3). `settled-otherwise`: the completion was reviewed without the request, or it is no
longer there to be reviewed; or the training is over."""
AssignmentEnd = Literal["removed", "cancelled", "expired", "withdrawn"]
"""How the assignment of an approved request came to its end."""


class OfRequest(Event):
    """What is said of a request: whom and what it is about, and what it asks."""

    kind: RequestKind
    person_id: UUID
    offering_id: UUID


class AccessRequested(Event):
    """A learner asks for access to an offering (APR-1)."""

    TOPIC: ClassVar[str] = "approvals.AccessRequested.v1"
    person_id: UUID
    offering_id: UUID
    stages: tuple[ApprovalStage, ...]
    """Who decides, as the offering said at that moment (CAT-13)."""
    reason: TextRef | None


class LaterDueDateRequested(Event):
    """A learner asks for a later due date (DUE-9)."""

    TOPIC: ClassVar[str] = "approvals.LaterDueDateRequested.v1"
    person_id: UUID
    offering_id: UUID
    enrollment_id: UUID
    due_on: date
    stages: tuple[ApprovalStage, ...]
    reason: TextRef | None


class CompletionReviewRequested(Event):
    """Everything is completed, and the offering wants somebody to look at it first (CAT-12, APR-7)."""

    TOPIC: ClassVar[str] = "approvals.CompletionReviewRequested.v1"
    person_id: UUID
    offering_id: UUID
    enrollment_id: UUID
    term: int
    stages: tuple[ApprovalStage, ...]


class StageOpened(OfRequest):
    """It is the turn of this stage, from 1 on; these people may decide at this moment (APR-4)."""

    TOPIC: ClassVar[str] = "approvals.StageOpened.v1"
    stage: int
    approvers: tuple[UUID, ...]
    nobody_found: bool
    """None of the approvers that the stage names is there, so site administrators decide."""


class StageApproved(OfRequest):
    """One approver has approved. `passed`: nobody else has to in this stage."""

    TOPIC: ClassVar[str] = "approvals.StageApproved.v1"
    stage: int
    approver_id: UUID
    for_id: UUID | None
    """Whoever delegated the decision (APR-5); None: the approver decided as such."""
    entries: tuple[int, ...]
    """The places in the stage's list that it counts for, from 1 on; 0: the whole stage, by a site administrator."""
    reason: TextRef | None
    passed: bool


class RequestApproved(OfRequest):
    """The last stage is passed. Enrollment makes it so, and answers (APR-2)."""

    TOPIC: ClassVar[str] = "approvals.RequestApproved.v1"
    enrollment_id: UUID | None
    due_on: date | None
    """Of a later due date: the day that was asked for."""
    term: int | None
    """Of a completion: the term that was completed."""
    reason: TextRef | None


class RequestDenied(OfRequest):
    """One approver has denied it, which ends it (APR-2)."""

    TOPIC: ClassVar[str] = "approvals.RequestDenied.v1"
    stage: int
    approver_id: UUID
    for_id: UUID | None
    reason: TextRef | None
    enrollment_id: UUID | None
    term: int | None
    """Of a completion: the term that was completed."""


class RequestEscalated(OfRequest):
    """Nobody decided in time: site administrators may decide too (APR-5)."""

    TOPIC: ClassVar[str] = "approvals.RequestEscalated.v1"
    stage: int
    approvers: tuple[UUID, ...]
    """Who may decide beside those who could before."""


class RequestWithdrawn(OfRequest):
    """The learner does not ask any more (APR-3)."""

    TOPIC: ClassVar[str] = "approvals.RequestWithdrawn.v1"


class RequestClosed(OfRequest):
    """There is nothing to decide any more (APR-3)."""

    TOPIC: ClassVar[str] = "approvals.RequestClosed.v1"
    why: Closing


class RequestFulfilled(OfRequest):
    """Enrollment has done what was approved (APR-2)."""

    TOPIC: ClassVar[str] = "approvals.RequestFulfilled.v1"
    assignment_id: UUID | None
    """Of access: the assignment of type request."""


class RequestRefused(OfRequest):
    """Enrollment could not do what was approved (APR-2)."""

    TOPIC: ClassVar[str] = "approvals.RequestRefused.v1"
    problem: str
    """Why, as the kind of a problem (RFC 9457)."""
    detail: str
    """The same in a sentence; it names the offering and nobody."""


class RequestedAssignmentEnded(OfRequest):
    """The assignment that the request led to is over."""

    TOPIC: ClassVar[str] = "approvals.RequestedAssignmentEnded.v1"
    assignment_id: UUID
    why: AssignmentEnd


class DecisionRefused(OfRequest):
    """Somebody tried to decide when there was nothing to decide any more (APR-8). The stream is the attempt."""

    TOPIC: ClassVar[str] = "approvals.DecisionRefused.v1"
    request_id: UUID
    approver_id: UUID
    decision: Literal["approve", "deny"]
    problem: str
    """Why, as the kind of a problem (RFC 9457)."""


class DecisionsDelegated(Event):
    """Somebody else decides for this approver too, on these days, both included (APR-5). The stream is the delegation."""

    TOPIC: ClassVar[str] = "approvals.DecisionsDelegated.v1"
    person_id: UUID
    to_id: UUID
    starts: date
    ends: date


class DelegationEnded(Event):
    """The approver decides alone again."""

    TOPIC: ClassVar[str] = "approvals.DelegationEnded.v1"
    person_id: UUID


class DecisionsWaited(Event):
    """Requests still wait for an approver's decision, on a day of theirs. The stream is approver and day: there is one at most."""

    TOPIC: ClassVar[str] = "approvals.DecisionsWaited.v1"
    person_id: UUID
    day: date
    requests: int
    """How many."""
    oldest: date
    """Since when the one that has waited longest does: the day on which it was asked, in UTC."""
