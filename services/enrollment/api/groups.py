"""Groups: administrators make and fill them, learners join and leave them (GRP-1 to GRP-8)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, Field

from services.enrollment.api.enrollments import reading
from services.enrollment.api.parts import NeededConfirmation, Reason, Using
from services.enrollment.application.grouping import GroupIn
from services.enrollment.application.naming import named
from services.enrollment.application.sources import GroupChoice, Source
from services.enrollment.projections import groups
from services.enrollment.projections.groups import MemberItem
from shared.auth import Permission, SignedIn
from shared.contracts.enrollment import DueRule
from shared.http import Commanded, Cursor, Expected, PageSize, check_version, etag
from shared.limits import MANY
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")


class GroupView(BaseModel):
    """A group as administrators see it."""

    assignment_id: UUID
    offering_id: UUID
    name: str
    description: str
    allow_enrol: bool
    allow_withdraw: bool
    opens: datetime | None
    closes: datetime | None
    due: DueRule | None


class Members(BaseModel):
    people: list[UUID] = Field(min_length=1, max_length=MANY)


@router.post("/offerings/{offering_id}/groups", status_code=201)
def create(
    caller: SignedIn, context: Commanded, using: Using, response: Response, offering_id: UUID, body: GroupIn
) -> Receipt:
    """A group on an offering, beside other assignments (GRP-1, GRP-2). Its people may be of any organisation."""
    caller.everywhere(Permission.ASSIGN)
    receipt = using.grouping.create(context, offering_id, body)
    if isinstance(receipt.result, dict):
        response.headers["Location"] = f"/api/enrollment/assignments/{receipt.result['assignment_id']}"
    return receipt


@router.get("/groups/{assignment_id}")
def show(caller: SignedIn, using: Using, response: Response, assignment_id: UUID) -> GroupView:
    caller.scope(Permission.READ_ASSIGNMENTS)
    found = using.grouping.find(assignment_id)
    response.headers["ETag"] = etag(found.revision)
    told = {name: getattr(found, name) for name in GroupView.model_fields if name in found._fields}
    told |= {"assignment_id": found.assignment, "offering_id": found.offering, "due": found.due_rule}
    return GroupView(**told)


@router.put("/groups/{assignment_id}")
def edit(
    caller: SignedIn, context: Commanded, using: Using, assignment_id: UUID, expected: Expected, body: GroupIn
) -> Receipt:
    """What the group says and allows. Its due date is changed at the assignment: PUT /assignments/{id}/due."""
    caller.everywhere(Permission.ASSIGN)
    if not (earlier := using.assigning.earlier(context)):
        check_version(expected, using.grouping.find(assignment_id).revision)
    return earlier or using.grouping.edit(context, assignment_id, body)


@router.get("/groups/{assignment_id}/members")
def list_members(
    caller: SignedIn, using: Using, size: PageSize, assignment_id: UUID, cursor: Cursor = None
) -> Page[MemberItem]:
    scope = caller.scope(Permission.READ_ASSIGNMENTS)
    using.grouping.find(assignment_id)
    with using.database.connection() as conn:
        return groups.members(conn, scope, assignment_id, cursor, size)


@router.post("/groups/{assignment_id}/members", status_code=201)
def add(caller: SignedIn, context: Commanded, using: Using, assignment_id: UUID, body: Members) -> Receipt:
    """Add people by hand; the result says who could not be added, and why (GRP-4)."""
    scope = caller.scope(Permission.ASSIGN)
    return named(using.database, scope, using.grouping.add(context, scope, assignment_id, body.people))


@router.delete("/groups/{assignment_id}/members/{person_id}")
def take_out(
    caller: SignedIn,
    context: Commanded,
    using: Using,
    assignment_id: UUID,
    person_id: UUID,
    body: Annotated[Reason | None, Body()] = None,
) -> Receipt:
    """Take a member out, also one who enrolled alone (GRP-4, ASG-18)."""
    scope = caller.scope(Permission.ASSIGN)
    return using.grouping.take_out(context, scope, assignment_id, person_id, body.reason if body else None)


@router.get("/offerings/{offering_id}/groups")
def choices(caller: SignedIn, using: Using, offering_id: UUID) -> list[GroupChoice]:
    """The groups by which the caller may enrol now, each with what it says and its due date (GRP-3)."""
    return using.sources.choices(caller.id, offering_id)


@router.post("/groups/{assignment_id}/join")
def join(
    caller: SignedIn, context: Commanded, using: Using, assignment_id: UUID, body: NeededConfirmation | None = None
) -> Receipt:
    """Enrol by this group. Without `confirm` the answer is a 409 with what has to be confirmed (GRP-3)."""
    return using.grouping.join(context, assignment_id, caller.id, confirmed=bool(body and body.confirm))


@router.post("/assignments/{assignment_id}/leave")
def leave(
    caller: SignedIn, context: Commanded, using: Using, assignment_id: UUID, body: NeededConfirmation | None = None
) -> Receipt:
    """Withdraw from an own enrolment, in a group or without. Asks for a confirmation in the same manner (GRP-5)."""
    return using.grouping.leave(context, assignment_id, caller.id, confirmed=bool(body and body.confirm))


@router.get("/enrollments/{enrollment_id}/sources")
def list_sources(caller: SignedIn, using: Using, enrollment_id: UUID) -> list[Source]:
    """The assignments of an enrollment by type and name, with due dates, and whether the learner may withdraw (GRP-8)."""
    seen = using.viewing.one(reading(caller), caller.id, enrollment_id)
    return using.sources.of(seen.person_id, seen.offering_id)
