"""Routes of saved reports: named questions to a source, private or shared (RPT-3)."""

from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, cast
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response
from pydantic import create_model

from services.reporting.application.saved_reports import SavedReport, SavedReports
from services.reporting.projections import saved_reports
from services.reporting.projections.saved_reports import SavedReportView
from services.reporting.reports.asked import Models, one_of
from services.reporting.reports.grammar import Source
from services.reporting.reports.sources import BY_NAME, SOURCES
from shared.auth import Caller, CurrentCaller, Permission, Scope
from shared.errors import NotFound
from shared.http import CommandContextDep, Cursor, IfMatch, PageSize, etag, use
from shared.readmodel import Page, cursor_decode, cursor_number, page_of
from shared.store import Receipt


def _of(source: Source) -> type[SavedReport]:
    """A saved report of this source: what is no question to it is refused as the source's own routes refuse it."""
    models = Models(source)
    fields: Any = {"source": (cast("Any", Literal)[source.name], ...), "question": (models.saved, ...)}
    return create_model(f"{models.title}SavedReport", __base__=SavedReport, **fields)


if TYPE_CHECKING:
    SavedReportIn = SavedReport
    SourceName = str
else:
    SavedReportIn = Annotated[Union[tuple(_of(source) for source in SOURCES)], Body(discriminator="source")]  # noqa: UP007
    SourceName = one_of(tuple(BY_NAME))


Application = Annotated[SavedReports, use(SavedReports)]
router = APIRouter(prefix="/api/reporting/saved-reports", tags=["saved reports"])


@router.get("")
def list_saved_reports(
    caller: CurrentCaller,
    application: Application,
    size: PageSize,
    source: Annotated[SourceName | None, Query()] = None,
    cursor: Cursor = None,
) -> Page[SavedReportView]:
    """List your saved reports and those that are shared with you, newest first."""
    before = cursor_decode(cursor, cursor_number)[0] if cursor else None
    with application.database.connection() as conn:
        found = saved_reports.page(conn, caller, _names(caller), source, before, size + 1)
    return page_of(found, size, lambda one: [one.number])


@router.post("", status_code=201)
def save_report(
    caller: CurrentCaller, application: Application, context: CommandContextDep, response: Response, body: SavedReportIn
) -> Receipt:
    """Save a question to a report under a name. Whoever it is shared with sees the rows of the own scope, never yours."""
    receipt = application.create(context, caller, body)
    if isinstance(receipt.result, dict):
        response.headers["Location"] = f"/api/reporting/saved-reports/{receipt.result['saved_report_id']}"
    return receipt


@router.get("/{id}")
def show_saved_report(caller: CurrentCaller, application: Application, response: Response, id: UUID) -> SavedReportView:
    """Show a saved report. Send its ETag as If-Match, and its `question` to the routes of its source."""
    with application.database.connection() as conn:
        found = saved_reports.view(conn, caller, _names(caller), id)
    if found is None:
        raise NotFound("There is no such saved report, or it is not shared with you.", field="id")
    response.headers["ETag"] = etag(found.revision)
    return found


@router.put("/{id}")
def change_saved_report(
    caller: CurrentCaller,
    application: Application,
    context: CommandContextDep,
    expected: IfMatch,
    id: UUID,
    body: SavedReportIn,
) -> Receipt:
    """Rename it, change its question, share it with others or with nobody."""
    return application.change(context, caller, id, body, expected)


@router.delete("/{id}")
def delete_saved_report(
    caller: CurrentCaller, application: Application, context: CommandContextDep, expected: IfMatch, id: UUID
) -> Receipt:
    """Delete it. Those with whom it was shared do not see it any more."""
    return application.delete(context, caller, id, expected)


def _names(caller: Caller) -> Scope:
    """Whose names the caller may know."""
    if not caller.may(Permission.READ_REPORTS):
        return Scope(everything=False)
    return caller.scope(Permission.READ_REPORTS)
