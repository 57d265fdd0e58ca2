"""A batch is undone by whoever may assign wherever it reaches (SEC-2, SEC-4)."""

from collections.abc import Sequence

from services.enrollment.application.assignments.reach import check_reach
from services.enrollment.projections import batches
from services.enrollment.projections.batches import RecentBatch
from shared.auth import Scope
from shared.contracts.enrollment import (
    AssignmentCreated,
    AssignmentRemoved,
    DueRuleSet,
    GroupDescribed,
    RequirementSet,
    TriggerCreated,
)
from shared.database import Connection
from shared.errors import NotFound
from shared.events import Event

_OF_ASSIGNMENTS = (AssignmentCreated, AssignmentRemoved, DueRuleSet, GroupDescribed, RequirementSet)


def unknown(days: int) -> NotFound:
    """The same for a batch that is not there and for one of which nothing lies within the scope."""
    return NotFound(
        f"There is no such batch, or it is older than {days} days (ROLLBOOK_UNDO_DAYS), or none that you may see.",
        field="batch",
    )


def check_within(
    conn: Connection, scope: Scope, batch: RecentBatch, done: Sequence[Event], *, own: bool = False
) -> None:
    """Raises Forbidden where the batch, or what its assignments reach now, goes beyond the scope; NotFound where nothing of it lies
    within, unless it is the caller's `own`."""
    if scope.everything:
        return
    reached = batches.reach(conn, batch, scope.organisations)
    if not reached.inside and reached.outside and not own:
        raise unknown(batch.days)
    if reached.outside:
        raise scope.beyond("This batch affects learners outside your organisations", "batch")
    if any(isinstance(event, TriggerCreated) for event in done):
        raise scope.beyond("A trigger can reach people of any organisation", "batch")
    changed = {event.originator_id for event in done if isinstance(event, _OF_ASSIGNMENTS)}
    try:
        check_reach(conn, scope, sorted(changed), "batch")
    except NotFound as refusal:
        if own or reached.inside:
            raise scope.beyond("This batch changed assignments outside your organisations", "batch") from refusal
        raise unknown(batch.days) from refusal
