"""State rows: of one enrollment and back again, and those that mirror the events of a change."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, TypedDict
from uuid import UUID

from services.enrollment.domain.due_dates import Deadline
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.exceptions import kinds_of
from services.enrollment.domain.grants import expire
from services.enrollment.domain.transitions import Transition
from services.enrollment.projections.access_expiry import Over
from services.enrollment.projections.tables import (
    CERTIFICATE,
    ENROLLMENT,
    EXCEPTION,
    EXCLUSION,
    EXPIRY,
    GRANT,
    GRANTED_ACCESS,
    QUEUE_ENTRY,
    REVOCATION,
    EnrollmentRow,
    Held,
    Waiting,
)
from shared.contracts.enrollment import (
    CertificateIssued,
    CertificateRevoked,
    ExceptionAnswered,
    ExceptionState,
    Hold,
    LearnerAssigned,
    LearnerExcluded,
)
from shared.events import Event, Meta
from shared.store import STREAM, SUBJECT, CohortDecision, Decision, Revision, Row

_CONVERTED = {"steps", "due", "waiting"}
_SAME = [n for n in EnrollmentRow._fields if n in Enrollment.__dataclass_fields__ and n not in _CONVERTED]


def decision(change: Transition, meta: Meta, preconditions: tuple[Revision, ...] = ()) -> Decision:
    """The events of a change together with the state rows that mirror them."""
    before, after = change.before, change.after
    row = Row(ENROLLMENT, from_state(after))
    since = {event.assignment_id: event.since for event in change.events if isinstance(event, LearnerAssigned)}
    granted = [
        Row(GRANT, (a, after.person, after.id, after.access.get(a), since.get(a)))
        for a in sorted(after.grants - before.grants)
    ]
    shortened = [
        Row(GRANTED_ACCESS, (a, after.person, after.access.get(a)))
        for a in sorted(after.grants & before.grants)
        if after.access.get(a) != before.access.get(a)
    ]
    ended = [Row(GRANT, (a, after.person)) for a in sorted(before.grants - after.grants)]
    excluded = [Row(EXCLUSION, (a, after.person, after.id, why)) for a, why in _excluded(change.events).items()]
    issued, revoked = _certificates(change.events)
    raised, answered = _exceptions(change)
    lifted = [Row(EXCLUSION, (a, after.person)) for a in before.exclusions - after.exclusions]
    return Decision(
        change.events,
        meta,
        inserted=(*([row] if before.version == 0 else []), *granted, *excluded, *issued, *raised),
        updated=(*([] if before.version == 0 else [row]), *shortened, *revoked, *answered),
        deleted=(*ended, *lifted),
        preconditions=preconditions,
    )


def from_state(state: Enrollment) -> EnrollmentRow:
    """The row of an enrollment. What has one name in both is the same in both."""
    same = {name: getattr(state, name) for name in _SAME}
    return EnrollmentRow(
        **same,
        revision=state.version,
        steps=sorted(state.steps),
        due=state.due.day if state.due else None,
        due_at=state.due.at if state.due else None,
        waiting=_waiting(state),
    )


def to_state(row: EnrollmentRow, grants: Iterable[UUID], exclusions: Iterable[UUID], **more: object) -> Enrollment:
    """The enrollment of a row and of those beside it; `more` are fields of an Enrollment."""
    same: dict[str, Any] = {name: getattr(row, name) for name in _SAME} | more
    return Enrollment(
        **same,
        version=row.revision,
        steps=frozenset(row.steps),
        due=Deadline(row.due, row.due_at) if row.due else None,
        grants=frozenset(grants),
        exclusions=frozenset(exclusions),
        **_waiting_fields(row.waiting),
    )


class _WaitingFields(TypedDict):
    """What of an enrollment is in one column of its row."""

    holds: dict[UUID, Hold]
    refused: frozenset[UUID]
    exception: ExceptionState | None
    raised: int | None


def _waiting_fields(text: str | None) -> _WaitingFields:
    """The assignments that wait, and those that were refused."""
    told = Waiting.model_validate_json(text) if text else Waiting(exception=None, raised=None, holds=[])
    holds = {
        hold.assignment_id: Hold(assignment_id=hold.assignment_id, since=hold.since, cause=hold.cause)
        for hold in told.holds
    }
    refused = frozenset(hold.assignment_id for hold in told.holds if hold.refused)
    return {"holds": holds, "refused": refused, "exception": told.exception, "raised": told.raised}


def _waiting(state: Enrollment) -> str | None:
    if not state.holds:
        return None
    holds = [Held(**hold.model_dump(), refused=id in state.refused) for id, hold in sorted(state.holds.items())]
    return Waiting(exception=state.exception, raised=state.raised, holds=holds).model_dump_json()


def _exceptions(change: Transition) -> tuple[list[Row], list[Row]]:
    """Rows of exceptions that were raised, and of those that are not what they were."""
    before, after, raised, answered = change.before, change.after, [], []
    if before.raised is not None and before.raised != after.raised:
        said = [event.resolution for event in change.events if isinstance(event, ExceptionAnswered)]
        answered.append(_case(before, before.raised, said[0] if said else "over", changed=after.version))
    if after.raised is not None and after.exception is not None:
        row = _case(after, after.raised, after.exception, changed=after.version)
        if after.raised != before.raised:
            raised.append(row)
        elif (after.exception, after.holds) != (before.exception, before.holds):
            answered.append(row)
    return raised, answered


def _case(enrollment: Enrollment, raised: int, state: str, *, changed: int) -> Row:
    kinds = list(kinds_of([enrollment.holds[id] for id in enrollment.waiting]))
    return Row(EXCEPTION, (enrollment.id, raised, enrollment.person, enrollment.offering, state, kinds, changed))


def _certificates(events: Sequence[Event]) -> tuple[list[Row], list[Row]]:
    """Rows of certificates that were issued, and of those that were revoked."""
    issued, revoked = [], []
    for event in events:
        if isinstance(event, CertificateIssued):
            about = (event.originator_id, event.person_id, event.offering_id, event.completed_on, event.valid_until)
            issued.append(Row(CERTIFICATE, (event.serial, *about, False, None)))
        elif isinstance(event, CertificateRevoked):
            revoked.append(Row(REVOCATION, (event.serial, True, event.reason.id)))
    return issued, revoked


def _excluded(events: Sequence[Event]) -> dict[UUID, str]:
    return {event.assignment_id: event.why for event in events if isinstance(event, LearnerExcluded)}


def expiry(group: Over, meta: Meta) -> CohortDecision:
    """The end of access of learners who stand alike."""
    state = Enrollment(
        id=STREAM,
        person=SUBJECT,
        offering=group.offering,
        version=group.revision,
        term=group.term,
        live=True,
        access_until=group.access_until,
    )
    change = expire(state, group.access_until + timedelta(days=1))
    assert change is not None
    row = Row(EXPIRY, (STREAM, change.after.version, False, change.after.ended))
    return CohortDecision(
        decision=Decision(change.events, meta, updated=(row,)),
        streams=group.enrollments,
        subjects=group.people,
        depends_on=QUEUE_ENTRY.name,
        revisions=group.queued,
    )
