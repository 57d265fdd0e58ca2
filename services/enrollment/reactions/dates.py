"""What due dates count from, beyond the other facts of the directory: date fields, positions (DUE-1, DUE-2)."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from services.enrollment.projections import dates, facts
from services.enrollment.reactions.causes import by_cause
from shared.contracts.directory import JobAssigned, JobEnded, PersonDescribed, PersonRegistered
from shared.database import Connection
from shared.events import Recorded

_HANDLED = (PersonRegistered, PersonDescribed, JobAssigned, JobEnded)


class DateFacts:
    """Takes the directory's events once more, for its own tables. Whoever has another date is put in the queue."""

    name = "enrollment dates"
    source = "directory"
    group = "enrollment.directory.dates"
    tables: tuple[str, ...] = ("person_date", "position_date", "first_login")
    types = frozenset(c.TOPIC for c in _HANDLED)

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        for meta, caused in by_cause(events, self.source):
            touched = _fields(conn, caused) | _positions(conn, caused)
            if touched:
                facts.enqueue(conn, touched, meta)


def _fields(conn: Connection, events: Sequence[Recorded]) -> set[UUID]:
    """A newcomer without any date field has none to be saved."""
    told: dict[UUID, dict[str, date]] = {}
    for event in (r.event for r in events):
        if isinstance(event, PersonDescribed) or (isinstance(event, PersonRegistered) and event.dates):
            told[event.originator_id] = event.dates
    dates.save_fields(conn, told)
    return set(told)


def _positions(conn: Connection, events: Sequence[Recorded]) -> set[UUID]:
    """Other facts put the holder in the queue when the job changes; this one, when the date of its position does."""
    days: dict[UUID, date | None] = {}
    holders: dict[UUID, UUID] = {}
    for event in (r.event for r in events):
        if isinstance(event, JobAssigned):
            days[event.job.id] = event.job.position_assigned_on
            holders[event.job.id] = event.originator_id
        elif isinstance(event, JobEnded):
            days[event.job] = None
    changed = dates.save_positions(conn, days)
    return {holders[job] for job in changed if job in holders}
