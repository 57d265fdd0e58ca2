"""Enrollment's answers to reserved keys (KEY-4), and what holds those who redeemed one (KEY-6)."""

from collections.abc import Sequence

from services.keys.projections import admissions
from services.keys.projections.admissions import Admission
from shared.contracts.enrollment import (
    AdmissionRefused,
    AssignmentCreated,
    ExceptionAnswered,
    ExceptionRaised,
    HoldEnded,
    LearnerAssigned,
    PaymentReceived,
    PaymentRefunded,
)
from shared.database import Connection
from shared.events import Event, Meta, Recorded

_ANSWERS = (AssignmentCreated, AdmissionRefused)
_STANDING = (LearnerAssigned, ExceptionRaised, ExceptionAnswered, HoldEnded, PaymentReceived, PaymentRefunded)


class Admissions:
    """Takes enrollment's events. Answers are noted, and carried out by a worker; of grants only those of people who entered a key
    for the same course are kept: that they did was recorded before enrollment heard of it."""

    name = "keys admissions"
    source = "enrollment"
    group = "keys.enrollment"
    tables: tuple[str, ...] = ("grant_fact",)
    types = frozenset(c.TOPIC for c in (*_ANSWERS, *_STANDING))

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        admissions.save(conn, [answer for recorded in events if (answer := _answer(recorded))])
        grants = [recorded.event for recorded in events if isinstance(recorded.event, _STANDING)]
        concerned = admissions.redeeming(conn, {(event.person_id, event.offering_id) for event in grants})
        for event in grants:
            if (event.person_id, event.offering_id) in concerned:
                _stand(conn, event)


def _answer(recorded: Recorded) -> tuple[Admission, Meta] | None:
    event = recorded.event
    if isinstance(event, AssignmentCreated) and event.type == "key" and event.origin_id:
        return Admission(event.origin_id, event.originator_id, None, None), recorded.causing("enrollment")
    if isinstance(event, AdmissionRefused) and event.type == "key":
        return Admission(event.origin_id, None, event.kind, event.detail), recorded.causing("enrollment")
    return None


def _stand(conn: Connection, event: Event) -> None:
    enrollment = event.originator_id
    match event:
        case LearnerAssigned():
            awaits_payment = event.price is not None
            admissions.granted(conn, event.assignment_id, enrollment, event.term, awaits_payment=awaits_payment)
        case ExceptionRaised():
            admissions.held(conn, enrollment, [hold.assignment_id for hold in event.holds])
        case HoldEnded():
            admissions.released(conn, enrollment, event.assignment_id)
        case ExceptionAnswered() if event.resolution != "dismissed":
            admissions.released(conn, enrollment)
        case PaymentReceived():
            admissions.paid(conn, enrollment, event.term)
        case PaymentRefunded() if event.reopens:
            admissions.paid(conn, enrollment, event.term, awaits_payment=True)
