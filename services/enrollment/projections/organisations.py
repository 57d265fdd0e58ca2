"""What organisations set, and what holds for whoever has a home in them: the nearest one above that sets it (DIR-7)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.database import Connection, column

HOLDING = """
    SELECT unit AS home, (array_agg(access_days ORDER BY distance) FILTER (WHERE access_days IS NOT NULL))[1] AS days,
        (array_agg(time_zone ORDER BY distance) FILTER (WHERE time_zone IS NOT NULL))[1] AS zone
    FROM unit_above JOIN organisation_fact ON organisation_fact.id = above WHERE unit IN ({}) GROUP BY unit
"""
"""What holds for each of these organisations, of which any above sets something: one pass for all of them."""


class OrganisationFact(NamedTuple):
    """What one organisation sets; None: as the organisation above."""

    id: UUID
    revision: int
    access_days: int | None
    time_zone: str | None


def save(conn: Connection, rows: Sequence[OrganisationFact]) -> None:
    """Whatever comes first, the newest revision stays."""
    newest = {row.id: row for row in sorted(rows, key=lambda row: row.revision)}
    values = [list(values) for values in zip(*(newest[id] for id in sorted(newest)), strict=True)]
    if not values:
        return
    conn.execute(
        "INSERT INTO organisation_fact (id, revision, access_days, time_zone) "
        "SELECT * FROM unnest(%s::uuid[], %s::int8[], %s::int4[], %s::text[]) ON CONFLICT (id) DO UPDATE "
        "SET revision = excluded.revision, access_days = excluded.access_days, time_zone = excluded.time_zone "
        "WHERE organisation_fact.revision < excluded.revision",
        values,
    )


def known_zones(conn: Connection, names: Iterable[str]) -> set[str]:
    """Those of these time zones that the database knows."""
    rows = conn.execute("SELECT name FROM pg_timezone_names WHERE name = ANY(%s)", [sorted(set(names))])
    return {str(name) for (name,) in rows}


def zones(conn: Connection) -> list[ZoneInfo]:
    """All time zones in which somebody may be."""
    rows = conn.execute("SELECT time_zone FROM organisation_fact WHERE time_zone IS NOT NULL UNION SELECT 'UTC'")
    return [ZoneInfo(str(name)) for (name,) in rows]


def zone_of(conn: Connection, person: UUID) -> ZoneInfo:
    """A person's time zone: the home organisation's, or UTC (DUE-1)."""
    homes = HOLDING.format("SELECT home FROM person_fact WHERE id = %s")
    row = conn.execute(f"SELECT zone FROM ({homes}) AS holding".encode(), [person]).fetchone()
    return zone(str(row[0]) if row and row[0] is not None else None)


def zone(name: str | None) -> ZoneInfo:
    """None: UTC, where no organisation says otherwise."""
    return ZoneInfo(name or "UTC")


_OF_PEOPLE = f"""
WITH holding AS ({HOLDING.format("SELECT home FROM person_fact WHERE id = ANY(%(people)s)")})
SELECT max(coalesce(days, %(usual)s)) FROM person_fact LEFT JOIN holding USING (home) WHERE id = ANY(%(people)s)
HAVING count(*) > 0
"""
_BELOW = f"""
WITH concerned AS (
    SELECT DISTINCT unit FROM unnest(%(units)s::uuid[], %(below)s::bool[]) AS named (id, below)
    JOIN unit_above ON above = id AND (below OR unit = id)
), holding AS ({HOLDING.format("SELECT unit FROM concerned")})
SELECT max(coalesce(days, %(usual)s)) FROM concerned LEFT JOIN holding ON home = unit
HAVING count(*) > 0
"""
_ANYWHERE = "SELECT greatest(%(usual)s, max(access_days)) FROM organisation_fact JOIN unit_fact USING (id)"


def longest_access(
    conn: Connection, people: Sequence[UUID], units: Sequence[tuple[UUID, bool]], *, anywhere: bool, usual: int
) -> int:
    """The most days of access that the homes of these people give, or these organisations (and those below), or any.

    `usual`: where none sets them.
    """
    values = {"people": list(people), "usual": usual}
    values |= {"units": [unit for unit, _ in units], "below": [below for _, below in units]}
    queries = [
        query for query, concerned in ((_OF_PEOPLE, people), (_BELOW, units), (_ANYWHERE, anywhere)) if concerned
    ]
    return max((days for query in queries for days in column(conn, query, int, values)), default=usual)
