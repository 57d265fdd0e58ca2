"""The learning items of a qualification: how a learner stands on each, and which ones learners do not see (CAT-9, CAT-11)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from psycopg.rows import class_row
from pydantic import BaseModel

from services.enrollment.projections.assignments import IN_SCOPE
from services.enrollment.projections.qualifications import HOLDS
from services.enrollment.projections.visibility import ASSIGNED, IN_AUDIENCES
from shared.auth import Scope
from shared.contracts.catalog import OfferingKind
from shared.database import Connection, UuidArray


class LearningItem(BaseModel):
    """One of the items that earn a qualification."""

    offering_id: UUID
    kind: OfferingKind
    code: str
    title: str
    done: bool
    """There is a completion, and it counts today."""
    completed_at: datetime | None
    valid_until: date | None


class ItemWarning(BaseModel):
    """An item of a qualification that so many of its learners do not see, and why."""

    item_id: UUID
    kind: OfferingKind
    code: str
    title: str
    reason: Literal["inactive", "unpublished", "hidden", "outside-audiences"]
    learners: int


_ITEMS = f"""
SELECT i.id AS offering_id, i.kind, i.code, i.title, coalesce({HOLDS.format("d")}, false) AS done, d.completed_at, d.valid_until
FROM enrollment e JOIN offering_fact q ON q.id = e.offering
CROSS JOIN unnest(q.items) WITH ORDINALITY AS item (id, place) JOIN offering_fact i ON i.id = item.id
LEFT JOIN enrollment d ON d.person = e.person AND d.offering = i.id
WHERE e.id = %s ORDER BY place
"""
_UNSEEN = f"""
unseen AS (
    SELECT i.id, place, i.kind, i.code, i.title, CASE
        WHEN NOT i.active THEN 'inactive'
        WHEN i.kind = 'certification' AND i.published IS NULL THEN 'unpublished'
        WHEN i.access = 'hidden' THEN 'hidden'
        WHEN NOT {IN_AUDIENCES.format(person="l.person", offering="i")} THEN 'outside-audiences' END AS reason
    FROM offering_fact q CROSS JOIN unnest(q.items) WITH ORDINALITY AS item (id, place)
    JOIN offering_fact i ON i.id = item.id CROSS JOIN learner l
    WHERE q.id = %(offering)s AND NOT {ASSIGNED.format(person="l.person", offering="i")}
)
SELECT id AS item_id, kind, code, title, reason, count(*) AS learners FROM unseen WHERE reason IS NOT NULL
GROUP BY id, place, kind, code, title, reason ORDER BY place, reason
"""
_WARNINGS = f"""
WITH learner AS (
    SELECT e.person FROM enrollment e JOIN person_fact p ON p.id = e.person
    WHERE e.offering = %(offering)s AND e.live AND {IN_SCOPE.format("p.home")} AND (%(assignment)s::uuid IS NULL OR EXISTS (
        SELECT FROM learner_grant g WHERE g.enrollment = e.id AND g.assignment = %(assignment)s))
), {_UNSEEN}
"""
_WARNINGS_FOR = f"""
WITH learner AS (SELECT DISTINCT unnest(%(people)s::uuid[]) AS person), {_UNSEEN}
"""


def of_enrollment(conn: Connection, enrollment: UUID) -> list[LearningItem]:
    """In the catalog's order; empty for what is no qualification."""
    with conn.cursor(row_factory=class_row(LearningItem)) as cur:
        return cur.execute(_ITEMS.encode(), [enrollment]).fetchall()


def warnings(conn: Connection, scope: Scope, offering: UUID, assignment: UUID | None) -> list[ItemWarning]:
    """For the learners of the qualification in scope, or only those whom one assignment holds."""
    values = {**scope.values, "offering": offering}
    with conn.cursor(row_factory=class_row(ItemWarning)) as cur:
        return cur.execute(_WARNINGS.encode(), {**values, "assignment": assignment}).fetchall()


def warnings_for(conn: Connection, offering: UUID, people: Sequence[UUID]) -> list[ItemWarning]:
    """For these people, as learners of the qualification; empty for what is no qualification."""
    with conn.cursor(row_factory=class_row(ItemWarning)) as cur:
        return cur.execute(_WARNINGS_FOR.encode(), {"offering": offering, "people": UuidArray(people)}).fetchall()


def where_warnings(offering: UUID) -> str:
    """The address at which the warnings about the learners whom it has by then are listed."""
    return f"/api/enrollment/offerings/{offering}/item-warnings"
