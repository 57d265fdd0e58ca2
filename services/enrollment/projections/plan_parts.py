"""Parts of a preview that is counted by a job: whom each is about, and a digest of what was decided for them (ASG-4, ASG-9)."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from shared.database import Connection, fetch_one, scalar


class PlanPart(NamedTuple):
    """So many people at most as are counted in one transaction."""

    people: list[UUID]
    digest: str


def part(conn: Connection, plan: UUID, number: int) -> PlanPart | None:
    """None after the last one."""
    query = "SELECT people, digest FROM plan_part WHERE plan = %s AND number = %s"
    return fetch_one(conn, PlanPart, query, [plan, number], binary=True)


def keep(conn: Connection, plan: UUID, number: int, counted: PlanPart, rows: Mapping[UUID, str]) -> None:
    """In the place of what was counted before. `rows`: what would become of whom."""
    conn.execute(
        "INSERT INTO plan_part (plan, number, people, digest) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (plan, number) DO UPDATE SET digest = excluded.digest",
        [plan, number, counted.people, counted.digest],
    )
    conn.execute("DELETE FROM plan_person WHERE plan = %s AND person = ANY(%s)", [plan, counted.people])
    keep_people(conn, plan, rows)


def keep_people(conn: Connection, plan: UUID, rows: Mapping[UUID, str]) -> None:
    """What would become of whom."""
    with conn.cursor().copy("COPY plan_person (plan, person, outcome) FROM STDIN") as copy:
        for person, outcome in rows.items():
            copy.write_row((plan, person, outcome))


def digests(conn: Connection, plan: UUID) -> str:
    """Those of all parts together."""
    query = "SELECT coalesce(string_agg(digest, '' ORDER BY number), '') FROM plan_part WHERE plan = %s"
    return scalar(conn, query, str, [plan])


def people(conn: Connection, plan: UUID) -> int:
    """How many there are in all parts."""
    return scalar(
        conn, "SELECT coalesce(sum(cardinality(people)), 0)::bigint FROM plan_part WHERE plan = %s", int, [plan]
    )
