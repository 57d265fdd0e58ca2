"""The languages of the pages: which one somebody reads, its texts, and how it writes days, moments and numbers."""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from babel import Locale
from babel.core import UnknownLocaleError, negotiate_locale, parse_locale
from babel.dates import format_date, format_datetime, format_time, get_timezone_name
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal
from babel.support import NullTranslations, Translations

LANGUAGES = ("en", "de")
"""English is the language of the templates; each other one has a catalog."""
LOCALE = Path(__file__).parent / "locale"
LANGUAGE_COOKIE = "language"


@cache
def translations(language: str) -> NullTranslations:
    """The texts of a language, compiled from its catalog."""
    path = LOCALE / language / "LC_MESSAGES" / "portal.po"
    if not path.exists():
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def chosen(person: str | None, cookie: str | None, accepted: str) -> str:
    """The person's language, else the cookie's, else the first of Accept-Language that there is, else English."""
    for wanted in (person, cookie):
        if wanted and (found := _known(wanted)):
            return found
    weighed = sorted(filter(None, map(_weighed, accepted.split(","))), key=lambda one: -one[1])
    return next((found for tag, _ in weighed if (found := _known(tag))), LANGUAGES[0])


def _weighed(part: str) -> tuple[str, float] | None:
    tag, _, rest = part.strip().partition(";")
    try:
        weight = float(rest.strip().removeprefix("q=") or 1)
    except ValueError:
        return None
    return (tag, weight) if tag and weight > 0 and math.isfinite(weight) else None


def _known(tag: str) -> str | None:
    try:
        parse_locale(tag, sep="-")
    except ValueError:
        return None
    return negotiate_locale([tag], LANGUAGES, sep="-")


def zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


@cache
def zones() -> tuple[str, ...]:
    """Those that people live in, by name: of a place, and UTC."""
    return (*sorted(one for one in available_timezones() if "/" in one and not one.startswith("Etc/")), "UTC")


@dataclass(frozen=True)
class Writing:
    """Writes values as a reader of this language in this time zone expects them."""

    language: str
    zone: ZoneInfo
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def today(self) -> date:
        return self.now().astimezone(self.zone).date()

    def later_than(self, day: date) -> date:
        """The first day after it that has not passed."""
        return max(day + timedelta(days=1), self.today)

    def days_until(self, day: date) -> int:
        return (day - self.today).days

    def day(self, day: date) -> str:
        """*Mon 7 December*; with the year where it is another one."""
        pattern = {"en": "EEE d MMMM", "de": "EEE, d. MMMM"}[self.language]
        year = "" if day.year == self.today.year else " y"
        return format_date(day, pattern + year, locale=self.language)

    def month(self, day: date) -> str:
        """*November 2026*"""
        return format_date(day, "LLLL y", locale=self.language)

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    def moment(self, moment: datetime) -> str:
        """Day and time, in the reader's time zone."""
        local = self.local(moment)
        return f"{self.day(local.date())}, {format_time(local, 'HH:mm', locale=self.language)}"

    def told(self, moment: str) -> str:
        """A moment as services write it in a problem."""
        return self.moment(datetime.fromisoformat(moment))

    def exactly(self, moment: datetime) -> str:
        """With the seconds and the name of the time zone."""
        local = self.local(moment)
        name = get_timezone_name(local, locale=self.language)
        return f"{format_datetime(local, 'd MMM y HH:mm:ss', locale=self.language)} {name}"

    def number(self, number: int | float | Decimal) -> str:
        return str(format_decimal(number, locale=self.language))

    def money(self, amount: Decimal | float | str, currency: str) -> str:
        return str(format_currency(Decimal(str(amount)), currency, locale=self.language))

    def country(self, code: str) -> str:
        return str(self._locale.territories.get(code.upper(), code))

    def countries(self) -> list[tuple[str, str]]:
        """Code and name of each, by name."""
        found = [
            (code, name)
            for code, name in self._locale.territories.items()
            if len(code) == 2 and code not in _NO_COUNTRY
        ]
        return sorted(found, key=lambda one: one[1])

    def language_name(self, code: str) -> str:
        """In that language itself, as somebody looks for it who reads no other."""
        try:
            return (Locale.parse(code, sep="-").get_display_name(code) or code).capitalize()
        except (ValueError, UnknownLocaleError):
            return code

    @property
    def _locale(self) -> Locale:
        return Locale.parse(self.language)


_NO_COUNTRY = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})
