"""A saved report: its rows, as whoever looks may see them, and its files (RPT-3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import JsonValue

from services.portal.api.admin.reports import questions
from services.portal.api.admin.reports.questions import Found, Name
from services.portal.api.visitor import Ask, ShowDep
from services.portal.client import reporting, saved_reports
from services.portal.client.reporting import ReportFilter, ReportSource
from services.portal.client.saved_reports import SavedReport
from shared.limits import Cursor

router = APIRouter(prefix="/admin/reports/saved")


@dataclass(frozen=True)
class Narrowed:
    """A filter of a question, with its values; of an id only that there is one."""

    filter: ReportFilter
    values: list[JsonValue | date]


@dataclass(frozen=True)
class SavedView:
    """`narrowed`: the filters in words; `address`: the question as the source's page takes it, for changing it."""

    template: ClassVar[str] = "admin/reports/saved.html"
    saved: SavedReport
    source: ReportSource
    narrowed: list[Narrowed]
    found: Found
    address: str


@router.get("/{id}")
def show_saved(ask: Ask, show: ShowDep, id: UUID, cursor: Annotated[Cursor, Query()] = "") -> Response:
    described = ask.begin(lambda: reporting.sources(ask))
    saved = saved_reports.one(ask, id)
    source = questions.source_of(described.result(), saved.source)
    columns = [str(one) for one in saved.columns]
    question = {name: value for name, value in saved.question.items() if name != "columns"}
    found = questions.find(ask, source, question, columns, cursor or None, f"/admin/reports/saved/{id}")
    address = questions.address_of(source, saved.question)
    return show(SavedView(saved, source, _narrowed(source, saved.question), found, address))


@router.get("/{id}/export/{format}")
def export(ask: Ask, id: UUID, format: Name) -> Response:
    """With the file of today's rows."""
    described = ask.begin(lambda: reporting.sources(ask))
    saved = saved_reports.one(ask, id)
    return questions.file(ask, questions.source_of(described.result(), saved.source), format, saved.question)


def _narrowed(source: ReportSource, question: Mapping[str, JsonValue]) -> list[Narrowed]:
    found = []
    for one in source.filters:
        value = question.get(one.name)
        if value not in (None, "", []):
            values = value if isinstance(value, list) else [value]
            found.append(Narrowed(one, [] if one.kind == "id" else [_read(one, each) for each in values]))
    return found


def _read(filter: ReportFilter, value: JsonValue) -> JsonValue | date:
    return date.fromisoformat(value) if filter.kind == "day" and isinstance(value, str) else value
