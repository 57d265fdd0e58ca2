"""Assignments: create, list, change."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Response
from pydantic import BaseModel, Field

from services.enrollment.api.dependencies import (
    AssignmentCommandsDep,
    AssignmentEditsDep,
    DatabaseDep,
    LearnerImportDep,
    Reason,
    answer,
    assigning_qualifications,
    raw,
)
from services.enrollment.application.assignments.commands import AssignmentCommands
from services.enrollment.application.assignments.reach import check_reach
from services.enrollment.application.assignments.receipts import named, single
from services.enrollment.application.assignments.settings import AssignmentSettingsRequest
from services.enrollment.application.due_rules import DueRuleIn
from services.enrollment.domain.assignments import Assignment
from services.enrollment.projections import assignments
from services.enrollment.projections.assignments import AssignmentItem, AssignmentQuery, LearnerItem
from shared.auth import Caller, CurrentCaller, Permission, Scope
from shared.contracts.enrollment import AssignmentType
from shared.database import Database
from shared.documents import JOB, body
from shared.errors import Conflict, NotFound
from shared.http import CommandContextDep, Cursor, IfMatch, PageSize, PreferWait, check_version, etag
from shared.limits import BIGGEST, MANY, Moment
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class PeopleToAssign(AssignmentSettingsRequest):
    """Every person to every offering, at once (ASG-4)."""

    offerings: list[UUID] = Field(min_length=1, max_length=MANY)
    people: list[UUID] = Field(min_length=1, max_length=MANY)


class DueRequest(BaseModel):
    """None: no due date."""

    due: DueRuleIn | None


class RequirementRequest(BaseModel):
    required: bool


class LearnerReason(Reason):
    person_id: UUID


@router.post("/assignments", responses=JOB)
def assign_people(
    caller: CurrentCaller,
    context: CommandContextDep,
    assignment_commands: AssignmentCommandsDep,
    database: DatabaseDep,
    wait: PreferWait,
    response: Response,
    body: PeopleToAssign,
) -> Receipt:
    """Assign people individually, at once (ASG-4, ASG-8). The result lists what was created, and what was rejected and why.

    Each row names the learner and the offering; a single new assignment is the `Location` (ASG-5).
    """
    scope = assigning(caller, assignment_commands, body.offerings)
    receipt = assignment_commands.assign_people(context, scope, body.offerings, body.people, settings=body)
    return created(database, scope, receipt, response, wait=wait)


@router.post(
    "/offerings/{offering_id}/learners/import", responses=JOB, openapi_extra=body(XLSX, "A column of e-mail addresses")
)
def import_learners(
    caller: CurrentCaller,
    context: CommandContextDep,
    learner_import: LearnerImportDep,
    database: DatabaseDep,
    wait: PreferWait,
    response: Response,
    offering_id: UUID,
    body: Annotated[bytes, Depends(raw)],
    dry_run: bool = False,
    limit: Annotated[
        int | None,
        Query(ge=1, le=BIGGEST, description="Entries to import; by default 100, unless configured otherwise"),
    ] = None,
) -> Receipt:
    """Assign the learners of an xlsx file with one column of e-mail addresses (IMP-1 to IMP-5).

    A first cell without @ is a heading. The result has an outcome for each row; `dry_run` gives the same without changing anything.
    """
    scope = caller.scope(Permission.ASSIGN)
    receipt = learner_import.run(context, scope, offering_id, body, limit=limit, dry_run=dry_run)
    return answer(database, receipt, response, wait)


@router.get("/assignments")
def list_assignments(
    caller: CurrentCaller,
    database: DatabaseDep,
    size: PageSize,
    offering_id: UUID | None = None,
    type: AssignmentType | None = None,
    target_id: Annotated[list[UUID] | None, Query(max_length=100)] = None,
    batch: UUID | None = None,
    live: bool | None = True,
    since: Moment | None = None,
    until: Moment | None = None,
    cursor: Cursor = None,
) -> Page[AssignmentItem]:
    """List assignments with type, name, due date and counts, also those of at most 100 targets (ASG-16, ASG-17)."""
    query = AssignmentQuery(
        offering=offering_id, type=type, targets=target_id, batch=batch, live=live, since=since, until=until
    )
    with database.connection() as conn:
        return assignments.assignments(conn, caller.scope(Permission.READ_ASSIGNMENTS), query, cursor, size)


def created(database: Database, scope: Scope, receipt: Receipt, response: Response, *, wait: float) -> Receipt:
    """With names; and the address of a single new assignment (ASG-5)."""
    if id := single(receipt):
        response.headers["Location"] = f"/api/enrollment/assignments/{id}"
    return named(database, scope, answer(database, receipt, response, wait))


def assigning(caller: Caller, assignment_commands: AssignmentCommands, offerings: Sequence[UUID]) -> Scope:
    """For whom the caller may assign these; a smaller permission does for qualifications (SEC-1)."""
    if offerings and not caller.may(Permission.ASSIGN) and assignment_commands.qualifications(offerings):
        return assigning_qualifications(caller)
    return caller.scope(Permission.ASSIGN)


def _assignment(database: Database, scope: Scope, id: UUID) -> AssignmentItem:
    with database.connection() as conn:
        found = assignments.assignments(conn, scope, AssignmentQuery(id=id), None, 1).items
    if not found:
        raise NotFound("There is no such assignment, or none that you may see.", field="assignment_id")
    return found[0]


def _changing(
    database: Database, assignment_commands: AssignmentCommands, scope: Scope, id: UUID, *, expected: int | None
) -> Assignment:
    """One that the caller may change for everybody whom it reaches (SEC-4), on the version that is expected."""
    with database.connection() as conn:
        check_reach(conn, scope, [id])
    found = assignment_commands.find(id)
    check_version(expected, found.version)
    return found


@router.get("/assignments/{assignment_id}")
def show_assignment(
    caller: CurrentCaller, database: DatabaseDep, response: Response, assignment_id: UUID
) -> AssignmentItem:
    found = _assignment(database, caller.scope(Permission.READ_ASSIGNMENTS), assignment_id)
    response.headers["ETag"] = etag(found.revision)
    return found


@router.delete("/assignments/{assignment_id}", responses=JOB)
def remove_assignment(
    caller: CurrentCaller,
    context: CommandContextDep,
    assignment_commands: AssignmentCommandsDep,
    database: DatabaseDep,
    wait: PreferWait,
    response: Response,
    assignment_id: UUID,
    expected: IfMatch,
    body: Annotated[Reason | None, Body()] = None,
) -> Receipt:
    """Remove the assignment of one person at once, including a self-enrollment (ASG-18). Other assignments
    need a preview (ASG-8)."""
    scope = assigning(caller, assignment_commands, [assignment_commands.find(assignment_id).offering])
    if earlier := assignment_commands.find_receipt(context):
        return answer(database, earlier, response, wait)
    found = _changing(database, assignment_commands, scope, assignment_id, expected=expected)
    if not found.target.one_person:
        raise Conflict(
            "This assignment may have many learners. POST /api/enrollment/previews with action 'remove', and confirm the preview.",
            kind="preview-required",
        )
    receipt = assignment_commands.remove(context, [found], body.reason if body else None)
    return answer(database, receipt, response, wait)


@router.put("/assignments/{assignment_id}/due", responses=JOB)
def set_due_rule(
    caller: CurrentCaller,
    context: CommandContextDep,
    assignment_commands: AssignmentCommandsDep,
    database: DatabaseDep,
    edits: AssignmentEditsDep,
    wait: PreferWait,
    response: Response,
    assignment_id: UUID,
    expected: IfMatch,
    body: DueRequest,
) -> Receipt:
    """Set when its learners must finish. Existing due dates only ever move later (DUE-1, DUE-3)."""
    scope = caller.scope(Permission.ASSIGN)
    if earlier := assignment_commands.find_receipt(context):
        return answer(database, earlier, response, wait)
    found = _changing(database, assignment_commands, scope, assignment_id, expected=expected)
    receipt = edits.set_due_rule(context, found, body.due)
    return answer(database, receipt, response, wait)


@router.put("/assignments/{assignment_id}/requirement")
def set_requirement(
    caller: CurrentCaller,
    context: CommandContextDep,
    assignment_commands: AssignmentCommandsDep,
    edits: AssignmentEditsDep,
    database: DatabaseDep,
    assignment_id: UUID,
    expected: IfMatch,
    body: RequirementRequest,
) -> Receipt:
    """Set whether the qualification is required or optional for its learners; where assignments differ, required wins (ASG-11)."""
    scope = assigning_qualifications(caller)
    if earlier := assignment_commands.find_receipt(context):
        return earlier
    found = _changing(database, assignment_commands, scope, assignment_id, expected=expected)
    return edits.set_requirement(context, found, body.required)


@router.get("/assignments/{assignment_id}/learners")
def list_learners(
    caller: CurrentCaller, database: DatabaseDep, size: PageSize, assignment_id: UUID, cursor: Cursor = None
) -> Page[LearnerItem]:
    """List the learners of the assignment, and those excluded from it."""
    scope = caller.scope(Permission.READ_ASSIGNMENTS)
    with database.connection() as conn:
        return assignments.learners(conn, scope, assignment_id, cursor, size)


@router.post("/assignments/{assignment_id}/exclusions", status_code=201)
def exclude(
    caller: CurrentCaller,
    context: CommandContextDep,
    edits: AssignmentEditsDep,
    assignment_id: UUID,
    body: LearnerReason,
) -> Receipt:
    """Exclude one learner from this assignment; no rule adds the learner again until that is allowed (ASG-7)."""
    return edits.exclude(context, caller.scope(Permission.ASSIGN), assignment_id, body.person_id, reason=body.reason)


@router.delete("/assignments/{assignment_id}/exclusions/{person_id}")
def allow_again(
    caller: CurrentCaller, context: CommandContextDep, edits: AssignmentEditsDep, assignment_id: UUID, person_id: UUID
) -> Receipt:
    """Let the assignment's rule apply to this learner again (ASG-7)."""
    return edits.allow_again(context, caller.scope(Permission.ASSIGN), assignment_id, person_id)
