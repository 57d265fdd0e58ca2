"""Due dates as a calendar at a private address (NTF-8)."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Response
from pydantic import BaseModel

from services.enrollment.api.dependencies import CalendarsDep
from services.enrollment.application.calendars import CalendarState
from shared.auth import CurrentCaller
from shared.client_address import ClientAddress
from shared.documents import file
from shared.http import CommandContextDep
from shared.limits import Language, Text
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")

_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Content-Disposition": 'inline; filename="due-dates.ics"',
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}

Conditions = Annotated[str | None, Text(2_000), Header(alias="If-None-Match", description="ETags of earlier answers")]


class NewCalendarAddress(BaseModel):
    """`language`: of the calendar's words, such as `de`; English where there are none in it."""

    language: Language | None = None


class CalendarReceipt(Receipt):
    """`address` is told this once; null where the command is repeated."""

    address: str | None


@router.get("/calendar-address")
def show_calendar_address(caller: CurrentCaller, calendars: CalendarsDep) -> CalendarState:
    """Show when the caller's private calendar address was made (NTF-8). The address itself is told once, when it is made."""
    return calendars.state(caller.id)


@router.post("/calendar-address", status_code=201)
def make_calendar_address(
    context: CommandContextDep, calendars: CalendarsDep, body: NewCalendarAddress
) -> CalendarReceipt:
    """Make a private address at which calendar programs find the caller's due dates; the one before ends at once (NTF-8).

    Whoever has the address sees the titles and due dates of the training, and nothing else.
    """
    made = calendars.make(context, body.language)
    return CalendarReceipt(**made.receipt.model_dump(), address=made.address)


@router.delete("/calendar-address")
def end_calendar_address(context: CommandContextDep, calendars: CalendarsDep) -> Receipt:
    """End the caller's private calendar address (NTF-8)."""
    return calendars.end(context)


@router.head("/calendars/{secret}.ics", include_in_schema=False)
@router.get(
    "/calendars/{secret}.ics",
    response_class=Response,
    responses={**file("text/calendar", "The due dates"), 304: {"description": "As the earlier answer"}},
)
def read_calendar(
    calendars: CalendarsDep,
    address: ClientAddress,
    secret: Annotated[str, Text(200), Path()],
    if_none_match: Conditions = None,
) -> Response:
    """Read the due dates of whoever made this address, as iCalendar; no token is needed (NTF-8).

    404 for an address that never was and for one that has ended. A change raises the event's SEQUENCE.
    """
    feed = calendars.feed(secret, address)
    headers = {**_HEADERS, "ETag": feed.etag}
    if _same(if_none_match, feed.etag):
        return Response(status_code=304, headers=headers)
    return Response(feed.content, media_type="text/calendar; charset=utf-8", headers=headers)


def _same(conditions: str | None, etag: str) -> bool:
    given = {one.strip().removeprefix("W/") for one in (conditions or "").split(",")}
    return etag in given or "*" in given
