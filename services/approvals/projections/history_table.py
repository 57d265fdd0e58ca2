"""What each event of approvals is in a history (AUD-1)."""

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

from shared.contracts import approvals as events
from shared.database import Connection, pairs
from shared.history import Says, Subject, Table, tell

Kind = Literal[
    "access-requested",
    "later-due-date-requested",
    "completion-review-requested",
    "stage-opened",
    "stage-approved",
    "request-approved",
    "request-denied",
    "request-escalated",
    "request-withdrawn",
    "request-closed",
    "request-fulfilled",
    "request-refused",
    "requested-assignment-ended",
    "decision-refused",
    "decisions-delegated",
    "delegation-ended",
    "decisions-waited",
]
SubjectKind = Literal["request", "person"]

_PERSON = Says("person", "person", lambda event: event.person_id)
_OFFERING = Says("offering", "offering", lambda event: event.offering_id)
_ENROLLMENT = Says("enrollment", "enrollment", lambda event: event.enrollment_id)
_REQUEST = (Says("kind", "code"), _PERSON, _OFFERING)
_STAGE = Says("stage", "number")
_APPROVERS = Says("approvers", "people")
_APPROVER = Says("approver", "person", lambda event: event.approver_id)
_FOR = Says("for", "person", lambda event: event.for_id)
_REASON = Says("reason", "note")
_DUE_ON = Says("due_on", "day")
_PROBLEM = Says("problem", "code")

TABLE: Table[Kind] = {
    events.AccessRequested: tell("access-requested", _PERSON, _OFFERING, Says("stages", "stages"), _REASON),
    events.LaterDueDateRequested: tell(
        "later-due-date-requested", _PERSON, _OFFERING, _ENROLLMENT, _DUE_ON, Says("stages", "stages"), _REASON
    ),
    events.CompletionReviewRequested: tell(
        "completion-review-requested", _PERSON, _OFFERING, _ENROLLMENT, Says("term", "number"), Says("stages", "stages")
    ),
    events.StageOpened: tell("stage-opened", *_REQUEST, _STAGE, _APPROVERS, Says("nobody_found", "flag")),
    events.StageApproved: tell("stage-approved", *_REQUEST, _STAGE, _APPROVER, _FOR, _REASON),
    events.RequestApproved: tell("request-approved", *_REQUEST, _DUE_ON),
    events.RequestDenied: tell("request-denied", *_REQUEST, _STAGE, _APPROVER, _FOR, _REASON),
    events.RequestEscalated: tell("request-escalated", *_REQUEST, _STAGE, _APPROVERS),
    events.RequestWithdrawn: tell("request-withdrawn", *_REQUEST),
    events.RequestClosed: tell("request-closed", *_REQUEST, Says("why", "code")),
    events.RequestFulfilled: tell(
        "request-fulfilled", *_REQUEST, Says("assignment", "assignment", lambda event: event.assignment_id)
    ),
    events.RequestRefused: tell("request-refused", *_REQUEST, _PROBLEM),
    events.RequestedAssignmentEnded: tell("requested-assignment-ended", *_REQUEST, Says("why", "code")),
    events.DecisionRefused: tell("decision-refused", *_REQUEST, _APPROVER, Says("decision", "code"), _PROBLEM),
    events.DecisionsDelegated: tell(
        "decisions-delegated",
        _PERSON,
        Says("to", "person", lambda event: event.to_id),
        Says("starts", "day"),
        Says("ends", "day"),
    ),
    events.DelegationEnded: tell("delegation-ended", _PERSON),
    events.DecisionsWaited: tell("decisions-waited", _PERSON, Says("requests", "number"), Says("oldest", "day")),
}

_STREAMS = """
(e.stream IN (SELECT id FROM request r WHERE r.{column} = %(id)s)
OR e.stream IN (SELECT d.id FROM refused_decision d JOIN request r ON r.id = d.request WHERE r.{column} = %(id)s)
OR e.stream IN (SELECT id FROM delegation WHERE {delegation}))
"""


def of_request(id: UUID) -> Subject:
    """With decisions that came too late."""
    return Subject(_STREAMS.format(column="id", delegation="false"), {"id": id})


def of_person(id: UUID) -> Subject:
    """What they asked for, and who decided for them."""
    return Subject(_STREAMS.format(column="person", delegation="person = %(id)s"), {"id": id})


def called(conn: Connection, ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """The titles of offerings."""
    if not ids:
        return {}
    return dict(pairs(conn, "SELECT id, title FROM offering_fact WHERE id = ANY(%s)", UUID, str, [list(ids)]))
