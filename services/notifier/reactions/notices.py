"""Administrators are told of new exceptions (DUE-7), once their batch has been written."""

from collections.abc import Sequence
from uuid import UUID

from services.notifier.application.reasons import columns, write
from services.notifier.domain import notice
from shared.database import Connection, column, fetch

_CHUNK = 100

# One that is about somebody whom the directory has not told of yet waits: nobody knows who is responsible.
_DUE = """
SELECT n.batch, n.offering_id FROM exception_notice n
WHERE NOT n.addressed AND n.due_at <= now() AND (%(only)s::uuid[] IS NULL OR n.batch = ANY(%(only)s))
    AND NOT EXISTS (SELECT FROM set_aside s WHERE s.worker = %(worker)s AND s.subject = n.batch)
    AND NOT EXISTS (
    SELECT FROM exception_case c LEFT JOIN person_fact p ON p.id = c.person_id
    WHERE c.batch = n.batch AND c.offering_id = n.offering_id AND c.waiting <> '{}' AND p.id IS NULL
)
ORDER BY n.due_at LIMIT %(limit)s FOR UPDATE OF n SKIP LOCKED
"""
_RECIPIENTS = """
SELECT n.batch, n.offering_id AS offering, n.raised_at, a.person_id AS administrator, n.withheld, n.withheld_by
FROM unnest(%s::uuid[], %s::uuid[]) AS t (batch, offering)
JOIN exception_notice n ON n.batch = t.batch AND n.offering_id = t.offering
CROSS JOIN (SELECT DISTINCT person_id FROM administrator_fact) a
JOIN person_fact p ON p.id = a.person_id AND p.active
WHERE EXISTS (SELECT FROM exceptions_for(n.batch, n.offering_id, a.person_id) x WHERE x.held)
"""
_ADDRESSED = """
UPDATE exception_notice n SET addressed = true FROM unnest(%s::uuid[], %s::uuid[]) AS t (batch, offering)
WHERE n.batch = t.batch AND n.offering_id = t.offering
"""


class Notices:
    """Finds the administrators whom a notice is for, when it is due; what comes to it later finds only those not told yet."""

    name = "notifier notices"
    kind = "batch"

    def due(self, conn: Connection) -> list[UUID]:
        """Batches with notices that are not addressed yet."""
        query = "SELECT DISTINCT batch FROM exception_notice WHERE NOT addressed AND due_at <= now()"
        return column(conn, query, UUID)

    def tell(self, conn: Connection, only: Sequence[UUID] | None) -> int:
        """Returns how many notices were due."""
        due = conn.execute(_DUE, {"only": only, "worker": self.name, "limit": _CHUNK}).fetchall()
        if due:
            subjects = columns(due)
            write(conn, fetch(conn, notice, _RECIPIENTS, subjects))
            conn.execute(_ADDRESSED, subjects)
        return len(due)
