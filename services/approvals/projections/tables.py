"""State that is written with its events: requests, whom the open stage names, decisions, delegations."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from shared.contracts.approvals import RequestKind
from shared.database import Connection, fetch, fetch_one
from shared.store import Int4, Table


class RequestRow(NamedTuple):
    """A request as lists show it."""

    id: UUID
    revision: int
    kind: RequestKind
    person: UUID
    offering: UUID
    enrollment: UUID | None
    term: Int4 | None
    due_on: date | None
    status: str
    outcome: str
    stage: Int4
    stages: Int4
    escalated: bool
    nobody_found: bool
    assignment: UUID | None
    reason: UUID | None
    asked_at: datetime
    escalates_at: datetime | None
    decided_at: datetime | None


class StageApproverRow(NamedTuple):
    """One entry of the open stage's list. `approved`: somebody has approved for it."""

    request: UUID
    entry: Int4
    kind: str
    person: UUID | None
    role: str | None
    approved: bool


class DecisionRow(NamedTuple):
    """What one approver decided in one stage."""

    request: UUID
    stage: Int4
    approver: UUID
    decision: str
    decided_at: datetime


class DelegationRow(NamedTuple):
    """To whom an approver delegates, and on which days, both included."""

    id: UUID
    revision: int
    person: UUID
    delegate: UUID
    starts: date
    ends: date


REQUEST = Table.of("request", RequestRow)
STAGE_APPROVER = Table.of("stage_approver", StageApproverRow, ("request", "entry"))
DECISION = Table.of("request_decision", DecisionRow, ("request", "stage", "approver"))
DELEGATION = Table.of("delegation", DelegationRow)
REFUSED_DECISION = Table("refused_decision", ("id",), {"id": "uuid", "request": "uuid"})
"""Attempts to decide that came too late; each is a stream of its own."""


def request(conn: Connection, id: UUID) -> RequestRow | None:
    return fetch_one(conn, RequestRow, f"SELECT {REQUEST.select()} FROM request WHERE id = %s", [id])


def open_request(conn: Connection, person: UUID, offering: UUID, kind: RequestKind) -> RequestRow | None:
    """The one open request of that kind (APR-3, DUE-9)."""
    query = (
        f"SELECT {REQUEST.select()} FROM request WHERE person = %s AND offering = %s AND kind = %s AND status = 'open'"
    )
    return fetch_one(conn, RequestRow, query, [person, offering, kind])


def earlier(conn: Connection, person: UUID, offering: UUID, kind: RequestKind, than: UUID | None) -> list[RequestRow]:
    """The learner's other requests of that kind for the offering, the newest first (APR-3)."""
    query = (
        f"SELECT {REQUEST.select()} FROM request WHERE person = %s AND offering = %s AND kind = %s "
        "AND id IS DISTINCT FROM %s ORDER BY asked_at DESC, id LIMIT 20"
    )
    return fetch(conn, RequestRow, query, [person, offering, kind, than])


class Before(NamedTuple):
    """How many earlier requests the learner made for the same, and how many of these were denied."""

    request: UUID
    asked: int
    denied: int


def before(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, Before]:
    """By request; those without an earlier one are left out."""
    query = (
        "SELECT r.id AS request, count(*) AS asked, count(*) FILTER (WHERE b.status = 'denied') AS denied FROM request r "
        "JOIN request b ON b.person = r.person AND b.offering = r.offering "
        "AND b.kind = r.kind AND b.id <> r.id AND b.asked_at < r.asked_at WHERE r.id = ANY(%s) GROUP BY r.id"
    )
    return {row.request: row for row in fetch(conn, Before, query, [list(ids)])}


def stage_approvers(conn: Connection, request: UUID) -> list[StageApproverRow]:
    query = f"SELECT {STAGE_APPROVER.select()} FROM stage_approver WHERE request = %s ORDER BY entry"
    return fetch(conn, StageApproverRow, query, [request])


def delegations_from(conn: Connection, person: UUID) -> list[DelegationRow]:
    """The person's delegation, that of the delegate, and so on; none where nothing is delegated."""
    query = (
        f"WITH RECURSIVE chain AS (SELECT {DELEGATION.select()} FROM delegation WHERE person = %s "
        f"UNION SELECT {DELEGATION.select('d')} FROM chain JOIN delegation d ON d.person = chain.delegate) "
        "SELECT * FROM chain"
    )
    return fetch(conn, DelegationRow, query, [person])


def delegations_to(conn: Connection, people: Iterable[UUID]) -> list[DelegationRow]:
    """Who delegates to one of these people, today or later."""
    query = (
        f"SELECT {DELEGATION.select()} FROM delegation WHERE delegate = ANY(%s) AND ends >= today() ORDER BY starts, id"
    )
    return fetch(conn, DelegationRow, query, [list(people)])
