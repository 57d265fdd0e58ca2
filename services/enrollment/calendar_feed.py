"""Due dates as an iCalendar feed (RFC 5545, RFC 7986), made by `icalendar` (NTF-8).

Events, not to-dos: the calendars that most people have leave to-dos of a subscription out.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

if TYPE_CHECKING:  # a tenth of what the service imports: it is there when somebody asks for a calendar
    from icalendar import Event, Timezone

_LAST_YEAR = 2099
"""Up to its end a calendar says when clocks change; nobody knows that of later years."""


@dataclass(frozen=True)
class CalendarEntry:
    """What is shown of one enrollment. `at`: when on that day, by the learner's clock; None: the whole day."""

    enrollment: UUID
    day: date
    at: time | None
    summary: str
    description: str
    link: str

    def digest(self, zone: ZoneInfo) -> bytes:
        """Differs where what is shown does."""
        when = f"{self.day} {self.at} {zone.key}" if self.at else str(self.day)
        told = "\0".join((when, self.summary, self.description, self.link))
        return hashlib.sha256(told.encode()).digest()


@dataclass(frozen=True)
class DatedEntry:
    """An entry with how often it has changed, and when it last did."""

    entry: CalendarEntry
    sequence: int
    changed_at: datetime


def render(entries: Sequence[DatedEntry], zone: ZoneInfo, name: str, language: str, refresh: timedelta) -> bytes:
    """The same bytes for the same entries: nothing in it is of the moment at which it is made."""
    from icalendar import Calendar  # noqa: PLC0415

    feed = Calendar()
    feed.add("PRODID", f"-//Rollbook//Due dates//{language.upper()}")
    feed.add("VERSION", "2.0")
    feed.add("CALSCALE", "GREGORIAN")
    feed.add("NAME", name)
    feed.add("X-WR-CALNAME", name)
    feed.add("X-WR-TIMEZONE", zone.key)
    feed.add("REFRESH-INTERVAL", refresh, parameters={"VALUE": "DURATION"})
    feed.add("X-PUBLISHED-TTL", refresh)
    timed = [one.entry.day.year for one in entries if one.entry.at]
    if timed and zone.key != "UTC":
        feed.add_component(_clock_changes(zone.key, min(*timed, _LAST_YEAR), min(max(timed), _LAST_YEAR)))
    for one in entries:
        feed.add_component(_event(one, zone))
    return bytes(feed.to_ical())


def _event(dated: DatedEntry, zone: ZoneInfo) -> "Event":
    from icalendar import Event  # noqa: PLC0415

    entry, event = dated.entry, Event()
    event.add("UID", str(entry.enrollment))
    event.add("DTSTAMP", dated.changed_at.astimezone(UTC))
    event.add("LAST-MODIFIED", dated.changed_at.astimezone(UTC))
    event.add("SEQUENCE", dated.sequence)
    event.add("DTSTART", datetime.combine(entry.day, entry.at, zone) if entry.at else entry.day)
    event.add("SUMMARY", entry.summary)
    event.add("DESCRIPTION", entry.description)
    event.add("URL", entry.link)
    event.add("CLASS", "PRIVATE")
    event.add("TRANSP", "TRANSPARENT")
    return event


@lru_cache(maxsize=500)
def _clock_changes(zone: str, first: int, last: int) -> "Timezone":
    """From a year before the first of these years to the end of the last."""
    from icalendar import Timezone  # noqa: PLC0415

    return Timezone.from_tzid(zone, first_date=date(first - 1, 1, 1), last_date=date(last + 1, 1, 1))
