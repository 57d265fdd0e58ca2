"""Enrollments: see them, come to an offering, and work on an open term."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request
from pydantic import BaseModel, Field

from services.enrollment.api.dependencies import (
    CancellationDep,
    DatabaseDep,
    EnrollmentQueriesDep,
    ProgressCommandsDep,
    Reason,
    StepQueriesDep,
)
from services.enrollment.application.enrollments.cancellation import LearnersAssignment
from services.enrollment.application.enrollments.steps import StepView
from services.enrollment.application.enrollments.views import EnrollmentItem, EnrollmentQueries
from services.enrollment.projections.enrollments import EnrollmentQuery
from services.enrollment.projections.steps import Score, scores
from shared.auth import Caller, CurrentCaller, Permission, Scope
from shared.errors import Forbidden, Invalid
from shared.http import AtLeast, CommandContextDep, Cursor, PageSize
from shared.limits import Day, Days, Place
from shared.readmodel import Page, wait_for
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")


class Result(BaseModel):
    """An exam's result."""

    score: int = Field(ge=0, le=100, description="Percent")


class Cancellation(Reason):
    """`override`: beyond the 24 hours; needs a reason, and the permission for it (ASG-15)."""

    override: bool = False


class AccessPeriod(BaseModel):
    """The last day of access, or how many days it lasts from the creation: one of the two (ASG-14)."""

    access_until: Day | None = None
    access_days: Days | None = None

    def given(self) -> date | int:
        given = [one for one in (self.access_until, self.access_days) if one is not None]
        if len(given) != 1:
            raise Invalid("Give either a last day of access or a number of days.", field="access_until")
        return given[0]


NOWHERE = Scope(everything=False)
"""Nothing but the own."""


def reading(caller: Caller) -> Scope:
    """Learners see their own enrollments without any permission."""
    return _held(caller, Permission.READ_ASSIGNMENTS)


def _held(caller: Caller, permission: Permission) -> Scope:
    return caller.scope(permission) if caller.may(permission) else NOWHERE


def managing(
    queries: EnrollmentQueries,
    caller: Caller,
    id: UUID,
    permission: Permission = Permission.ASSIGN,
    *,
    own: bool = True,
) -> None:
    """Raises NotFound for an enrollment that the caller may not see, Forbidden beyond the scope of the permission.

    Without `own`, also for the caller's own.
    """
    found = queries.page(_held(caller, permission), EnrollmentQuery(self=NOBODY, id=id), None, 1).items
    if not found:
        queries.one(reading(caller), caller.id, id)
        caller.scope(permission)
        raise Forbidden(
            f"You need the permission '{permission}' for this learner's organisation. Ask an administrator there.",
            permission=str(permission),
        )
    if not own:
        check_not_own(caller, found[0].person_id)


def _refused(queries: EnrollmentQueries, caller: Caller, id: UUID, permission: Permission) -> str | None:
    """Why `managing` would refuse, in its words."""
    try:
        managing(queries, caller, id, permission)
    except Forbidden as refusal:
        return refusal.detail
    return None


def check_not_own(caller: Caller, person: UUID) -> None:
    """Nobody decides on a completion, or a payment, of their own."""
    if person == caller.id:
        raise Forbidden("This is your own enrollment. Ask another administrator.", kind="own-enrollment")


NOBODY = UUID(int=0)
"""A caller who has no enrollments of their own."""


def _working(queries: EnrollmentQueries, caller: Caller, id: UUID, permission: Permission = Permission.ASSIGN) -> bool:
    """The learner works on the own enrollment; somebody else needs the permission. Tells whether it is the learner."""
    own = queries.page(NOWHERE, EnrollmentQuery(self=caller.id, id=id), None, 1).items
    if not own:
        managing(queries, caller, id, permission)
    return bool(own)


@router.get("/enrollments")
def list_enrollments(
    caller: CurrentCaller,
    database: DatabaseDep,
    queries: EnrollmentQueriesDep,
    size: PageSize,
    request: Request,
    person_id: UUID | None = None,
    offering_id: UUID | None = None,
    completed: bool | None = None,
    pending: bool | None = None,
    at_least: AtLeast = None,
    cursor: Cursor = None,
) -> Page[EnrollmentItem]:
    """List the enrollments of learners; `pending` gives those waiting for approval, `completed` those with a completion on record.
    `at_least=directory:123` waits until that event is included."""
    query = EnrollmentQuery(
        self=caller.id, person=person_id, offering=offering_id, completed=completed, pending=pending
    )
    wait_for(database, at_least, request.app.state.settings.wait_limit)
    return queries.page(reading(caller), query, cursor, size)


@router.get("/enrollments/{enrollment_id}")
def show_enrollment(caller: CurrentCaller, queries: EnrollmentQueriesDep, enrollment_id: UUID) -> EnrollmentItem:
    return queries.one(reading(caller), caller.id, enrollment_id)


@router.get("/scores")
def list_scores(
    caller: CurrentCaller, database: DatabaseDep, enrollment_id: Annotated[list[UUID], Query(max_length=200)]
) -> list[Score]:
    """List the last result of an exam in the present term of these enrollments, at most 200; those without one are left out."""
    with database.connection() as conn:
        return scores(conn, caller.scope(Permission.READ_ASSIGNMENTS), enrollment_id)


@router.get("/enrollments/{enrollment_id}/steps")
def list_steps(
    caller: CurrentCaller, queries: EnrollmentQueriesDep, steps: StepQueriesDep, enrollment_id: UUID
) -> list[StepView]:
    """List the steps of the training in order: what each is and who reports it (CAT-1), when it was completed, the attempts at
    exams and the launches of labs in this term (ENR-4), and whether it can be launched now (ENR-6)."""
    queries.one(reading(caller), caller.id, enrollment_id)
    return steps.of(enrollment_id)


@router.get("/offerings/{offering_id}/standing")
def show_own_standing(caller: CurrentCaller, queries: EnrollmentQueriesDep, offering_id: UUID) -> EnrollmentItem:
    """Show the caller's status on an offering and the one next action, also for somebody who is not enrolled (ENR-1)."""
    return queries.own(caller.id, offering_id)


@router.post("/offerings/{offering_id}/enrol", status_code=201)
def enrol(
    caller: CurrentCaller, context: CommandContextDep, progress: ProgressCommandsDep, offering_id: UUID
) -> Receipt:
    """Enrol yourself without a group, where the offering allows it (ENR-3, CAT-19)."""
    return progress.enrol(context, offering_id, caller.id)


@router.post("/enrollments/{enrollment_id}/begin")
def begin(
    caller: CurrentCaller,
    context: CommandContextDep,
    progress: ProgressCommandsDep,
    queries: EnrollmentQueriesDep,
    enrollment_id: UUID,
) -> Receipt:
    """Begin the training."""
    _working(queries, caller, enrollment_id)
    return progress.begin(context, enrollment_id)


@router.post("/enrollments/{enrollment_id}/steps/{step}/complete")
def complete_step(
    caller: CurrentCaller,
    context: CommandContextDep,
    progress: ProgressCommandsDep,
    queries: EnrollmentQueriesDep,
    enrollment_id: UUID,
    step: Place,
) -> Receipt:
    """Complete a step; with the last one the training is completed, on the version that is published now (CAT-15).

    Learners report reading; labs are reported by a learning system or an administrator (CAT-1). A step that is a course
    is completed by completing the course: launch it (CAT-2).
    """
    by_learner = _working(queries, caller, enrollment_id, Permission.REPORT_PROGRESS)
    return progress.complete_step(context, enrollment_id, step, by_learner=by_learner)


@router.post("/enrollments/{enrollment_id}/steps/{step}/launch")
def launch(
    caller: CurrentCaller,
    context: CommandContextDep,
    progress: ProgressCommandsDep,
    queries: EnrollmentQueriesDep,
    enrollment_id: UUID,
    step: Place,
) -> Receipt:
    """Open a step's content or lab, as long as there is access (ENR-6). Launches of labs are recorded (ENR-4).

    The result has the `address` to open; for a certification course also the `course_enrollment_id` to work on (CAT-2).
    """
    _working(queries, caller, enrollment_id)
    return progress.launch(context, enrollment_id, step)


@router.post("/enrollments/{enrollment_id}/steps/{step}/attempts", status_code=201)
def take_exam(
    caller: CurrentCaller,
    context: CommandContextDep,
    progress: ProgressCommandsDep,
    queries: EnrollmentQueriesDep,
    enrollment_id: UUID,
    step: Place,
    body: Result,
) -> Receipt:
    """Report an exam's result (ENR-4). Nobody can report their own: it takes the permission `report-progress` (CAT-1)."""
    managing(queries, caller, enrollment_id, Permission.REPORT_PROGRESS, own=False)
    return progress.take_exam(context, enrollment_id, step, body.score)


@router.get("/enrollments/{enrollment_id}/assignments")
def list_learners_assignments(
    caller: CurrentCaller, queries: EnrollmentQueriesDep, cancellation: CancellationDep, enrollment_id: UUID
) -> list[LearnersAssignment]:
    """List a learner's assignments, oldest first: billing date, access, and whether the caller can cancel them (ASG-16)."""
    queries.one(reading(caller), caller.id, enrollment_id)
    overrides = _refused(queries, caller, enrollment_id, Permission.OVERRIDE) is None
    return cancellation.assignments(
        enrollment_id, _refused(queries, caller, enrollment_id, Permission.ASSIGN), overrides=overrides
    )


@router.post("/enrollments/{enrollment_id}/assignments/{assignment_id}/cancel")
def cancel(
    caller: CurrentCaller,
    context: CommandContextDep,
    cancellation: CancellationDep,
    queries: EnrollmentQueriesDep,
    enrollment_id: UUID,
    assignment_id: UUID,
    body: Annotated[Cancellation | None, Body()] = None,
) -> Receipt:
    """Cancel a course assignment, within 24 hours and while no lab was launched (ASG-15)."""
    asked = body or Cancellation()
    managing(queries, caller, enrollment_id, Permission.OVERRIDE if asked.override else Permission.ASSIGN)
    return cancellation.cancel(context, enrollment_id, assignment_id, asked.reason, override=asked.override)


@router.put("/enrollments/{enrollment_id}/assignments/{assignment_id}/access")
def shorten(
    caller: CurrentCaller,
    context: CommandContextDep,
    cancellation: CancellationDep,
    queries: EnrollmentQueriesDep,
    enrollment_id: UUID,
    assignment_id: UUID,
    body: AccessPeriod,
) -> Receipt:
    """Shorten the access: an earlier last day, or fewer days from the creation; never longer (ASG-14)."""
    managing(queries, caller, enrollment_id)
    return cancellation.shorten(context, enrollment_id, assignment_id, body.given())
