"""Enrollments with what follows from them: the status and the learner's one next action (ENR-1)."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.application import judging
from services.enrollment.application.coming import comings
from services.enrollment.domain.coming import OUTSIDE, Action, Coming, next_action
from services.enrollment.domain.due_dates import Deadline
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.exceptions import kinds_of
from services.enrollment.domain.learning import next_step
from services.enrollment.domain.offerings import Offering
from services.enrollment.projections import enrollments, facts, visibility
from services.enrollment.projections.enrollments import EnrollmentQuery, EnrollmentRow, NoteView
from shared.auth import Scope
from shared.contracts.catalog import Activity, Reporter, Step
from shared.contracts.enrollment import ExceptionKind, Payment, Status, TimeOfDay
from shared.database import Connection, Database
from shared.errors import NotFound
from shared.readmodel import Page


class EnrollmentItem(BaseModel):
    """One learner's standing on one offering, today."""

    id: UUID
    person_id: UUID
    offering_id: UUID
    term: int
    status: Status
    next_action: Action | None
    """None: nothing to do for the learner."""
    no_action_because: str | None
    """Why there is none, or whom to ask."""
    groups_to_join: list[UUID]
    """Where the next action is to enrol and the offering asks for a group: joining one of these is how (GRP-3)."""
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
    completed_version: int | None
    completed_at: datetime | None
    valid_until: date | None
    serial: str | None
    revoked: bool
    notes: list[NoteView]
    assignments: list[UUID]
    excluded_from: list[UUID]


class StepView(BaseModel):
    """A part of the training, with what the information icon shows (CAT-1). Launch says where it opens."""

    number: int
    kind: str
    title: str
    description: str
    system_requirements: str
    connection: str
    pass_mark: int | None
    reported_by: Reporter | None
    """Who may say that it is done; None: nobody, the course completes it (CAT-2)."""
    course_id: UUID | None
    completed: bool


class Viewing:
    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, scope: Scope, query: EnrollmentQuery, cursor: str | None, size: int) -> Page[EnrollmentItem]:
        with self._database.connection() as conn:
            found = enrollments.enrollments(conn, scope, query, cursor, size)
            return Page(items=_items(conn, found.items), next=found.next)

    def steps(self, scope: Scope, caller: UUID, id: UUID) -> list[StepView]:
        """What the training consists of; as `one`."""
        found = self.one(scope, caller, id)
        with self._database.connection() as conn:
            offering = judging.offerings(conn, [found.offering_id])[found.offering_id]
        return [_step(number, step, found.steps) for number, step in enumerate(offering.steps, 1)]

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
            return standings(conn, person, [offering])[offering]


def standings(conn: Connection, person: UUID, on: Sequence[UUID]) -> dict[UUID, EnrollmentItem]:
    """How a person stands on each of these offerings, whether enrolled or not."""
    query = EnrollmentQuery(self=person, person=person, among=list(on))
    found = enrollments.enrollments(conn, Scope(everything=False), query, None, max(1, len(on))).items
    items = {item.offering_id: item for item in _items(conn, found)}
    today = facts.today(conn)
    others = judging.offerings(conn, [id for id in on if id not in items])
    ways = comings(conn, [(person, id) for id in others])
    for offering in others.values():
        state = Enrollment.unknown(person, offering.id)
        items[offering.id] = _item(state, offering, today, ways[person, offering.id], None, [])
    return items


def _step(number: int, step: Activity | Step, done: Collection[int]) -> StepView:
    activity = step if isinstance(step, Activity) else None
    course = step.course_id if isinstance(step, Step) else None
    return StepView(
        number=number,
        kind=step.kind,
        title=step.title,
        description=activity.description if activity else "",
        system_requirements=activity.system_requirements if activity else "",
        connection=activity.connection if activity else "",
        pass_mark=step.pass_mark,
        reported_by=None if course else step.reporter,
        course_id=course,
        completed=number in done,
    )


def _items(conn: Connection, rows: Sequence[EnrollmentRow]) -> list[EnrollmentItem]:
    today = facts.today(conn)
    found = judging.offerings(conn, {row.offering for row in rows})
    told = enrollments.notes(conn, [row.id for row in rows])
    states = [_state(row) for row in rows]
    ways = comings(conn, [(state.person, state.offering) for state in states if state.status(today) in OUTSIDE])
    return [
        _item(
            state,
            found[row.offering],
            today,
            ways.get((row.person, row.offering)),
            row.returned_because,
            told.get(row.id, []),
            row.required,
        )
        for row, state in zip(rows, states, strict=True)
    ]


def _state(row: EnrollmentRow) -> Enrollment:
    same = {name: getattr(row, name) for name in row._fields if name in Enrollment.__dataclass_fields__}
    sets = {"steps": frozenset(row.steps), "grants": frozenset(row.grants), "exclusions": frozenset(row.exclusions)}
    due = Deadline(row.due, row.due_at) if row.due else None
    state = Enrollment(**{**same, **sets, "due": due, **judging.holding(row.waiting)})
    return state if row.via is None or row.within else state.alone()


def _item(
    state: Enrollment,
    offering: Offering,
    today: date,
    coming: Coming | None,
    returned_because: str | None,
    notes: list[NoteView],
    required: bool | None = None,
) -> EnrollmentItem:
    following = next_action(state, offering, today, coming)
    return EnrollmentItem(
        id=state.id,
        person_id=state.person,
        offering_id=state.offering,
        term=state.term,
        status=state.status(today),
        next_action=following.action,
        no_action_because=following.why_none,
        groups_to_join=list(following.groups),
        without_source=state.sourceless,
        steps=sorted(state.steps),
        next_step=next_step(state, offering),
        payment=state.payment,
        due_on=state.due.day if state.due else None,
        due_at=state.due.at if state.due else None,
        due_by_hand=state.due_by_hand,
        held_for=list(kinds_of([state.holds[id] for id in state.waiting])),
        access_until=state.access_until,
        required=required,
        returned_because=returned_because,
        completed_version=state.completed_version,
        completed_at=state.completed_at,
        valid_until=state.valid_until,
        serial=state.serial,
        revoked=state.revoked,
        notes=notes,
        assignments=sorted(state.grants),
        excluded_from=sorted(state.exclusions),
    )
