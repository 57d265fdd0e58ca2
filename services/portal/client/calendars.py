"""The own calendar of due dates, at a private address (NTF-8)."""

from datetime import datetime

from services.portal.client.asking import Asking, Receipt, Reply

_ADDRESS = "/api/enrollment/calendar-address"


class CalendarState(Reply):
    """`made_at` None: there is no address."""

    made_at: datetime | None = None


class MadeCalendar(Reply):
    """`address` None: it was told before, and is not told again."""

    address: str | None = None


def calendar_state(ask: Asking) -> CalendarState:
    return ask.one(CalendarState, _ADDRESS)


def make_calendar(ask: Asking, language: str, key: str) -> MadeCalendar:
    """The address before, if there is one, ends."""
    return ask.post(MadeCalendar, _ADDRESS, {"language": language}, key)


def end_calendar(ask: Asking, key: str) -> Receipt:
    return ask.send("DELETE", _ADDRESS, None, key)
