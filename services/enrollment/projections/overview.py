"""Numbers of the learners of one's organisations (ADM-4, RPT-1). Scope is a filter (SEC-2)."""

from datetime import date, timedelta

from pydantic import BaseModel

from services.enrollment.projections import facts
from services.enrollment.projections.assignments import IN_SCOPE
from shared.auth import Scope
from shared.database import Connection, fetch_one

DUE_SOON, EXPIRING_SOON = 14, 60
"""Days."""


class Overview(BaseModel):
    """Enrollments of active people whose home organisation lies within the scope."""

    day: date
    """Today, from which days are counted."""
    assigned: int
    """That hold now, completed or not."""
    overdue: int
    due_soon: int
    """Not completed, and due within 14 days."""
    certified: int
    """Certifications that were completed this month."""
    expiring: int
    """Completed, and valid for at most 60 days more."""


_OVERVIEW = f"""
SELECT %(today)s::date AS day, count(*) AS assigned,
    count(*) FILTER (WHERE e.completed_at IS NULL AND e.waiting IS NULL AND e.due < %(today)s) AS overdue,
    count(*) FILTER (WHERE e.completed_at IS NULL AND e.waiting IS NULL AND e.due BETWEEN %(today)s AND %(due_soon)s) AS due_soon,
    count(*) FILTER (WHERE o.kind = 'certification' AND e.completed_at >= %(month)s AND NOT e.revoked) AS certified,
    count(*) FILTER (WHERE e.completed_at IS NOT NULL AND NOT e.revoked AND e.valid_until BETWEEN %(today)s AND %(expiring)s)
        AS expiring
FROM enrollment e JOIN person_fact p ON p.id = e.person AND p.active JOIN offering_fact o ON o.id = e.offering
WHERE e.live AND {IN_SCOPE.format("p.home")}
"""


def overview(conn: Connection, scope: Scope) -> Overview:
    """One pass over what holds now."""
    today = facts.today(conn)
    days = {
        "today": today,
        "month": today.replace(day=1),
        "due_soon": today + timedelta(days=DUE_SOON),
        "expiring": today + timedelta(days=EXPIRING_SOON),
    }
    found = fetch_one(conn, Overview, _OVERVIEW, {**days, **scope.values})
    assert found is not None, "a count is always there"
    return found
