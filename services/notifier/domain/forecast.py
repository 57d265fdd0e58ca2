"""Which e-mails a command would cause, before anybody confirms it (NTF-3)."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple

from shared.contracts.notifications import Occasion

Recipients = Literal["learners", "managers", "administrators"]
SwitchedOff = Literal["offering", "system"]

_FAR = 36_500


class Expected(NamedTuple):
    """How many learners would be assigned, withdrawn, held back, or only get another due date; and the dates, if all have one."""

    assigned: int
    withdrawn: int
    held: int
    moved: int
    due_on: date | None
    access_until: date | None


class ForecastSwitches(NamedTuple):
    """What the offering (none where there are several), the whole system and some organisation say of e-mails."""

    offering_off: Collection[str]
    offering_copied: Collection[str]
    system_off: Collection[str]
    system_copied: Collection[str]
    some_off: Collection[str]
    some_copied: Collection[str]
    due_days: Sequence[int]
    access_days: Sequence[int]
    administrators: int
    """Whoever could be told of exceptions; 0: nobody is."""


class Forecast(NamedTuple):
    """`emails`: at most so many, for each of its days; of copies: the learners whose managers get one. `fewer`: an organisation has
    them off, or only some have copies. `days`: of a reminder, before (negative) or after the date; `on`: where it is known."""

    occasion: Occasion
    to: Recipients
    emails: int
    off: SwitchedOff | None = None
    fewer: bool = False
    days: tuple[int, ...] = ()
    on: tuple[date, ...] = ()


def forecast(expected: Expected, switches: ForecastSwitches) -> list[Forecast]:
    """E-mails to learners with the copies to their managers, notices to administrators, and reminders; with what is off."""
    found: list[Forecast] = []
    if expected.assigned:
        found += _copied(_one("assigned", "learners", expected.assigned, switches), switches)
    if expected.withdrawn:
        found += _copied(_one("withdrawn", "learners", expected.withdrawn, switches), switches)
    if expected.held and switches.administrators:
        found.append(_one("exceptions", "administrators", switches.administrators, switches))
    dated = expected.assigned + expected.moved
    if dated:
        before = [days for days in switches.due_days if days < 0]
        after = [days for days in switches.due_days if days >= 0]
        found += _reminders("due-soon", dated, before, expected.due_on, switches)
        found += _reminders("overdue", dated, after, expected.due_on, switches)
    if expected.assigned:
        found += _reminders("access-expiring", expected.assigned, switches.access_days, expected.access_until, switches)
    return found


def _copied(one: Forecast, switches: ForecastSwitches) -> list[Forecast]:
    everywhere = one.occasion in switches.offering_copied or one.occasion in switches.system_copied
    if one.off or not (everywhere or one.occasion in switches.some_copied):
        return [one]
    return [one, one._replace(to="managers", fewer=one.fewer or not everywhere)]


def _reminders(
    occasion: Occasion, learners: int, days: Sequence[int], day: date | None, switches: ForecastSwitches
) -> list[Forecast]:
    if not days:
        return []
    told = tuple(sorted(days))
    on = tuple(day + timedelta(days=max(-_FAR, min(n, _FAR))) for n in told) if day else ()
    return _copied(_one(occasion, "learners", learners, switches)._replace(days=told, on=on), switches)


def _one(occasion: Occasion, to: Recipients, emails: int, switches: ForecastSwitches) -> Forecast:
    off: SwitchedOff | None = "system" if occasion in switches.system_off else None
    off = off or ("offering" if occasion in switches.offering_off else None)
    return Forecast(occasion, to, 0 if off else emails, off, fewer=not off and occasion in switches.some_off)
