"""Dates of people that due dates count from: written by reactions in batches, read by the SQL function `due_date`."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from shared.database import Connection, uuid_of


def save_logins(conn: Connection, moments: Mapping[UUID, datetime]) -> None:
    """When people signed in for the first time."""
    conn.execute(
        "INSERT INTO first_login (person, at) SELECT * FROM unnest(%s::uuid[], %s::timestamptz[]) ON CONFLICT DO NOTHING",
        [list(moments), list(moments.values())],
    )


def save_fields(conn: Connection, fields: Mapping[UUID, Mapping[str, date]]) -> None:
    """The date fields by person, whole."""
    told = [Jsonb({name: day.isoformat() for name, day in one.items()}) for one in fields.values()]
    conn.execute(
        "INSERT INTO person_date (person, dates) SELECT * FROM unnest(%s::uuid[], %s::jsonb[]) "
        "ON CONFLICT (person) DO UPDATE SET dates = excluded.dates",
        [list(fields), told],
    )


def save_positions(conn: Connection, days: Mapping[UUID, date | None]) -> list[UUID]:
    """On which day the position of each job was assigned; None: nobody knows. Returns the jobs of which it is another now."""
    changed = conn.execute(
        "SELECT told.job FROM unnest(%s::uuid[], %s::date[]) AS told (job, day) LEFT JOIN position_date d USING (job) "
        "WHERE told.day IS DISTINCT FROM d.assigned_on",
        [list(days), list(days.values())],
    ).fetchall()
    conn.execute(
        "INSERT INTO position_date (job, assigned_on) SELECT * FROM unnest(%s::uuid[], %s::date[]) "
        "ON CONFLICT (job) DO UPDATE SET assigned_on = excluded.assigned_on",
        [list(days), list(days.values())],
    )
    return [uuid_of(job) for (job,) in changed]
