"""Routes of enrollment: /api/enrollment/..."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Request, Response
from pydantic import BaseModel, Field

from services.enrollment.application.assigning import Assigning
from services.enrollment.application.learning import Learning
from services.enrollment.application.previewing import Preview, Previewing, PreviewRequest
from services.enrollment.projections import lists
from services.enrollment.projections.lists import (
    AssignmentItem,
    AssignmentQuery,
    EnrollmentItem,
    EnrollmentQuery,
    JobView,
    LearnerItem,
)
from shared import jobs
from shared.auth import Caller, Permission, Scope, SignedIn
from shared.contracts.enrollment import AssignmentType
from shared.database import Database
from shared.errors import Conflict, Forbidden, NotFound
from shared.http import Commanded, Cursor, Expected, PageSize, Wait, check_version, etag
from shared.readmodel import Page, wait_for
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")

_JOB_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Parts:
    """What the routes use; main builds it."""

    database: Database
    assigning: Assigning
    previewing: Previewing
    learning: Learning


def parts(request: Request) -> Parts:
    found: Parts = request.app.state.parts
    return found


Using = Annotated[Parts, Depends(parts)]


class PeopleToAssign(BaseModel):
    """Every person to every offering, at once (ASG-4)."""

    offerings: list[UUID] = Field(min_length=1)
    people: list[UUID] = Field(min_length=1)


class Reason(BaseModel):
    """Why, in a person's words; kept apart from the events."""

    reason: str | None = Field(default=None, max_length=2000)


class LearnerReason(Reason):
    person_id: UUID


def _answer(database: Database, receipt: Receipt, response: Response, wait: float) -> Receipt:
    """202 with the address of the first unfinished job, or 200 when all have finished within the time."""
    result = receipt.result if isinstance(receipt.result, dict) else {}
    ids = result.get("jobs")
    deadline = time.monotonic() + wait
    for id in ids if isinstance(ids, list) else []:
        while True:
            with database.connection() as conn:
                job = jobs.find(conn, UUID(str(id)))
            if job.state in ("finished", "failed"):
                break
            if time.monotonic() >= deadline:
                response.status_code = 202
                response.headers["Location"] = f"/api/enrollment/jobs/{id}"
                return receipt
            time.sleep(_JOB_POLL_SECONDS)
    return receipt


@router.post("/assignments")
def assign_people(
    caller: SignedIn, context: Commanded, using: Using, wait: Wait, response: Response, body: PeopleToAssign
) -> Receipt:
    """Assign people one by one, at once (ASG-4, ASG-8). The result lists what was created, and what was refused and why."""
    receipt = using.assigning.assign_people(context, caller.scope(Permission.ASSIGN), body.offerings, body.people)
    return _answer(using.database, receipt, response, wait)


@router.post("/previews", status_code=201)
def preview(
    caller: SignedIn, context: Commanded, using: Using, response: Response, body: Annotated[PreviewRequest, Body()]
) -> Preview:
    """What adding or removing these assignments would do, exactly (ASG-8, ASG-9). Nothing changes."""
    found = using.previewing.preview(context, caller.scope(Permission.ASSIGN), body)
    response.headers["Location"] = f"/api/enrollment/previews/{found.id}"
    return found


@router.get("/previews/{preview_id}")
def show_preview(context: Commanded, using: Using, preview_id: UUID) -> Preview:
    return using.previewing.find(context, preview_id)


@router.post("/previews/{preview_id}/confirm")
def confirm(
    caller: SignedIn,
    context: Commanded,
    using: Using,
    wait: Wait,
    response: Response,
    preview_id: UUID,
    body: Annotated[Reason | None, Body()] = None,
) -> Receipt:
    """Do what the preview showed; 409 with a new preview when the facts have changed since (ASG-9)."""
    receipt = using.previewing.confirm(
        context, caller.scope(Permission.ASSIGN), preview_id, body.reason if body else None
    )
    return _answer(using.database, receipt, response, wait)


@router.get("/assignments")
def list_assignments(
    caller: SignedIn,
    using: Using,
    size: PageSize,
    offering_id: UUID | None = None,
    type: AssignmentType | None = None,
    target_id: UUID | None = None,
    batch: UUID | None = None,
    live: bool | None = True,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: Cursor = None,
) -> Page[AssignmentItem]:
    """Assignments with type, name, due date and counts (ASG-16, ASG-17)."""
    query = AssignmentQuery(
        offering=offering_id, type=type, target=target_id, batch=batch, live=live, since=since, until=until
    )
    with using.database.connection() as conn:
        return lists.assignments(conn, caller.scope(Permission.READ_ASSIGNMENTS), query, cursor, size)


def _assignment(using: Parts, scope: Scope, id: UUID) -> AssignmentItem:
    with using.database.connection() as conn:
        found = lists.assignments(conn, scope, AssignmentQuery(id=id), None, 1).items
    if not found:
        raise NotFound("There is no such assignment, or none that you may see.", field="assignment_id")
    return found[0]


@router.get("/assignments/{assignment_id}")
def show_assignment(caller: SignedIn, using: Using, response: Response, assignment_id: UUID) -> AssignmentItem:
    found = _assignment(using, caller.scope(Permission.READ_ASSIGNMENTS), assignment_id)
    response.headers["ETag"] = etag(found.revision)
    return found


@router.delete("/assignments/{assignment_id}")
def remove_assignment(
    caller: SignedIn,
    context: Commanded,
    using: Using,
    wait: Wait,
    response: Response,
    assignment_id: UUID,
    expected: Expected,
    body: Annotated[Reason | None, Body()] = None,
) -> Receipt:
    """Remove the assignment of one person, at once. The others are removed with a preview (ASG-8)."""
    scope = caller.scope(Permission.ASSIGN)
    if earlier := using.assigning.earlier(context):
        return _answer(using.database, earlier, response, wait)
    found = _assignment(using, scope, assignment_id)
    check_version(expected, found.revision)
    if found.type != "individual":
        raise Conflict(
            "This assignment may hold many learners. POST /api/enrollment/previews with action 'remove', and confirm that.",
            kind="preview-needed",
        )
    assignment = using.assigning.find(assignment_id)
    receipt = using.assigning.remove(context, [assignment], body.reason if body else None)
    return _answer(using.database, receipt, response, wait)


@router.get("/assignments/{assignment_id}/learners")
def list_learners(
    caller: SignedIn, using: Using, size: PageSize, assignment_id: UUID, cursor: Cursor = None
) -> Page[LearnerItem]:
    """Whom the assignment holds, and whom it may not hold."""
    scope = caller.scope(Permission.READ_ASSIGNMENTS)
    with using.database.connection() as conn:
        return lists.learners(conn, scope, assignment_id, cursor, size)


@router.post("/assignments/{assignment_id}/exclusions", status_code=201)
def exclude(caller: SignedIn, context: Commanded, using: Using, assignment_id: UUID, body: LearnerReason) -> Receipt:
    """Take one learner out of this assignment; no rule brings the learner back until allowed again (ASG-7)."""
    return using.assigning.exclude(context, caller.scope(Permission.ASSIGN), assignment_id, body.person_id, body.reason)


@router.delete("/assignments/{assignment_id}/exclusions/{person_id}")
def allow_again(caller: SignedIn, context: Commanded, using: Using, assignment_id: UUID, person_id: UUID) -> Receipt:
    """Let the assignment's rule decide again about this learner (ASG-7)."""
    return using.assigning.allow_again(context, caller.scope(Permission.ASSIGN), assignment_id, person_id)


def _reading(caller: Caller) -> Scope:
    """Learners see their own enrollments without any permission."""
    try:
        return caller.scope(Permission.READ_ASSIGNMENTS)
    except Forbidden:
        return Scope(everything=False)


@router.get("/enrollments")
def list_enrollments(
    caller: SignedIn,
    using: Using,
    size: PageSize,
    request: Request,
    person_id: UUID | None = None,
    offering_id: UUID | None = None,
    at_least: str | None = None,
    cursor: Cursor = None,
) -> Page[EnrollmentItem]:
    """Standings of learners; `at_least=directory:123` waits until that has been taken into account."""
    query = EnrollmentQuery(self=caller.id, person=person_id, offering=offering_id)
    wait_for(using.database, at_least, request.app.state.settings.wait_limit)
    with using.database.connection() as conn:
        return lists.enrollments(conn, _reading(caller), query, cursor, size)


def _enrollment(using: Parts, caller: Caller, scope: Scope, id: UUID) -> EnrollmentItem:
    with using.database.connection() as conn:
        found = lists.enrollments(conn, scope, EnrollmentQuery(self=caller.id, id=id), None, 1).items
    if not found:
        raise NotFound("There is no such enrollment, or none that you may see.", field="enrollment_id")
    return found[0]


@router.get("/enrollments/{enrollment_id}")
def show_enrollment(caller: SignedIn, using: Using, enrollment_id: UUID) -> EnrollmentItem:
    return _enrollment(using, caller, _reading(caller), enrollment_id)


def _working(using: Parts, caller: Caller, id: UUID) -> None:
    """The learner works on the own enrollment; somebody else needs the permission to assign."""
    found = _enrollment(using, caller, _reading(caller), id)
    if found.person_id != caller.id:
        _enrollment(using, caller, caller.scope(Permission.ASSIGN), id)


@router.post("/enrollments/{enrollment_id}/begin")
def begin(caller: SignedIn, context: Commanded, using: Using, enrollment_id: UUID) -> Receipt:
    """Begin the training."""
    _working(using, caller, enrollment_id)
    return using.learning.begin(context, enrollment_id)


@router.post("/enrollments/{enrollment_id}/steps/{step}/complete")
def complete_step(caller: SignedIn, context: Commanded, using: Using, enrollment_id: UUID, step: int) -> Receipt:
    """Complete a step; with the last one the training is completed, on the version that is published now (CAT-15)."""
    _working(using, caller, enrollment_id)
    return using.learning.complete_step(context, enrollment_id, step)


@router.get("/jobs/{job_id}")
def show_job(caller: SignedIn, using: Using, job_id: UUID) -> JobView:
    """How far a long job is (ADM-5)."""
    caller.scope(Permission.READ_ASSIGNMENTS)
    with using.database.connection() as conn:
        return JobView.of(jobs.find(conn, job_id))


__all__ = ["Parts", "router"]
