"""Values as forms have them: moments in the reader's time zone, ids that may be anything."""

from datetime import UTC, date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo


def typed(moment: datetime | None, zone: ZoneInfo) -> str:
    """For a field of day and time; empty for none."""
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if moment else ""


def instant(text: str, zone: ZoneInfo) -> str:
    """With the time zone; what is no moment goes as it is, and the service says so."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).isoformat()
    except ValueError:
        return text


def day(text: str) -> date | None:
    """None for what is no day that Rollbook takes."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1900 <= found.year < 2999 else None


def begins(of: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day, in UTC."""
    return datetime.combine(of, time(), zone).astimezone(UTC)


def given_id(text: str) -> UUID | None:
    """None for what is no id."""
    try:
        return UUID(text)
    except ValueError:
        return None
