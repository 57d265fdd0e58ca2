"""Questions to reports as pages know them: in an address, as the service takes them, and as a table of what was found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import Path
from fastapi.responses import StreamingResponse
from pydantic import JsonValue
from starlette.datastructures import QueryParams

from services.portal.client import reporting
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.client.reporting import ReportColumn, ReportSource
from services.portal.rendering import passed_on
from shared.limits import Text

Name = Annotated[str, Path(pattern="^[a-z]+(-[a-z]+)*$", max_length=40)]
Address = Annotated[str, Text(8_000)]
"""A question as it goes behind the `?` of an address."""
Question = dict[str, JsonValue]
Cell = datetime | date | JsonValue
MOST_MONTHS = 36
"""So many bars a chart by month has."""
_SHOWN = 9
"""So many columns a table has until somebody chooses others."""
_ASIDE = frozenset(
    {"email", "user_name", "active", "offering_kind", "offering_code", "assignment_type_label", "include_below"}
    | {"joined_by", "term", "recorded", "generated", "starts", "expires"}
)
"""Those that are shown only where somebody chooses them."""


class Month(NamedTuple):
    """Of a chart by month: its first day, how many rows are of it, and the address of those."""

    first: date
    many: int
    address: str


@dataclass(frozen=True)
class Found:
    """A page of a report's rows. `parts`: how many there are of each value of `by`, for the chart; None: it has none.
    `months`: the same of a chart by month, without gaps. `following`: the address of the next page."""

    shown: list[ReportColumn]
    rows: list[dict[str, Cell]]
    total: int
    by: str
    parts: dict[str, int] | None
    months: list[Month]
    following: str | None


def source_of(sources: list[ReportSource], name: str) -> ReportSource:
    """Raises ServiceProblem where there is none."""
    for one in sources:
        if one.name == name:
            return one
    raise unknown()


def unknown() -> ServiceProblem:
    return ServiceProblem(404, {"type": "not-found", "title": "Not found", "detail": ""})


def filters(source: ReportSource, given: QueryParams) -> Question:
    """The filters of an address, as the service takes them."""
    question: Question = {"as_of": given.get("as_of") or None}
    for one in source.filters:
        values = [value for value in given.getlist(one.name) if value]
        if values and not one.personal:
            question[one.name] = [*values] if one.several else values[0]
    return question


def whole(source: ReportSource, given: QueryParams) -> Question:
    """The filters with the order, the chosen columns and the chart, as saved reports have them."""
    question = {name: value for name, value in filters(source, given).items() if value is not None}
    chosen: list[JsonValue] = [one for one in given.getlist("columns") if one]
    by: Question = {"by": given["by"]} if given.get("by") in source.parts else {}
    return {**question, "sort": given.get("sort") or source.sort, **({"columns": chosen} if chosen else {}), **by}


def address_of(source: ReportSource, question: Mapping[str, JsonValue]) -> str:
    """A question of the service as an address; without parts of names."""
    personal = {one.name for one in source.filters if one.personal}
    pairs = [
        (name, {True: "true", False: "false"}.get(one, str(one)) if isinstance(one, bool) else str(one))
        for name, value in question.items()
        if name not in personal
        for one in (value if isinstance(value, list) else [value])
    ]
    return urlencode(pairs)


def find(
    ask: Asking, source: ReportSource, question: Question, columns: list[str], cursor: str | None, page: str
) -> Found:
    """`page`: the address of the page, without a cursor. Two questions at once."""
    counted = {name: value for name, value in question.items() if name != "sort"}
    by = str(question.get("by") or next(iter(source.parts), ""))
    if source.parts:
        parts = ask.begin(lambda: reporting.report_parts(ask, source.name, counted))
    else:
        total = ask.begin(lambda: reporting.report_total(ask, source.name, counted))
    found = reporting.report_rows(ask, source.name, {**_of_rows(question), "cursor": cursor})
    shown = _shown(source, columns)
    rows = [{c.name: _cell(c, row.root.get(c.name)) for c in shown} for row in found.items]
    joint = "&" if "?" in page else "?"
    following = f"{page}{joint}{urlencode({'cursor': found.next})}" if found.next else None
    counts = parts.result() if source.parts else None
    months = _months(source, question, counts) if counts and by == "completed_month" else []
    many = sum(counts.values()) if counts is not None else total.result()
    return Found(shown, rows, many, by, counts, months, following)


def file(ask: Asking, source: ReportSource, format: str, question: Mapping[str, JsonValue]) -> StreamingResponse:
    """The file is passed on as it comes. Raises ServiceProblem."""
    if format not in source.formats:
        raise unknown()
    return passed_on(reporting.report_file(ask, source.name, format, _of_rows(question)))


def _months(source: ReportSource, question: Question, counts: Mapping[str, int]) -> list[Month]:
    """From the first to the last that has a row; the newest where there are many."""
    there = sorted(month for month in counts if month != "none")
    found: list[Month] = []
    first = date.fromisoformat(f"{there[0]}-01") if there else date.max
    while there and f"{first:%Y-%m}" <= there[-1]:
        after = (first + timedelta(days=31)).replace(day=1)
        within: Question = {"completed_from": str(first), "completed_until": str(after - timedelta(days=1))}
        address = address_of(
            source, {name: value for name, value in {**question, **within}.items() if value is not None}
        )
        found.append(Month(first, counts.get(f"{first:%Y-%m}", 0), f"/admin/reports/{source.name}?{address}"))
        first = after
    return found[-MOST_MONTHS:]


def _of_rows(question: Mapping[str, JsonValue]) -> Question:
    """Without what is asked of the chart alone."""
    return {name: value for name, value in question.items() if name != "by"}


def _shown(source: ReportSource, chosen: list[str]) -> list[ReportColumn]:
    """The chosen columns; without a choice the first that are for people."""
    if picked := [one for one in source.columns if one.name in chosen]:
        return picked
    readable = [one for one in source.columns if one.kind != "id" and one.name not in _ASIDE]
    return readable if source.name.startswith("overview") else readable[:_SHOWN]


def _cell(column: ReportColumn, value: JsonValue) -> Cell:
    if isinstance(value, str) and column.kind == "instant":
        return datetime.fromisoformat(value)
    if isinstance(value, str) and column.kind == "day":
        return date.fromisoformat(value)
    return value
