"""Long jobs, and the numbers of what waits and what is under way (ADM-4, ADM-5)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from services.enrollment.api.dependencies import DatabaseDep
from services.enrollment.projections import counts, jobs, overview, refusals
from services.enrollment.projections.counts import WatchCounts
from services.enrollment.projections.jobs import JobQuery, JobState, JobView
from services.enrollment.projections.overview import Overview
from services.enrollment.projections.refusals import JobRefusal
from shared.auth import Caller, CurrentCaller, Permission, Scope
from shared.csv_parts import csv_parts
from shared.database import Database
from shared.documents import file
from shared.errors import NotFound
from shared.http import Cursor, PageSize
from shared.readmodel import Page

router = APIRouter(prefix="/api/enrollment")

CSV = file("text/csv", "All of them, with a header row")


@router.get("/jobs")
def list_jobs(
    caller: CurrentCaller,
    database: DatabaseDep,
    size: PageSize,
    mine: bool | None = None,
    state: Annotated[JobState | None, Query()] = None,
    cursor: Cursor = None,
) -> Page[JobView]:
    """List long jobs, newest first: those that the caller started, or whose assignments the caller may see (ADM-5)."""
    scope = caller.scope(Permission.READ_ASSIGNMENTS)
    query = JobQuery(caller=caller.id, mine=mine, state=state)
    with database.connection() as conn:
        return jobs.jobs(conn, scope, query, cursor, size)


@router.get("/jobs/{job_id}/refusals")
def list_refusals(
    caller: CurrentCaller, database: DatabaseDep, size: PageSize, job_id: UUID, cursor: Cursor = None
) -> Page[JobRefusal]:
    """List whom the command behind a job could not assign, with the reason (ASG-5, ADM-5): for whoever sees the job."""
    scope = _seen(caller, database, job_id)
    with database.connection() as conn:
        return refusals.refusals(conn, scope, job_id, cursor, size)


@router.get("/jobs/{job_id}/refusals.csv", response_class=StreamingResponse, responses=CSV)
def export_refusals(caller: CurrentCaller, database: DatabaseDep, job_id: UUID) -> StreamingResponse:
    """Export whom the command behind a job could not assign, with the reason."""
    scope = _seen(caller, database, job_id)
    rows = csv_parts(refusals.HEADINGS, refusals.lines(database, scope, job_id))
    disposition = f'attachment; filename="refused-{job_id}.csv"'
    headers = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
    return StreamingResponse(rows, media_type="text/csv", headers=headers)


@router.get("/jobs/{job_id}")
def show_job(caller: CurrentCaller, database: DatabaseDep, job_id: UUID) -> JobView:
    """Show the progress of a long job (ADM-5): for whoever started it, can read everything, or can see all of its assignments."""
    return _job(caller, database, job_id)


def _job(caller: Caller, database: Database, id: UUID) -> JobView:
    scope = caller.scope(Permission.READ_ASSIGNMENTS)
    with database.connection() as conn:
        found = jobs.jobs(conn, scope, JobQuery(caller=caller.id, id=id), None, 1).items
    if not found:
        raise NotFound("There is no such job, or its record has been deleted.", field="job")
    return found[0]


def _seen(caller: Caller, database: Database, id: UUID) -> Scope:
    """Whose names the caller is told. Raises NotFound for a job that the caller does not see."""
    _job(caller, database, id)
    return caller.scope(Permission.READ_ASSIGNMENTS)


@router.get("/counts")
def count_what_waits(caller: CurrentCaller, database: DatabaseDep) -> WatchCounts:
    """Count what waits for administrators and what is under way, as far as the caller may see it (ADM-4)."""
    reading = caller.scope(Permission.READ_ASSIGNMENTS)
    reviewing = caller.scope(Permission.REVIEW) if caller.may(Permission.REVIEW) else Scope(everything=False)
    with database.connection() as conn:
        return counts.counts(conn, caller.id, reading, reviewing)


@router.get("/overview")
def show_overview(caller: CurrentCaller, database: DatabaseDep) -> Overview:
    """Count the learners of one's organisations: assigned, overdue, due soon, certified this month, expiring soon (ADM-4)."""
    with database.connection() as conn:
        return overview.overview(conn, caller.scope(Permission.READ_ASSIGNMENTS))
