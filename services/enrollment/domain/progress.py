"""What a learner does in an open term, and what an administrator says of it: begin, steps, exams, labs, review (ENR-2 to ENR-6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.transitions import EventRecorder, Transition
from services.enrollment.domain.within import alone, begin_within, completes_all
from shared.contracts.catalog import Activity, Step
from shared.contracts.enrollment import (
    CertificateIssued,
    CompletionRejected,
    CompletionSubmitted,
    EnrollmentCompleted,
    ExamTaken,
    LabLaunched,
    StepCompleted,
    TrainingBegun,
)
from shared.errors import Conflict, Forbidden, Invalid, Refusal
from shared.events import TextRef


@dataclass(frozen=True)
class Moment:
    """Now, which day that is, and the serial of a certificate that may be issued: given to the rules, never asked by them."""

    now: datetime
    today: date
    serial: str


def next_step(state: Enrollment, offering: Offering) -> int | None:
    """The first open step, counted from 1."""
    return next((n for n in range(1, len(offering.steps) + 1) if n not in state.steps), None)


def begin(
    state: Enrollment, offering: Offering, credits: Mapping[int, UUID], moment: Moment, *, via: UUID | None = None
) -> Transition | None:
    """The learner starts; None when that was so already. `credits`: the steps that count already, by which enrollment (ENR-8).

    `via`, here and below: an enrollment on a certification that lets the learner work on this course (CAT-2).
    """
    if offering.kind == "qualification":
        raise Conflict(
            f"'{offering.title}' is a qualification: there is nothing to begin. "
            "You earn it by completing all of its learning items.",
            kind="qualification",
        )
    _check_workable(state, moment.today, via)
    writing = _begun(state, moment.today, via)
    if not writing.events:
        return None
    _credit(writing, credits)
    _complete_if_done(writing, offering, moment)
    return writing.change()


def credit(state: Enrollment, offering: Offering, credits: Mapping[int, UUID], moment: Moment) -> Transition | None:
    """Count what was completed in other offerings (ENR-8, CAT-2); None when nothing is new.

    For a training that was begun; and for any that is complete by it, without a begin.
    """
    if not state.begun and not completes_all(offering, credits):
        return None
    if not state.accessible(moment.today) or state.submitted or state.completed_at or state.payment == "due":
        return None
    writing = EventRecorder(state)
    _credit(writing, credits)
    _complete_if_done(writing, offering, moment)
    return writing.change()


def complete_step(
    state: Enrollment, offering: Offering, step: int, moment: Moment, *, via: UUID | None = None, by_learner: bool
) -> Transition | None:
    """Complete a step, and with the last open one the training (ENR-5); None when it was complete.

    `by_learner`: the learner says so, which is enough only where the step says so (CAT-1).
    """
    found = _open_step(state, offering, step, moment.today, via=via)
    if found.kind == "course":
        raise Conflict(
            f"Step {step} is the course '{found.title}': the step is completed by completing the course. Launch the step to begin.",
            kind="course-step",
        )
    if found.kind == "exam":
        raise Conflict(
            f"Step {step} is an exam: the step is completed by its result. Send the score instead.", kind="exam-step"
        )
    if by_learner and found.reporter != "learner":
        raise Forbidden(
            f"Only the learning system or an administrator can report that step {step}, '{found.title}', is "
            f"complete. Finish it where "
            "Launch takes you, or ask an administrator who has the permission 'report-progress'.",
            kind="reporting-not-allowed",
            permission="report-progress",
        )
    if step in state.steps:
        return None
    writing = _begun(state, moment.today, via)
    writing.add(StepCompleted, term=state.term, step=step)
    _complete_if_done(writing, offering, moment)
    return writing.change()


def take_exam(
    state: Enrollment, offering: Offering, step: int, score: int, moment: Moment, *, via: UUID | None = None
) -> Transition | None:
    """Record a result in percent; the pass mark completes the step, and no retake undoes that (ENR-4, ENR-6)."""
    found = _open_step(state, offering, step, moment.today, via=via)
    if found.kind != "exam":
        raise Conflict(f"Step {step} is not an exam.", kind="not-an-exam")
    if not 0 <= score <= 100:
        raise Invalid("A score must be a percentage from 0 to 100.", field="score")
    passed = found.pass_mark is None or score >= found.pass_mark
    writing = _begun(state, moment.today, via)
    writing.add(ExamTaken, term=state.term, step=step, score=score, pass_mark=found.pass_mark, passed=passed)
    if passed and step not in state.steps:
        writing.add(StepCompleted, term=state.term, step=step)
        _complete_if_done(writing, offering, moment)
    return writing.change()


def launch(
    state: Enrollment, offering: Offering, step: int, today: date, *, via: UUID | None = None
) -> Transition | None:
    """Open a step's content or lab; every launch of a lab is recorded, also after completion (ENR-4, ENR-6)."""
    found = _open_step(state, offering, step, today, via=via)
    writing = _begun(state, today, via)
    if found.kind == "lab":
        writing.add(LabLaunched, term=state.term, step=step)
    return writing.change()


def refusal_to_launch(
    state: Enrollment, offering: Offering, step: int, today: date, *, via: UUID | None = None
) -> Refusal | None:
    """Why `launch` would refuse; None: it opens."""
    try:
        launch(state, offering, step, today, via=via)
    except Refusal as refusal:
        return refusal
    return None


def approve(state: Enrollment, offering: Offering, moment: Moment) -> Transition:
    """The administrator agrees: completed (ENR-5)."""
    _check_submitted(state)
    writing = EventRecorder(state)
    _complete(writing, offering, moment)
    return Transition(state, writing.state, tuple(writing.events))


def reject(state: Enrollment, offering: Offering, steps: Sequence[int], reason: TextRef) -> Transition:
    """The administrator sends it back; these steps, or the last one, have to be completed again (ENR-5)."""
    _check_submitted(state)
    again = tuple(sorted(set(steps))) or tuple(range(1, len(offering.steps) + 1))[-1:]
    if not set(again) <= set(range(1, len(offering.steps) + 1)):
        raise Invalid(f"The steps are numbered 1 to {len(offering.steps)}.", field="steps")
    writing = EventRecorder(state)
    writing.add(CompletionRejected, term=state.term, steps=again, reason=reason)
    return Transition(state, writing.state, tuple(writing.events))


def issue_certificate(writing: EventRecorder, offering: Offering, day: date, serial: str) -> None:
    """Where the offering has one, or a badge: its serial proves either (ENR-10, ENR-11)."""
    if offering.certificate or offering.badge:
        state = writing.state
        writing.add(CertificateIssued, term=state.term, serial=serial, completed_on=day, valid_until=state.valid_until)


def _begun(state: Enrollment, today: date, via: UUID | None = None) -> EventRecorder:
    writing = EventRecorder(state)
    if via is not None:
        within = begin_within(state, via, today)
        for event in within.events if within else ():
            writing.take(event)
    elif not state.begun:
        writing.add(TrainingBegun, term=state.term)
    return writing


def _credit(writing: EventRecorder, credits: Mapping[int, UUID]) -> None:
    for step, source in sorted(credits.items()):
        if step not in writing.state.steps:
            writing.add(StepCompleted, term=writing.state.term, step=step, credited_from=source)


def _complete_if_done(writing: EventRecorder, offering: Offering, moment: Moment) -> None:
    state = writing.state
    if not state.completed_at and offering.steps and next_step(state, offering) is None:
        finish(writing, offering, moment)


def finish(writing: EventRecorder, offering: Offering, moment: Moment) -> None:
    """Everything is done: completed, or submitted where an administrator looks at it first (ENR-5, CAT-12)."""
    state = writing.state
    if offering.review:
        writing.add(CompletionSubmitted, term=state.term, version=offering.published)
    else:
        _complete(writing, offering, moment)


def _complete(writing: EventRecorder, offering: Offering, moment: Moment) -> None:
    term = writing.state.term
    writing.add(EnrollmentCompleted, term=term, version=offering.published, completed_at=moment.now)
    issue_certificate(writing, offering, moment.today, moment.serial)


def _open_step(state: Enrollment, offering: Offering, step: int, today: date, *, via: UUID | None) -> Activity | Step:
    """Refuses a step that there is not, that is not its turn, or that the term does not allow."""
    if not offering.steps:
        what = " It is earned when all of its learning items are completed." if offering.kind == "qualification" else ""
        raise Conflict(f"'{offering.title}' has no steps.{what}", kind="no-steps")
    if not 1 <= step <= len(offering.steps):
        raise Invalid(f"The steps are numbered 1 to {len(offering.steps)}.", field="step")
    _check_workable(state, today, via)
    following = next_step(state, offering)
    if offering.in_order and following is not None and step > following and step not in state.steps:
        raise Conflict(
            f"The steps of '{offering.title}' must be completed in order, and step {following} is next.",
            kind="not-in-order",
            step=following,
        )
    return offering.steps[step - 1]


def _check_workable(state: Enrollment, today: date, via: UUID | None = None) -> None:
    """The learner may work on the term (ENR-2, ENR-6), or on one that opens now (CAT-2)."""
    if state.via is not None and via is None:
        state = alone(state)
    if via is None:
        _check_own(state, today)
    if state.submitted:
        raise Conflict("An administrator is reviewing the completion. Wait for the decision.", kind="pending-approval")


def _check_own(state: Enrollment, today: date) -> None:
    status = state.status(today)
    if not state.live:
        raise Conflict(
            f"The enrollment is {status}: there is no open term to work on. It opens again with an assignment.",
            kind="not-enrolled",
        )
    if not state.accessible(today):
        raise Conflict(
            f"Access ended on {state.access_until}. Ask an administrator for a new assignment.", kind="access-expired"
        )
    if state.payment == "due":
        raise Conflict("This training must be paid for before it can begin. Purchase it first.", kind="payment-due")


def _check_submitted(state: Enrollment) -> None:
    if not state.submitted or not state.live:
        raise Conflict("This enrollment is not waiting for approval.", kind="not-pending")
