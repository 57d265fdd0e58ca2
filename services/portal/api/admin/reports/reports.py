"""Reports: which there are, and one page for each of them, whose form is made from what the report says of itself (RPT-3, G-35)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.datastructures import QueryParams

from services.portal.api.admin.reports import questions
from services.portal.api.admin.reports.questions import Address, Found, Name
from services.portal.api.admin.reports.ready_made import ReadyMade, ready_made
from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import reporting, saved_reports
from services.portal.client.asking import Asking, Listed, ServiceProblem
from services.portal.client.catalog import Offering, offerings
from services.portal.client.reporting import ReportFilter, ReportSource
from services.portal.client.saved_reports import SavedReport
from services.portal.rendering import Show
from shared.limits import Cursor, Line

router = APIRouter(prefix="/admin/reports")


@dataclass(frozen=True)
class ReportsView:
    """`ready_made`: questions that come with every installation; `saved`: one's own, and those that others share."""

    template: ClassVar[str] = "admin/reports/reports.html"
    sources: list[ReportSource]
    ready_made: list[ReadyMade]
    saved: Listed[SavedReport]
    following: str | None


@dataclass(frozen=True)
class ReportView:
    """`asked`: the filters as they are; `kept`: those of them that the form has no field for. `address`: the question without
    cursor, as it goes into addresses. `saved`: the saved report whose question is changed here, with its revision."""

    template: ClassVar[str] = "admin/reports/report.html"
    source: ReportSource
    filters: list[ReportFilter]
    kept: dict[str, str]
    found: Found
    offerings: list[Offering]
    asked: dict[str, str]
    sort: str
    address: str
    saved: dict[str, str]
    called: str
    refused: ServiceProblem | None


@router.get("")
def list_reports(ask: Ask, show: ShowDep, cursor: Annotated[Cursor, Query()] = "") -> Response:
    saved = ask.begin(lambda: saved_reports.listed(ask, cursor))
    sources = [one for one in reporting.sources(ask) if one.may]
    found = saved.result()
    following = f"/admin/reports?{urlencode({'cursor': found.next})}" if found.next else None
    return show(ReportsView(sources, ready_made(sources, show.shell.write.today), found, following))


@router.get("/{name}")
def report(request: Request, ask: Ask, show: ShowDep, name: Name) -> Response:
    return _page(ask, show, name, request.query_params)


@router.get("/{name}/export/{format}")
def export(request: Request, ask: Ask, name: Name, format: Name) -> Response:
    source, given = questions.source_of(reporting.sources(ask), name), request.query_params
    return questions.file(ask, source, format, questions.whole(source, given))


@router.post("/{name}/save")
def save(
    ask: Ask,
    show: ShowDep,
    name: Name,
    key: Annotated[UUID, Form()],
    address: Annotated[Address, Form()] = "",
    called: Annotated[Line, Form()] = "",
) -> Response:
    """Under a name, for oneself; whom it is shared with comes later."""
    given = QueryParams(address)
    source = questions.source_of(reporting.sources(ask), name)
    try:
        question = questions.whole(source, given)
        id = saved_reports.save(ask, {"name": called, "source": name, "question": question}, str(key))
    except ServiceProblem as problem:
        return _page(ask, show, name, given, called, refused_in(problem))
    return show.go(f"/admin/reports/saved/{id}", said="report-saved")


def _page(
    ask: Asking, show: Show, name: str, given: QueryParams, called: str = "", refused: ServiceProblem | None = None
) -> Response:
    choices = ask.begin(lambda: offerings(ask))
    source = questions.source_of(reporting.sources(ask), name)
    sort = given.get("sort") or source.sort
    pairs = [(key, value) for key, value in given.multi_items() if value and key in _known(source)]
    address = urlencode(pairs)
    page = f"/admin/reports/{name}?{address}" if address else f"/admin/reports/{name}"
    by = given.get("by", "") if given.get("by") in source.parts else ""
    question = {**questions.filters(source, given), "sort": sort, **({"by": by} if by else {})}
    found = questions.find(ask, source, question, given.getlist("columns"), given.get("cursor") or None, page)
    fields = [one for one in source.filters if one.refers in (None, "offering") and not one.personal]
    asked = {one.name: given.get(one.name, "") for one in source.filters if given.get(one.name)}
    saved = {key: given.get(key, "") for key in ("saved", "revision") if given.get(key)}
    kept = {key: value for key, value in asked.items() if key not in {one.name for one in fields}}
    asked["as_of"] = given.get("as_of", "")
    view = ReportView(
        source, fields, {**kept, **saved}, found, choices.result(), asked, sort, address, saved, called, refused
    )
    return show(view, refused.status if refused else 200)


def _known(source: ReportSource) -> set[str]:
    return {*(one.name for one in source.filters if not one.personal), "as_of", "sort", "columns", "by"}
