"""Enrollments with what follows from them: the status and the learner's one next action (ENR-1)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.application.enrollments.self_enrollment import comings
from services.enrollment.application.evaluation import evaluate
from services.enrollment.application.evaluation.state_rows import to_state
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.exceptions import kinds_of
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.progress import next_step
from services.enrollment.domain.self_enrollment import OUTSIDE, Action, SelfEnrollmentState, next_action, untold
from services.enrollment.domain.within import alone
from services.enrollment.projections import enrollments, facts, visibility
from services.enrollment.projections.enrollments import EnrollmentQuery, EnrollmentWithSources, NoteView
from services.enrollment.projections.tables import EnrollmentRow
from shared.auth import Scope
from shared.contracts.enrollment import ExceptionKind, Payment, Status, TimeOfDay
from shared.database import Connection, Database
from shared.errors import NotFound
from shared.readmodel import Page


class EnrollmentItem(BaseModel):
    """One learner's standing on one offering, today."""

    id: UUID
    person_id: UUID
    offering_id: UUID
    offering_title: str
    offering_kind: str
    term: int
    status: Status
    next_action: Action | None
    """None: nothing to do for the learner."""
    no_action_because: str | None
    """Why there is none, or whom to ask."""
    groups_to_join: list[UUID]
    """Where the next action is to enrol and the offering asks for a group: joining one of these is how (GRP-3)."""
    requested: bool
    """A request for access waits for a decision (APR-1); told where the learner is not enrolled."""
    without_source: bool
    steps: list[int]
    """The completed ones."""
    next_step: int | None
    payment: Payment
    due_on: date | None
    """The day on which the term is due (DUE-3), in the learner's time zone."""
    due_at: TimeOfDay | None
    """When on that day, by the learner's clock; None: at its end."""
    due_by_hand: bool
    held_for: list[ExceptionKind]
    """Why assignments wait for an administrator (DUE-4, DUE-5)."""
    access_until: date | None
    """The last day of access; None: without end."""
    required: bool | None
    """Of a qualification that assignments hold: required, or optional (ASG-11)."""
    returned_because: str | None
    """What the administrator wrote who sent the completion back (ENR-5)."""
    returned_by_request: UUID | None
    """It was sent back by this request's denial: approvals keeps the reason (`GET /api/approvals/requests/{id}`)."""
    completed_version: int | None
    completed_at: datetime | None
    valid_until: date | None
    serial: str | None
    revoked: bool
    notes: list[NoteView]
    assignments: list[UUID]
    excluded_from: list[UUID]


_CONVERTED = {"steps"}
_SAME = [n for n in EnrollmentItem.model_fields if n in Enrollment.__dataclass_fields__ and n not in _CONVERTED]
"""What an enrollment says under the same name."""


class EnrollmentQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, scope: Scope, query: EnrollmentQuery, cursor: str | None, size: int) -> Page[EnrollmentItem]:
        """Whoever sees only the own enrollments is told what learners are told."""
        with self._database.connection() as conn:
            found = enrollments.enrollments(conn, scope, query, cursor, size)
            offerings = evaluate.offerings(conn, {one.row.offering for one in found.items})
            today, learner = facts.today(conn), not scope.anything
            items = [one.item for one in _standings(conn, found.items, offerings, today, learner=learner)]
            return Page(items=items, next=found.next)

    def one(self, scope: Scope, caller: UUID, id: UUID) -> EnrollmentItem:
        """Raises NotFound."""
        found = self.page(scope, EnrollmentQuery(self=caller, id=id), None, 1).items
        if not found:
            raise NotFound("There is no such enrollment, or none that you may see.", field="enrollment_id")
        return found[0]

    def own(self, person: UUID, offering: UUID) -> EnrollmentItem:
        """How the caller stands on an offering, also without an enrollment. Raises NotFound for what the caller may not see."""
        with self._database.connection() as conn:
            if not visibility.visible(conn, person, [offering]):
                raise visibility.unseen()
            return standings(conn, person, [offering])[offering].item


class Standing(NamedTuple):
    """How a person stands on an offering, as the rules know it and as it is told."""

    item: EnrollmentItem
    state: Enrollment
    offering: Offering


def standings(conn: Connection, person: UUID, offerings: Sequence[UUID]) -> dict[UUID, Standing]:
    """How a person stands on each of these offerings, whether enrolled or not, as this person is told."""
    query = EnrollmentQuery(self=person, person=person, among=list(offerings))
    found = enrollments.enrollments(conn, Scope(everything=False), query, None, max(1, len(offerings))).items
    on_offer = evaluate.offerings(conn, offerings)
    today = facts.today(conn)
    known = {one.offering.id: one for one in _standings(conn, found, on_offer, today, learner=True)}
    ways = comings(conn, [(person, id) for id in on_offer if id not in known])
    for _, id in ways:
        state = Enrollment.unknown(person, id)
        known[id] = Standing(_item(state, on_offer[id], today, ways[person, id]), state, on_offer[id])
    return known


def _standings(
    conn: Connection,
    found: Sequence[EnrollmentWithSources],
    offerings: Mapping[UUID, Offering],
    today: date,
    *,
    learner: bool,
) -> list[Standing]:
    """`learner`: as the learner is told, not as administrators are (DUE-4)."""
    notes = enrollments.notes(conn, [one.row.id for one in found])
    states = [_state(one, learner=learner) for one in found]
    ways = comings(conn, [(state.person, state.offering) for state in states if state.status(today) in OUTSIDE])
    return [
        Standing(
            _item(
                state,
                offerings[state.offering],
                today,
                ways.get((state.person, state.offering)),
                returned_because=one.returned_because,
                returned_by_request=one.returned_by_request,
                notes=notes.get(state.id, ()),
                required=one.required,
            ),
            state,
            offerings[state.offering],
        )
        for one, state in zip(found, states, strict=True)
    ]


def _state(found: EnrollmentWithSources, *, learner: bool) -> Enrollment:
    state = stood(found.row, found.grants, found.exclusions, within=found.within)
    return untold(state) if learner and not found.own_hold else state


def stood(row: EnrollmentRow, grants: Iterable[UUID], exclusions: Iterable[UUID], *, within: bool) -> Enrollment:
    """As it is today. `within`: the term of the certification is open by which the course is worked on (CAT-2)."""
    state = to_state(row, grants, exclusions)
    return state if state.via is None or within else alone(state)


def _item(
    state: Enrollment,
    offering: Offering,
    today: date,
    coming: SelfEnrollmentState | None,
    *,
    returned_because: str | None = None,
    returned_by_request: UUID | None = None,
    notes: Sequence[NoteView] = (),
    required: bool | None = None,
) -> EnrollmentItem:
    following = next_action(state, offering, today, coming)
    return EnrollmentItem(
        **{name: getattr(state, name) for name in _SAME},
        person_id=state.person,
        offering_id=state.offering,
        offering_title=offering.title,
        offering_kind=offering.kind,
        status=state.status(today),
        next_action=following.action,
        no_action_because=following.why_none,
        groups_to_join=list(following.groups),
        requested=coming is not None and coming.requested,
        without_source=state.unsourced,
        steps=sorted(state.steps),
        next_step=next_step(state, offering),
        due_on=state.due.day if state.due else None,
        due_at=state.due.at if state.due else None,
        held_for=list(kinds_of([state.holds[id] for id in state.waiting])),
        required=required,
        returned_because=returned_because,
        returned_by_request=returned_by_request,
        notes=list(notes),
        assignments=sorted(state.grants),
        excluded_from=sorted(state.exclusions),
    )
