"""The routes of reporting."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID, uuid5

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from services.reporting.replaying import ReplayJob, Replays
from services.reporting.reports.billing import BillingReport, BillingRow
from services.reporting.reports.filters import Filters, NamedFilters
from services.reporting.reports.learner_assignments import LearnerAssignment, LearnerAssignments, Sought
from services.reporting.reports.membership import MembershipPage, MembershipReport, Sort
from shared.auth import Caller, Permission, SignedIn
from shared.database import Database
from shared.documents import file
from shared.http import AtLeast, Commanded, Cursor, PageSize, Wait, page_size
from shared.limits import BIGGEST, AsOf, Month, Number, Positions
from shared.limits import Cursor as CursorText
from shared.readmodel import Page, wait_for

_PATIENCE = 2.0
"""Seconds that `at_least` waits where the caller did not say `Prefer: wait=N`."""


CSV = file("text/csv", "All rows, with headings")


class Dated(BaseModel):
    """How new an answer has to be."""

    at_least: Positions | None = Field(
        None, description="Positions, as enrollment:1234,directory:99: the answer is at least as new (RPT-6)"
    )


class Asked(Dated):
    """How a report is ordered, too."""

    sort: Sort = "-assigned_at"


class Paged(BaseModel):
    cursor: CursorText | None = Field(None, description="`next` of the page before")
    limit: int | None = Field(None, ge=1, le=BIGGEST)


class ListQuery(Filters, Asked, Paged):
    pass


class ExportQuery(Filters, Asked):
    pass


class CountQuery(Filters, Dated):
    pass


class Search(NamedFilters, Asked, Paged):
    pass


class SearchExport(NamedFilters, Asked):
    pass


class SearchCount(NamedFilters, Dated):
    pass


class AssignmentSearch(Sought, Dated, Paged):
    pass


class Total(BaseModel):
    total: int


class ReplayRequest(BaseModel):
    swap: bool = Field(False, description="Put the rebuilt read models in the place of the live ones")


def routes(
    database: Database,
    report: MembershipReport,
    assignments: LearnerAssignments,
    billing: BillingReport,
    replays: Replays,
) -> Sequence[APIRouter]:
    return [
        *_membership(database, report),
        _learner_assignments(database, assignments),
        _billing(database, billing),
        _replay(replays),
    ]


def _learner_assignments(database: Database, assignments: LearnerAssignments) -> APIRouter:
    router = APIRouter(prefix="/api/reporting/learner-assignments", tags=["learner assignments"])

    @router.post("/search")
    def search(request: Request, caller: SignedIn, wait: Wait, asked: AssignmentSearch) -> Page[LearnerAssignment]:
        """Learners' assignments, ended ones too, newest first (ASG-16). Names are in the body, never in an address."""
        scope = caller.scope(Permission.READ_ASSIGNMENTS)
        wait_for(database, asked.at_least, wait or _PATIENCE)
        return assignments.page(asked, scope, asked.cursor, page_size(request, asked.limit))

    @router.get("/{number}")
    def show(
        caller: SignedIn, wait: Wait, number: Annotated[Number, Path()], at_least: AtLeast = None
    ) -> LearnerAssignment:
        scope = caller.scope(Permission.READ_ASSIGNMENTS)
        wait_for(database, at_least, wait or _PATIENCE)
        return assignments.one(number, scope)

    return router


def _billing(database: Database, report: BillingReport) -> APIRouter:
    router = APIRouter(prefix="/api/reporting/billing", tags=["billing"])

    @router.get("")
    def list_billing(
        caller: SignedIn,
        wait: Wait,
        size: PageSize,
        month: Month,
        as_of: AsOf | None = None,
        at_least: AtLeast = None,
        cursor: Cursor = None,
    ) -> Page[BillingRow]:
        """Course assignments that were created in a month and not cancelled, by home organisation and course (ASG-19)."""
        scope = caller.scope(Permission.READ_REPORTS)
        wait_for(database, at_least, wait or _PATIENCE)
        return report.page(month, as_of, scope, cursor, size)

    return router


def _membership(database: Database, report: MembershipReport) -> Sequence[APIRouter]:
    router = APIRouter(prefix="/api/reporting/membership", tags=["membership"])
    export_router = APIRouter(prefix="/api/reporting/membership.csv", tags=["membership"])

    def page(request: Request, caller: Caller, asked: ListQuery | Search, wait: float) -> MembershipPage:
        scope = caller.scope(Permission.READ_REPORTS)
        wait_for(database, asked.at_least, wait or _PATIENCE)
        return report.page(asked, scope, asked.sort, asked.cursor, page_size(request, asked.limit))

    def count(caller: Caller, asked: CountQuery | SearchCount, wait: float) -> Total:
        scope = caller.scope(Permission.READ_REPORTS)
        wait_for(database, asked.at_least, wait or _PATIENCE)
        return Total(total=report.count(asked, scope))

    def export(caller: Caller, asked: ExportQuery | SearchExport, wait: float) -> Response:
        scope = caller.scope(Permission.READ_REPORTS)
        wait_for(database, asked.at_least, wait or _PATIENCE)
        return report.export(asked, scope, asked.sort)

    @router.get("")
    def list_membership(
        request: Request, caller: SignedIn, wait: Wait, asked: Annotated[ListQuery, Query()]
    ) -> MembershipPage:
        """One row per learner and assignment, of the learners in your organisations (RPT-1, RPT-2, RPT-6, RPT-7)."""
        return page(request, caller, asked, wait)

    @router.post("/search")
    def search_membership(request: Request, caller: SignedIn, wait: Wait, asked: Search) -> MembershipPage:
        """The same report, also by a part of the learner's name: names are in the body, never in an address."""
        return page(request, caller, asked, wait)

    @router.get("/count")
    def count_membership(caller: SignedIn, wait: Wait, asked: Annotated[CountQuery, Query()]) -> Total:
        """How many rows the report has with these filters."""
        return count(caller, asked, wait)

    @router.post("/count")
    def count_search(caller: SignedIn, wait: Wait, asked: SearchCount) -> Total:
        return count(caller, asked, wait)

    @export_router.get("", response_class=StreamingResponse, responses=CSV)
    def export_membership(caller: SignedIn, wait: Wait, asked: Annotated[ExportQuery, Query()]) -> Response:
        """All rows as CSV, streamed (RPT-4); formulas are defused by an apostrophe. So many downloads at once, else 503."""
        return export(caller, asked, wait)

    @export_router.post("", response_class=StreamingResponse, responses=CSV)
    def export_search(caller: SignedIn, wait: Wait, asked: SearchExport) -> Response:
        return export(caller, asked, wait)

    return [router, export_router]


def _replay(replays: Replays) -> APIRouter:
    router = APIRouter(prefix="/api/reporting", tags=["replay"])

    @router.post(
        "/replay", responses={202: {"model": ReplayJob, "description": "It goes on; `Prefer: wait=N` waits for it"}}
    )
    def replay(context: Commanded, caller: SignedIn, wait: Wait, response: Response, asked: ReplayRequest) -> ReplayJob:
        """Rebuild every read model beside the live ones and compare; on request swap (AUD-2). 202 while it runs."""
        caller.everywhere(Permission.OPERATE)
        id = uuid5(context.actor, context.command_id)
        replays.start(id, context.meta(), swap=asked.swap)
        job = replays.finished(id, wait)
        response.status_code = 200 if job.done else 202
        response.headers["Location"] = f"/api/reporting/replay/{job.id}"
        return job

    @router.get("/replay/{id}")
    def find_replay(id: UUID, caller: SignedIn) -> ReplayJob:
        caller.everywhere(Permission.OPERATE)
        return replays.find(id)

    return router
