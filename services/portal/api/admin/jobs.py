"""Long jobs: what runs and what ran, and one with its progress (ADM-5)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask

from services.portal.api.visitor import Ask, ShowDep
from services.portal.client import jobs
from services.portal.client.asking import Listed, Missing
from services.portal.client.jobs import Job, Refusal
from services.portal.rendering import HEADERS
from shared.limits import Cursor

router = APIRouter(prefix="/admin/jobs")

PASSED_ON = ("Content-Type", "Content-Disposition")
"""What is told of a file as its service tells it."""


@dataclass(frozen=True)
class JobsView:
    """`running`: on the first page; `over`: the others, newest first; `names` of people by their ids, Missing: not known now."""

    template: ClassVar[str] = "admin/jobs.html"
    running: list[Job]
    over: Listed[Job]
    mine: bool
    names: dict[str, str] | Missing
    now: datetime
    following: str | None


@dataclass(frozen=True)
class JobView:
    """`refused`: who was not assigned, and why; `following`, `first`: other pages of that list."""

    template: ClassVar[str] = "admin/job.html"
    job: Job
    names: dict[str, str] | Missing
    now: datetime
    refused: Listed[Refusal] | Missing
    following: str | None
    first: str | None


@dataclass(frozen=True)
class RunningView:
    """`running`: how many jobs, of which so many learners are `done` of a `total`, as far as that is known."""

    template: ClassVar[str] = "admin/running.html"
    running: int
    done: int
    total: int


@router.get("/running")
def show_running(ask: Ask, show: ShowDep) -> Response:
    """The pill in the frame of every page: the script asks for it after the page is there."""
    found = jobs.jobs(ask, state="open").items
    known = [one for one in found if one.total]
    return show(RunningView(len(found), sum(one.done for one in known), sum(one.total or 0 for one in known)))


@router.get("")
def list_jobs(
    ask: Ask, show: ShowDep, mine: Annotated[bool, Query()] = False, cursor: Annotated[Cursor, Query()] = ""
) -> Response:
    open_ones = ask.begin(lambda: [] if cursor else jobs.jobs(ask, mine=mine, state="open").items)
    found = jobs.jobs(ask, mine=mine, cursor=cursor)
    running = open_ones.result()
    over = Listed([one for one in found.items if one.over], found.next)
    names = ask.part(lambda: jobs.starters(ask, [*running, *over.items])).result()
    query = {"mine": "true", "cursor": found.next} if mine else {"cursor": found.next}
    following = f"{router.prefix}?{urlencode(query)}" if found.next else None
    return show(JobsView(running, over, mine, names, datetime.now(UTC), following))


@router.get("/{id}/refused.csv")
def export_refused(ask: Ask, id: UUID) -> Response:
    answer = jobs.refusals_file(ask, id)
    headers = {**HEADERS, **{name: answer.headers[name] for name in PASSED_ON if name in answer.headers}}
    return StreamingResponse(answer.iter_bytes(), headers=headers, background=BackgroundTask(answer.close))


@router.get("/{id}")
def show_job(ask: Ask, show: ShowDep, id: UUID, cursor: Annotated[Cursor, Query()] = "") -> Response:
    refusing = ask.part(lambda: jobs.refusals(ask, id, cursor))
    found = jobs.job(ask, id)
    names = ask.part(lambda: jobs.starters(ask, [found])).result()
    refused = refusing.result()
    here, more = f"{router.prefix}/{id}", None if isinstance(refused, Missing) else refused.next
    following = f"{here}?{urlencode({'cursor': more})}" if more else None
    return show(JobView(found, names, datetime.now(UTC), refused, following, here if cursor else None))
