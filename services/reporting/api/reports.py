"""The routes of every report, made from its description: pages, search, count, export; and which reports there are (G-35)."""

from collections.abc import Callable
from types import FunctionType
from typing import Annotated, Any, cast

from fastapi import APIRouter, Body, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.reporting.api.patience import PATIENCE
from services.reporting.reports.asked import Asked, Models, Paged, Parted, question
from services.reporting.reports.files import FILES, Format
from services.reporting.reports.grammar import Kind, Source
from services.reporting.reports.reading import Reports, Viewer
from services.reporting.reports.sources import SOURCES
from shared.auth import Caller, CurrentCaller
from shared.http import PreferWait, page_size, use
from shared.readmodel import wait_for

_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "All rows; CSV and xlsx with a header row",
        "content": {
            file.media_type.split(";")[0]: {
                "schema": {"type": "string", **({} if name == "csv" else {"format": "binary"})}
            }
            for name, file in FILES.items()
        },
    }
}


class Total(BaseModel):
    total: int


class Parts(BaseModel):
    """How many rows there are of each value of `by`, and of all together; `none` counts those that have no value."""

    by: str
    counts: dict[str, int]
    total: int


class ColumnView(BaseModel):
    """A column. `name` is also the key of its label; `choices`: all of its values."""

    name: str
    kind: Kind
    choices: list[str]


class FilterView(BaseModel):
    """A filter. `several`: values are alternatives. `refers`: what an id belongs to. `personal`: in a body only."""

    name: str
    kind: Kind
    choices: list[str]
    several: bool
    refers: str | None
    personal: bool


class SourceView(BaseModel):
    """A report. Every one can be asked for a past moment and exported in these formats. `may`: you may read it, of some
    learners at least. `parts`: by what its rows can be counted, for a chart."""

    name: str
    permission: str
    may: bool
    columns: list[ColumnView]
    filters: list[FilterView]
    sorts: list[str]
    sort: str
    parts: list[str]
    as_of: bool
    formats: list[Format]


router = APIRouter(prefix="/api/reporting/sources", tags=["reports"])


@router.get("")
def list_sources(caller: CurrentCaller) -> list[SourceView]:
    """List the reports that there are: their columns, filters and orders (G-35, RPT-1)."""
    return [_described(source, caller) for source in SOURCES]


def _described(source: Source, caller: Caller) -> SourceView:
    return SourceView(
        name=source.name,
        permission=source.permission,
        may=source.own or caller.may(source.permission),
        columns=[ColumnView(name=c.name, kind=c.kind, choices=list(c.choices)) for c in source.columns],
        filters=[
            FilterView(
                name=one.name,
                kind=one.kind,
                choices=list(one.choices),
                several=one.several,
                refers=one.refers,
                personal=one.personal,
            )
            for one in source.filters
        ],
        sorts=list(source.sorts),
        sort=source.first_order,
        parts=list(source.parts),
        as_of=True,
        formats=list(FILES),
    )


AllReports = Annotated[Reports, use(Reports)]


def report_routes(source: Source) -> APIRouter:
    """`GET` takes the question from the address; `POST` from the body, where a part of a name may be."""
    models, tag, name = Models(source), [source.name], source.name.replace("-", " ")
    router = APIRouter(prefix="/api/reporting", tags=cast("Any", tag))

    def page(request: Request, caller: CurrentCaller, wait: PreferWait, reports: AllReports, asked: Paged) -> BaseModel:
        viewer = _viewer(source, caller)
        wait_for(reports.database, asked.at_least, wait or PATIENCE)
        limit = page_size(request, asked.limit)
        return models.answer(reports.page(source, question(source, asked), viewer, asked.cursor, limit))

    def count(caller: CurrentCaller, wait: PreferWait, reports: AllReports, asked: Asked) -> Total:
        viewer = _viewer(source, caller)
        wait_for(reports.database, asked.at_least, wait or PATIENCE)
        return Total(total=reports.count(source, question(source, asked), viewer))

    def parts(caller: CurrentCaller, wait: PreferWait, reports: AllReports, asked: Parted) -> Parts:
        viewer = _viewer(source, caller)
        wait_for(reports.database, asked.at_least, wait or PATIENCE)
        counts = reports.parts(source, question(source, asked), viewer, asked.by)
        return Parts(by=asked.by, counts=counts, total=sum(counts.values()))

    def export(caller: CurrentCaller, wait: PreferWait, reports: AllReports, format: Format, asked: Asked) -> Response:
        viewer = _viewer(source, caller)
        wait_for(reports.database, asked.at_least, wait or PATIENCE)
        return reports.export(source, question(source, asked), viewer, format)

    def add(
        path: str, method: str, endpoint: Callable[..., object], asked: type[Asked], summary: str, **more: Any
    ) -> None:
        router.add_api_route(
            f"/{source.name}{path}", _typed(endpoint, asked, method), methods=[method], summary=summary, **more
        )

    add("", "GET", page, models.list, f"List the rows of the report {name}", response_model=models.page)
    add("/search", "POST", page, models.search, f"Search the report {name}, by name too", response_model=models.page)
    add("/count", "GET", count, models.count, f"Count the rows of the report {name}")
    add("/count", "POST", count, models.search_count, f"Count the rows of the report {name}, by name too")
    if source.parts:
        ways = " or ".join(one.replace("_", " ") for one in source.parts)
        add("/parts", "GET", parts, models.parts, f"Count the rows of the report {name} by {ways}")
        add(
            "/parts",
            "POST",
            parts,
            models.search_parts,
            f"Count the rows of the report {name} by {ways}, of a name too",
        )
    file: dict[str, Any] = {"response_class": StreamingResponse, "responses": _FILE}
    add(".{format}", "GET", export, models.export, f"Export the report {name} as CSV, xlsx or Parquet", **file)
    add(".{format}", "POST", export, models.search_export, f"Export the report {name}, by name too", **file)
    return router


def _viewer(source: Source, caller: Caller) -> Viewer:
    """Raises Forbidden. Of a report on oneself, everybody sees the own rows."""
    own = caller.id if source.own else None
    return (
        Viewer(own=own) if own and not caller.may(source.permission) else Viewer(caller.scope(source.permission), own)
    )


def _typed(endpoint: Callable[..., object], asked: type[Asked], method: str) -> Callable[..., object]:
    """The endpoint for a question of this class, in the address or in the body."""
    made = cast("FunctionType", endpoint)
    typed = FunctionType(made.__code__, made.__globals__, made.__name__, made.__defaults__, made.__closure__)
    where = Query() if method == "GET" else Body()
    typed.__annotations__ = {**made.__annotations__, "asked": Annotated[asked, where]}
    return typed
