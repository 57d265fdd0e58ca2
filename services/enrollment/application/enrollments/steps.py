"""The steps of a training as people see them: what each is, what was done, and whether it opens (CAT-1, ENR-4)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.application.enrollments.views import stood
from services.enrollment.application.evaluation import evaluate
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.enrollment_ids import enrollment_id
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.progress import refusal_to_launch
from services.enrollment.projections import credits as credit_rows
from services.enrollment.projections import enrollments, facts
from services.enrollment.projections import steps as step_rows
from services.enrollment.projections.enrollments import EnrollmentQuery
from services.enrollment.projections.steps import StepEvent
from shared.auth import Scope
from shared.contracts.catalog import Activity, Reporter, Step
from shared.contracts.enrollment import ExamTaken, LabLaunched, StepCompleted
from shared.database import Connection, Database


class Attempt(BaseModel):
    """An exam's result, in percent."""

    at: datetime
    score: int
    pass_mark: int | None
    passed: bool


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
    course_enrollment_id: UUID | None
    """Of a step that is a course: the enrollment on it, which a launch begins."""
    completed: bool
    completed_at: datetime | None
    credited_from: UUID | None
    """The enrollment by whose completion the step counts (CAT-2, ENR-8)."""
    attempts: list[Attempt]
    """At an exam in this term, newest first: the last ones."""
    attempts_total: int
    best_score: int | None
    launches: int
    """Of a lab in this term."""
    last_launched_at: datetime | None
    launchable: bool
    """Launch opens it now (ENR-6)."""
    not_launchable_because: str | None


class _Told(NamedTuple):
    """What happened to one step, newest first."""

    completed: Sequence[StepEvent]
    attempts: Sequence[StepEvent]
    launches: Sequence[StepEvent]

    @classmethod
    def of(cls, events: Sequence[StepEvent], number: int) -> "_Told":
        own = [event for event in events if event.step == number]
        types = (StepCompleted, ExamTaken, LabLaunched)
        return cls(*([event for event in own if event.type == type.TOPIC] for type in types))


class StepQueries:
    """Reads only."""

    def __init__(self, database: Database, attempts: int) -> None:
        """`attempts`: how many of an exam are listed."""
        self._database = database
        self._attempts = attempts

    def of(self, id: UUID) -> list[StepView]:
        """Of an enrollment that is there, whoever asks."""
        with self._database.connection() as conn:
            query = EnrollmentQuery(self=id, id=id)
            (found,) = enrollments.enrollments(conn, Scope(everything=True), query, None, 1).items
            state = stood(found.row, found.grants, found.exclusions, within=found.within)
            offering = evaluate.offerings(conn, [state.offering])[state.offering]
            return steps(conn, state, offering, self._attempts, facts.today(conn))


def steps(conn: Connection, state: Enrollment, offering: Offering, attempts: int, today: date) -> list[StepView]:
    """In order; also of a learner who is not enrolled."""
    if not offering.steps:
        return []
    events = step_rows.events(conn, state.id, state.term, attempts)
    course = offering.kind == "course"
    via = credit_rows.within(conn, state.person, offering.id, state.via) if course else None
    return [_step(state, offering, n, _Told.of(events, n), today, via) for n in range(1, len(offering.steps) + 1)]


def _step(state: Enrollment, offering: Offering, number: int, told: _Told, today: date, via: UUID | None) -> StepView:
    step = offering.steps[number - 1]
    activity = step if isinstance(step, Activity) else None
    course = step.course_id if isinstance(step, Step) else None
    refusal = refusal_to_launch(state, offering, number, today, via=via)
    completed = number in state.steps
    done = told.completed[0] if completed and told.completed else None
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
        course_enrollment_id=enrollment_id(state.person, course) if course else None,
        completed=completed,
        completed_at=done.at if done else None,
        credited_from=done.credited_from if done else None,
        attempts=[_attempt(event) for event in told.attempts],
        attempts_total=told.attempts[0].times if told.attempts else 0,
        best_score=told.attempts[0].best if told.attempts else None,
        launches=told.launches[0].times if told.launches else 0,
        last_launched_at=told.launches[0].at if told.launches else None,
        launchable=refusal is None,
        not_launchable_because=refusal.detail if refusal else None,
    )


def _attempt(event: StepEvent) -> Attempt:
    return Attempt(at=event.at, score=event.score or 0, pass_mark=event.pass_mark, passed=bool(event.passed))
