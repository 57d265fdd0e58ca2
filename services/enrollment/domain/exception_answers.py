"""What an administrator says to an exception, and a due date by hand (DUE-6, DUE-8)."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from uuid import UUID

from services.enrollment.domain.due_dates import NOT_DUE, Deadline, Due, realistic
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.exceptions import latest_first
from services.enrollment.domain.grants import grant
from services.enrollment.domain.terms import Terms
from services.enrollment.domain.transitions import EventRecorder, Transition
from shared.contracts.enrollment import DueDateSet, ExceptionAnswered, LearnerExcluded, Resolution
from shared.errors import Conflict, Invalid
from shared.events import TextRef


def answer(
    state: Enrollment, resolution: Resolution, wanted: Mapping[UUID, Due], terms: Terms, *, reason: TextRef | None
) -> Transition | None:
    """One answer for all that waits (DUE-6); None where it is set aside already. Refuses without an exception."""
    if state.exception is None:
        raise Conflict("There is nothing to answer: this learner has no open exception.", kind="no-exception")
    if resolution == "dismissed" == state.exception:
        return None
    writing = EventRecorder(state)
    if resolution in ("assigned", "realistic-date"):
        for assignment in sorted(state.waiting, key=lambda a: latest_first(a, wanted.get(a, NOT_DUE), terms)):
            if assignment in wanted:
                grant(writing, assignment, wanted[assignment], terms)
    if resolution == "realistic-date":
        _set_realistic(writing, terms, reason)
    writing.add(ExceptionAnswered, resolution=resolution, reason=reason)
    if resolution == "not-assigned":
        for assignment in state.waiting:
            if assignment not in state.grants:
                writing.add(LearnerExcluded, assignment_id=assignment, why="not-assigned", reason=reason)
    return writing.change()


def _set_realistic(writing: EventRecorder, terms: Terms, reason: TextRef | None) -> None:
    """The minimum time plus a week, never earlier than the date that there is; a date by hand stands above it.

    Where the earliest date holds it is one by hand: the assignment's own, earlier one would come back at once.
    """
    state, day = writing.state, realistic(terms.now, terms.minimum_minutes, terms.zone)
    if (
        state.live
        and not state.due_by_hand
        and not state.certified(terms.today)
        and (state.due is None or day.order > state.due.order)
    ):
        by = "hand" if terms.earliest else "exception"
        writing.add(DueDateSet, term=state.term, due_on=day.day, due_at=day.at, by=by, reason=reason)


def set_due(
    state: Enrollment, due: Deadline, now: datetime, zone: tzinfo, *, reason: TextRef | None
) -> Transition | None:
    """A due date by hand, which no rule changes (DUE-3, DUE-8); None where it is so already. Refuses one that is over."""
    if not state.live:
        raise Conflict("There is no open term to set a due date for. Assign the learner first.", kind="not-enrolled")
    if state.completed_at is not None:
        raise Conflict("The training is completed, so its due date can no longer change.", kind="completed")
    if due.ends(zone) <= now:
        here = now.astimezone(zone)
        raise Invalid(
            f"That time has passed: in the learner's time zone it is {here:%Y-%m-%d %H:%M}. Choose a later day or time.",
            field="due_on",
        )
    if state.due == due and state.due_by_hand:
        return None
    writing = EventRecorder(state)
    writing.add(DueDateSet, term=state.term, due_on=due.day, due_at=due.at, by="hand", reason=reason)
    return writing.change()
