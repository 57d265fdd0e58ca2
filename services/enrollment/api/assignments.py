"""Assignments: create, preview, list, remove."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Response
from pydantic import BaseModel, Field

from services.enrollment.api.parts import Parts, Reason, Using, answer, assigning_qualifications, raw
from services.enrollment.application.due_rules import DueRuleIn
from services.enrollment.application.naming import named, single
from services.enrollment.application.reach import check_job, check_reach
from services.enrollment.application.requests import (
    AddRules,
    ApplyTrigger,
    ChangeDue,
    Preview,
    PreviewRequest,
    RemoveRules,
)
from services.enrollment.application.sharing import Note, SharingRequest
from services.enrollment.domain.assignments import Assignment
from services.enrollment.projections import lists
from services.enrollment.projections.lists import AssignmentItem, AssignmentQuery, JobView, LearnerItem
from shared import jobs
from shared.auth import Caller, Permission, Scope, SignedIn
from shared.contracts.enrollment import AssignmentType
from shared.documents import JOB, body
from shared.errors import Conflict, NotFound
from shared.http import Commanded, Cursor, Expected, PageSize, Wait, check_version, etag
from shared.limits import BIGGEST, MANY, Moment
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class PeopleToAssign(SharingRequest):
    """Every person to every offering, at once (ASG-4)."""

    offerings: list[UUID] = Field(min_length=1, max_length=MANY)
    people: list[UUID] = Field(min_length=1, max_length=MANY)


class Confirmation(Reason):
    """Why, and what the learners are told (ASG-13)."""

    note: Note | None = None


class DueRequest(BaseModel):
    """None: no due date."""

    due: DueRuleIn | None


class RequirementRequest(BaseModel):
    required: bool


class LearnerReason(Reason):
    person_id: UUID


@router.post("/assignments", responses=JOB)
def assign_people(
    caller: SignedIn, context: Commanded, using: Using, wait: Wait, response: Response, body: PeopleToAssign
) -> Receipt:
    """Assign people one by one, at once (ASG-4, ASG-8). The result lists what was created, and what was refused and why.

    Each row with the names of learner and offering; a single new assignment is the `Location` (ASG-5).
    """
    scope = _assigning(caller, using, body.offerings)
    receipt = using.assigning.assign_people(context, scope, body.offerings, body.people, body)
    return _created(using, scope, receipt, response, wait)


@router.post(
    "/offerings/{offering_id}/learners/import", responses=JOB, openapi_extra=body(XLSX, "A column of e-mail addresses")
)
def import_learners(
    caller: SignedIn,
    context: Commanded,
    using: Using,
    wait: Wait,
    response: Response,
    offering_id: UUID,
    body: Annotated[bytes, Depends(raw)],
    dry_run: bool = False,
    limit: Annotated[
        int | None, Query(ge=1, le=BIGGEST, description="Entries to import; 100 unless the settings differ")
    ] = None,
) -> Receipt:
    """Assign the learners of an xlsx file with one column of e-mail addresses (IMP-1 to IMP-5).

    A first cell without @ is a heading. The result has an outcome for each row; `dry_run` gives the same and changes nothing.
    """
    scope = caller.scope(Permission.ASSIGN)
    receipt = using.spreadsheets.run(context, scope, offering_id, body, limit=limit, dry_run=dry_run)
    return answer(using.database, receipt, response, wait)


@router.post("/previews", status_code=201)
def preview(
    caller: SignedIn, context: Commanded, using: Using, response: Response, body: Annotated[PreviewRequest, Body()]
) -> Preview:
    """What adding or removing these assignments would do, exactly (ASG-8, ASG-9). Nothing changes."""
    found = using.previewing.preview(context, _previewing(caller, using, body), body)
    response.headers["Location"] = f"/api/enrollment/previews/{found.id}"
    return found


@router.get("/previews/{preview_id}")
def show_preview(context: Commanded, using: Using, preview_id: UUID) -> Preview:
    return using.previewing.find(context, preview_id)


@router.post("/previews/{preview_id}/confirm", responses=JOB)
def confirm(
    caller: SignedIn,
    context: Commanded,
    using: Using,
    wait: Wait,
    response: Response,
    preview_id: UUID,
    body: Annotated[Confirmation | None, Body()] = None,
) -> Receipt:
    """Do what the preview showed; 409 with a new preview when the facts have changed since (ASG-9)."""
    scope = _previewing(caller, using, using.previewing.asked(context, preview_id))
    reason, note = (body.reason, body.note) if body else (None, None)
    receipt = using.previewing.confirm(context, scope, preview_id, reason, note)
    return _created(using, scope, receipt, response, wait)


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
    since: Moment | None = None,
    until: Moment | None = None,
    cursor: Cursor = None,
) -> Page[AssignmentItem]:
    """Assignments with type, name, due date and counts (ASG-16, ASG-17)."""
    query = AssignmentQuery(
        offering=offering_id, type=type, target=target_id, batch=batch, live=live, since=since, until=until
    )
    with using.database.connection() as conn:
        return lists.assignments(conn, caller.scope(Permission.READ_ASSIGNMENTS), query, cursor, size)


def _created(using: Parts, scope: Scope, receipt: Receipt, response: Response, wait: float) -> Receipt:
    """With names; and the address of a single new assignment (ASG-5)."""
    if id := single(receipt):
        response.headers["Location"] = f"/api/enrollment/assignments/{id}"
    return named(using.database, scope, answer(using.database, receipt, response, wait))


def _assigning(caller: Caller, using: Parts, offerings: Sequence[UUID]) -> Scope:
    """For whom the caller may assign these; a smaller permission does for qualifications (SEC-1)."""
    if offerings and not caller.may(Permission.ASSIGN) and using.assigning.qualifications(offerings):
        return assigning_qualifications(caller)
    return caller.scope(Permission.ASSIGN)


def _previewing(caller: Caller, using: Parts, asked: PreviewRequest) -> Scope:
    """For whom the caller may do what a preview is asked about. Triggers may reach people of any organisation."""
    if isinstance(asked, ApplyTrigger):
        caller.everywhere(Permission.ASSIGN)
    if isinstance(asked, ChangeDue):
        return _assigning(caller, using, [using.assigning.find(asked.assignment_id).offering])
    if isinstance(asked, RemoveRules):
        return _assigning(caller, using, [using.assigning.find(id).offering for id in asked.assignment_ids])
    return _assigning(caller, using, [asked.offering_id] if isinstance(asked, AddRules) else [])


def _assignment(using: Parts, scope: Scope, id: UUID) -> AssignmentItem:
    with using.database.connection() as conn:
        found = lists.assignments(conn, scope, AssignmentQuery(id=id), None, 1).items
    if not found:
        raise NotFound("There is no such assignment, or none that you may see.", field="assignment_id")
    return found[0]


def _changing(using: Parts, scope: Scope, id: UUID, expected: int | None) -> Assignment:
    """One that the caller may change for everybody whom it reaches (SEC-4), on the version that is expected."""
    with using.database.connection() as conn:
        check_reach(conn, scope, [id])
    found = using.assigning.find(id)
    check_version(expected, found.version)
    return found


@router.get("/assignments/{assignment_id}")
def show_assignment(caller: SignedIn, using: Using, response: Response, assignment_id: UUID) -> AssignmentItem:
    found = _assignment(using, caller.scope(Permission.READ_ASSIGNMENTS), assignment_id)
    response.headers["ETag"] = etag(found.revision)
    return found


@router.delete("/assignments/{assignment_id}", responses=JOB)
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
    """Remove the assignment of one person, an own enrolment too (ASG-18), at once. Others go with a preview (ASG-8)."""
    scope = _assigning(caller, using, [using.assigning.find(assignment_id).offering])
    if earlier := using.assigning.earlier(context):
        return answer(using.database, earlier, response, wait)
    found = _changing(using, scope, assignment_id, expected)
    if not found.target.one_person:
        raise Conflict(
            "This assignment may hold many learners. POST /api/enrollment/previews with action 'remove', and confirm that.",
            kind="preview-needed",
        )
    receipt = using.assigning.remove(context, [found], body.reason if body else None)
    return answer(using.database, receipt, response, wait)


@router.put("/assignments/{assignment_id}/due", responses=JOB)
def set_due_rule(
    caller: SignedIn,
    context: Commanded,
    using: Using,
    wait: Wait,
    response: Response,
    assignment_id: UUID,
    expected: Expected,
    body: DueRequest,
) -> Receipt:
    """When its learners have to be done. Dates that there are move only later (DUE-1, DUE-3)."""
    scope = caller.scope(Permission.ASSIGN)
    if earlier := using.assigning.earlier(context):
        return answer(using.database, earlier, response, wait)
    found = _changing(using, scope, assignment_id, expected)
    receipt = using.editing.set_due_rule(context, found, body.due)
    return answer(using.database, receipt, response, wait)


@router.put("/assignments/{assignment_id}/requirement")
def set_requirement(
    caller: SignedIn,
    context: Commanded,
    using: Using,
    assignment_id: UUID,
    expected: Expected,
    body: RequirementRequest,
) -> Receipt:
    """Whether the qualification is required of its learners, or optional; where assignments differ, required wins (ASG-11)."""
    scope = assigning_qualifications(caller)
    if earlier := using.assigning.earlier(context):
        return earlier
    found = _changing(using, scope, assignment_id, expected)
    return using.editing.set_requirement(context, found, body.required)


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
    return using.editing.exclude(context, caller.scope(Permission.ASSIGN), assignment_id, body.person_id, body.reason)


@router.delete("/assignments/{assignment_id}/exclusions/{person_id}")
def allow_again(caller: SignedIn, context: Commanded, using: Using, assignment_id: UUID, person_id: UUID) -> Receipt:
    """Let the assignment's rule decide again about this learner (ASG-7)."""
    return using.editing.allow_again(context, caller.scope(Permission.ASSIGN), assignment_id, person_id)


@router.get("/jobs/{job_id}")
def show_job(caller: SignedIn, using: Using, job_id: UUID) -> JobView:
    """How far a long job is (ADM-5): for who started it, who reads everything, or sees all the assignments that it is about."""
    scope = caller.scope(Permission.READ_ASSIGNMENTS)
    with using.database.connection() as conn:
        job = jobs.find(conn, job_id)
        check_job(conn, caller, scope, job)
    return JobView.of(job)
