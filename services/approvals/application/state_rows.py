"""The rows that go with a request's events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

from services.approvals.domain.requests import Request, evolved
from services.approvals.projections import facts, tables
from services.approvals.projections.tables import (
    DECISION,
    REQUEST,
    STAGE_APPROVER,
    DecisionRow,
    RequestRow,
    StageApproverRow,
)
from shared.contracts.approvals import RequestApproved, RequestDenied, StageApproved, StageOpened
from shared.database import Connection
from shared.events import Event
from shared.store import CommandContext, Decision, Row
from shared.timers import set_timer

ESCALATION = "escalation"
"""The kind of timer that rings when nobody decided in time (APR-5)."""
RECONCILIATION = "reconciliation"
"""The kind of timer that rings when facts may have decided about a request (APR-3)."""
_LOOK_AGAIN = timedelta(seconds=3)
"""A request that was asked or approved looks once more at the facts, some of which may have come while it was written."""


@dataclass(frozen=True)
class Before:
    """The rows of a request as they are; a new one has none."""

    row: RequestRow | None
    approvers: Sequence[StageApproverRow]
    now: datetime

    @classmethod
    def read(cls, conn: Connection, id: UUID) -> "Before":
        return cls(tables.request(conn, id), tables.stage_approvers(conn, id), facts.now(conn))


class Change(NamedTuple):
    """What is to be written of a request, and the request and its own row afterwards."""

    decision: Decision
    after: Request
    row: RequestRow


def change(
    context: CommandContext,
    state: Request | None,
    events: Sequence[Event],
    before: Before,
    escalation: timedelta,
) -> Change:
    """The events with their rows. `escalation`: how long a stage that opens has time."""
    after = evolved(state, events)
    request_row = _request_row(after, events, before, escalation)
    row = Row(REQUEST, request_row)
    inserted, updated = ([], [row]) if before.row else ([row], [])
    wanted = {one.entry: one for one in _stage_rows(after)}
    known = {one.entry: one for one in before.approvers}
    updated += [Row(STAGE_APPROVER, tuple(one)) for n, one in wanted.items() if n in known and one != known[n]]
    inserted += [Row(STAGE_APPROVER, tuple(one)) for n, one in wanted.items() if n not in known]
    deleted = [Row(STAGE_APPROVER, (after.id, n)) for n in known if n not in wanted]
    inserted += [Row(DECISION, tuple(one)) for one in _decision_rows(events, before.now)]
    whole = Decision(
        tuple(events), context.meta(), inserted=tuple(inserted), updated=tuple(updated), deleted=tuple(deleted)
    )
    return Change(whole, after, request_row)


def set_timers(conn: Connection, change: Change, now: datetime) -> None:
    """What rings for a request later: the escalation of the stage that opened, instead of that of the stage before; and one more
    look at the facts, where it is new, or what it asks may be so already."""
    events, meta, id = change.decision.events, change.decision.meta, change.after.id
    if any(isinstance(event, StageOpened) for event in events) and change.row.escalates_at:
        set_timer(conn, uuid5(id, ESCALATION), change.row.escalates_at, ESCALATION, id, meta)
    is_new = change.after.version == len(events)
    if is_new or any(isinstance(event, RequestApproved) for event in events):
        set_timer(conn, uuid5(id, RECONCILIATION), now + _LOOK_AGAIN, RECONCILIATION, id, meta)


def _request_row(after: Request, events: Sequence[Event], before: Before, escalation: timedelta) -> RequestRow:
    known = before.row
    opened = any(isinstance(event, StageOpened) for event in events)
    escalates_at = before.now + escalation if opened else known.escalates_at if known else None
    decided_at = known.decided_at if known else None
    if after.status != "open" and (known is None or known.status == "open"):
        decided_at, escalates_at = before.now, None
    return RequestRow(
        id=after.id,
        revision=after.version,
        kind=after.kind,
        person=after.person,
        offering=after.offering,
        enrollment=after.enrollment,
        term=after.term,
        due_on=after.due_on,
        status=after.status,
        outcome=after.outcome,
        stage=after.stage,
        stages=len(after.stages),
        escalated=after.escalated,
        nobody_found=after.nobody_found,
        assignment=after.assignment,
        reason=after.reason.id if after.reason else None,
        asked_at=known.asked_at if known else before.now,
        escalates_at=escalates_at,
        decided_at=decided_at,
    )


def _stage_rows(after: Request) -> list[StageApproverRow]:
    """Whom the open stage names; of a request that is not open, nobody."""
    if after.status != "open" or not after.stage:
        return []
    return [
        StageApproverRow(after.id, entry, one.kind, one.person_id, one.role, entry in after.covered)
        for entry, one in enumerate(after.stages[after.stage - 1].approvers, 1)
    ]


def _decision_rows(events: Sequence[Event], now: datetime) -> list[DecisionRow]:
    rows = []
    for event in events:
        if isinstance(event, StageApproved | RequestDenied):
            word = "approve" if isinstance(event, StageApproved) else "deny"
            rows.append(DecisionRow(event.originator_id, event.stage, event.approver_id, word, now))
    return rows
