"""Everything that happened to a request: who, when, what, why (APR-8)."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.approvals.projections import facts
from shared import texts
from shared.contracts.approvals import (
    DecisionRefused,
    RequestApproved,
    RequestClosed,
    RequestDenied,
    RequestedAssignmentEnded,
    RequestEscalated,
    RequestRefused,
    StageApproved,
    StageOpened,
)
from shared.database import Connection, fetch
from shared.events import SYSTEM, Event, Meta, Recorded, TextRef, decode


class HistoryEntry(BaseModel):
    """One thing that happened to a request."""

    at: datetime
    what: str
    """The name of the event, such as `StageApproved`."""
    by_id: UUID | None
    """None: Rollbook itself."""
    by: str | None
    for_id: UUID | None = None
    """For whom the approver decided (APR-5)."""
    on_behalf_of: str | None = None
    stage: int | None = None
    people: list[str] = []
    """Who may decide from then on."""
    reason: str | None = None
    """In the person's own words."""
    detail: str | None = None
    """Why, where Rollbook says so: how it was closed, refused or ended."""


class _Stored(BaseModel):
    position: int
    stream: UUID
    version: int
    type: str
    recorded_at: datetime
    meta: str
    body: bytes


def history(conn: Connection, request: UUID) -> list[HistoryEntry]:
    """In the order in which it happened. Names are those of today (DIR-12)."""
    query = (
        "SELECT position, stream, version, type, recorded_at, meta, body FROM events WHERE stream = %(request)s "
        "OR stream IN (SELECT id FROM refused_decision WHERE request = %(request)s) ORDER BY position"
    )
    recorded = [
        Recorded(
            row.position,
            row.recorded_at,
            decode(row.type, row.stream, row.version, row.body),
            Meta.model_validate_json(row.meta),
        )
        for row in fetch(conn, _Stored, query, {"request": request})
    ]
    words = texts.read(conn, [ref.id for one in recorded if (ref := _reason(one.event))])
    names = facts.names(conn, {person for one in recorded for person in _named(one)})
    return [_entry(one, names, words) for one in recorded if not isinstance(one.event, RequestApproved)]


def _entry(one: Recorded, names: Mapping[UUID, str], words: Mapping[UUID, str]) -> HistoryEntry:
    event, actor = one.event, one.meta.actor
    ref = _reason(event)
    entry = HistoryEntry(
        at=one.recorded_at,
        what=type(event).__name__,
        by_id=None if actor == SYSTEM else actor,
        by=names.get(actor),
        reason=words.get(ref.id) if ref else None,
    )
    match event:
        case StageOpened() | RequestEscalated():
            entry.stage, entry.people = event.stage, sorted(names[id] for id in event.approvers if id in names)
        case StageApproved() | RequestDenied():
            entry.stage, entry.for_id = event.stage, event.for_id
            entry.on_behalf_of = names.get(event.for_id) if event.for_id else None
        case RequestClosed() | RequestedAssignmentEnded():
            entry.detail = event.why
        case RequestRefused():
            entry.detail = event.detail
        case DecisionRefused():
            entry.detail = f"{event.decision}: {event.problem}"
    return entry


def _reason(event: Event) -> TextRef | None:
    reason = getattr(event, "reason", None)
    return reason if isinstance(reason, TextRef) else None


def _named(one: Recorded) -> set[UUID]:
    event, found = one.event, {one.meta.actor}
    if isinstance(event, StageOpened | RequestEscalated):
        found |= set(event.approvers)
    if isinstance(event, StageApproved | RequestDenied) and event.for_id:
        found.add(event.for_id)
    return found
