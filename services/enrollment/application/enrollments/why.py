"""Why a learner is enrolled: per assignment the chain from who assigned it to the due date, as typed facts (LRN-8)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.domain.due_dates import due
from services.enrollment.domain.why import Grant, Story, story
from services.enrollment.projections import names, organisations, sources, why
from services.enrollment.projections.sources import SourceRow
from services.enrollment.projections.why import AssignmentFact, PlacementKind
from shared import texts
from shared.contracts.enrollment import (
    AssignmentCreated,
    AssignmentRemoved,
    AssignmentType,
    By,
    DueDateSet,
    DueRule,
    ExceptionKind,
    ExceptionRaised,
    LearnerAssigned,
    LearnerUnassigned,
    TimeOfDay,
    Unassignment,
    describe,
)
from shared.database import Connection, Database
from shared.events import SYSTEM, Recorded, TextRef


class Act(BaseModel):
    """What somebody did."""

    at: datetime
    actor: UUID | None
    """The person or client; None: Rollbook by itself."""
    how: str
    """`command`, `rule` (it follows from what is known of the learner), `import`, `timer` ..., as events say it."""
    cause: str | None
    """The event of another service that led to it: `directory`, its stream and its version, with slashes."""
    batch: UUID
    reason: str | None = None
    """In that person's words; told to administrators only."""


class PlacementView(BaseModel):
    """What makes the learner part of the assignment's target today."""

    kind: PlacementKind
    unit_id: UUID | None
    job_id: UUID | None
    since: date | None
    path: list[str]
    """The names of the units, from the learner's own to that of the assignment."""
    managers: list[UUID]
    """The people from the learner's own manager to the one of the assignment."""


class Ending(Act):
    """How an assignment ceased to hold the learner."""

    why: Unassignment


class AssignmentReason(BaseModel):
    """One assignment that holds the learner, or did."""

    assignment_id: UUID
    type: AssignmentType
    target_id: UUID
    name: str | None
    include_below: bool
    assigned: Act | None
    """Who made the assignment, and when."""
    placements: list[PlacementView]
    """For an organisation, a position or a manager; none where it does not hold the learner any more."""
    joined_by: By | None
    """For a group."""
    enrolled: Act
    """When it began to hold the learner, and what led to it."""
    term: int
    access_until: date | None
    due: DueRule | None
    due_text: str
    due_on: date | None
    """What its rule says of the learner today."""
    due_at: TimeOfDay | None
    decides_due: bool
    """The term's due date is the one of this assignment."""
    ended: Ending | None


class DueReason(BaseModel):
    """Why the term is due on that day."""

    due_on: date
    due_at: TimeOfDay | None
    by: Literal["assignment", "exception", "hand"]
    """`exception`: an administrator's answer to one."""
    assignment_id: UUID | None
    """For `assignment`: which one, if its rule still says so."""
    set: Act


class Waiting(BaseModel):
    """An assignment that does not hold the learner before an administrator has answered."""

    assignment_id: UUID
    type: AssignmentType
    name: str | None


class HeldReason(BaseModel):
    """What holds the learner back (DUE-4, DUE-5)."""

    kinds: list[ExceptionKind]
    raised: Act
    assignments: list[Waiting]


class Why(BaseModel):
    """Why a learner is enrolled. People are ids; e-mails that told of it are in the ledger of the notifier, by the enrollment."""

    enrollment_id: UUID
    person_id: UUID
    offering_id: UUID
    term: int
    assignments: list[AssignmentReason]
    """Those that hold the learner, newest first."""
    earlier: list[AssignmentReason]
    """Those that did, in earlier terms too, newest first."""
    via_enrollment_id: UUID | None
    """For a course: the enrollment on the certification that contains it."""
    due: DueReason | None
    held: HeldReason | None
    """Recorded to administrators only."""


class _Facts(NamedTuple):
    """What is known about the assignments of a story."""

    story: Story
    assignments: Mapping[UUID, AssignmentFact]
    names: Mapping[UUID, str | None]
    created: Mapping[UUID, Recorded]
    removed: Mapping[UUID, Recorded]
    placements: Sequence[why.Placement]
    sources: Mapping[UUID, SourceRow]
    reasons: Mapping[UUID, str]


class WhyQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, enrollment: UUID, person: UUID, offering: UUID, *, administrator: bool) -> Why:
        with self._database.connection() as conn:
            facts = _facts(conn, enrollment, person, offering, administrator=administrator)
        found = facts.story
        due_by = _due(facts)
        decides = due_by.assignment_id if due_by else None
        return Why(
            enrollment_id=enrollment,
            person_id=person,
            offering_id=offering,
            term=found.term,
            assignments=[_reason(facts, grant, decides) for grant in reversed(found.grants)],
            earlier=[_reason(facts, grant, None) for grant in reversed(found.earlier)],
            via_enrollment_id=found.via,
            due=due_by,
            held=_held(facts) if administrator else None,
        )


def _facts(conn: Connection, enrollment: UUID, person: UUID, offering: UUID, *, administrator: bool) -> _Facts:
    found = story(why.history(conn, [enrollment]))
    ids = list({grant.assignment for grant in (*found.grants, *found.earlier)} | found.waiting)
    of_assignments = why.history(conn, ids)
    zone = organisations.zone_of(conn, person)
    removed = {told.event.originator_id: told for told in of_assignments if isinstance(told.event, AssignmentRemoved)}
    return _Facts(
        story=found,
        assignments=why.assignments(conn, ids),
        names=names.of_assignments(conn, ids),
        created={t.event.originator_id: t for t in of_assignments if isinstance(t.event, AssignmentCreated)},
        removed=removed,
        placements=why.placements(conn, person, [grant.assignment for grant in found.grants]),
        sources={row.assignment: row for row in sources.sources(conn, person, [offering], zone)},
        reasons=texts.read(conn, _refs([found.due, *of_assignments])) if administrator else {},
    )


def _refs(told: Sequence[Recorded | None]) -> list[UUID]:
    having = (DueDateSet, AssignmentCreated, AssignmentRemoved)
    refs = [one.event.reason for one in told if one and isinstance(one.event, having)]
    return [ref.id for ref in refs if ref]


def _act(told: Recorded, facts: _Facts, ref: TextRef | None = None) -> Act:
    meta = told.meta
    return Act(
        at=told.recorded_at,
        actor=None if meta.actor == SYSTEM else meta.actor,
        how=meta.reason_code,
        cause=meta.causation,
        batch=meta.correlation,
        reason=facts.reasons.get(ref.id) if ref else None,
    )


def _reason(facts: _Facts, grant: Grant, decides: UUID | None) -> AssignmentReason:
    assignment, row = facts.assignments[grant.assignment], facts.sources.get(grant.assignment)
    begun = grant.begun.event
    assert isinstance(begun, LearnerAssigned)
    created = facts.created.get(assignment.id)
    rule = DueRule.model_validate_json(assignment.due) if assignment.due else None
    asked, placed = (due(row.due if row else None), facts.placements) if grant.ended is None else (due(None), ())
    return AssignmentReason(
        assignment_id=assignment.id,
        type=assignment.type,
        target_id=assignment.target,
        name=facts.names.get(assignment.id),
        include_below=assignment.include_below,
        assigned=_act(created, facts, _reason_of(created)) if created else None,
        placements=[_placement(one) for one in placed if one.assignment == assignment.id],
        joined_by=row.joined_by if row and grant.ended is None else None,
        enrolled=_act(grant.begun, facts),
        term=begun.term,
        access_until=begun.access_until,
        due=rule,
        due_text=describe(rule),
        due_on=asked.on.day if asked.on else None,
        due_at=asked.on.at if asked.on else None,
        decides_due=assignment.id == decides,
        ended=_ending(facts, grant),
    )


def _reason_of(told: Recorded) -> TextRef | None:
    return told.event.reason if isinstance(told.event, (AssignmentCreated, AssignmentRemoved)) else None


def _placement(one: why.Placement) -> PlacementView:
    fields = {name: value for name, value in one._asdict().items() if name in PlacementView.model_fields}
    return PlacementView(**fields, unit_id=one.unit, job_id=one.job)


def _ending(facts: _Facts, grant: Grant) -> Ending | None:
    if grant.ended is None:
        return None
    event = grant.ended.event
    assert isinstance(event, LearnerUnassigned)
    gone = facts.removed.get(grant.assignment) if event.why == "assignment-removed" else None
    ref = _reason_of(gone) if gone else None
    return Ending(**_act(grant.ended, facts, ref).model_dump(), why=event.why)


def _due(facts: _Facts) -> DueReason | None:
    told = facts.story.due
    if told is None:
        return None
    event = told.event
    if isinstance(event, LearnerAssigned) and event.due_on is not None:
        day, at, assignment = event.due_on, event.due_at, event.assignment_id
        return DueReason(due_on=day, due_at=at, by="assignment", assignment_id=assignment, set=_act(told, facts))
    assert isinstance(event, DueDateSet)
    by_rule = event.by == "rule"
    return DueReason(
        due_on=event.due_on,
        due_at=event.due_at,
        by="assignment" if event.by == "rule" else event.by,
        assignment_id=_whose_rule(facts, event) if by_rule else None,
        set=_act(told, facts, event.reason),
    )


def _whose_rule(facts: _Facts, event: DueDateSet) -> UUID | None:
    """The newest of those that hold the learner whose rule gives this day."""
    for grant in reversed(facts.story.grants):
        row = facts.sources.get(grant.assignment)
        asked = due(row.due if row else None).on
        if asked and (asked.day, asked.at) == (event.due_on, event.due_at):
            return grant.assignment
    return None


def _held(facts: _Facts) -> HeldReason | None:
    raised = facts.story.exception
    if raised is None:
        return None
    assert isinstance(raised.event, ExceptionRaised)
    waiting = [
        Waiting(assignment_id=id, type=facts.assignments[id].type, name=facts.names.get(id))
        for id in sorted(facts.story.waiting)
    ]
    return HeldReason(kinds=list(raised.event.kinds), raised=_act(raised, facts), assignments=waiting)
