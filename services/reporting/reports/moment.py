"""The moment that a report speaks of (RPT-7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self

from shared.errors import Invalid

Values = Mapping[str, object]


@dataclass(frozen=True)
class Moment:
    """Now (`at` None), or a moment of the past: everything recorded at or before it counts, nothing after it.

    A date means the end of that day in UTC.
    """

    at: datetime | None = None

    @classmethod
    def parse(cls, text: str | None, now: datetime) -> Self:
        """A date, or a time with its offset, of today or before. Raises Invalid."""
        if text is None:
            return cls()
        try:
            day = date.fromisoformat(text)
            at = datetime.combine(day + timedelta(days=1), time(), UTC) - timedelta(microseconds=1)
        except OverflowError:
            raise _not_a_moment() from None
        except ValueError:
            day, at = _instant(text)
        if day > now.astimezone(UTC).date():
            raise Invalid(
                "as_of is in the future, and a report can only show what has been recorded. Give an earlier time.",
                field="as_of",
            )
        return cls(at)

    def holds(self, table: str) -> str:
        """The condition that a period of `table` (an alias) contains this moment; uses the value `at`."""
        if self.at is None:
            return f"{table}.valid_to IS NULL"
        return f"{table}.valid_from <= %(at)s AND ({table}.valid_to IS NULL OR {table}.valid_to > %(at)s)"

    def until(self, table: str) -> str:
        """The condition that something of `table` had begun at this moment, whether it is over or not."""
        return "true" if self.at is None else f"{table}.valid_from <= %(at)s"

    @property
    def day(self) -> str:
        """The day in UTC."""
        return f"({'now()' if self.at is None else '%(at)s::timestamptz'} AT TIME ZONE 'UTC')::date"

    @property
    def values(self) -> Values:
        return {"at": self.at} if self.at else {}


def _instant(text: str) -> tuple[date, datetime]:
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError
        return at.astimezone(UTC).date(), at
    except (ValueError, OverflowError):
        raise _not_a_moment() from None


def _not_a_moment() -> Invalid:
    return Invalid(
        "Give as_of as a date, such as 2026-01-31, or as a time with UTC offset, such as 2026-01-31T12:00:00Z.",
        field="as_of",
    )
