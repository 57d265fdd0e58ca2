"""What waits for whom on which day, and who was told so (NTF-1)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from shared.database import Connection, fetch

FORGOTTEN = "DELETE FROM digest_run WHERE day < current_date - 7"


class DueZone(NamedTuple):
    """A time zone where the hour has come on this day."""

    zone: str
    day: date


class Waiting(NamedTuple):
    """What waits for an approver; `oldest`: when the first of it was asked, in UTC."""

    person: UUID
    requests: int
    oldest: date


_DUE = """
SELECT zone, (coalesce(%(now)s, now()) AT TIME ZONE zone)::date AS day
FROM (SELECT 'UTC' UNION SELECT time_zone FROM zone_fact UNION SELECT time_zone FROM person_zone) AS z (zone)
WHERE zone IS NOT NULL AND extract(hour FROM coalesce(%(now)s, now()) AT TIME ZONE zone) >= %(hour)s AND NOT EXISTS (
    SELECT FROM digest_run d WHERE d.zone = z.zone AND d.day = (coalesce(%(now)s, now()) AT TIME ZONE z.zone)::date)
ORDER BY zone
"""
_WAITING = """
SELECT w.person, count(*)::int AS requests, (min(w.asked_at) AT TIME ZONE 'UTC')::date AS oldest
FROM (
    SELECT DISTINCT a.person, r.id, r.asked_at FROM acting_approver a JOIN request r ON r.id = a.request
    WHERE NOT EXISTS (
        SELECT FROM request_decision d WHERE d.request = r.id AND d.stage = r.stage AND d.approver = a.person)
) w
WHERE NOT EXISTS (SELECT FROM approver_digest t WHERE t.person = w.person AND t.day >= %(day)s)
GROUP BY w.person HAVING zone_of(w.person) = %(zone)s ORDER BY w.person
"""


def due(conn: Connection, hour: int, now: datetime | None) -> list[DueZone]:
    """Where the hour has come, and nobody has looked on this day."""
    return fetch(conn, DueZone, _DUE, {"hour": hour, "now": now})


def waiting(conn: Connection, zone: DueZone) -> list[Waiting]:
    """Approvers of the zone who have something to decide and were not told on this day."""
    return fetch(conn, Waiting, _WAITING, zone._asdict())


def told(conn: Connection, zone: DueZone, people: Sequence[UUID]) -> None:
    """These people were told on this day."""
    conn.execute(
        "INSERT INTO approver_digest (person, day) SELECT unnest(%s::uuid[]), %s "
        "ON CONFLICT (person) DO UPDATE SET day = excluded.day",
        [list(people), zone.day],
    )


def looked(conn: Connection, zone: DueZone) -> None:
    """Nobody else of the zone is told on this day. Raises UniqueViolation where somebody else looked at the same moment."""
    conn.execute("INSERT INTO digest_run (zone, day) VALUES (%s, %s)", [zone.zone, zone.day])
