"""What assignments do to a learner's standing. In the words of the features:

- A first grant enrols the learner: a term opens. A further one is only one more source (ASG-6).
- One of several grants goes: the learner stays enrolled by the others (ASG-7).
- The last one is removed by a person: the term ends, the learner is withdrawn.
- The last one drops out of its source (a move, another manager): training that was begun stays, marked as without source;
  training that was not begun is withdrawn (ASG-10).
- A grant that comes when no term is open, or when what was completed in it has expired, begins the next one; history and
  completions stay (ENR-1).
- An assignment that an exception holds back waits for an administrator (DUE-4, DUE-5).
- What a person took away stays away until a person allows it again: an exclusion (ASG-7).
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from services.enrollment.domain.due_dates import Due
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.exceptions import judge
from services.enrollment.domain.terms import Terms, due_after, in_term
from services.enrollment.domain.transitions import EventRecorder, Transition
from shared.contracts.enrollment import (
    AccessExpired,
    AccessShortened,
    DueDateSet,
    EnrollmentCancelled,
    EnrollmentLeftWithoutSource,
    ExceptionRaised,
    ExclusionLifted,
    HoldEnded,
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


def reconcile(
    state: Enrollment,
    wanted: Mapping[UUID, Due],
    removed: Collection[UUID],
    terms: Terms,
    *,
    open_for_new: bool,
    keep_begun: bool = True,
    undone: frozenset[UUID] = frozenset(),
) -> Transition | None:
    """Bring the grants in line with the assignments that want to hold the learner; None when they are already.

    `wanted` says by when each wants the learner to be done. `removed` are the assignments that a person has ended: a grant of one
    of these was removed on purpose, any other that is no longer wanted dropped out. An offering that is not open holds nobody new
    (CAT-3, CAT-4); one may choose that drop-outs do not keep what they have begun (ASG-10).

    What an `undone` assignment holds is taken back, unless the training was begun; one that still wants the learner gets an
    exclusion (ASG-20).
    """
    judgement = judge(state, wanted, terms, open_for_new=open_for_new)
    taken = [] if state.begun and state.live else sorted(state.grants.intersection(undone, wanted))
    surplus = sorted(state.grants.difference(wanted))
    writing = EventRecorder(state)
    for assignment in judgement.lifted:
        writing.add(ExclusionLifted if assignment in state.exclusions else HoldEnded, assignment_id=assignment)
    for assignment in judgement.passing:
        grant(writing, assignment, wanted[assignment], terms)
    for assignment in judgement.ended:
        if assignment in writing.state.holds:
            writing.add(HoldEnded, assignment_id=assignment)
    if judgement.holds:
        writing.add(ExceptionRaised, kinds=judgement.kinds, holds=judgement.holds)
    for assignment in (*surplus, *taken):
        why: Unassignment = "assignment-removed" if assignment in removed else "dropped-out"
        why = "undone" if assignment in undone else why
        writing.add(LearnerUnassigned, assignment_id=assignment, term=writing.state.term, why=why)
        if assignment in state.refused - state.exclusions:
            writing.add(LearnerExcluded, assignment_id=assignment, why="not-assigned")
    for assignment in taken:
        writing.add(LearnerExcluded, assignment_id=assignment, why="undone")
    if surplus or taken:
        keep_begun = keep_begun or not undone.isdisjoint(surplus)
        _end_if_unheld(writing, on_purpose=not keep_begun or all(assignment in removed for assignment in surplus))
    return writing.change()


def grant(writing: EventRecorder, assignment: UUID, due: Due, terms: Terms) -> None:
    """This assignment holds the learner from now on, or moves the date of one whom it holds."""
    state = writing.state
    if assignment in state.grants:
        day = due_after(state, due, terms, state.due)
        if day and day != state.due and state.completed_at is None:
            writing.add(DueDateSet, term=state.term, due_on=day.day, due_at=day.at, by="rule")
        return
    told: dict[str, object] = {
        "assignment_id": assignment,
        "term": state.term if in_term(state, terms) else state.term + 1,
    }
    if until := terms.access_until(assignment):
        told["access_until"] = until
    if not in_term(state, terms) and not state.certified(terms.today):
        told |= {"price": terms.price} if terms.price else {}
        told |= {"afresh": True} if state.completed_at else {}
    before = state.due if in_term(state, terms) else None
    if (day := due_after(state, due, terms, before)) and day != before:
        told |= {"due_on": day.day, "due_at": day.at}
    if due.state != "none":
        told["since"] = state.holds[assignment].since if assignment in state.holds else terms.day
    writing.add(LearnerAssigned, **told)


def exclude(state: Enrollment, assignment: UUID, reason: TextRef | None) -> Transition:
    """A person takes one learner out of one assignment; no rule brings the grant back (ASG-7)."""
    if assignment not in state.grants:
        raise NotFound("This learner does not have this assignment.", field="person_id")
    writing = EventRecorder(state)
    writing.add(LearnerUnassigned, assignment_id=assignment, term=state.term, why="removed-by-hand")
    writing.add(LearnerExcluded, assignment_id=assignment, why="removed-by-hand", reason=reason)
    _end_hold(writing, assignment)
    _end_if_unheld(writing, on_purpose=True)
    return Transition(state, writing.state, tuple(writing.events))


def leave(state: Enrollment, assignment: UUID) -> Transition | None:
    """The learner withdraws from one source, on purpose (GRP-5); None where it holds nothing and nothing waits."""
    writing = EventRecorder(state)
    if assignment in state.grants:
        writing.add(LearnerUnassigned, assignment_id=assignment, term=state.term, why="left")
        _end_if_unheld(writing, on_purpose=True)
    _end_hold(writing, assignment)
    return writing.change()


def allow_again(state: Enrollment, assignment: UUID) -> Transition:
    """Lift an exclusion; whether the learner comes back is for the assignment's rule to say."""
    if assignment not in state.exclusions:
        raise NotFound("This learner is not excluded from this assignment.", field="person_id")
    writing = EventRecorder(state)
    writing.add(ExclusionLifted, assignment_id=assignment)
    return Transition(state, writing.state, tuple(writing.events))


def check_cancellable(
    state: Enrollment, assignment: UUID, created_at: datetime, now: datetime, *, override: bool
) -> None:
    """Refuses with the reason and whom to ask (ASG-15)."""
    if assignment not in state.grants:
        raise NotFound("This learner does not have this assignment.", field="assignment_id")
    if state.launched:
        raise Conflict(
            "A lab was launched, so the course assignment stays and is billed. It can no longer be cancelled.",
            kind="lab-launched",
        )
    if now - created_at > CANCELLABLE and not override:
        raise Conflict(
            f"A course assignment can be cancelled within 24 hours; this one was created on {created_at:%d %B %Y at %H:%M} UTC. "
            "Ask an operations manager or a site administrator, who can cancel it with a reason.",
            kind="cancellation-too-late",
        )


def cancel(state: Enrollment, assignment: UUID, reason: TextRef | None, *, by_rule: bool) -> Transition:
    """One course assignment is cancelled and not billed (ASG-15); where a rule gave it, it does not bring it back (ASG-7)."""
    writing = EventRecorder(state)
    writing.add(LearnerUnassigned, assignment_id=assignment, term=state.term, why="cancelled")
    if by_rule:
        writing.add(LearnerExcluded, assignment_id=assignment, why="cancelled", reason=reason)
    _end_hold(writing, assignment)
    if state.live and not state.via and not writing.state.grants:
        writing.add(EnrollmentCancelled, term=state.term)
    return Transition(state, writing.state, tuple(writing.events))


def shorten(state: Enrollment, assignment: UUID, until: date, today: date) -> Transition | None:
    """An earlier last day of access for one grant, never a later one (ASG-14); None when it is that day already."""
    if assignment not in state.grants:
        raise NotFound("This learner does not have this assignment.", field="assignment_id")
    given = state.access.get(assignment)
    if until == given:
        return None
    if given is not None and until > given:
        raise Invalid(
            f"The access period ends on {given}; it can be made shorter, but not longer.", field="access_until"
        )
    if until < today:
        raise Invalid(f"The last day of access must be {today} or later.", field="access_until")
    writing = EventRecorder(state)
    writing.add(AccessShortened, assignment_id=assignment, term=state.term, access_until=until)
    return writing.change()


def expire(state: Enrollment, today: date) -> Transition | None:
    """The term is over once its last day of access is, unless the training was completed (ENR-6)."""
    if not state.live or state.accessible(today) or state.completed_at is not None:
        return None
    writing = EventRecorder(state)
    writing.add(AccessExpired, term=state.term)
    return writing.change()


def _end_hold(writing: EventRecorder, assignment: UUID) -> None:
    """Another date that this assignment asked for waits no more, and no answer to that counts, once it may not hold the learner."""
    if assignment in writing.state.holds:
        writing.add(HoldEnded, assignment_id=assignment)


def _end_if_unheld(writing: EventRecorder, *, on_purpose: bool) -> None:
    """A course that is worked on by a certification ends with that one (CAT-2)."""
    state = writing.state
    if not state.live or state.grants or state.via:
        return
    if state.begun and not on_purpose:
        writing.add(EnrollmentLeftWithoutSource, term=state.term)
    else:
        writing.add(LearnerWithdrawn, term=state.term)
