"""The billing report: course assignments by home organisation and month, those that were cancelled left out (ASG-19)."""

from datetime import UTC, date, datetime
from uuid import UUID

from psycopg.rows import class_row
from pydantic import BaseModel

from services.reporting.reports.moment import Moment
from shared.auth import Scope
from shared.database import Database
from shared.errors import Invalid
from shared.limits import check_day
from shared.readmodel import Page, cursor_decode, cursor_encode


class BillingRow(BaseModel):
    """So many course assignments were created in that month, for learners who were at home there then, and not cancelled."""

    home_organisation_id: UUID | None
    home_organisation: str | None
    offering_id: UUID
    offering_code: str | None
    offering_title: str | None
    created: int
    cancelled: int
    billed: int


_BILLING = """
WITH counted AS (
    SELECT p.home_organisation, m.offering_id, count(*) AS created, count(c.position) AS cancelled
    FROM membership m
    JOIN offering o ON o.offering_id = m.offering_id AND o.kind = 'course' AND {offering}
    LEFT JOIN person p ON p.person_id = m.person_id AND p.valid_from <= m.valid_from
        AND (p.valid_to IS NULL OR p.valid_to > m.valid_from)
    LEFT JOIN cancellation c ON c.enrollment_id = m.enrollment_id AND c.assignment_id = m.assignment_id
        AND c.valid_from = m.valid_to AND c.valid_from <= %(at)s
    WHERE m.valid_from >= %(first)s AND m.valid_from < %(after)s AND m.valid_from <= %(at)s
        AND (%(everything)s OR p.home_organisation IN (
            WITH RECURSIVE below (id) AS (SELECT unnest(%(scope)s::uuid[]) UNION
                SELECT u.unit_id FROM unit u JOIN below ON u.parent = below.id WHERE u.valid_to IS NULL)
            SELECT id FROM below))
    GROUP BY 1, 2
)
SELECT home_organisation AS home_organisation_id, h.name AS home_organisation, counted.offering_id, o.code AS offering_code,
    o.title AS offering_title, created, cancelled, created - cancelled AS billed
FROM counted
LEFT JOIN unit h ON h.unit_id = home_organisation AND h.valid_to IS NULL
LEFT JOIN offering o ON o.offering_id = counted.offering_id AND o.valid_to IS NULL
WHERE %(organisation)s::uuid IS NULL OR (coalesce(home_organisation, %(none)s), counted.offering_id) > (%(organisation)s, %(last)s)
ORDER BY coalesce(home_organisation, %(none)s), counted.offering_id LIMIT %(limit)s
"""
_NONE = UUID(int=0)


class BillingReport:
    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, month: str, as_of: str | None, scope: Scope, cursor: str | None, limit: int) -> Page[BillingRow]:
        """`month` as 2026-11, in UTC. By organisation, then offering."""
        first, after = _bounds(month)
        organisation, last = cursor_decode(cursor, UUID, UUID) if cursor else (None, None)
        now = datetime.now(UTC)
        moment = Moment.parse(as_of, now)
        values = {
            "first": first,
            "after": after,
            "at": moment.at or now,
            "everything": scope.everything,
            "scope": list(scope.organisations),
            "none": _NONE,
            "organisation": organisation,
            "last": last,
            "limit": limit + 1,
        }
        query = _BILLING.format(offering=moment.holds("o"))
        with self._database.transaction(snapshot=True) as conn, conn.cursor(row_factory=class_row(BillingRow)) as rows:
            found = rows.execute(query.encode(), values).fetchall()
        items = found[:limit]
        more = items[-1] if len(found) > limit else None
        following = cursor_encode(str(more.home_organisation_id or _NONE), str(more.offering_id)) if more else None
        return Page(items=items, next=following)


def _bounds(month: str) -> tuple[datetime, datetime]:
    try:
        first = check_day(date.fromisoformat(f"{month}-01"), "month")
    except ValueError:
        raise Invalid("Give the month as 2026-11.", field="month") from None
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return datetime(first.year, first.month, 1, tzinfo=UTC), datetime(after.year, after.month, 1, tzinfo=UTC)
