"""The assignments of one enrollment, as the learner and administrators see them (GRP-8)."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.enrollment.projections import organisations
from services.enrollment.projections.names import JOINS, NAME
from shared.contracts.enrollment import AssignmentType, By
from shared.database import Connection


class SourceRow(NamedTuple):
    assignment: UUID
    type: AssignmentType
    name: str | None
    held: bool
    since: date | None
    rule: str | None
    due: str | None
    """What the rule says of this learner today, in the learner's time zone."""
    joined_by: By | None
    allow_withdraw: bool | None


_SOURCES = f"""
SELECT a.id, a.type, {NAME}, s.held, s.since, a.due,
    CASE WHEN a.due IS NOT NULL THEN CASE WHEN a.due::jsonb ->> 'kind' = 'fixed'
        THEN (a.due::jsonb ->> 'on') || coalesce('T' || (a.due::jsonb ->> 'time'), '')
        ELSE due_date(a.due::jsonb, a.id, e.person, a.offering, a.target, %(zone)s) END END,
    m.joined_by, lg.allow_withdraw
FROM enrollment e CROSS JOIN LATERAL (
    SELECT k.assignment, false AS held, k.since FROM learner_grant k WHERE k.enrollment = e.id
    UNION ALL
    SELECT h.assignment, true, h.since FROM hold h
    WHERE h.enrollment = e.id AND NOT h.refused
        AND NOT EXISTS (SELECT FROM learner_grant g WHERE g.enrollment = e.id AND g.assignment = h.assignment)
) AS s JOIN assignment a ON a.id = s.assignment
{JOINS}
LEFT JOIN group_member m ON m.assignment = a.id AND m.person = e.person
WHERE e.person = %(person)s AND e.offering = %(offering)s ORDER BY a.created_at, a.id
"""


def sources(conn: Connection, person: UUID, offering: UUID) -> list[SourceRow]:
    """What holds the learner, and what waits for an administrator; oldest first."""
    values = {"person": person, "offering": offering, "zone": organisations.zone_of(conn, person).key}
    rows = conn.execute(_SOURCES.encode(), values, binary=True)
    return [SourceRow(*row) for row in rows]  # type: ignore[arg-type]
