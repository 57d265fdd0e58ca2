"""Calendars of due dates: which enrollments are shown, in which words (NTF-8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.enrollment.domain.due_dates import Deadline
from shared.contracts.enrollment import Status

SHOWN: frozenset[Status] = frozenset({"awaiting-payment", "not-started", "in-progress", "pending-approval"})
"""Finished ones are gone, and so are those that an exception holds back: their date is not decided (DUE-4)."""
CalendarLanguage = Literal["en", "de"]


@dataclass(frozen=True)
class DueEntry:
    """An enrollment with a due date, as a calendar shows it. `over`: the moment at which the date is over."""

    enrollment: UUID
    offering: UUID
    status: Status
    due: Deadline
    over: datetime


@dataclass(frozen=True)
class Words:
    """`due` and `todo` take the offering's title."""

    calendar: str
    due: str
    todo: str
    waiting: str


WORDS: dict[CalendarLanguage, Words] = {
    "en": Words(
        "Due dates of my training",
        "Due: {title}",
        "Complete {title}. Sign in and continue:",
        "You have completed {title}. It is waiting for an administrator's approval:",
    ),
    "de": Words(
        "Fristen meiner Schulungen",
        "Fällig: {title}",
        "Bitte schließen Sie {title} ab. Anmelden und fortfahren:",
        "Sie haben {title} abgeschlossen. Die Bestätigung durch die Administration steht noch aus:",
    ),
}


def language_of(tag: str | None) -> CalendarLanguage:
    """The one of a calendar for whoever reads this language; English where there is none."""
    return "de" if (tag or "").lower().partition("-")[0] == "de" else "en"


def nearest(entries: Iterable[DueEntry], now: datetime, limit: int) -> list[DueEntry]:
    """At most so many, those whose dates are nearest to now, in the order of their dates."""
    near = sorted(entries, key=lambda one: (abs(one.over - now), one.enrollment))[:limit]
    return sorted(near, key=lambda one: (one.over, one.enrollment))
