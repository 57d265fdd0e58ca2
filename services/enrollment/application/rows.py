"""The events of a change together with the state rows that mirror them."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from services.enrollment.domain.granting import expire
from services.enrollment.domain.standing import Change, Enrollment
from services.enrollment.projections.access import Over
from services.enrollment.projections.state import CERTIFICATE, ENROLLMENT, EXCLUSION, EXPIRY, GRANT, REVOCATION
from shared.contracts.enrollment import CertificateIssued, CertificateRevoked, LearnerExcluded
from shared.events import Event, Meta
from shared.store import STREAM, SUBJECT, Alike, Decision, Revision, Row


def decision(change: Change, meta: Meta, relied_on: tuple[Revision, ...] = ()) -> Decision:
    """The events of a change together with the state rows that mirror them."""
    before, after = change.before, change.after
    row = Row(ENROLLMENT, _row(after))
    granted = [
        Row(GRANT, (a, after.person, after.id, after.access.get(a))) for a in sorted(after.grants - before.grants)
    ]
    shortened = [
        Row(GRANT, (a, after.person, after.id, after.access.get(a)))
        for a in sorted(after.grants & before.grants)
        if after.access.get(a) != before.access.get(a)
    ]
    ended = [Row(GRANT, (a, after.person)) for a in sorted(before.grants - after.grants)]
    excluded = [Row(EXCLUSION, (a, after.person, after.id, why)) for a, why in _excluded(change.events).items()]
    issued, revoked = _certificates(change.events)
    lifted = [Row(EXCLUSION, (a, after.person)) for a in before.exclusions - after.exclusions]
    return Decision(
        change.events,
        meta,
        new=(*([row] if before.version == 0 else []), *granted, *excluded, *issued),
        changed=(*([] if before.version == 0 else [row]), *shortened, *revoked),
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
    )


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
