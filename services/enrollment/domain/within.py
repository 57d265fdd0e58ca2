"""A course that is worked on as a part of a certification: without an assignment of its own, and without paying for it (CAT-2)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID

from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.transitions import EventRecorder, Transition
from shared.contracts.catalog import Step
from shared.contracts.enrollment import AccessExpired, TrainingBegun


def course_of(offering: Offering, step: int) -> UUID | None:
    """Of a certification: the course that is this step, counted from 1."""
    found = offering.steps[step - 1] if 1 <= step <= len(offering.steps) else None
    return found.course_id if isinstance(found, Step) else None


def completes_all(offering: Offering, steps: Mapping[int, UUID] | frozenset[int]) -> bool:
    """These steps are all that there are."""
    return bool(offering.steps) and all(n in steps for n in range(1, len(offering.steps) + 1))


def alone(state: Enrollment) -> Enrollment:
    """As it stands once the certification's term is over by which the course was worked on: by its own assignments."""
    if state.grants:
        return replace(state, via=None)
    return replace(state, via=None, live=False, ended="expired" if state.live else state.ended)


def workable_alone(state: Enrollment, today: date) -> bool:
    """The learner may work on the open term by its own assignments."""
    held = bool(state.grants) or state.via is None
    in_time = state.access_until is None or state.access_until >= today
    return state.live and held and in_time and state.payment != "due"


def begin_within(state: Enrollment, via: UUID, today: date, *, again: bool = False) -> Transition | None:
    """The learner works on the course by this enrollment on a certification; None where that is so already.

    A term that is not open is opened; also one that is completed, where the completion does not count for the certification
    and the learner does it `again`.
    """
    again = again and state.completed_at is not None
    if not again and state.live and state.begun and (state.via == via or workable_alone(state, today)):
        return None
    opens = again or not state.live
    told: dict[str, object] = {"via": via}
    if opens and state.completed_at is not None and (again or not state.certified(today)):
        told["afresh"] = True
    writing = EventRecorder(state)
    writing.add(TrainingBegun, term=state.term + opens, **told)
    return writing.change()


def end_within(state: Enrollment) -> Transition | None:
    """The certification's term is over; without an assignment to the course there is no access to it any more."""
    if not state.live or state.via is None or state.grants:
        return None
    writing = EventRecorder(state)
    writing.add(AccessExpired, term=state.term)
    return writing.change()
