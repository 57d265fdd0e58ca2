"""Due dates: what an assignment asks of one learner, and which of several dates holds (DUE-1 to DUE-3)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal

from shared.contracts.enrollment import DueRule, describe

WEEK = timedelta(days=7)
_UNIT_DAYS = {"days": 1, "weeks": 7, "months": 28, "years": 365}
"""The fewest days that a unit has."""


@dataclass(frozen=True)
class Due:
    """`pending`: what it counts from is still to come; `unknown`: it is empty (DUE-2, DUE-5)."""

    state: Literal["none", "set", "pending", "unknown"]
    on: date | None = None
    about: str = ""
    """Of `unknown`: what is empty."""


NOT_DUE = Due("none")
PENDING = Due("pending")


def due(text: str | None) -> Due:
    """As the database answers: a day, `pending`, `unknown` with what is empty, or nothing."""
    if text is None:
        return NOT_DUE
    if text[0].isdigit():
        return Due("set", date.fromisoformat(text))
    state, _, about = text.partition(" ")
    return PENDING if state == "pending" else Due("unknown", about=about)


def holding(now: date | None, other: date | None, *, earliest: bool) -> date | None:
    """Of two days the later one, or the earlier one where the offering says so; no day never outranks one (DUE-3)."""
    if now is None or other is None:
        return now or other
    return min(now, other) if earliest else max(now, other)


def too_soon(day: date, now: datetime, minimum_minutes: int, zone: tzinfo) -> bool:
    """Less than the minimum time is left until the end of that day in the learner's time zone (DUE-4)."""
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    return end.astimezone(UTC) - now.astimezone(UTC) < timedelta(minutes=minimum_minutes)


def realistic(now: datetime, minimum_minutes: int, zone: tzinfo) -> date:
    """The minimum time plus one week from now (DUE-6)."""
    return (now.astimezone(UTC) + timedelta(minutes=minimum_minutes) + WEEK).astimezone(zone).date()


def never_met(rule: DueRule | None, now: datetime, minimum_minutes: int, zones: Collection[tzinfo]) -> str | None:
    """Why nobody who comes from now on can meet this rule, in none of these time zones, if that is so (DUE-4)."""
    if rule is None or (rule.kind not in ("fixed", "enrollment")):
        return None
    if rule.on is not None:
        if all(too_soon(rule.on, now, minimum_minutes, zone) for zone in zones):
            return f"The due date {rule.on} leaves less than the minimum time of {minimum_minutes} minutes: everybody will be held."
        return None
    days = (rule.amount or 0) * _UNIT_DAYS[rule.unit or "days"]
    if timedelta(days=days + 1) < timedelta(minutes=minimum_minutes):
        return f"{describe(rule)} is less than the minimum time of {minimum_minutes} minutes: everybody will be held."
    return None
