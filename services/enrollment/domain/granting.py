"""What assignments do to a learner's standing. In the words of the features:

- A first grant enrols the learner: a term opens. A further one is only one more source (ASG-6).
- One of several grants goes: the learner stays enrolled by the others (ASG-7).
- The last one is removed by a person: the term ends, the learner is withdrawn.
- The last one drops out of its source (a move, another manager): training that was begun stays, marked as without source;
  training that was not begun is withdrawn (ASG-10).
- A grant that comes when no term is open, or when what was completed in it has expired, begins the next one; history and
  completions stay (ENR-1).
- What a person took away stays away until a person allows it again: an exclusion (ASG-7).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from services.enrollment.domain.standing import Change, Enrollment, Writing
from shared.contracts.catalog import Price
from shared.contracts.enrollment import (
    AccessExpired,
    AccessShortened,
    EnrollmentCancelled,
    EnrollmentLeftWithoutSource,
    ExclusionLifted,
    LearnerAssigned,
    LearnerExcluded,
    LearnerUnassigned,
    LearnerWithdrawn,
    Unassignment,
)
from shared.errors import Conflict, Invalid, NotFound
from shared.events import TextRef

CANCELLABLE = timedelta(hours=24)
"""So long after its creation a course assignment can be cancelled (ASG-15)."""


@dataclass(frozen=True)
class Terms:
    """What a grant that is given today brings with it: `days` of access, by assignment where one gives less; and a price."""

    today: date
    days: int | None = None
    shorter: Mapping[UUID, int] = field(default_factory=dict)
    price: Price | None = None

    def access_until(self, assignment: UUID) -> date | None:
        """The last day of access (ASG-14); None: without end."""
        if self.days is None:
            return None
        return self.today + timedelta(days=min(self.days, self.shorter.get(assignment, self.days)))


def settle(
    state: Enrollment,
    wanted: Collection[UUID],
    removed: Collection[UUID],
    terms: Terms,
    *,
    open_for_new: bool,
    keep_begun: bool = True,
) -> Change | None:
    """Bring the grants in line with the assignments that want to hold the learner; None when they are already.

    `removed` are the assignments that a person has ended: a grant of one of these was removed on purpose, any other
    that is no longer wanted dropped out. An offering that is not open holds nobody new (CAT-3, CAT-4); one may choose that
    drop-outs do not keep what they have begun (ASG-10).
    """
    lacking = sorted(set(wanted) - state.grants - state.exclusions) if open_for_new else []
    surplus = sorted(state.grants.difference(wanted))
    if not lacking and not surplus:
        return None
    writing = Writing(state)
    for assignment in lacking:
        _grant(writing, assignment, terms)
    for assignment in surplus:
        why: Unassignment = "assignment-removed" if assignment in removed else "dropped-out"
        writing.add(LearnerUnassigned, assignment_id=assignment, term=writing.state.term, why=why)
    if surplus:
        _end_if_unheld(writing, on_purpose=not keep_begun or all(assignment in removed for assignment in surplus))
    return writing.change()


def _grant(writing: Writing, assignment: UUID, terms: Terms) -> None:
    state = writing.state
    open_term = state.live and (state.completed_at is None or state.holds(terms.today))
    told: dict[str, object] = {"assignment_id": assignment, "term": state.term if open_term else state.term + 1}
    if until := terms.access_until(assignment):
        told["access_until"] = until
    if not open_term and not state.holds(terms.today):
        told |= {"price": terms.price} if terms.price else {}
        told |= {"afresh": True} if state.completed_at else {}
    writing.add(LearnerAssigned, **told)


def exclude(state: Enrollment, assignment: UUID, reason: TextRef | None) -> Change:
    """A person takes one learner out of one assignment; no rule brings the grant back (ASG-7)."""
    if assignment not in state.grants:
        raise NotFound("This assignment does not hold this learner.", field="person_id")
    writing = Writing(state)
    writing.add(LearnerUnassigned, assignment_id=assignment, term=state.term, why="removed-by-hand")
    writing.add(LearnerExcluded, assignment_id=assignment, why="removed-by-hand", reason=reason)
    _end_if_unheld(writing, on_purpose=True)
    return Change(state, writing.state, tuple(writing.events))


def allow_again(state: Enrollment, assignment: UUID) -> Change:
    """Lift an exclusion; whether the learner comes back is for the assignment's rule to say."""
    if assignment not in state.exclusions:
        raise NotFound("This learner is not excluded from this assignment.", field="person_id")
    writing = Writing(state)
    writing.add(ExclusionLifted, assignment_id=assignment)
    return Change(state, writing.state, tuple(writing.events))


def check_cancellable(
    state: Enrollment, assignment: UUID, created_at: datetime, now: datetime, *, override: bool
) -> None:
    """Refuses with the reason and whom to ask (ASG-15)."""
    if assignment not in state.grants:
        raise NotFound("This assignment does not hold this learner.", field="assignment_id")
    if state.launched:
        raise Conflict(
            "A lab was launched, so the course assignment stays and is billed. Nobody can cancel it now.",
            kind="lab-launched",
        )
    if now - created_at > CANCELLABLE and not override:
        raise Conflict(
            f"A course assignment can be cancelled within 24 hours; this one was created on {created_at:%d %B %Y at %H:%M} UTC. "
            "Ask an operations manager or a site administrator, who can cancel it with a reason.",
            kind="cancelling-too-late",
        )


def cancel(state: Enrollment, assignment: UUID, reason: TextRef | None, *, by_rule: bool) -> Change:
    """One course assignment is cancelled and not billed (ASG-15); where a rule gave it, it does not bring it back (ASG-7)."""
    writing = Writing(state)
    writing.add(LearnerUnassigned, assignment_id=assignment, term=state.term, why="cancelled")
    if by_rule:
        writing.add(LearnerExcluded, assignment_id=assignment, why="cancelled", reason=reason)
    if state.live and not writing.state.grants:
        writing.add(EnrollmentCancelled, term=state.term)
    return Change(state, writing.state, tuple(writing.events))


def shorten(state: Enrollment, assignment: UUID, until: date, today: date) -> Change | None:
    """An earlier last day of access for one grant, never a later one (ASG-14); None when it is that day already."""
    if assignment not in state.grants:
        raise NotFound("This assignment does not hold this learner.", field="assignment_id")
    given = state.access.get(assignment)
    if until == given:
        return None
    if given is not None and until > given:
        raise Invalid(
            f"The access period ends on {given}; it can be shortened, never made longer.", field="access_until"
        )
    if until < today:
        raise Invalid(f"The last day of access is {today} at the earliest.", field="access_until")
    writing = Writing(state)
    writing.add(AccessShortened, assignment_id=assignment, term=state.term, access_until=until)
    return writing.change()


def expire(state: Enrollment, today: date) -> Change | None:
    """The term is over once its last day of access is, unless the training was completed (ENR-6)."""
    if not state.live or state.accessible(today) or state.completed_at is not None:
        return None
    writing = Writing(state)
    writing.add(AccessExpired, term=state.term)
    return writing.change()


def _end_if_unheld(writing: Writing, *, on_purpose: bool) -> None:
    state = writing.state
    if not state.live or state.grants:
        return
    if state.begun and not on_purpose:
        writing.add(EnrollmentLeftWithoutSource, term=state.term)
    else:
        writing.add(LearnerWithdrawn, term=state.term)
