"""Learners are reminded of due dates, of completions that will not count any more, and of access that ends, so many days before or
after them (DUE-8, NTF-1)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from services.notifier.application.reasons import write
from services.notifier.domain import DueReminder, remind
from shared.database import Connection, column, fetch

_CHUNK = 5_000

# Every offset that anybody uses, and whether it is the learner's offering that uses it. The days are looked up first; the moment,
# which depends on the learner's time zone, is within a day and a half of them.
_NEAR = """
usual (kind, days) AS (
    SELECT 'due', unnest(%(due)s::int[]) UNION ALL SELECT 'certificate', unnest(%(certificate)s::int[])
    UNION ALL SELECT 'access', unnest(%(access)s::int[])
), own (offering, kind, days) AS (
    SELECT id, 'due', unnest(due_reminders) FROM offering_fact UNION ALL
    SELECT id, 'certificate', unnest(certificate_reminders) FROM offering_fact UNION ALL
    SELECT id, 'access', unnest(access_reminders) FROM offering_fact
), every AS (
    SELECT kind, days FROM usual UNION SELECT kind, days FROM own
), near AS MATERIALIZED (
    SELECT d.*, t.days, CASE t.kind WHEN 'due' THEN CASE WHEN t.days < 0 THEN 'due-soon' ELSE 'overdue' END
        WHEN 'access' THEN 'access-expiring'
        ELSE CASE WHEN t.days < 0 THEN 'certificate-expiring' ELSE 'certificate-expired' END END AS template
    FROM every t
    JOIN deadline d ON d.kind = t.kind AND d.open
        AND d.due_on BETWEEN (now() - %(late)s)::date - t.days - 2 AND now()::date - t.days + 2
    LEFT JOIN offering_fact o ON o.id = d.offering_id
    WHERE CASE WHEN (CASE t.kind WHEN 'due' THEN o.due_reminders WHEN 'access' THEN o.access_reminders
        ELSE o.certificate_reminders END) IS NULL
        THEN EXISTS (SELECT FROM usual u WHERE (u.kind, u.days) = (t.kind, t.days))
        ELSE EXISTS (SELECT FROM own WHERE (own.offering, own.kind, own.days) = (d.offering_id, t.kind, t.days)) END
    AND (%(only)s::uuid[] IS NULL OR d.enrollment_id = ANY(%(only)s))
)
"""
_DUE = f"""
WITH RECURSIVE zoned (unit, zone) AS (
    SELECT u.id, z.time_zone FROM unit_fact u LEFT JOIN zone_fact z ON z.id = u.id WHERE u.parent IS NULL
    UNION ALL
    SELECT u.id, coalesce(z.time_zone, above.zone)
    FROM zoned above JOIN unit_fact u ON u.parent = above.unit LEFT JOIN zone_fact z ON z.id = u.id
), {_NEAR}, fresh AS MATERIALIZED (
    SELECT * FROM near
    WHERE NOT EXISTS (SELECT FROM set_aside s WHERE s.worker = %(worker)s AND s.subject = near.enrollment_id)
    AND NOT EXISTS (
        SELECT FROM ledger l WHERE l.enrollment_id = near.enrollment_id AND l.term = near.term AND l.due_days = near.days
            AND l.template = near.template AND l.due_on = near.due_on AND l.due_time IS NOT DISTINCT FROM near.due_time
    )
), timed AS (
    SELECT fresh.*, due.moment, due.moment + make_interval(days => days) AS at
    FROM fresh JOIN person_fact p ON p.id = fresh.person_id AND p.active
    LEFT JOIN zoned ON zoned.unit = p.home
    CROSS JOIN LATERAL due_moment(fresh.due_on, fresh.due_time, zoned.zone) AS due (moment)
)
SELECT kind, template, enrollment_id, term, person_id, offering_id, due_on, due_time, days, at, cause_type, batch
FROM timed CROSS JOIN ledger_start
WHERE at <= now() AND at > now() - %(late)s AND at > set_at AND (days >= 0 OR now() < moment)
    AND at > CASE kind WHEN 'due' THEN reminders_since ELSE occasions_since END
ORDER BY at, enrollment_id, days LIMIT %(limit)s
"""
_DUE_SOON = f"WITH {_NEAR} SELECT DISTINCT enrollment_id FROM near"


class ReminderDays(NamedTuple):
    """Where an offering says nothing: days before (negative) or after a due date, the last day on which a completion counts, and
    the last day of access."""

    due: Sequence[int]
    certificate: Sequence[int]
    access: Sequence[int]


class Reminders:
    """Finds who is to be reminded now. Whoever got a date that was already nearer was told with it, and is not reminded at once."""

    name = "notifier reminders"
    kind = "enrollment"

    def __init__(self, days: ReminderDays, late: timedelta) -> None:
        """`late`: after so long a reminder is not sent any more."""
        usual = {kind: list(values) for kind, values in days._asdict().items()}
        self._values: dict[str, object] = {**usual, "late": late, "limit": _CHUNK, "worker": self.name}

    def due(self, conn: Connection) -> list[UUID]:
        """Enrollments with a day that is near one of reminding."""
        return column(conn, _DUE_SOON, UUID, {**self._values, "only": None})

    def tell(self, conn: Connection, only: Sequence[UUID] | None) -> int:
        """Returns how many reminders were due."""
        found = fetch(conn, DueReminder, _DUE, {**self._values, "only": only})
        write(conn, [remind(due) for due in found])
        return len(found)
