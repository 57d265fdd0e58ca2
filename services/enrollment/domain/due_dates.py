"""Due dates: what an assignment asks of one learner, and which of several dates holds (DUE-1 to DUE-3)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal

from shared.contracts.enrollment import DueRule, TimeOfDay, describe
from shared.events import FAR

WEEK = timedelta(days=7)
_DAY_MINUTES = 24 * 60
_MOST_DAYS = {"days": 1, "weeks": 7, "months": 31, "years": 366}
"""The most days that a unit has."""
_MAY_BE_TO_COME = "field"
"""All else that a date counts from has happened when the date is set, or happens at that moment (DUE-2)."""


@dataclass(frozen=True)
class Deadline:
    """A calendar day of the learner, its end included, or until a time of that day (DUE-1)."""

    day: date
    at: TimeOfDay | None = None

    def __str__(self) -> str:
        return f"{self.day} {self.at}" if self.at else f"{self.day}"

    @property
    def order(self) -> tuple[date, str]:
        """By which one is later: the day, then the time; the end of the day comes last (DUE-3)."""
        return self.day, self.at or "24:00"

    def ends(self, zone: tzinfo) -> datetime:
        """The moment, in UTC, at which it is over in that time zone. One beyond `FAR` counts as that day."""
        day = min(self.day, FAR)
        if self.at is None:
            return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
        return datetime.combine(day, time.fromisoformat(self.at), zone).astimezone(UTC)


@dataclass(frozen=True)
class Due:
    """`pending`: what it counts from is still to come; `unknown`: it is empty (DUE-2, DUE-5)."""

    state: Literal["none", "set", "pending", "unknown"]
    on: Deadline | None = None
    about: str = ""
    """Of `unknown`: what is empty."""


NOT_DUE = Due("none")
PENDING = Due("pending")


def due(text: str | None) -> Due:
    """As the database answers: a day, maybe with `T` and a time, `pending`, `unknown` with what is empty, or nothing."""
    if text is None:
        return NOT_DUE
    if text[0].isdigit():
        day, _, at = text.partition("T")
        return Due("set", Deadline(date.fromisoformat(day), at or None))
    state, _, about = text.partition(" ")
    return PENDING if state == "pending" else Due("unknown", about=about)


def holding(now: Deadline | None, other: Deadline | None, *, earliest: bool) -> Deadline | None:
    """Of two dates the later one, or the earlier one where the offering says so; no date never outranks one (DUE-3)."""
    if now is None or other is None:
        return now or other
    first, last = sorted((now, other), key=lambda one: one.order)
    return first if earliest else last


def too_soon(due: Deadline, now: datetime, minimum_minutes: int, zone: tzinfo) -> bool:
    """Less than the minimum time is left until it is over in the learner's time zone (DUE-4)."""
    return due.ends(zone) - now.astimezone(UTC) < timedelta(minutes=minimum_minutes)


def realistic(now: datetime, minimum_minutes: int, zone: tzinfo) -> Deadline:
    """The minimum time plus one week from now, until the end of that day (DUE-6)."""
    return Deadline((now.astimezone(UTC) + timedelta(minutes=minimum_minutes) + WEEK).astimezone(zone).date())


def never_met(rule: DueRule | None, now: datetime, minimum_minutes: int, zones: Collection[tzinfo]) -> str | None:
    """Why nobody who comes from now on can meet this rule, in none of these time zones, if that is so (DUE-4)."""
    if rule is None or rule.kind == _MAY_BE_TO_COME:
        return None
    if rule.on is not None:
        fixed = Deadline(rule.on, rule.time)
        if all(too_soon(fixed, now, minimum_minutes, zone) for zone in zones):
            return (
                f"The due date {fixed} leaves less than the minimum time of {minimum_minutes} minutes, so "
                f"everybody will be held."
            )
        return None
    of_day = time.fromisoformat(rule.time) if rule.time else None
    minutes = (rule.amount or 0) * _MOST_DAYS[rule.unit or "days"] * _DAY_MINUTES
    minutes += of_day.hour * 60 + of_day.minute if of_day else _DAY_MINUTES
    if minutes < minimum_minutes:
        return (
            f"{describe(rule)} is less than the minimum time of {minimum_minutes} minutes, so everybody will be held."
        )
    return None
