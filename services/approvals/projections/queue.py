"""Lists of requests: what waits for whom, what somebody asked, what somebody decided (APR-1, APR-7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from services.approvals.projections.tables import REQUEST, RequestRow
from shared.auth import Scope
from shared.contracts.approvals import RequestKind
from shared.database import Connection, fetch, pairs, scalar
from shared.readmodel import Page, cursor_decode, page_of

QueueState = Literal["waiting", "decided"]


@dataclass(frozen=True)
class QueueQuery:
    """What to list."""

    kind: RequestKind | None = None
    offering: UUID | None = None
    person: UUID | None = None
    status: str | None = None
    ids: Sequence[UUID] | None = None
    """Only these."""


class Acting(NamedTuple):
    """In what capacity somebody may decide on a request: for an entry of the stage's list, and for whom."""

    request: UUID
    entry: int
    for_person: UUID | None


_FILTER = """(%(kind)s::text IS NULL OR r.kind = %(kind)s) AND (%(offering)s::uuid IS NULL OR r.offering = %(offering)s)
    AND (%(person)s::uuid IS NULL OR r.person = %(person)s) AND (%(status)s::text IS NULL OR r.status = %(status)s)
    AND (%(ids)s::uuid[] IS NULL OR r.id = ANY(%(ids)s))"""
_WAITING = f"""
FROM request r WHERE {_FILTER} AND r.status = 'open'
    AND r.id IN (SELECT a.request FROM acting_approver a WHERE a.person = %(caller)s)
    AND NOT EXISTS (SELECT FROM request_decision d WHERE d.request = r.id AND d.stage = r.stage AND d.approver = %(caller)s)
"""
_DECIDED = f"""
FROM request r WHERE {_FILTER} AND r.id IN (SELECT d.request FROM request_decision d WHERE d.approver = %(caller)s)
"""
_SEEN = f"""
FROM request r WHERE {_FILTER} AND (%(everything)s OR r.person IN (
    SELECT p.id FROM person_fact p JOIN unit_above u ON u.unit = p.home WHERE u.above = ANY(%(organisations)s)))
"""
_OWN = f"FROM request r WHERE {_FILTER}"
_OLDEST = """ AND (%(at)s::timestamptz IS NULL OR (r.asked_at, r.id) > (%(at)s, %(id)s::uuid))
ORDER BY r.asked_at, r.id LIMIT %(limit)s"""
_NEWEST = """ AND (%(at)s::timestamptz IS NULL OR (r.asked_at, r.id) < (%(at)s, %(id)s::uuid))
ORDER BY r.asked_at DESC, r.id DESC LIMIT %(limit)s"""


def queue(
    conn: Connection, caller: UUID, query: QueueQuery, state: QueueState, cursor: str | None, limit: int
) -> Page[RequestRow]:
    """What waits for somebody's decision, the oldest first; or what somebody decided, the newest first."""
    part, order = (_WAITING, _OLDEST) if state == "waiting" else (_DECIDED, _NEWEST)
    return _page(conn, part + order, {"caller": caller, **vars(query)}, cursor, limit)


def waiting(conn: Connection, caller: UUID, query: QueueQuery) -> int:
    """How many requests wait for somebody's decision."""
    return scalar(conn, f"SELECT count(*) {_WAITING}", int, {"caller": caller, **vars(query)})


def seen(conn: Connection, scope: Scope, query: QueueQuery, cursor: str | None, limit: int) -> Page[RequestRow]:
    """Requests of learners within the scope, the newest first (SEC-2)."""
    values = {"everything": scope.everything, "organisations": list(scope.organisations), **vars(query)}
    return _page(conn, _SEEN + _NEWEST, values, cursor, limit)


def own(conn: Connection, query: QueueQuery, cursor: str | None, limit: int) -> Page[RequestRow]:
    """Those of `query.person`, the newest first."""
    return _page(conn, _OWN + _NEWEST, vars(query), cursor, limit)


def acting(conn: Connection, caller: UUID, requests: Sequence[UUID]) -> list[Acting]:
    """In what capacity somebody may decide on these requests: the own ones first."""
    query = (
        "SELECT request, entry, for_person FROM acting_approver WHERE person = %s AND request = ANY(%s) "
        "ORDER BY request, for_person NULLS FIRST, entry"
    )
    return fetch(conn, Acting, query, [caller, list(requests)])


def approvers(conn: Connection, requests: Sequence[UUID]) -> list[tuple[UUID, UUID]]:
    """Of those that are open: pairs of a request and somebody who may decide on it, delegates apart."""
    query = "SELECT DISTINCT request, person FROM approver WHERE request = ANY(%s)"
    return pairs(conn, query, UUID, UUID, [list(requests)])


def decides(conn: Connection, person: UUID) -> bool:
    """Whether somebody is there to decide: leads others, holds a permission role, is named on an open request, or has decided."""
    query = (
        "SELECT EXISTS (SELECT FROM current_manager WHERE manager = %(person)s) "
        "OR EXISTS (SELECT FROM permission_role WHERE person = %(person)s AND role <> 'learner') "
        "OR EXISTS (SELECT FROM stage_approver WHERE person = %(person)s) "
        "OR EXISTS (SELECT FROM request_decision WHERE approver = %(person)s)"
    )
    return scalar(conn, query, bool, {"person": person})


def decided(conn: Connection, caller: UUID, request: UUID) -> bool:
    """Whether somebody has decided on it, in whatever stage."""
    query = "SELECT EXISTS (SELECT FROM request_decision WHERE approver = %s AND request = %s)"
    return scalar(conn, query, bool, [caller, request])


def _page(conn: Connection, query: str, values: dict[str, object], cursor: str | None, limit: int) -> Page[RequestRow]:
    at, id = cursor_decode(cursor, datetime.fromisoformat, UUID) if cursor else (None, None)
    asked = {**values, "at": at, "id": id, "limit": limit + 1}
    rows = fetch(conn, RequestRow, f"SELECT {REQUEST.select('r')} {query}", asked)
    return page_of(rows, limit, lambda row: (row.asked_at.isoformat(), row.id))
