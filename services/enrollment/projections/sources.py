"""The assignments of enrollments, as the learner and administrators see them (GRP-8)."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from services.enrollment.projections.enrollments import OWN
from services.enrollment.projections.matching import DUE
from services.enrollment.projections.names import JOINS, NAME
from shared.contracts.enrollment import AssignmentType, By, TimeOfDay
from shared.database import Connection, fetch


class SourceRow(NamedTuple):
    """`held`: it waits for an administrator. `own`: the learner came by it alone."""

    offering: UUID
    assignment: UUID
    type: AssignmentType
    name: str | None
    held: bool
    own: bool
    since: date | None
    access_until: date | None
    rule: str | None
    due: str | None
    """What the rule says of this learner today, in the learner's time zone."""
    term_due: date | None
    """When the learner's term is due, by whatever holds."""
    term_due_at: TimeOfDay | None
    due_by_hand: bool
    joined_by: By | None
    allow_withdraw: bool | None


_SOURCES = f"""
SELECT e.offering, a.id AS assignment, a.type, {NAME} AS name, s.held,
    coalesce({OWN.format(assignment="a", member="m")}, false) AS own,
    s.since, s.access_until, a.due AS rule,
    {DUE.format(rule="a.due", keys="a.id, e.person, a.offering, a.target", zone="%(zone)s")} AS due,
    e.due AS term_due, e.due_at AS term_due_at, e.due_by_hand, m.joined_by, lg.allow_withdraw
FROM enrollment e CROSS JOIN LATERAL (
    SELECT k.assignment, false AS held, k.since, k.access_until FROM learner_grant k WHERE k.enrollment = e.id
    UNION ALL
    SELECT h.assignment, true, h.since, NULL FROM hold h
    WHERE h.enrollment = e.id AND NOT h.refused
        AND NOT EXISTS (SELECT FROM learner_grant g WHERE g.enrollment = e.id AND g.assignment = h.assignment)
) AS s JOIN assignment a ON a.id = s.assignment
{JOINS}
LEFT JOIN group_member m ON m.assignment = a.id AND m.person = e.person
WHERE e.person = %(person)s AND e.offering = ANY(%(offerings)s) ORDER BY a.created_at, a.id
"""


def sources(conn: Connection, person: UUID, offerings: Sequence[UUID], zone: ZoneInfo) -> list[SourceRow]:
    """What holds the learner on these offerings, and what waits for an administrator; oldest first. `zone`: the learner's."""
    values = {"person": person, "offerings": list(offerings), "zone": zone.key}
    return fetch(conn, SourceRow, _SOURCES, values, binary=True)
