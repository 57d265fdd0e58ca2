"""Who is behind each number of a preview (ASG-9)."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.projections.assignments import IN_SCOPE
from shared.auth import Scope
from shared.database import Connection, fetch
from shared.readmodel import Page, cursor_decode, page_of

PreviewOutcome = Literal["enrolled", "added", "held", "excluded", "withdrawn", "staying", "unsourced", "moved"]
"""`added`: enrolled already, one more assignment; `staying`: by another one; `unsourced`: without any; `moved`: due later."""
_OUTCOMES: dict[PreviewOutcome, str] = {
    "enrolled": "enrolled",
    "added": "source_added",
    "held": "held",
    "excluded": "excluded",
    "withdrawn": "withdrawn",
    "staying": "source_removed",
    "unsourced": "kept_without_source",
    "moved": "dates_moved",
}


class PreviewLearner(BaseModel):
    """Somebody whom what is previewed would concern; the directory knows the name."""

    person_id: UUID


_LEARNERS = f"""
SELECT l.person AS person_id FROM plan_person l JOIN person_fact p ON p.id = l.person
WHERE l.plan = %(preview)s AND l.outcome = %(outcome)s AND {IN_SCOPE.format("p.home")}
    AND (%(after)s::uuid IS NULL OR l.person > %(after)s)
ORDER BY l.person LIMIT %(limit)s
"""


def learners(
    conn: Connection, scope: Scope, preview: UUID, what: PreviewOutcome, cursor: str | None, limit: int
) -> Page[PreviewLearner]:
    """Only those within the scope, which may have changed since the preview."""
    after = cursor_decode(cursor, UUID)[0] if cursor else None
    values = {"preview": preview, "outcome": _OUTCOMES[what], "after": after, "limit": limit + 1, **scope.values}
    rows = fetch(conn, PreviewLearner, _LEARNERS, values)
    return page_of(rows, limit, lambda learner: [learner.person_id])
