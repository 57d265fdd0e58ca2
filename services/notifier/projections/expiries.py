"""Until which day completions count, and access lasts (NTF-1)."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from shared.contracts.enrollment import (
    AccessExpired,
    AccessShortened,
    CompletionTakenBack,
    EnrollmentCancelled,
    EnrollmentCompleted,
    LearnerAssigned,
    LearnerUnassigned,
    LearnerWithdrawn,
)
from shared.database import Connection, UuidArray, fetch
from shared.events import Recorded

_ENDS = (LearnerWithdrawn, EnrollmentCancelled, AccessExpired)
_COUNTS = (EnrollmentCompleted, CompletionTakenBack)
_ACCESS = (LearnerAssigned, LearnerUnassigned, AccessShortened, *_ENDS, *_COUNTS)
_KNOWN = """
SELECT enrollment_id, kind, version, person_id, offering_id, term, open, due_on, set_at, cause_type, batch, grants
FROM expiry_fact WHERE enrollment_id = ANY(%s)
"""
_WRITE = """
INSERT INTO expiry_fact
    (enrollment_id, kind, version, person_id, offering_id, term, open, due_on, set_at, cause_type, batch, grants)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::int[], %s::uuid[], %s::uuid[], %s::int[], %s::bool[], %s::date[],
    %s::timestamptz[], %s::text[], %s::uuid[], %s::text[])
ON CONFLICT (enrollment_id, kind) DO UPDATE SET version = excluded.version, term = excluded.term, open = excluded.open,
    due_on = excluded.due_on, set_at = excluded.set_at, cause_type = excluded.cause_type, batch = excluded.batch,
    grants = excluded.grants
"""


class Expiry(NamedTuple):
    """A row of `expiry_fact`."""

    enrollment_id: UUID
    kind: str
    version: int
    person_id: UUID
    offering_id: UUID
    term: int
    open: bool
    due_on: date | None
    set_at: datetime
    cause_type: str
    batch: UUID
    grants: str


class Expiries:
    """Writes `expiry_fact` from enrollment. A consumer of its own, so that it reads what lies before it was there."""

    name: str = "notifier.expiries"
    source: str = "enrollment"
    group: str = "notifier.expiries"
    tables: tuple[str, ...] = ("expiry_fact",)
    types: frozenset[str] = frozenset(c.TOPIC for c in _ACCESS)

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        ids = UuidArray(list({recorded.event.originator_id for recorded in events}))
        known = {(row.enrollment_id, row.kind): row for row in fetch(conn, Expiry, _KNOWN, [ids])}
        changed: dict[tuple[UUID, str], Expiry] = {}
        for recorded in events:
            for kind, follow in (("certificate", completion), ("access", access)):
                key = (recorded.event.originator_id, kind)
                before = known.get(key)
                after = follow(before, recorded)
                if after is not None and after is not before:
                    known[key] = changed[key] = after
        if changed:
            conn.execute(_WRITE, [list(column) for column in zip(*changed.values(), strict=True)])


def completion(before: Expiry | None, recorded: Recorded) -> Expiry | None:
    """How long the completion on record counts: the last one holds."""
    event = recorded.event
    if before is not None and event.originator_version <= before.version:
        return before
    match event:
        case EnrollmentCompleted(valid_until=until):
            return _told(recorded, event, "certificate", until)
        case CompletionTakenBack() if before is not None:
            return before._replace(version=event.originator_version, open=False)
    return before


def access(before: Expiry | None, recorded: Recorded) -> Expiry | None:
    """The latest day that an assignment gives holds; one without an end is the latest. The last that goes leaves the day."""
    event = recorded.event
    if before is None or (isinstance(event, LearnerAssigned) and event.term > before.term):
        return _begun(recorded, event) if isinstance(event, LearnerAssigned) else None
    if event.originator_version <= before.version:
        return before
    match event:
        case LearnerAssigned() | AccessShortened():
            given = json.loads(before.grants) | {str(event.assignment_id): _written(event.access_until)}
            return _held(before, recorded, given)
        case LearnerUnassigned():
            given = json.loads(before.grants)
            given.pop(str(event.assignment_id), None)
            return _held(before, recorded, given)
        case _:
            reopens = isinstance(event, CompletionTakenBack)
            return before._replace(version=event.originator_version, open=reopens)


def _begun(recorded: Recorded, event: LearnerAssigned) -> Expiry:
    given = {str(event.assignment_id): _written(event.access_until)}
    return _told(recorded, event, "access", event.access_until)._replace(grants=json.dumps(given))


def _held(before: Expiry, recorded: Recorded, given: dict[str, str | None]) -> Expiry:
    days = [date.fromisoformat(day) for day in given.values() if day is not None]
    until = before.due_on
    if given:
        until = max(days) if len(days) == len(given) else None
    now = before._replace(version=recorded.event.originator_version, grants=json.dumps(given))
    if until == before.due_on:
        return now
    return now._replace(
        due_on=until, set_at=recorded.recorded_at, cause_type=recorded.event.TOPIC, batch=recorded.meta.correlation
    )


def _written(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _told(recorded: Recorded, event: LearnerAssigned | EnrollmentCompleted, kind: str, until: date | None) -> Expiry:
    return Expiry(
        enrollment_id=event.originator_id,
        kind=kind,
        version=event.originator_version,
        person_id=event.person_id,
        offering_id=event.offering_id,
        term=event.term,
        open=True,
        due_on=until,
        set_at=recorded.recorded_at,
        cause_type=event.TOPIC,
        batch=recorded.meta.correlation,
        grants="{}",
    )
