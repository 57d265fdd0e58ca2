"""The events of a change together with the state rows that mirror them."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.exceptions import kinds_of
from services.enrollment.domain.granting import expire
from services.enrollment.domain.standing import Change
from services.enrollment.projections.access import Over
from services.enrollment.projections.state import (
    CERTIFICATE,
    ENROLLMENT,
    EXCEPTION,
    EXCLUSION,
    EXPIRY,
    GRANT,
    GRANTED_ACCESS,
    REVOCATION,
    Held,
    Waiting,
)
from shared.contracts.enrollment import (
    CertificateIssued,
    CertificateRevoked,
    ExceptionAnswered,
    LearnerAssigned,
    LearnerExcluded,
)
from shared.events import Event, Meta
from shared.store import STREAM, SUBJECT, Alike, Decision, Revision, Row


def decision(change: Change, meta: Meta, relied_on: tuple[Revision, ...] = ()) -> Decision:
    """The events of a change together with the state rows that mirror them."""
    before, after = change.before, change.after
    row = Row(ENROLLMENT, _row(after))
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
        new=(*([row] if before.version == 0 else []), *granted, *excluded, *issued, *raised),
        changed=(*([] if before.version == 0 else [row]), *shortened, *revoked, *answered),
        gone=(*ended, *lifted),
        relied_on=relied_on,
    )


def _row(state: Enrollment) -> tuple[object, ...]:
    return (
        state.id,
        state.version,
        state.person,
        state.offering,
        state.term,
        state.live,
        state.begun,
        state.sourceless,
        sorted(state.steps),
        state.completed_version,
        state.completed_at,
        state.ended,
        state.launched,
        state.submitted,
        state.rejection,
        state.payment,
        state.access_until,
        state.valid_until,
        state.serial,
        state.revoked,
        state.due.day if state.due else None,
        state.due_by_hand,
        _waiting(state),
        state.due.at if state.due else None,
        state.via,
    )


def _waiting(state: Enrollment) -> str | None:
    if not state.holds:
        return None
    holds = [Held(**hold.model_dump(), refused=id in state.refused) for id, hold in sorted(state.holds.items())]
    return Waiting(exception=state.exception, raised=state.raised, holds=holds).model_dump_json()


def _exceptions(change: Change) -> tuple[list[Row], list[Row]]:
    """Rows of exceptions that were raised, and of those that are not what they were."""
    before, after, raised, answered = change.before, change.after, [], []
    if before.raised is not None and before.raised != after.raised:
        said = [event.resolution for event in change.events if isinstance(event, ExceptionAnswered)]
        answered.append(_case(before, before.raised, said[0] if said else "over", before, after.version))
    if after.raised is not None and after.exception is not None:
        row = _case(after, after.raised, after.exception, after, after.version)
        if after.raised != before.raised:
            raised.append(row)
        elif (after.exception, after.holds) != (before.exception, before.holds):
            answered.append(row)
    return raised, answered


def _case(of: Enrollment, raised: int, state: str, waiting: Enrollment, changed: int) -> Row:
    kinds = list(kinds_of([waiting.holds[id] for id in waiting.waiting]))
    return Row(EXCEPTION, (of.id, raised, of.person, of.offering, state, kinds, changed))


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


def expiry(group: Over, meta: Meta) -> Alike:
    """The end of access of learners who stand alike."""
    state = Enrollment(
        STREAM, SUBJECT, group.offering, group.revision, group.term, live=True, access_until=group.access_until
    )
    change = expire(state, group.access_until + timedelta(days=1))
    assert change is not None
    row = Row(EXPIRY, (STREAM, change.after.version, False, change.after.ended))
    return Alike(Decision(change.events, meta, changed=(row,)), group.enrollments, group.people, "dirty", group.dirty)
