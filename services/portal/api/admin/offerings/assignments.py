"""Who is assigned to an offering, by which rule: the list, the learners of one, removing one (ADM-2, ASG-17)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, get_args
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import rules
from services.portal.client.asking import Asking, Listed, ServiceProblem
from services.portal.client.catalog import OfferingHead, offering_head
from services.portal.client.rules import AssignedLearner, Assignment
from services.portal.rendering import Show
from shared.contracts.enrollment import AssignmentType
from shared.errors import NotFound
from shared.limits import Cursor, Line

router = APIRouter(prefix="/admin/offerings/{offering_id}/assignments")

TYPES = get_args(AssignmentType)


@dataclass(frozen=True)
class AssignmentsView:
    """`type`: those that are shown, empty: all; `following`: the address of the next page."""

    template: ClassVar[str] = "admin/offerings/assignments.html"
    offering: OfferingHead
    found: Listed[Assignment]
    type: str
    types: tuple[str, ...]
    following: str | None
    refused: ServiceProblem | None


@dataclass(frozen=True)
class LearnersView:
    """The learners of one assignment, those who wait or are kept away too."""

    template: ClassVar[str] = "admin/offerings/assigned.html"
    offering: OfferingHead
    assignment: Assignment
    found: Listed[AssignedLearner]
    following: str | None


@router.get("")
def list_assignments(
    ask: Ask,
    show: ShowDep,
    offering_id: UUID,
    type: Annotated[Line, Query()] = "",
    cursor: Annotated[Cursor, Query()] = "",
) -> Response:
    return _page(ask, show, offering_id, type=type if type in TYPES else "", cursor=cursor)


@router.get("/{assignment_id}")
def list_learners(
    ask: Ask, show: ShowDep, offering_id: UUID, assignment_id: UUID, cursor: Annotated[Cursor, Query()] = ""
) -> Response:
    head = ask.begin(lambda: offering_head(ask, offering_id))
    learners = ask.begin(lambda: rules.learners(ask, assignment_id, cursor))
    assignment = rules.assignment(ask, assignment_id)
    if assignment.offering_id != offering_id:
        raise NotFound("This offering has no such assignment.", field="assignment_id")
    found = learners.result()
    at = f"/admin/offerings/{offering_id}/assignments/{assignment_id}"
    following = f"{at}?{urlencode({'cursor': found.next})}" if found.next else None
    return show(LearnersView(head.result(), assignment, found, following))


@router.post("/{assignment_id}/remove")
def remove(ask: Ask, show: ShowDep, offering_id: UUID, assignment_id: UUID) -> Response:
    """Nothing is removed yet: what that would do is shown first (ASG-8)."""
    try:
        preview = rules.preview_removing(ask, assignment_id)
    except ServiceProblem as problem:
        return _page(ask, show, offering_id, refused=refused_in(problem))
    return show.go(f"/admin/previews/{preview.id}")


def _page(
    ask: Asking,
    show: Show,
    offering_id: UUID,
    *,
    type: str = "",
    cursor: str = "",
    refused: ServiceProblem | None = None,
) -> Response:
    head = ask.begin(lambda: offering_head(ask, offering_id))
    found = rules.assignments(ask, offering_id, type, cursor)
    query = {name: value for name, value in (("type", type), ("cursor", found.next)) if value}
    following = f"/admin/offerings/{offering_id}/assignments?{urlencode(query)}" if found.next else None
    view = AssignmentsView(head.result(), found, type, TYPES, following, refused)
    return show(view, refused.status if refused else 200)
