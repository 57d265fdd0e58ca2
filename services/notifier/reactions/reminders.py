"""Learners are reminded of due dates, so many days before or after them (DUE-8, NTF-1)."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from services.notifier.domain import reminder
from services.notifier.reactions.reasons import write
from shared.database import Connection, uuid_of

_CHUNK = 5_000

# The days are looked up first; the moment, which depends on the learner's time zone, is within a day and a half of them.
_DUE = """
WITH RECURSIVE zoned (unit, zone) AS (
    SELECT u.id, z.time_zone FROM unit_fact u LEFT JOIN zone_fact z ON z.id = u.id WHERE u.parent IS NULL
    UNION ALL
    SELECT u.id, coalesce(z.time_zone, above.zone)
    FROM zoned above JOIN unit_fact u ON u.parent = above.unit LEFT JOIN zone_fact z ON z.id = u.id
), near AS MATERIALIZED (
    SELECT d.*, t.days FROM unnest(%(days)s::int[]) AS t (days)
    JOIN due_fact d ON d.open AND d.due_on BETWEEN (now() - %(late)s)::date - t.days - 2 AND now()::date - t.days + 2
    WHERE (%(only)s::uuid[] IS NULL OR d.enrollment_id = ANY(%(only)s))
    AND NOT EXISTS (SELECT FROM set_aside s WHERE s.worker = %(worker)s AND s.subject = d.enrollment_id)
    AND NOT EXISTS (
        SELECT FROM ledger l WHERE l.enrollment_id = d.enrollment_id AND l.term = d.term AND l.due_days = t.days
            AND l.due_on = d.due_on AND l.due_time IS NOT DISTINCT FROM d.due_time
    )
), timed AS (
    SELECT near.*, due.moment, due.moment + make_interval(days => days) AS at
    FROM near JOIN person_fact p ON p.id = near.person_id AND p.active
    LEFT JOIN zoned ON zoned.unit = p.home
    CROSS JOIN LATERAL due_moment(near.due_on, near.due_time, zoned.zone) AS due (moment)
)
SELECT enrollment_id, term, person_id, offering_id, due_on, due_time, days, at, cause_type, batch
FROM timed CROSS JOIN ledger_start
WHERE at <= now() AND at > now() - %(late)s AND at > set_at AND at > reminders_since AND (days >= 0 OR now() < moment)
ORDER BY at, enrollment_id, days LIMIT %(limit)s
"""


_NEAR = """
SELECT DISTINCT d.enrollment_id FROM unnest(%(days)s::int[]) AS t (days)
JOIN due_fact d ON d.open AND d.due_on BETWEEN (now() - %(late)s)::date - t.days - 2 AND now()::date - t.days + 2
"""


class Reminders:
    """Finds who is to be reminded now. Whoever got a date that was already nearer was told with it, and is not reminded at once."""

    name = "notifier reminders"
    kind = "enrollment"

    def __init__(self, days: Sequence[int], late: timedelta) -> None:
        """`days`: before (negative) or after the due date. `late`: after so long a reminder is not sent any more."""
        self._values = {"days": list(days), "late": late, "limit": _CHUNK, "worker": self.name}

    def due(self, conn: Connection) -> list[UUID]:
        """Enrollments whose due date is near a day of reminding."""
        return [uuid_of(id) for (id,) in conn.execute(_NEAR, self._values)]

    def tell(self, conn: Connection, only: Sequence[UUID] | None) -> int:
        """Returns how many reminders were due."""
        found = conn.execute(_DUE, {**self._values, "only": only}).fetchall()
        write(conn, [reminder(*one) for one in found])  # type: ignore[arg-type]
        return len(found)
