"""A learner's own enrollments, all of one person at once; and what cards show beside the status (LRN-1 to LRN-6)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.enrollment.projections.enrollments import OWN_HOLD, REQUIRED, WITHIN
from services.enrollment.projections.qualifications import HOLDS
from services.enrollment.projections.tables import ENROLLMENT, EnrollmentRow
from shared.contracts.catalog import OfferingKind
from shared.contracts.enrollment import (
    AccessExpired,
    CompletionSubmitted,
    EnrollmentCancelled,
    ExceptionRaised,
    LearnerAssigned,
    LearnerUnassigned,
    LearnerWithdrawn,
    Status,
    TrainingBegun,
    Unassignment,
)
from shared.database import Connection, fetch
from shared.events import Event


class OwnRow(NamedTuple):
    """A row of `enrollment`, as far as its place in a list depends on it. `touched`: when something last happened on it."""

    row: EnrollmentRow
    kind: OfferingKind
    grants: list[UUID]
    within: bool
    required: bool | None
    own_hold: bool
    touched: datetime


class PartRow(NamedTuple):
    """A course or an item of something else, and how the person is on with it."""

    offering: UUID
    kind: OfferingKind
    title: str
    done: bool
    begun: bool


class Happened(NamedTuple):
    """The last event of a kind on an enrollment; `why` an assignment ended."""

    enrollment: UUID
    type: str
    at: datetime
    why: Unassignment | None


_OWN = f"""
SELECT {ENROLLMENT.select("e")}, o.kind, ARRAY(SELECT assignment FROM learner_grant WHERE enrollment = e.id),
    {WITHIN}, {REQUIRED}, {OWN_HOLD},
    (SELECT v.recorded_at FROM events v WHERE v.stream = e.id AND v.version = e.revision)
FROM enrollment e JOIN offering_fact o ON o.id = e.offering WHERE e.person = %(person)s
"""
_PARTS = f"""
SELECT o.id AS offering, o.kind, o.title, coalesce({HOLDS.format("e")}, false) AS done,
    coalesce(e.live AND e.begun, false) AS begun
FROM offering_fact o LEFT JOIN enrollment e ON e.person = %(person)s AND e.offering = o.id
WHERE o.id = ANY(%(offerings)s)
"""
_HAPPENED = """
SELECT DISTINCT ON (stream, type) stream AS enrollment, type, recorded_at AS at,
    CASE WHEN type = %(unassigned)s THEN convert_from(body, 'UTF8')::jsonb ->> 'why' END AS why
FROM events WHERE stream = ANY(%(enrollments)s) AND type = ANY(%(types)s)
ORDER BY stream, type, version DESC
"""
BEGINNINGS: dict[Status, type[Event]] = {
    "held": ExceptionRaised,
    "awaiting-payment": LearnerAssigned,
    "not-started": LearnerAssigned,
    "in-progress": TrainingBegun,
    "pending-approval": CompletionSubmitted,
    "access-expired": AccessExpired,
    "withdrawn": LearnerWithdrawn,
    "cancelled": EnrollmentCancelled,
}
"""The event since whose last one an enrollment has been so."""
_TYPES = sorted({*(event.TOPIC for event in BEGINNINGS.values()), LearnerUnassigned.TOPIC})


def own(conn: Connection, person: UUID) -> list[OwnRow]:
    """All that the person ever had."""
    return [_own(*row) for row in conn.execute(_OWN.encode(), {"person": person})]


def _own(*columns: Any) -> OwnRow:
    width = len(EnrollmentRow._fields)
    return OwnRow(EnrollmentRow(*columns[:width]), *columns[width:])


def parts(conn: Connection, person: UUID, offerings: Sequence[UUID]) -> dict[UUID, PartRow]:
    """How the person is on with each of these offerings, by offering."""
    if not offerings:
        return {}
    rows = fetch(conn, PartRow, _PARTS, {"person": person, "offerings": list(offerings)})
    return {row.offering: row for row in rows}


def happened(conn: Connection, enrollments: Sequence[UUID]) -> dict[UUID, dict[str, Happened]]:
    """By enrollment and type of event."""
    values = {"enrollments": list(enrollments), "types": _TYPES, "unassigned": LearnerUnassigned.TOPIC}
    found: dict[UUID, dict[str, Happened]] = {}
    for one in fetch(conn, Happened, _HAPPENED, values):
        found.setdefault(one.enrollment, {})[one.type] = one
    return found
