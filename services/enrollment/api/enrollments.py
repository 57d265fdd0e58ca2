"""Enrollments: see them, come to an offering, and work on an open term."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, Field

from services.enrollment.api.parts import Parts, Reason, Using
from services.enrollment.application.cancelling import LearnersAssignment
from services.enrollment.application.viewing import EnrollmentItem, StepView
from services.enrollment.projections.enrollments import EnrollmentQuery
from shared.auth import Caller, Permission, Scope, SignedIn
from shared.errors import Forbidden, Invalid
from shared.http import AtLeast, Commanded, Cursor, PageSize
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
            raise Invalid("Give a last day of access or a number of days, one of the two.", field="access_until")
        return given[0]


def reading(caller: Caller) -> Scope:
    """Learners see their own enrollments without any permission."""
    try:
        return caller.scope(Permission.READ_ASSIGNMENTS)
    except Forbidden:
        return Scope(everything=False)


def managing(
    using: Parts, caller: Caller, id: UUID, permission: Permission = Permission.ASSIGN, *, own: bool = True
) -> None:
    """Raises NotFound for an enrollment that the caller may not see, Forbidden beyond the scope of the permission.

    Without `own`, also for the caller's own.
    """
    seen = using.viewing.one(reading(caller), caller.id, id)
    found = using.viewing.page(caller.scope(permission), EnrollmentQuery(self=NOBODY, id=id), None, 1).items
    if not found:
        raise Forbidden(
            f"The permission '{permission}' is needed for this learner's organisation. Ask an administrator there.",
            permission=str(permission),
        )
    if not own:
        check_not_own(caller, seen.person_id)


def _refused(using: Parts, caller: Caller, id: UUID, permission: Permission) -> str | None:
    """Why `managing` would refuse, in its words."""
    try:
        managing(using, caller, id, permission)
    except Forbidden as refusal:
        return refusal.detail
    return None


def check_not_own(caller: Caller, person: UUID) -> None:
    """Nobody decides on a completion, or a payment, of their own."""
    if person == caller.id:
        raise Forbidden("This is your own enrollment. Ask another administrator.", kind="own-enrollment")


NOBODY = UUID(int=0)
"""A caller who has no enrollments of their own."""


def _working(using: Parts, caller: Caller, id: UUID, permission: Permission = Permission.ASSIGN) -> bool:
    """The learner works on the own enrollment; somebody else needs the permission. Tells whether it is the learner."""
    found = using.viewing.one(reading(caller), caller.id, id)
    if found.person_id != caller.id:
        managing(using, caller, id, permission)
    return found.person_id == caller.id


@router.get("/enrollments")
def list_enrollments(
    caller: SignedIn,
    using: Using,
    size: PageSize,
    request: Request,
    person_id: UUID | None = None,
    offering_id: UUID | None = None,
    pending: bool | None = None,
    at_least: AtLeast = None,
    cursor: Cursor = None,
) -> Page[EnrollmentItem]:
    """Standings of learners; `pending` those that wait for an approval. `at_least=directory:123` waits until that was taken in."""
    query = EnrollmentQuery(self=caller.id, person=person_id, offering=offering_id, pending=pending)
    wait_for(using.database, at_least, request.app.state.settings.wait_limit)
    return using.viewing.page(reading(caller), query, cursor, size)


@router.get("/enrollments/{enrollment_id}")
def show_enrollment(caller: SignedIn, using: Using, enrollment_id: UUID) -> EnrollmentItem:
    return using.viewing.one(reading(caller), caller.id, enrollment_id)


@router.get("/enrollments/{enrollment_id}/steps")
def list_steps(caller: SignedIn, using: Using, enrollment_id: UUID) -> list[StepView]:
    """What the training consists of, in its order: with descriptions, requirements, and who reports each part (CAT-1)."""
    return using.viewing.steps(reading(caller), caller.id, enrollment_id)


@router.get("/offerings/{offering_id}/standing")
def show_own_standing(caller: SignedIn, using: Using, offering_id: UUID) -> EnrollmentItem:
    """How the caller stands on an offering, and the one next action: also for somebody who is not enrolled (ENR-1)."""
    return using.viewing.own(caller.id, offering_id)


@router.post("/offerings/{offering_id}/enrol", status_code=201)
def enrol(caller: SignedIn, context: Commanded, using: Using, offering_id: UUID) -> Receipt:
    """Self-enrollment without a group, where the offering allows it (ENR-3, CAT-19)."""
    return using.learning.enrol(context, offering_id, caller.id)


@router.post("/enrollments/{enrollment_id}/begin")
def begin(caller: SignedIn, context: Commanded, using: Using, enrollment_id: UUID) -> Receipt:
    """Begin the training."""
    _working(using, caller, enrollment_id)
    return using.learning.begin(context, enrollment_id)


@router.post("/enrollments/{enrollment_id}/steps/{step}/complete")
def complete_step(caller: SignedIn, context: Commanded, using: Using, enrollment_id: UUID, step: Place) -> Receipt:
    """Complete a step; with the last one the training is completed, on the version that is published now (CAT-15).

    Learners report what they have read; labs are reported by a learning system or an administrator (CAT-1). A step that is a course
    is completed by completing the course: launch it (CAT-2).
    """
    by_learner = _working(using, caller, enrollment_id, Permission.REPORT_PROGRESS)
    return using.learning.complete_step(context, enrollment_id, step, by_learner=by_learner)


@router.post("/enrollments/{enrollment_id}/steps/{step}/launch")
def launch(caller: SignedIn, context: Commanded, using: Using, enrollment_id: UUID, step: Place) -> Receipt:
    """Open a step's content or lab, as long as there is access (ENR-6). Launches of labs are recorded (ENR-4).

    The result has the `address` to go to; of a certification's course the `course_enrollment_id` on which it is worked (CAT-2).
    """
    _working(using, caller, enrollment_id)
    return using.learning.launch(context, enrollment_id, step)


@router.post("/enrollments/{enrollment_id}/steps/{step}/attempts", status_code=201)
def take_exam(
    caller: SignedIn, context: Commanded, using: Using, enrollment_id: UUID, step: Place, body: Result
) -> Receipt:
    """An exam's result (ENR-4). Nobody reports their own: it takes the permission `report-progress` (CAT-1)."""
    managing(using, caller, enrollment_id, Permission.REPORT_PROGRESS, own=False)
    return using.learning.take_exam(context, enrollment_id, step, body.score)


@router.get("/enrollments/{enrollment_id}/assignments")
def list_learners_assignments(caller: SignedIn, using: Using, enrollment_id: UUID) -> list[LearnersAssignment]:
    """The assignments that hold a learner, oldest first: billing date, access, and whether the caller can cancel them (ASG-16)."""
    using.viewing.one(reading(caller), caller.id, enrollment_id)
    overrides = _refused(using, caller, enrollment_id, Permission.OVERRIDE) is None
    return using.cancelling.assignments(
        enrollment_id, _refused(using, caller, enrollment_id, Permission.ASSIGN), overrides=overrides
    )


@router.post("/enrollments/{enrollment_id}/assignments/{assignment_id}/cancel")
def cancel(
    caller: SignedIn,
    context: Commanded,
    using: Using,
    enrollment_id: UUID,
    assignment_id: UUID,
    body: Annotated[Cancellation | None, Body()] = None,
) -> Receipt:
    """Cancel a course assignment, within 24 hours and while no lab was launched (ASG-15)."""
    asked = body or Cancellation()
    managing(using, caller, enrollment_id, Permission.OVERRIDE if asked.override else Permission.ASSIGN)
    return using.cancelling.cancel(context, enrollment_id, assignment_id, asked.reason, override=asked.override)


@router.put("/enrollments/{enrollment_id}/assignments/{assignment_id}/access")
def shorten(
    caller: SignedIn, context: Commanded, using: Using, enrollment_id: UUID, assignment_id: UUID, body: AccessPeriod
) -> Receipt:
    """An earlier last day of access, or fewer days from the creation; never longer (ASG-14)."""
    managing(using, caller, enrollment_id)
    return using.cancelling.shorten(context, enrollment_id, assignment_id, body.given())
