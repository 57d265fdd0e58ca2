"""Which of a learner's enrollments a page shows, and in which order: what matters most comes first (LRN-2 to LRN-6)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from shared.contracts.enrollment import Status

View = Literal["relevant", "current", "completed", "qualifications", "all"]
"""`relevant`: what the dashboard shows the first of; `current`: everything unfinished; `completed`: the transcript."""
UNFINISHED: frozenset[Status] = frozenset(
    {"held", "awaiting-payment", "not-started", "in-progress", "pending-approval"}
)
_WORKABLE: frozenset[Status] = frozenset({"not-started", "in-progress"})
"""The learner can work on it, so it can be overdue."""
_WAITING: frozenset[Status] = frozenset({"held", "pending-approval"})
"""For somebody else."""
_LAST = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Own:
    """One of a learner's enrollments, as far as its place in a list depends on it."""

    enrollment: UUID
    offering: UUID
    kind: str
    status: Status
    due_over: datetime | None
    """The moment at which the due date is over in the learner's time zone."""
    completed_at: datetime | None
    touched_at: datetime
    """When something last happened on it."""
    required: bool = False
    """Of a qualification (ASG-11)."""


def overdue(status: Status, due_over: datetime | None, now: datetime) -> bool:
    """The due date is over, and it is still for the learner to do something."""
    return status in _WORKABLE and due_over is not None and due_over <= now


def shows(view: View, one: Own) -> bool:
    """Whether it belongs to this view."""
    match view:
        case "current":
            return one.status in UNFINISHED
        case "completed":
            return one.completed_at is not None
        case "relevant":
            return one.status in UNFINISHED or one.status == "completed"
        case "qualifications":
            return one.kind == "qualification" and (one.status in UNFINISHED or one.completed_at is not None)
        case "all":
            return one.status != "not-enrolled"


def place(view: View, one: Own) -> tuple[str, str, str]:
    """Its place in the list: smaller comes first.

    The transcript has the newest completion first. Else: what is due and does not wait for somebody else, by its date, so that the
    overdue comes first; in progress, then the rest that is unfinished, each last touched first; completed; over. Required
    qualifications come before optional ones.
    """
    id = str(one.enrollment)
    if view == "completed":
        return "0", _newest_first(one.completed_at or one.touched_at), id
    group = "0" if one.required or view != "qualifications" else "1"
    if one.status not in UNFINISHED:
        rank = "4" if one.status == "completed" else "5"
        return group + rank, _newest_first(one.completed_at or one.touched_at), id
    if one.due_over is not None and one.status not in _WAITING:
        return group + "1", f"{one.due_over.astimezone(UTC):%Y-%m-%dT%H:%M}", id
    return group + ("2" if one.status == "in-progress" else "3"), _newest_first(one.touched_at), id


def _newest_first(moment: datetime) -> str:
    return f"{int((_LAST - moment).total_seconds() * 1_000_000):020d}"
