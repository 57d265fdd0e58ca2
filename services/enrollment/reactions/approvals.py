"""What approvals' events mean here: an approved request is made so, and a learner with an open request waits (APR-2, ENR-1)."""

from collections.abc import Sequence
from uuid import UUID

from services.enrollment.application.admissions import ADMISSION
from services.enrollment.projections import admissions, facts
from services.enrollment.projections.admissions import AdmissionKind, AdmissionRow
from shared.contracts.approvals import (
    AccessRequested,
    RequestApproved,
    RequestClosed,
    RequestDenied,
    RequestFulfilled,
    RequestKind,
    RequestRefused,
    RequestWithdrawn,
)
from shared.database import Connection
from shared.events import Event, Recorded
from shared.timers import set_timer

_OVER = (RequestDenied, RequestWithdrawn, RequestClosed, RequestFulfilled, RequestRefused)
_KINDS: dict[RequestKind, AdmissionKind] = {
    "access": "request",
    "later-due-date": "later-due-date",
    "completion": "completion",
}


class ApprovalFacts:
    """Takes the events of approvals."""

    name = "enrollment approvals"
    source = "approvals"
    group = "enrollment.approvals"
    tables: tuple[str, ...] = ("open_request",)
    types = frozenset(c.TOPIC for c in (AccessRequested, RequestApproved, *_OVER))

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        over: list[UUID] = []
        for recorded in events:
            event = recorded.event
            if isinstance(event, AccessRequested):
                admissions.opened(conn, event.originator_id, event.person_id, event.offering_id)
            elif isinstance(event, _OVER):
                over.append(event.originator_id)
            if row := _decided(event, recorded):
                admit(conn, row, recorded, self.source)
        admissions.closed(conn, over)


def admit(conn: Connection, row: AdmissionRow, recorded: Recorded, source: str) -> None:
    """What was decided is carried out at once, by a timer whose id is the origin's."""
    admissions.save(conn, row)
    set_timer(conn, row.origin, facts.clock(conn), ADMISSION, row.origin, recorded.causing(source))


def _decided(event: Event, recorded: Recorded) -> AdmissionRow | None:
    """What enrollment has to do about it, if anything."""
    rejected = isinstance(event, RequestDenied) and event.kind == "completion"
    if not (isinstance(event, RequestApproved) or rejected):
        return None
    assert isinstance(event, RequestApproved | RequestDenied)
    return AdmissionRow(
        origin=event.originator_id,
        kind="rejection" if rejected else _KINDS[event.kind],
        person=event.person_id,
        offering=event.offering_id,
        asked_at=recorded.recorded_at,
        enrollment=event.enrollment_id,
        term=event.term,
        due_on=event.due_on if isinstance(event, RequestApproved) else None,
        reason=event.reason.id if event.reason else None,
        digest=event.reason.digest if event.reason else None,
    )
