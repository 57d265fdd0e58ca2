"""Pools that are nearly used up or about to expire, and what was warned of."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from shared.database import Connection, fetch


class LowPool(NamedTuple):
    """`percent`: the level that was reached."""

    id: UUID
    offering: UUID
    organisation: UUID
    percent: int
    used: int
    keys: int


class ExpiringPool(NamedTuple):
    id: UUID
    offering: UUID
    organisation: UUID
    expires: datetime
    unused: int


_USE = """
SELECT pool, count(*) AS keys, count(*) FILTER (WHERE state <> 'free') AS used
FROM training_key WHERE state <> 'revoked' GROUP BY pool
"""
# Of several levels that are reached at once the highest is said, and counts for those below it.
_LOW = f"""
SELECT DISTINCT ON (p.id) p.id, p.offering, p.organisation, t.percent, u.used::int, u.keys::int
FROM ({_USE}) u JOIN pool p ON p.id = u.pool AND p.expires > now()
JOIN unnest(%s::int[]) AS t (percent) ON u.used * 100 >= t.percent * u.keys
WHERE NOT EXISTS (SELECT FROM pool_warning w WHERE w.pool = p.id AND w.kind = 'low' AND w.about::int >= t.percent)
ORDER BY p.id, t.percent DESC
"""
_FILLED = f"""
DELETE FROM pool_warning w USING ({_USE}) u
WHERE w.kind = 'low' AND u.pool = w.pool AND u.used * 100 < w.about::int * u.keys AND w.about::int = ANY(%s)
"""
_EXPIRING = """
SELECT p.id, p.offering, p.organisation, p.expires, k.unused FROM pool p
CROSS JOIN LATERAL (SELECT count(*)::int AS unused FROM training_key WHERE pool = p.id AND state IN ('free', 'sent')) k
WHERE p.expires > coalesce(%(now)s, now()) AND p.expires <= coalesce(%(now)s, now()) + %(before)s AND k.unused > 0
    AND NOT EXISTS (SELECT FROM pool_warning w WHERE w.pool = p.id AND w.kind = 'expiring' AND w.about::timestamptz = p.expires)
"""


def low(conn: Connection, percents: Sequence[int]) -> list[LowPool]:
    """Those that reached a level of which nobody was told."""
    return fetch(conn, LowPool, _LOW, [list(percents)])


def forget_filled(conn: Connection, percents: Sequence[int]) -> None:
    """What was said of a pool's use while it is below that level again."""
    conn.execute(_FILLED, [list(percents)])


def expiring(conn: Connection, before: timedelta, now: datetime | None) -> list[ExpiringPool]:
    """Those that expire within this time with keys that nobody redeemed."""
    return fetch(conn, ExpiringPool, _EXPIRING, {"before": before, "now": now})


def said(conn: Connection, pool: UUID, kind: str, about: str) -> None:
    """Raises UniqueViolation where somebody else said it."""
    conn.execute("INSERT INTO pool_warning (pool, kind, about) VALUES (%s, %s, %s)", [pool, kind, about])
