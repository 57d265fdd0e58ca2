"""Qualifications: earned when all of their learning items are completed, in whatever way and order (CAT-9)."""

from collections.abc import Collection
from uuid import UUID

from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.progress import Moment, finish
from services.enrollment.domain.transitions import EventRecorder, Transition


def award(state: Enrollment, offering: Offering, done: Collection[UUID], moment: Moment) -> Transition | None:
    """`done`: the offerings whose completion the learner holds today. None: not earned, or nothing left to earn."""
    if offering.kind != "qualification" or not offering.items or not set(offering.items) <= set(done):
        return None
    if not state.accessible(moment.today) or state.completed_at or state.submitted or state.payment == "due":
        return None
    writing = EventRecorder(state)
    finish(writing, offering, moment)
    return writing.change()
