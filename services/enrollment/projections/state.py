"""State rows that are written with their events."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.database import Connection
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
        "access_days": "int4",
        "note": "uuid",
        "important": "bool",
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
        "ended": "text",
        "launched": "bool",
        "submitted": "bool",
        "rejection": "uuid",
        "payment": "text",
        "access_until": "date",
        "valid_until": "date",
        "serial": "text",
        "revoked": "bool",
    },
)
GRANT = Table(
    "learner_grant",
    ("assignment", "person"),
    {"assignment": "uuid", "person": "uuid", "enrollment": "uuid", "access_until": "date"},
)
EXCLUSION = Table(
    "exclusion", ("assignment", "person"), {"assignment": "uuid", "person": "uuid", "enrollment": "uuid", "why": "text"}
)


CERTIFICATE = Table(
    "certificate",
    ("serial",),
    {
        "serial": "text",
        "enrollment": "uuid",
        "person": "uuid",
        "offering": "uuid",
        "completed_on": "date",
        "valid_until": "date",
        "revoked": "bool",
        "reason": "uuid",
    },
)
REVOCATION = Table("certificate", ("serial",), {"serial": "text", "revoked": "bool", "reason": "uuid"})
EXPIRY = Table("enrollment", ("id",), {"id": "uuid", "revision": "int8", "live": "bool", "ended": "text"})
"""What changes of an enrollment when its access expires."""


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
    access_days: int | None = None
    note: UUID | None = None
    important: bool = False


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
