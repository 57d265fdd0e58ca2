"""A learner's managers get a copy, with a text of its own, once the learner's e-mail has gone (NTF-1).

By then everything is known that it needs, and its reason has held; who manages the learner is asked at that moment.
"""

from collections.abc import Sequence
from uuid import UUID

from services.notifier.application.reasons import write
from services.notifier.domain import Reason
from shared.database import Connection, column, fetch

_CHUNK = 1_000
_OVER = """
SELECT l.number, l.message_id FROM ledger l JOIN message m ON m.id = l.message_id
WHERE l.copying AND m.state IN ('sent', 'withdrawn') AND (%(only)s::uuid[] IS NULL OR l.message_id = ANY(%(only)s))
    AND NOT EXISTS (SELECT FROM set_aside s WHERE s.worker = %(worker)s AND s.subject = l.message_id)
ORDER BY l.number LIMIT %(limit)s FOR UPDATE OF l SKIP LOCKED
"""
_RECIPIENTS = """
SELECT l.cause_stream, l.cause_version, m.manager AS person_id, l.template || '-copy' AS template, l.cause_type, l.caused_at,
    l.batch, l.offering_id, l.enrollment_id, l.assignment_id, l.term, l.serial, l.due_on, l.due_time, l.due_days, l.request_id,
    l.request_kind, l.person_id AS learner_id, l.job_role_id
FROM ledger l JOIN message sent ON sent.id = l.message_id AND sent.state = 'sent'
JOIN person_fact p ON p.id = l.person_id LEFT JOIN offering_fact o ON o.id = l.offering_id
CROSS JOIN LATERAL managers_of(l.person_id, (now() AT TIME ZONE coalesce(zone_of(p.home), 'UTC'))::date) AS m (manager)
WHERE l.number = ANY(%s) AND (l.template = ANY(o.copied) OR EXISTS (
    SELECT FROM upwards(p.home) up JOIN mail_switches s ON s.organisation IS NOT DISTINCT FROM up.id
    WHERE l.template = ANY(s.copied)))
"""
_DONE = "UPDATE ledger SET copying = false WHERE number = ANY(%s)"


class Copies:
    """Finds the managers of learners whose e-mail was sent."""

    name = "notifier copies"
    kind = "message"

    def due(self, conn: Connection) -> list[UUID]:
        return column(conn, "SELECT message_id FROM ledger WHERE copying", UUID)

    def tell(self, conn: Connection, only: Sequence[UUID] | None) -> int:
        """Returns how many e-mails were looked at."""
        over = conn.execute(_OVER, {"only": only, "worker": self.name, "limit": _CHUNK}).fetchall()
        if over:
            numbers = [number for number, _ in over]
            write(conn, fetch(conn, Reason, _RECIPIENTS, [numbers]))
            conn.execute(_DONE, [numbers])
        return len(over)
