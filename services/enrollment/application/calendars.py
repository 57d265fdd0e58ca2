"""Due dates as a calendar at a private address, which is its own permission: no other sign-in is asked for (NTF-8)."""

import hashlib
import secrets
from datetime import datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.application.enrollments.cards import Day
from services.enrollment.application.enrollments.views import stood
from services.enrollment.application.ledger import Enrollments
from services.enrollment.calendar_feed import CalendarEntry, DatedEntry, render
from services.enrollment.domain.calendars import SHOWN, WORDS, CalendarLanguage, DueEntry, Words, language_of, nearest
from services.enrollment.domain.self_enrollment import check_active, untold
from services.enrollment.projections import calendars, cards, facts
from services.enrollment.projections.calendars import CalendarAddress
from shared.attempts import Attempts
from shared.database import Connection
from shared.errors import NotFound
from shared.page_addresses import Pages
from shared.store import CommandContext, Decision, Receipt, command, decided_again

_BYTES = 16
"""Of a secret: 128 bits."""


class CalendarState(BaseModel):
    """`made_at`: when the address was made; null: there is none. The address itself was told then, and is kept nowhere."""

    made_at: datetime | None


class MadeAddress(NamedTuple):
    """`address` is None where the command was carried out before."""

    receipt: Receipt
    address: str | None


class CalendarFeed(NamedTuple):
    """`etag` differs where the content does."""

    content: bytes
    etag: str


class Calendars:
    """`base_url`: where services and pages are. `entries_limit`: the most that a feed has; `refresh`: how often programs
    should ask."""

    def __init__(
        self, ledger: Enrollments, attempts: Attempts, base_url: str, *, entries_limit: int, refresh: timedelta
    ) -> None:
        self._ledger = ledger
        self._attempts = attempts
        self._base_url = base_url
        self._entries_limit = entries_limit
        self._refresh = refresh

    def state(self, person: UUID) -> CalendarState:
        with self._ledger.database.connection() as conn:
            return CalendarState(made_at=calendars.made_at(conn, person))

    @decided_again
    def make(self, context: CommandContext, language: str | None) -> MadeAddress:
        """A new address of the caller's; the one before ends at once. Refuses whoever is not an active person."""
        if earlier := self._ledger.find_receipt(context):
            return MadeAddress(earlier, None)
        with self._ledger.database.connection() as conn:
            check_active(facts.active(conn, context.actor))
        secret = secrets.token_hex(_BYTES)

        def keep(conn: Connection) -> None:
            calendars.make(conn, _hash(secret), context.actor, language_of(language))

        receipt = self._ledger.record(context, Decision((), context.meta()), also=keep)
        told = receipt.batch == context.correlation
        return MadeAddress(receipt, f"{self._base_url}/api/enrollment/calendars/{secret}.ics" if told else None)

    @command
    def end(self, context: CommandContext) -> Receipt:
        """Nothing is at the caller's address any more."""
        return self._ledger.record(
            context, Decision((), context.meta()), also=lambda conn: calendars.end(conn, context.actor)
        )

    def feed(self, secret: str, address: str) -> CalendarFeed:
        """What is at an address, for a program that asks from `address`. Raises NotFound, the same for one that never was and
        one that has ended, and TooManyAttempts: only those count that never were."""
        with self._attempts.counted("calendar", address=address) as attempt:
            with self._ledger.database.connection() as conn:
                found = calendars.find(conn, _hash(secret))
            if found is None:
                raise _nothing()
            attempt.succeeded()
        if not found.holds:
            raise _nothing()
        content = self._content(found)
        return CalendarFeed(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"')

    def _content(self, found: CalendarAddress) -> bytes:
        language = language_of(found.language)
        with self._ledger.database.transaction(async_commit=True) as conn:
            day = Day.of(conn, found.person)
            entries = self._entries(conn, found.person, day, language)
            shown = calendars.shown(conn, {one.enrollment: one.digest(day.zone) for one in entries})
        dated = [DatedEntry(one, shown[one.enrollment].sequence, shown[one.enrollment].changed_at) for one in entries]
        return render(dated, day.zone, WORDS[language].calendar, language, self._refresh)

    def _entries(self, conn: Connection, person: UUID, day: Day, language: CalendarLanguage) -> list[CalendarEntry]:
        due = [entry for row in cards.own(conn, person) if (entry := _due(row, day)) is not None]
        near = nearest(due, day.now, self._entries_limit)
        titles, pages = calendars.titles(conn, [one.offering for one in near]), Pages(self._base_url)
        return [_entry(one, titles[one.offering], pages.offering(one.offering), WORDS[language]) for one in near]


def _due(found: cards.OwnRow, day: Day) -> DueEntry | None:
    """As the learner is told of it, like on the pages."""
    state = stood(found.row, found.grants, (), within=found.within)
    state = state if found.own_hold else untold(state)
    status = state.status(day.today)
    if state.due is None or status not in SHOWN:
        return None
    return DueEntry(state.id, state.offering, status, state.due, state.due.ends(day.zone))


def _entry(one: DueEntry, title: str, link: str, words: Words) -> CalendarEntry:
    text = words.waiting if one.status == "pending-approval" else words.todo
    at = time.fromisoformat(one.due.at) if one.due.at else None
    description = f"{text.replace('{title}', title)} {link}"
    return CalendarEntry(one.enrollment, one.due.day, at, words.due.replace("{title}", title), description, link)


def _nothing() -> NotFound:
    return NotFound("There is no calendar at this address. Make a new address on your profile page.")


def _hash(secret: str) -> bytes:
    """Of 128 random bits a fast one will do."""
    return hashlib.sha256(secret.encode()).digest()
