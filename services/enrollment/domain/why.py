"""Why a learner is enrolled, as the events of the enrollment tell it (LRN-8)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from shared.contracts.enrollment import (
    DueDateSet,
    ExceptionAnswered,
    ExceptionRaised,
    HoldEnded,
    LearnerAssigned,
    LearnerUnassigned,
    TrainingBegun,
)
from shared.events import Recorded


class Grant(NamedTuple):
    """One stretch of one assignment holding the learner."""

    assignment: UUID
    begun: Recorded
    ended: Recorded | None = None


@dataclass
class Story:
    """What the events of one enrollment come to, each fact with the event that made it so."""

    grants: list[Grant] = field(default_factory=list)
    """Those that hold, in the order in which they came."""
    earlier: list[Grant] = field(default_factory=list)
    due: Recorded | None = None
    """What set the due date of the term."""
    via: UUID | None = None
    """The enrollment on a certification, within which the term was opened (CAT-2)."""
    exception: Recorded | None = None
    """The exception that waits for an administrator."""
    waiting: set[UUID] = field(default_factory=set)
    """The assignments that it is about."""
    term: int = 0


def story(events: Iterable[Recorded]) -> Story:
    found = Story()
    for told in events:
        _tell(found, told)
    return found


def _tell(found: Story, told: Recorded) -> None:
    match told.event:
        case LearnerAssigned() as event:
            _assign(found, told, event)
        case LearnerUnassigned(assignment_id=assignment):
            ended = [grant for grant in found.grants if grant.assignment == assignment]
            found.grants = [grant for grant in found.grants if grant.assignment != assignment]
            found.earlier += [grant._replace(ended=told) for grant in ended]
        case DueDateSet():
            found.due = told
        case TrainingBegun(via=via, term=term) if via is not None:
            _open(found, term)
            found.via = via
        case ExceptionRaised(holds=holds):
            found.exception, found.waiting = told, {hold.assignment_id for hold in holds}
        case ExceptionAnswered(resolution=resolution) if resolution != "dismissed":
            found.exception, found.waiting = None, set()
        case HoldEnded(assignment_id=assignment):
            found.waiting.discard(assignment)
            found.exception = found.exception if found.waiting else None


def _assign(found: Story, told: Recorded, event: LearnerAssigned) -> None:
    _open(found, event.term)
    found.grants.append(Grant(event.assignment_id, told))
    if event.due_on is not None:
        found.due = told


def _open(found: Story, term: int) -> None:
    """A further term has a due date of its own."""
    if term > found.term:
        found.term, found.due, found.via = term, None, None
