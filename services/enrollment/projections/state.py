"""State rows that are written with their events, and loading them for many learners at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.database import Connection, uuid_of
from shared.store import Table

ASSIGNMENT = Table(
    "assignment",
    ("id",),
    {
        "id": "uuid",
        "revision": "int8",
        "offering": "uuid",
        "type": "text",
        "target": "uuid",
        "include_below": "bool",
        "live": "bool",
        "batch": "uuid",
        "created_at": "timestamptz",
    },
)
ENROLLMENT = Table(
    "enrollment",
    ("id",),
    {
        "id": "uuid",
        "revision": "int8",
        "person": "uuid",
        "offering": "uuid",
        "term": "int4",
        "live": "bool",
        "begun": "bool",
        "sourceless": "bool",
        "steps": "int4[]",
        "completed_version": "int4",
        "completed_at": "timestamptz",
    },
)
GRANT = Table("learner_grant", ("assignment", "person"), {"assignment": "uuid", "person": "uuid", "enrollment": "uuid"})
EXCLUSION = Table(
    "exclusion", ("assignment", "person"), {"assignment": "uuid", "person": "uuid", "enrollment": "uuid", "why": "text"}
)


class EnrollmentRow(NamedTuple):
    """A row of `enrollment`."""

    id: UUID
    revision: int
    person: UUID
    offering: UUID
    term: int
    live: bool
    begun: bool
    sourceless: bool
    steps: list[int]
    completed_version: int | None
    completed_at: datetime | None


class AssignmentRow(NamedTuple):
    """A row of `assignment`."""

    id: UUID
    revision: int
    offering: UUID
    type: str
    target: UUID
    include_below: bool
    live: bool
    batch: UUID
    created_at: datetime


class Held(NamedTuple):
    """What is known of some learners: standings, and by enrollment the grants and exclusions."""

    enrollments: Mapping[tuple[UUID, UUID], EnrollmentRow]
    grants: Mapping[UUID, frozenset[UUID]]
    exclusions: Mapping[UUID, frozenset[UUID]]


def held(conn: Connection, people: Sequence[UUID], offering: UUID | None) -> Held:
    """The standing of these people, on one offering or on all."""
    rows = [
        EnrollmentRow(*row)  # type: ignore[arg-type]
        for row in conn.execute(
            f"SELECT {', '.join(ENROLLMENT.columns)} FROM enrollment "
            "WHERE person = ANY(%s) AND (%s::uuid IS NULL OR offering = %s)".encode(),
            [people, offering, offering],
            binary=True,
        )
    ]
    ids = [row.id for row in rows]
    return Held(
        {(row.person, row.offering): row for row in rows},
        _by_enrollment(conn, b"SELECT enrollment, assignment FROM learner_grant WHERE enrollment = ANY(%s)", ids),
        _by_enrollment(
            conn, b"SELECT enrollment, assignment FROM exclusion WHERE person = ANY(%s)", list({r.person for r in rows})
        ),
    )


def _by_enrollment(conn: Connection, query: bytes, values: Sequence[UUID]) -> dict[UUID, frozenset[UUID]]:
    found: dict[UUID, set[UUID]] = defaultdict(set)
    if values:
        for enrollment, assignment in conn.execute(query, [values], binary=True):
            found[uuid_of(enrollment)].add(uuid_of(assignment))
    return {enrollment: frozenset(assignments) for enrollment, assignments in found.items()}


def assignments(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, AssignmentRow]:
    query = f"SELECT {', '.join(ASSIGNMENT.columns)} FROM assignment WHERE id = ANY(%s)".encode()
    rows = [AssignmentRow(*row) for row in conn.execute(query, [list(ids)], binary=True)]  # type: ignore[arg-type]
    return {row.id: row for row in rows}


def live_targets(
    conn: Connection, offerings: Sequence[UUID], targets: Sequence[tuple[str, UUID]]
) -> dict[tuple[UUID, str, UUID], UUID]:
    """The live assignments among offerings x targets, by (offering, type, target): the ones a new one would repeat (ASG-2)."""
    rows = conn.execute(
        "SELECT offering, type, target, id FROM assignment JOIN unnest(%s::text[], %s::uuid[]) AS t (type, target) "
        "USING (type, target) WHERE live AND offering = ANY(%s)",
        [[type for type, _ in targets], [target for _, target in targets], offerings],
    )
    return {(offering, type, target): id for offering, type, target, id in rows}  # type: ignore[misc]
