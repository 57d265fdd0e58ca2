"""By when learners have to be done, and the time zones that say when a day is over (DUE-1, DUE-8)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from shared.contracts.directory import OrganisationProfiled
from shared.contracts.enrollment import (
    AccessExpired,
    CompletionRejected,
    CompletionSubmitted,
    CompletionTakenBack,
    DueDateSet,
    EnrollmentCancelled,
    EnrollmentCompleted,
    LearnerAssigned,
    LearnerWithdrawn,
)
from shared.database import Connection, UuidArray, fetch
from shared.events import Recorded

_ENDS = (LearnerWithdrawn, EnrollmentCancelled, AccessExpired, CompletionSubmitted, EnrollmentCompleted)
_REOPENS = (CompletionRejected, CompletionTakenBack)
_KNOWN = """
SELECT enrollment_id, person_id, offering_id, term, open, version, due_on, due_time, set_at, cause_type, batch
FROM due_fact WHERE enrollment_id = ANY(%s)
"""
_WRITE = """
INSERT INTO due_fact (enrollment_id, person_id, offering_id, term, open, version, due_on, due_time, set_at, cause_type, batch)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::int[], %s::bool[], %s::int[], %s::date[], %s::text[],
    %s::timestamptz[], %s::text[], %s::uuid[])
ON CONFLICT (enrollment_id) DO UPDATE SET version = excluded.version, term = excluded.term, open = excluded.open,
    due_on = excluded.due_on, due_time = excluded.due_time, set_at = excluded.set_at, cause_type = excluded.cause_type,
    batch = excluded.batch
"""
_ZONES = """
INSERT INTO zone_fact (id, time_zone)
SELECT id, n.name FROM unnest(%s::uuid[], %s::text[]) AS t (id, zone) LEFT JOIN pg_timezone_names n ON n.name = zone
ON CONFLICT (id) DO UPDATE SET time_zone = excluded.time_zone
"""


class Due(NamedTuple):
    """A row of `due_fact`: a term, whether something is left to do in it, and by when."""

    enrollment_id: UUID
    person_id: UUID
    offering_id: UUID
    term: int
    open: bool
    version: int
    """Of the last event taken."""
    due_on: date | None
    due_time: str | None
    set_at: datetime
    cause_type: str
    batch: UUID


class DueDates:
    """Writes `due_fact` from enrollment. A consumer of its own, so that it reads what lies before it was there."""

    name: str = "notifier.due-dates"
    source: str = "enrollment"
    group: str = "notifier.due-dates"
    tables: tuple[str, ...] = ("due_fact",)
    types: frozenset[str] = frozenset(c.TOPIC for c in (LearnerAssigned, DueDateSet, *_ENDS, *_REOPENS))

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        ids = UuidArray(list({recorded.event.originator_id for recorded in events}))
        known = {row.enrollment_id: row for row in fetch(conn, Due, _KNOWN, [ids])}
        changed: dict[UUID, Due] = {}
        for recorded in events:
            id = recorded.event.originator_id
            before = known.get(id)
            after = follow(before, recorded)
            if after is not None and after is not before:
                known[id] = changed[id] = after
        if changed:
            conn.execute(_WRITE, [list(column) for column in zip(*changed.values(), strict=True)])


def follow(due: Due | None, recorded: Recorded) -> Due | None:
    """What an event of an enrollment makes of it: the same where nothing changes, or it was taken before."""
    event = recorded.event
    if due is None:
        return _told(recorded, event, is_open=True) if isinstance(event, LearnerAssigned) else None
    match event:
        case _ if event.originator_version <= due.version:
            pass
        case LearnerAssigned(term=term) if term > due.term:
            return _told(recorded, event, is_open=True)
        case LearnerAssigned(due_on=date()) | DueDateSet():
            return _told(recorded, event, is_open=due.open)
        case _ if isinstance(event, _ENDS):
            return due._replace(version=event.originator_version, open=False)
        case _ if isinstance(event, _REOPENS):
            return due._replace(version=event.originator_version, open=True)
    return due


def _told(recorded: Recorded, event: LearnerAssigned | DueDateSet, *, is_open: bool) -> Due:
    """With the date that the event says, and the event as its cause."""
    return Due(
        enrollment_id=event.originator_id,
        person_id=event.person_id,
        offering_id=event.offering_id,
        term=event.term,
        open=is_open,
        version=event.originator_version,
        due_on=event.due_on,
        due_time=event.due_at,
        set_at=recorded.recorded_at,
        cause_type=event.TOPIC,
        batch=recorded.meta.correlation,
    )


class Zones:
    """Writes `zone_fact` from the directory; a time zone that the database does not know counts as not set."""

    name: str = "notifier.zones"
    source: str = "directory"
    group: str = "notifier.zones"
    tables: tuple[str, ...] = ("zone_fact",)
    types: frozenset[str] = frozenset({OrganisationProfiled.TOPIC})

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        zones = {r.event.originator_id: r.event.time_zone for r in events if isinstance(r.event, OrganisationProfiled)}
        conn.execute(_ZONES, [UuidArray(list(zones)), list(zones.values())])
