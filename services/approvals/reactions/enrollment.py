"""Enrollment: how learners stand, completions that wait for a review, and what came of what was approved (APR-2, ENR-5)."""

from collections.abc import Sequence
from typing import get_args
from uuid import UUID

from services.approvals.projections import facts
from services.approvals.projections.facts import EnrollmentFact, OutcomeFact
from services.approvals.reactions.ringing import ring, ring_found, ring_reviews
from shared.contracts.approvals import AssignmentEnd
from shared.contracts.enrollment import (
    AccessExpired,
    AdmissionRefused,
    AssignmentCreated,
    AssignmentRemoved,
    CompletionRejected,
    CompletionSubmitted,
    CompletionTakenBack,
    DueDateSet,
    EnrollmentCancelled,
    EnrollmentCompleted,
    LearnerAssigned,
    LearnerUnassigned,
    LearnerWithdrawn,
    TrainingBegun,
)
from shared.database import Connection, pairs
from shared.events import Event, Recorded

Standing = (
    LearnerAssigned
    | TrainingBegun
    | LearnerWithdrawn
    | EnrollmentCancelled
    | AccessExpired
    | CompletionSubmitted
    | CompletionRejected
    | CompletionTakenBack
    | EnrollmentCompleted
    | DueDateSet
)
_STANDING = get_args(Standing)
_ADMISSIONS = (AssignmentCreated, AdmissionRefused)
_ENDS: dict[str, AssignmentEnd] = {"cancelled": "cancelled", "left": "withdrawn"}


class EnrollmentFacts:
    """Takes enrollment's events."""

    name = "approvals enrollments"
    source = "enrollment"
    group = "approvals.enrollment"
    tables: tuple[str, ...] = ("enrollment_fact", "outcome_fact")
    types = frozenset(c.TOPIC for c in (*_STANDING, *_ADMISSIONS, AssignmentRemoved, LearnerUnassigned))

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        answered = [fact for recorded in events if (fact := _admission(recorded.event))]
        facts.save_outcomes(conn, answered)
        ended = _ended(conn, events)
        facts.save_outcomes(conn, ended)
        told = [recorded.event for recorded in events if isinstance(recorded.event, Standing)]
        known = facts.enrollments(conn, {event.originator_id for event in told})
        for event in told:
            known[event.originator_id] = _evolve(known.get(event.originator_id), event)
        facts.save_enrollments(conn, list(known.values()))
        meta = events[-1].causing(self.source)
        ring(conn, [fact.request for fact in (*answered, *ended)], meta)
        if known:
            condition = (
                "(r.person, r.offering) IN (SELECT e.person, e.offering FROM enrollment_fact e WHERE e.id = ANY(%(ids)s)) "
                "AND (r.status = 'open' OR r.outcome = 'pending')"
            )
            ring_found(conn, condition, {"ids": list(known)}, meta)
            ring_reviews(conn, [id for id, fact in known.items() if fact.state == "pending"], meta)


def _admission(event: Event) -> OutcomeFact | None:
    if isinstance(event, AssignmentCreated) and event.type == "request" and event.origin_id:
        return OutcomeFact(event.origin_id, assignment=event.originator_id)
    if isinstance(event, AdmissionRefused) and event.type == "request":
        return OutcomeFact(event.origin_id, problem=event.kind, detail=event.detail)
    return None


def _ended(conn: Connection, events: Sequence[Recorded]) -> list[OutcomeFact]:
    """Of the assignments that requests led to, those that are over, and how."""
    ends: dict[UUID, AssignmentEnd] = {}
    expired: list[UUID] = []
    for event in (recorded.event for recorded in events):
        match event:
            case LearnerUnassigned():
                ends.setdefault(event.assignment_id, _ENDS.get(event.why, "removed"))
            case AssignmentRemoved():
                ends.setdefault(event.originator_id, "removed")
            case AccessExpired():
                expired.append(event.originator_id)
    query = "SELECT request, assignment FROM outcome_fact WHERE assignment = ANY(%s)"
    found = [OutcomeFact(id, ended=ends[a]) for id, a in pairs(conn, query, UUID, UUID, [list(ends)])]
    query = (
        "SELECT o.request, o.assignment FROM enrollment_fact e JOIN request r ON r.person = e.person AND r.offering = e.offering "
        "JOIN outcome_fact o ON o.request = r.id AND o.assignment IS NOT NULL WHERE e.id = ANY(%s)"
    )
    return [*found, *(OutcomeFact(id, ended="expired") for id, _ in pairs(conn, query, UUID, UUID, [expired]))]


def _evolve(fact: EnrollmentFact | None, event: Standing) -> EnrollmentFact:
    """Whoever works on a course within a certification, or has completed something elsewhere, was never assigned to it."""
    known = fact or EnrollmentFact(event.originator_id, 0, event.person_id, event.offering_id, 0, "over")
    return _changed(known, event)._replace(term=event.term, revision=event.originator_version)


def _changed(fact: EnrollmentFact, event: Standing) -> EnrollmentFact:
    now = fact
    match event:
        case LearnerAssigned():
            opened = event.term > fact.term
            state = "live" if opened and (event.afresh or fact.state != "completed") else fact.state
            now = fact._replace(state=state, due_on=event.due_on or (None if opened else fact.due_on))
        case TrainingBegun() if event.term > fact.term or event.afresh:
            now = fact._replace(state="live", due_on=None)
        case LearnerWithdrawn() | EnrollmentCancelled() | AccessExpired():
            now = fact._replace(state="over" if fact.state != "completed" else fact.state)
        case CompletionSubmitted():
            now = fact._replace(state="pending", submitted=event.originator_version)
        case CompletionRejected() | CompletionTakenBack():
            now = fact._replace(state="live")
        case EnrollmentCompleted():
            now = fact._replace(state="completed", valid_until=event.valid_until)
        case DueDateSet():
            now = fact._replace(due_on=event.due_on)
    return now
