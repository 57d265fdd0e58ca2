"""The organisation on which the benchmarks work: as many people as asked for, in one organisation, and a course."""

from collections.abc import Callable
from uuid import UUID, uuid5

import psycopg
from psycopg.types.json import Jsonb

from services.enrollment.domain.assignments import Target
from services.enrollment.domain.offerings import Offering
from shared.contracts.catalog import Activity

NAMESPACE = UUID("0b9f7f1e-6f0e-4f2e-9b0a-000000000000")
ORGANISATION = uuid5(NAMESPACE, "organisation")
COURSE = uuid5(NAMESPACE, "course")
ADMINISTRATOR = uuid5(NAMESPACE, "administrator")

STEPS = tuple(Activity(kind="content", title=f"Part {n}") for n in (1, 2, 3))
OFFERING = Offering(COURSE, "course", "Fire safety", True, 1, STEPS, frozenset())
TARGET = Target("organisation", ORGANISATION, True)


def facts(people: int) -> Callable[[str], None]:
    """Fills an enrollment database with what it has learned of the directory and the catalog."""

    def fill(info: str) -> None:
        with psycopg.connect(info) as conn:
            conn.execute(
                "INSERT INTO unit_fact (id, revision, kind, parent, name) VALUES (%s, 1, 'organisation', NULL, 'All')",
                [ORGANISATION],
            )
            conn.execute("INSERT INTO unit_above (unit, above) VALUES (%s, %s)", [ORGANISATION, ORGANISATION])
            conn.execute(
                "INSERT INTO offering_fact (id, revision, kind, title, title_folded, active, published, steps, notifications) "
                "VALUES (%s, 1, 'course', 'Fire safety', 'fire safety', true, 1, %s, '{}')",
                [COURSE, Jsonb([step.model_dump() for step in STEPS])],
            )
            conn.execute(
                "INSERT INTO person_fact (id, revision, active, home) "
                "SELECT md5('person ' || n)::uuid, 1, true, %s FROM generate_series(1, %s) AS n",
                [ORGANISATION, people],
            )

    return fill
