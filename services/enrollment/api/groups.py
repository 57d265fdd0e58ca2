"""Groups: administrators make and fill them, learners join and leave them (GRP-1 to GRP-8)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, Field

from services.enrollment.api.dependencies import (
    AssignmentCommandsDep,
    DatabaseDep,
    EnrollmentQueriesDep,
    GroupCommandsDep,
    NeededConfirmation,
    Reason,
    SourcesDep,
)
from services.enrollment.api.enrollments import reading
from services.enrollment.application.assignments.receipts import named
from services.enrollment.application.enrollments.sources import GroupChoice, Source
from services.enrollment.application.groups import GroupIn
from services.enrollment.projections import groups
from services.enrollment.projections.groups import MemberItem
from shared.auth import CurrentCaller, Permission
from shared.contracts.enrollment import DueRule
from shared.http import CommandContextDep, Cursor, IfMatch, PageSize, check_version, etag
from shared.limits import MANY
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")


class GroupView(BaseModel):
    """A group as administrators see it."""

    assignment_id: UUID
    revision: int
    """What an edit is based on, as the ETag."""
    offering_id: UUID
    name: str
    description: str
    allow_enrol: bool
    allow_withdraw: bool
    opens: datetime | None
    closes: datetime | None
    due: DueRule | None
    joined: int
    """Members within the caller's organisations who came by themselves."""
    added: int
    """And those whom administrators added."""
    held: int
    """Those whom an exception holds back (DUE-4)."""


class Members(BaseModel):
    people: list[UUID] = Field(min_length=1, max_length=MANY)


@router.post("/offerings/{offering_id}/groups", status_code=201)
def create(
    caller: CurrentCaller,
    context: CommandContextDep,
    group_commands: GroupCommandsDep,
    response: Response,
    offering_id: UUID,
    body: GroupIn,
) -> Receipt:
    """Create a group on an offering, alongside other assignments (GRP-1, GRP-2). Its members can be from any organisation."""
    caller.everywhere(Permission.ASSIGN)
    receipt = group_commands.create(context, offering_id, body)
    if isinstance(receipt.result, dict):
        response.headers["Location"] = f"/api/enrollment/assignments/{receipt.result['assignment_id']}"
    return receipt


@router.get("/groups/{assignment_id}")
def show(
    caller: CurrentCaller,
    database: DatabaseDep,
    group_commands: GroupCommandsDep,
    response: Response,
    assignment_id: UUID,
) -> GroupView:
    """Show what the group says and allows, and how many members it has."""
    scope = caller.scope(Permission.READ_ASSIGNMENTS)
    found = group_commands.find(assignment_id)
    with database.connection() as conn:
        numbers = groups.member_numbers(conn, scope, assignment_id)
    response.headers["ETag"] = etag(found.row.revision)
    told = {name: value for name, value in found.row._asdict().items() if name in GroupView.model_fields}
    told |= {"assignment_id": found.row.assignment, "offering_id": found.row.offering, "due": found.due_rule}
    told |= numbers._asdict()
    return GroupView(**told)


@router.put("/groups/{assignment_id}")
def edit(
    caller: CurrentCaller,
    context: CommandContextDep,
    assignment_commands: AssignmentCommandsDep,
    group_commands: GroupCommandsDep,
    assignment_id: UUID,
    expected: IfMatch,
    body: GroupIn,
) -> Receipt:
    """Change what the group says and allows. To change its due date: PUT /assignments/{id}/due."""
    caller.everywhere(Permission.ASSIGN)
    if not (earlier := assignment_commands.find_receipt(context)):
        check_version(expected, group_commands.find(assignment_id).row.revision)
    return earlier or group_commands.edit(context, assignment_id, body)


@router.get("/groups/{assignment_id}/members")
def list_members(
    caller: CurrentCaller,
    group_commands: GroupCommandsDep,
    database: DatabaseDep,
    size: PageSize,
    assignment_id: UUID,
    cursor: Cursor = None,
) -> Page[MemberItem]:
    scope = caller.scope(Permission.READ_ASSIGNMENTS)
    group_commands.find(assignment_id)
    with database.connection() as conn:
        return groups.members(conn, scope, assignment_id, cursor, size)


@router.post("/groups/{assignment_id}/members", status_code=201)
def add(
    caller: CurrentCaller,
    context: CommandContextDep,
    database: DatabaseDep,
    group_commands: GroupCommandsDep,
    assignment_id: UUID,
    body: Members,
) -> Receipt:
    """Add people by hand; the result lists who could not be added, and why (GRP-4)."""
    scope = caller.scope(Permission.ASSIGN)
    return named(database, scope, group_commands.add(context, scope, assignment_id, body.people))


@router.delete("/groups/{assignment_id}/members/{person_id}")
def take_out(
    caller: CurrentCaller,
    context: CommandContextDep,
    group_commands: GroupCommandsDep,
    assignment_id: UUID,
    person_id: UUID,
    body: Annotated[Reason | None, Body()] = None,
) -> Receipt:
    """Remove a member, including one who self-enrolled (GRP-4, ASG-18)."""
    scope = caller.scope(Permission.ASSIGN)
    return group_commands.take_out(context, scope, assignment_id, person_id, reason=body.reason if body else None)


@router.get("/offerings/{offering_id}/groups")
def choices(caller: CurrentCaller, sources: SourcesDep, offering_id: UUID) -> list[GroupChoice]:
    """List the groups through which the caller can enrol now, each with its description and due date (GRP-3)."""
    return sources.choices(caller.id, offering_id)


@router.post("/groups/{assignment_id}/join")
def join(
    caller: CurrentCaller,
    context: CommandContextDep,
    group_commands: GroupCommandsDep,
    assignment_id: UUID,
    body: NeededConfirmation | None = None,
) -> Receipt:
    """Enrol through this group. Without `confirm` the answer is a 409 with what has to be confirmed (GRP-3)."""
    return group_commands.join(context, assignment_id, caller.id, confirmed=bool(body and body.confirm))


@router.post("/assignments/{assignment_id}/leave")
def leave(
    caller: CurrentCaller,
    context: CommandContextDep,
    group_commands: GroupCommandsDep,
    assignment_id: UUID,
    body: NeededConfirmation | None = None,
) -> Receipt:
    """Withdraw from a self-enrollment, with or without a group. Asks for confirmation in the same way (GRP-5)."""
    return group_commands.leave(context, assignment_id, caller.id, confirmed=bool(body and body.confirm))


@router.get("/enrollments/{enrollment_id}/sources")
def list_sources(
    caller: CurrentCaller, queries: EnrollmentQueriesDep, sources: SourcesDep, enrollment_id: UUID
) -> list[Source]:
    """List the assignments of an enrollment by type and name, oldest first: due dates and which one holds, access, and whether the
    learner can withdraw, or why not (GRP-8)."""
    scope = reading(caller)
    seen = queries.one(scope, caller.id, enrollment_id)
    return sources.of(seen.person_id, seen.offering_id, learner=not scope.anything)
