"""Where administrators find assignments, learner by learner: those that hold, and those that held once (ASG-16)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal
from uuid import UUID

from psycopg.rows import class_row
from pydantic import BaseModel, ConfigDict, Field

from services.reporting.projections.standing import State
from services.reporting.reports.parts import PartOfName, learners
from services.reporting.reports.targets import LABEL, last_name
from shared.auth import Scope
from shared.contracts.enrollment import AssignmentType
from shared.database import Connection, Database
from shared.errors import NotFound
from shared.folding import fold
from shared.limits import Day
from shared.readmodel import Page, cursor_decode, cursor_number, page_of

Status = Literal["active", "expired", "cancelled", "ended"]
"""What became of it: it holds; it holds, and access is over; it was cancelled (ASG-15); it holds no more for another reason."""


class LearnerAssignment(BaseModel):
    """One learner's share of an assignment: a *course assignment* where it is to a course. Names are the last there were."""

    number: int
    """Names it, as long as the history is the same."""
    enrollment_id: UUID
    person_id: UUID
    first_name: str | None
    last_name: str | None
    offering_id: UUID
    offering_kind: str | None
    offering_title: str | None
    assignment_id: UUID
    type: AssignmentType | None
    type_label: str | None
    name: str | None
    """Of the assignment: that of its audience, organisation, group, person ... (ASG-1)."""
    created_at: datetime
    """The billing date (ASG-19)."""
    ended_at: datetime | None
    status: Status
    state: State | None
    """How the learner stands on the offering now."""


class Sought(BaseModel):
    """What to look for; what is not given narrows nothing. Names are personal: they may be in a body only, never in an address."""

    model_config = ConfigDict(extra="forbid")

    first_name: PartOfName | None = Field(None, description="Part of it, in upper or lower case")
    last_name: PartOfName | None = Field(None, description="Part of it, in upper or lower case")
    person_id: UUID | None = None
    offering_id: UUID | None = None
    assignment_id: UUID | None = None
    type: list[AssignmentType] = Field(
        default_factory=list, max_length=50, description="Several values are alternatives"
    )
    status: list[Status] = Field(default_factory=list, max_length=50, description="Several values are alternatives")
    created_from: Day | None = Field(None, description="The first day of creation, in UTC")
    created_until: Day | None = Field(None, description="The last day of creation, in UTC")


_STATUS = """
CASE WHEN m.valid_to IS NOT NULL THEN CASE WHEN EXISTS (
        SELECT FROM cancellation c WHERE c.enrollment_id = m.enrollment_id AND c.assignment_id = m.assignment_id
            AND c.valid_from = m.valid_to
    ) THEN 'cancelled' ELSE 'ended' END
    WHEN EXISTS (
        SELECT FROM standing s WHERE s.enrollment_id = m.enrollment_id AND s.state = 'access-expired' AND s.valid_to IS NULL
    ) THEN 'expired' ELSE 'active' END
"""
# First those of the page, then, only for them, what the other sources say.
_FOUND = f"""
WITH chosen AS MATERIALIZED (
    SELECT m.* FROM membership m WHERE {{where}} ORDER BY m.position DESC LIMIT %(limit)s
)
SELECT m.position AS number, m.enrollment_id, m.person_id, n.first_name, n.last_name, m.offering_id, o.kind AS offering_kind,
    o.title AS offering_title, m.assignment_id, a.type,
    {LABEL} AS type_label, {last_name()} AS name, m.valid_from AS created_at, m.valid_to AS ended_at,
    {_STATUS} AS status, s.state
FROM chosen m
LEFT JOIN profile n ON n.person_id = m.person_id
LEFT JOIN offering o ON o.offering_id = m.offering_id AND o.valid_to IS NULL
LEFT JOIN assignment a ON a.assignment_id = m.assignment_id
LEFT JOIN standing s ON s.enrollment_id = m.enrollment_id AND s.valid_to IS NULL
ORDER BY m.position DESC
"""
_CONDITIONS = {
    "number": "m.position = %(number)s",
    "after": "m.position < %(after)s",
    "person_id": "m.person_id = %(person_id)s",
    "offering_id": "m.offering_id = %(offering_id)s",
    "assignment_id": "m.assignment_id = %(assignment_id)s",
    "type": "m.assignment_id IN (SELECT a.assignment_id FROM assignment a WHERE a.type = ANY(%(type)s))",
    "status": f"({_STATUS}) = ANY(%(status)s)",
    "created_from": "m.valid_from >= %(created_from)s::date::timestamp AT TIME ZONE 'UTC'",
    "created_until": "m.valid_from < (%(created_until)s::date + 1)::timestamp AT TIME ZONE 'UTC'",
}
_NAMES = {
    "first_name": "strpos(n.first_name_folded, %(first_name)s) > 0",
    "last_name": "strpos(n.last_name_folded, %(last_name)s) > 0",
}


class LearnerAssignments:
    def __init__(self, database: Database) -> None:
        self.database = database

    def page(self, sought: Sought, scope: Scope, cursor: str | None, limit: int) -> Page[LearnerAssignment]:
        """The newest first."""
        after = cursor_decode(cursor, cursor_number)[0] if cursor else None
        asked = {"after": after, **{name: getattr(sought, name) for name in Sought.model_fields}}
        with self.database.transaction(snapshot=True) as conn:
            found = _find(conn, scope, asked, limit + 1)
        return page_of(found, limit, lambda row: [row.number])

    def one(self, number: int, scope: Scope) -> LearnerAssignment:
        """Raises NotFound, also for a learner outside the scope."""
        with self.database.transaction(snapshot=True) as conn:
            found = _find(conn, scope, {"number": number}, 1)
        if not found:
            raise NotFound("There is no such assignment, or none that you may see.", field="number")
        return found[0]


def _find(conn: Connection, scope: Scope, asked: dict[str, object], limit: int) -> list[LearnerAssignment]:
    conn.execute("SET LOCAL jit = off")  # compiling takes longer than a page does
    given = {name: value for name, value in asked.items() if value not in (None, "", [])}
    where = " AND ".join(_where(scope, given)) or "true"
    names = {name: fold(str(given[name])) for name in _NAMES if name in given}
    values = {**given, **names, "scope": list(scope.organisations), "limit": limit}
    with conn.cursor(row_factory=class_row(LearnerAssignment)) as rows:
        return rows.execute(_FOUND.format(where=where).encode(), values).fetchall()


def _where(scope: Scope, asked: dict[str, object]) -> Iterator[str]:
    yield from learners(scope)
    yield from (condition for name, condition in _CONDITIONS.items() if name in asked)
    if named := [condition for name, condition in _NAMES.items() if name in asked]:
        yield f"m.person_id IN (SELECT n.person_id FROM profile n WHERE {' AND '.join(named)})"
