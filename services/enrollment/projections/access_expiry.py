"""Access periods: when a grant was created, and whose last day of access is over (ASG-14, ASG-19, ENR-6)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from shared.database import Connection, fetch

_CREATED = """
SELECT recorded_at FROM events WHERE stream = %s AND type = 'enrollment.LearnerAssigned.v1'
    AND convert_from(body, 'UTF8')::jsonb ->> 'assignment_id' = %s::text
ORDER BY version DESC LIMIT 1
"""
_OVER = """
WITH over AS (
    SELECT id, person, offering, revision, term, access_until FROM enrollment e
    WHERE live AND completed_at IS NULL AND via IS NULL AND access_until < today() AND coalesce(e.id = %(only)s, true)
        AND NOT EXISTS (SELECT FROM set_aside s WHERE s.worker = %(worker)s AND s.subject = e.id)
    ORDER BY access_until LIMIT %(limit)s
), within AS (
    SELECT e.id, e.person, e.offering, e.revision, e.term, today() - 1 AS access_until FROM enrollment e
    JOIN enrollment c ON c.id = e.via AND NOT c.live
    WHERE e.live AND e.via IS NOT NULL AND coalesce(e.id = %(only)s, true)
        AND (e.completed_at IS NULL AND e.access_until < today()
            OR NOT EXISTS (SELECT FROM learner_grant g WHERE g.enrollment = e.id))
        AND NOT EXISTS (SELECT FROM set_aside s WHERE s.worker = %(worker)s AND s.subject = e.id) LIMIT %(limit)s
), every AS (
    SELECT * FROM over UNION ALL SELECT * FROM within
)
SELECT offering, o.revision, term, max(access_until) AS access_until, array_agg(person) AS people, array_agg(o.id) AS enrollments,
    array_agg(coalesce(d.revision, 0)) AS queued, gen_random_uuid() AS batch
FROM every o LEFT JOIN evaluation_queue d ON d.id = person GROUP BY offering, o.revision, term
"""


class Over(NamedTuple):
    """Learners on one offering, at the same point of their history, whose access is over."""

    offering: UUID
    revision: int
    term: int
    access_until: date
    people: list[UUID]
    enrollments: list[UUID]
    queued: list[int]
    batch: UUID

    def only(self, chosen: Sequence[int]) -> "Over":
        """Some of them, by their places."""
        return self._replace(
            people=[self.people[place] for place in chosen],
            enrollments=[self.enrollments[place] for place in chosen],
            queued=[self.queued[place] for place in chosen],
        )


def created_at(conn: Connection, enrollment: UUID, assignment: UUID) -> datetime | None:
    """When this assignment came to hold this learner, the last time: the creation and billing date of the course assignment."""
    row = conn.execute(_CREATED, [enrollment, assignment]).fetchone()
    return row[0] if row and isinstance(row[0], datetime) else None


def over(conn: Connection, limit: int, worker: str) -> list[Over]:
    """Those whose access ended longest ago first; and who worked on a course by a certification whose term is over (CAT-2).

    At most `limit` learners of each. Without what the worker has set aside.
    """
    return _over(conn, {"only": None, "worker": worker, "limit": limit})


def over_of(conn: Connection, enrollment: UUID) -> list[Over]:
    """The same for one enrollment, also where it was set aside; empty where its access is not over."""
    return _over(conn, {"only": enrollment, "worker": "", "limit": 1})


def _over(conn: Connection, values: Mapping[str, object]) -> list[Over]:
    return fetch(conn, Over, _OVER, values, binary=True)
