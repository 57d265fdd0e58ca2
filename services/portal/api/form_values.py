"""Values as forms have them: moments in the reader's time zone, ids that may be anything."""

from datetime import datetime
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


def given_id(text: str) -> UUID | None:
    """None for what is no id."""
    try:
        return UUID(text)
    except ValueError:
        return None
