"""Offerings as learners see them, and qualifications with their learning items."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from services.enrollment.api.dependencies import (
    DatabaseDep,
    EnrollmentQueriesDep,
    LearnerCardsDep,
    OfferingBrowserDep,
)
from services.enrollment.api.enrollments import reading
from services.enrollment.application.enrollments.browsing import OfferingPage
from services.enrollment.application.enrollments.cards import CardPage
from services.enrollment.application.enrollments.details import OfferingDetails
from services.enrollment.domain.cards import View
from services.enrollment.projections.learning_items import ItemWarning, LearningItem
from services.enrollment.projections.visibility import OfferingQuery, OwnState
from shared.auth import CurrentCaller, Permission
from shared.contracts.catalog import OfferingKind
from shared.http import AtLeast, Cursor, PageSize
from shared.limits import Sought
from shared.readmodel import wait_for

router = APIRouter(prefix="/api/enrollment")


@router.get("/mine")
def list_mine(
    caller: CurrentCaller,
    database: DatabaseDep,
    learner_cards: LearnerCardsDep,
    size: PageSize,
    request: Request,
    view: View = "relevant",
    kind: Annotated[list[OfferingKind] | None, Query(max_length=3, description="Several: any of them")] = None,
    at_least: AtLeast = None,
    cursor: Cursor = None,
) -> CardPage:
    """List the caller's own enrollments as cards, with the total (LRN-2 to LRN-6).

    `relevant`: overdue, then due soonest, in progress, not started or waiting, last touched first, then completed and valid;
    `current`: everything unfinished, in that order; `completed`: newest first; `qualifications`: required ones first;
    `all`: also what is over.
    """
    wait_for(database, at_least, request.app.state.settings.wait_limit)
    return learner_cards.page(caller.id, view, kind or (), cursor, size)


@router.get("/offerings")
def browse(
    caller: CurrentCaller,
    browser: OfferingBrowserDep,
    size: PageSize,
    q: Sought | None = None,
    kind: OfferingKind | None = None,
    state: OwnState | None = None,
    free: bool | None = None,
    count: bool = False,
    cursor: Cursor = None,
) -> OfferingPage:
    """List the offerings that the caller can see as cards, by title, with status and next action (CAT-6, CAT-7, LRN-1).

    `q` matches part of the title or code; `state`: `open` is what the caller is not on, `mine` what is not finished,
    `finished` what was completed; `free`: without a price, or with one; `count` answers the total.
    """
    return browser.page(caller.id, OfferingQuery(q, kind, state, free), cursor, size, count=count)


@router.get("/offerings/{offering_id}")
def show_offering(
    caller: CurrentCaller,
    database: DatabaseDep,
    browser: OfferingBrowserDep,
    request: Request,
    offering_id: UUID,
    at_least: AtLeast = None,
) -> OfferingDetails:
    """Show an offering to a learner: what it takes, its steps with the caller's own results, and what the caller can do (LRN-7).

    404 for what the caller may not see: hidden, or for other audiences, and the caller is not on it (CAT-6, CAT-7).
    """
    wait_for(database, at_least, request.app.state.settings.wait_limit)
    return browser.one(caller.id, offering_id)


@router.get("/enrollments/{enrollment_id}/items")
def list_items(
    caller: CurrentCaller, queries: EnrollmentQueriesDep, browser: OfferingBrowserDep, enrollment_id: UUID
) -> list[LearningItem]:
    """List the items that earn a qualification, completed and open (CAT-9)."""
    queries.one(reading(caller), caller.id, enrollment_id)
    return browser.items(enrollment_id)


@router.get("/offerings/{offering_id}/item-warnings")
def list_item_warnings(
    caller: CurrentCaller, browser: OfferingBrowserDep, offering_id: UUID, assignment_id: UUID | None = None
) -> list[ItemWarning]:
    """List the items of a qualification that its learners cannot see, with the reason and the number of
    learners (CAT-11); or those of one assignment."""
    return browser.warnings(caller.scope(Permission.READ_ASSIGNMENTS), offering_id, assignment_id)
