"""Reports: which there are, and one page for each of them, whose form is made from what the report says of itself (RPT-3, G-35)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import JsonValue
from starlette.background import BackgroundTask
from starlette.datastructures import QueryParams

from services.portal.api.visitor import Ask, ShowDep
from services.portal.client import reporting
from services.portal.client.asking import ServiceProblem
from services.portal.client.catalog import Offering, offerings
from services.portal.client.reporting import ReportColumn, ReportFilter, ReportSource
from services.portal.rendering import HEADERS

router = APIRouter(prefix="/admin/reports")

Name = Annotated[str, Path(pattern="^[a-z]+(-[a-z]+)*$", max_length=40)]
Cell = datetime | date | JsonValue
_SHOWN = 9
"""So many columns a table has until somebody chooses others."""
_ASIDE = frozenset(
    {"email", "user_name", "active", "offering_kind", "offering_code", "assignment_type_label", "include_below"}
    | {"joined_by", "term", "recorded", "generated", "starts", "expires"}
)
"""Those that are shown only where somebody chooses them."""
_PASSED_ON = ("Content-Type", "Content-Disposition")


@dataclass(frozen=True)
class ReportsView:
    template: ClassVar[str] = "admin/reports/reports.html"
    sources: list[ReportSource]


@dataclass(frozen=True)
class ReportView:
    """`asked`: the filters as they are; `kept`: those of them that the form has no field for. `following`: the address of the next
    page; `address`: the question without cursor, as it goes into addresses."""

    template: ClassVar[str] = "admin/reports/report.html"
    source: ReportSource
    filters: list[ReportFilter]
    kept: dict[str, str]
    shown: list[ReportColumn]
    rows: list[dict[str, Cell]]
    total: int
    offerings: list[Offering]
    asked: dict[str, str]
    sort: str
    address: str
    following: str | None


@router.get("")
def list_reports(ask: Ask, show: ShowDep) -> Response:
    return show(ReportsView([one for one in reporting.sources(ask) if one.may]))


@router.get("/{name}")
def report(request: Request, ask: Ask, show: ShowDep, name: Name) -> Response:
    choices = ask.begin(lambda: offerings(ask))
    source = _source(reporting.sources(ask), name)
    given = request.query_params
    question = _question(source, given)
    total = ask.begin(lambda: reporting.report_total(ask, name, question))
    paged: dict[str, JsonValue] = {"sort": given.get("sort") or source.sort, "cursor": given.get("cursor") or None}
    found = reporting.report_rows(ask, name, {**question, **paged})
    shown = _shown(source, given)
    pairs = [(key, value) for key, value in given.multi_items() if value and key in _known(source)]
    address = urlencode(pairs)
    following = f"/admin/reports/{name}?{urlencode([*pairs, ('cursor', found.next)])}" if found.next else None
    fields = [one for one in source.filters if one.refers in (None, "offering") and not one.personal]
    asked = {one.name: given.get(one.name, "") for one in source.filters if given.get(one.name)}
    kept = {key: value for key, value in asked.items() if key not in {one.name for one in fields}}
    asked["as_of"] = given.get("as_of", "")
    rows = [{c.name: _cell(c, row.root.get(c.name)) for c in shown} for row in found.items]
    sort = str(paged["sort"])
    return show(
        ReportView(source, fields, kept, shown, rows, total.result(), choices.result(), asked, sort, address, following)
    )


@router.get("/{name}/export/{format}")
def export(request: Request, ask: Ask, name: Name, format: Name) -> Response:
    """The file is passed on as it comes."""
    source, given = _source(reporting.sources(ask), name), request.query_params
    if format not in source.formats:
        raise _unknown()
    columns: dict[str, JsonValue] = {"columns": [*given.getlist("columns")], "sort": given.get("sort") or source.sort}
    answer = reporting.report_file(ask, name, format, {**_question(source, given), **columns})
    headers = {**HEADERS, **{one: answer.headers[one] for one in _PASSED_ON if one in answer.headers}}
    return StreamingResponse(answer.iter_bytes(), headers=headers, background=BackgroundTask(answer.close))


def _source(sources: list[ReportSource], name: str) -> ReportSource:
    """Raises ServiceProblem where there is none."""
    for one in sources:
        if one.name == name:
            return one
    raise _unknown()


def _unknown() -> ServiceProblem:
    return ServiceProblem(404, {"type": "not-found", "title": "Not found", "detail": ""})


def _known(source: ReportSource) -> set[str]:
    return {*(one.name for one in source.filters if not one.personal), "as_of", "sort", "columns"}


def _question(source: ReportSource, given: QueryParams) -> dict[str, JsonValue]:
    """The filters of an address, as the service takes them."""
    question: dict[str, JsonValue] = {"as_of": given.get("as_of") or None}
    for one in source.filters:
        values = [value for value in given.getlist(one.name) if value]
        if values and not one.personal:
            question[one.name] = [*values] if one.several else values[0]
    return question


def _shown(source: ReportSource, given: QueryParams) -> list[ReportColumn]:
    """The chosen columns; without a choice the first that are for people."""
    chosen = given.getlist("columns")
    if picked := [one for one in source.columns if one.name in chosen]:
        return picked
    readable = [one for one in source.columns if one.kind != "id" and one.name not in _ASIDE]
    return readable if source.name == "overview" else readable[:_SHOWN]


def _cell(column: ReportColumn, value: JsonValue) -> Cell:
    if isinstance(value, str) and column.kind == "instant":
        return datetime.fromisoformat(value)
    if isinstance(value, str) and column.kind == "day":
        return date.fromisoformat(value)
    return value
