"""Events of approvals become reasons for e-mail: to approvers what waits for them, to learners what was decided (NTF-1)."""

from collections.abc import Iterator, Sequence
from datetime import date
from uuid import UUID

from services.notifier.application.reasons import write
from services.notifier.domain import Reason, chosen
from shared.contracts.approvals import (
    DecisionsWaited,
    OfRequest,
    RequestApproved,
    RequestClosed,
    RequestDenied,
    RequestEscalated,
    RequestWithdrawn,
    StageOpened,
)
from shared.contracts.notifications import Template
from shared.database import Connection
from shared.events import Recorded

_OVER = (RequestApproved, RequestDenied, RequestWithdrawn, RequestClosed)
_FACT = """
INSERT INTO request_fact (id, version, stage, open) VALUES (%s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, stage = excluded.stage, open = excluded.open
WHERE request_fact.version < excluded.version
"""
_WITHDRAW = """
UPDATE message m SET state = 'withdrawn', reason = 'reason-gone', revision = m.revision + 1, changed_at = now()
FROM ledger l JOIN message_check c ON c.id = l.message_id
WHERE l.request_id = ANY(%s) AND m.id = l.message_id AND m.state IN ('waiting', 'held') AND c.verdict = 'reason-gone'
"""


class Requests:
    """Writes `request_fact` and new rows of `ledger`, and withdraws what nobody has to decide any more (NTF-5)."""

    name: str = "notifier.requests"
    source: str = "approvals"
    group: str = "notifier.approvals"
    tables: tuple[str, ...] = ("request_fact",)
    types: frozenset[str] = frozenset(c.TOPIC for c in (StageOpened, RequestEscalated, DecisionsWaited, *_OVER))

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        reasons: list[Reason] = []
        touched: set[UUID] = set()
        for recorded in events:
            event = recorded.event
            if isinstance(event, StageOpened):
                conn.execute(_FACT, [event.originator_id, event.originator_version, event.stage, True])
            elif isinstance(event, _OVER):
                conn.execute(_FACT, [event.originator_id, event.originator_version, 0, False])
            if not isinstance(event, DecisionsWaited):
                touched.add(event.originator_id)
            reasons += _reasons(recorded)
        write(conn, reasons)
        conn.execute(_WITHDRAW, [list(touched)])


def _reasons(recorded: Recorded) -> Iterator[Reason]:
    """Access that was approved is told of as every assignment is; a completion as every completion."""
    event = recorded.event
    match event:
        case StageOpened():
            yield from (_reason(recorded, event, person, "approval-needed", event.stage) for person in event.approvers)
        case RequestEscalated():
            for person in event.approvers:
                yield _reason(recorded, event, person, "approval-escalated", event.stage)
        case DecisionsWaited():
            yield _digest(recorded, event)
        case RequestDenied():
            yield _reason(recorded, event, event.person_id, "request-denied", None)
        case RequestApproved(kind="later-due-date"):
            yield _reason(recorded, event, event.person_id, "request-approved", None, event.due_on)


def _digest(recorded: Recorded, event: DecisionsWaited) -> Reason:
    """Of what waits for an approver on a day: about no request in particular."""
    return Reason(
        cause_stream=event.originator_id,
        cause_version=event.originator_version,
        person_id=event.person_id,
        template="approvals-digest",
        cause_type=event.TOPIC,
        caused_at=recorded.recorded_at,
        batch=recorded.meta.correlation,
        due_on=event.oldest,
        many=event.requests,
    )


def _reason(
    recorded: Recorded,
    event: OfRequest,
    person: UUID,
    template: Template,
    stage: int | None,
    due_on: date | None = None,
) -> Reason:
    reason = Reason(
        cause_stream=event.originator_id,
        cause_version=event.originator_version,
        person_id=person,
        template=template,
        cause_type=event.TOPIC,
        caused_at=recorded.recorded_at,
        batch=recorded.meta.correlation,
        offering_id=event.offering_id,
        enrollment_id=None,
        assignment_id=None,
        term=None,
        serial=None,
        due_on=due_on,
        request_id=event.originator_id,
        request_kind=event.kind,
        learner_id=event.person_id,
        stage=stage,
    )
    return chosen(reason, recorded.meta)
