"""Finding assignments, learner by learner (ASG-16)."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import Field

from services.reporting.api.patience import PATIENCE
from services.reporting.reports.learner_assignments import LearnerAssignment, LearnerAssignments, Sought
from shared.auth import CurrentCaller, Permission
from shared.http import AtLeast, PreferWait, page_size, use
from shared.limits import BIGGEST, Cursor, Number, Positions
from shared.readmodel import Page, wait_for


class AssignmentSearch(Sought):
    at_least: Positions | None = Field(
        None, description="Positions, such as enrollment:1234,directory:99: the answer is at least that recent (RPT-6)"
    )
    cursor: Cursor | None = Field(None, description="`next` from the previous page")
    limit: int | None = Field(None, ge=1, le=BIGGEST)


Assignments = Annotated[LearnerAssignments, use(LearnerAssignments)]
router = APIRouter(prefix="/api/reporting/learner-assignments", tags=["learner assignments"])


@router.post("/search")
def search(
    request: Request,
    caller: CurrentCaller,
    wait: PreferWait,
    asked: AssignmentSearch,
    assignments: Assignments,
) -> Page[LearnerAssignment]:
    """Search learners' assignments, including ended ones, newest first (ASG-16). Names go in the body, never in the URL."""
    scope = caller.scope(Permission.READ_ASSIGNMENTS)
    wait_for(assignments.database, asked.at_least, wait or PATIENCE)
    return assignments.page(asked, scope, asked.cursor, page_size(request, asked.limit))


@router.get("/{number}")
def show(
    caller: CurrentCaller,
    wait: PreferWait,
    number: Annotated[Number, Path()],
    assignments: Assignments,
    at_least: AtLeast = None,
) -> LearnerAssignment:
    scope = caller.scope(Permission.READ_ASSIGNMENTS)
    wait_for(assignments.database, at_least, wait or PATIENCE)
    return assignments.one(number, scope)
