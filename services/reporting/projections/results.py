"""Results: what a learner achieved in one term: the completion, its certificate, the last exam. Source: enrollment."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID, uuid5

from services.reporting.projections.periods import Key, PeriodTable, first_of_stream
from shared.contracts.enrollment import (
    CertificateIssued,
    CertificateRevoked,
    CompletionTakenBack,
    EnrollmentCompleted,
    ExamTaken,
    OfTerm,
)
from shared.events import Event
from shared.store import Int4


class Result(NamedTuple):
    result_id: UUID
    """Of the enrollment and the term."""
    enrollment_id: UUID
    term: Int4
    completed_at: datetime | None = None
    version: Int4 | None = None
    valid_until: date | None = None
    recorded: str | None = None
    """by-hand or imported, if the completion does not follow from steps."""
    serial: str | None = None
    """Of the certificate that is valid."""
    score: Int4 | None = None
    """In percent, of the exam that was taken last."""


_EVENTS = (ExamTaken, EnrollmentCompleted, CompletionTakenBack, CertificateIssued, CertificateRevoked)


def evolve(state: Result | None, event: Event) -> Result | None:
    assert isinstance(event, OfTerm)
    now = state or Result(_id(event), event.originator_id, event.term)
    match event:
        case ExamTaken():
            return now._replace(score=event.score)
        case EnrollmentCompleted():
            done = now._replace(completed_at=event.completed_at, version=event.version, serial=None)
            return done._replace(valid_until=event.valid_until, recorded=event.recorded)
        case CompletionTakenBack():
            return now._replace(completed_at=None, version=None, valid_until=None, recorded=None, serial=None)
        case CertificateIssued():
            return now._replace(serial=event.serial)
        case CertificateRevoked() if now.serial == event.serial:
            return now._replace(serial=None)
    return state


def _id(event: Event) -> UUID:
    assert isinstance(event, OfTerm)
    return uuid5(event.originator_id, str(event.term))


def _key(event: Event) -> Key:
    return (_id(event).int,)


RESULT = PeriodTable(
    "result",
    Result,
    key=("result_id",),
    events=_EVENTS,
    key_of=_key,
    evolve=evolve,
    opens=first_of_stream,
)
