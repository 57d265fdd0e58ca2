"""Cells to values: dates in the run's format and zone, switches, stamps."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from shared.limits import FIRST_DAY, LAST_DAY

_PHP = {
    "d": "%d",
    "j": "%d",
    "m": "%m",
    "n": "%m",
    "Y": "%Y",
    "y": "%y",
    "H": "%H",
    "G": "%H",
    "i": "%M",
    "s": "%S",
    "M": "%b",
    "F": "%B",
}


class Unreadable(ValueError):
    """The cell does not say what it should; the text says how it is to be written."""


def moment(text: str, date_format: str, zone: str) -> datetime:
    """The declared format first, then Unix seconds (Totara's order). Raises Unreadable."""
    try:
        if date_format == "c":
            found = datetime.fromisoformat(text)
        else:
            found = datetime.strptime(text, "".join(_PHP.get(c, c) for c in date_format))
        return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        pass
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        raise Unreadable(f"A date must be written as {date_format}, or as Unix seconds.") from None


def day(text: str, date_format: str, zone: str) -> date:
    """The day that the cell names, in the run's zone. Raises Unreadable."""
    found = _day(text, date_format, zone)
    if not FIRST_DAY <= found <= LAST_DAY:
        raise Unreadable(f"A date must be between {FIRST_DAY} and {LAST_DAY}. Leave the cell empty if there is none.")
    return found


def last_day(text: str, date_format: str, zone: str) -> date | None:
    """The same of an end. A day after 2999 is what HR systems write for no end: None."""
    found = _day(text, date_format, zone)
    return None if found > LAST_DAY else day(text, date_format, zone)


def _day(text: str, date_format: str, zone: str) -> date:
    found = moment(text, date_format, zone)
    # At the ends of the calendar no other zone has such a day; no such day is taken anyhow.
    return (
        found.date() if not FIRST_DAY.year <= found.year <= LAST_DAY.year else found.astimezone(ZoneInfo(zone)).date()
    )


def stamp(text: str) -> str | None:
    """timemodified as it is compared: None for 0 and empty, which always compare."""
    return None if text in ("", "0") else text


def switch(text: str) -> bool:
    """Anything but 0 and empty is on."""
    return text not in ("", "0")
