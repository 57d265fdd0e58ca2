"""What is given to whoever comes to an offering now, and which term and due date that means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from uuid import UUID

from services.enrollment.domain.due_dates import Deadline, Due, holding
from services.enrollment.domain.enrollment import Enrollment
from shared.contracts.catalog import Price


@dataclass(frozen=True)
class Terms:
    """What a grant that is given now brings with it: `days` of access, by assignment where one gives less; a price; due dates."""

    now: datetime
    today: date
    """In UTC: what access and completions go by."""
    days: int | None = None
    shorter: Mapping[UUID, int] = field(default_factory=dict)
    price: Price | None = None
    minimum_minutes: int = 0
    earliest: bool = False
    """Of several due dates the earliest holds (DUE-3)."""
    others: tuple[UUID, ...] = ()
    """The learner's other certifications that contain a course of this one (DUE-5)."""
    done: bool = False
    """The training is complete at once: all of its courses were completed before, and count (ENR-8)."""
    zone: tzinfo = UTC
    """The learner's: what due dates go by (DUE-1)."""

    @property
    def day(self) -> date:
        """The day that it is for the learner."""
        return self.now.astimezone(self.zone).date()

    def access_until(self, assignment: UUID) -> date | None:
        """The last day of access (ASG-14); None: without end."""
        if self.days is None:
            return None
        return self.today + timedelta(days=min(self.days, self.shorter.get(assignment, self.days)))


def in_term(state: Enrollment, terms: Terms) -> bool:
    """A further grant is one more source of the open term; otherwise it opens the next (ENR-1)."""
    return state.live and (state.completed_at is None or state.certified(terms.today))


def due_after(state: Enrollment, due: Due, terms: Terms, before: Deadline | None) -> Deadline | None:
    """The date that holds with this one too (DUE-3): nothing changes one that was set by hand, or after completion."""
    if state.certified(terms.today) or (state.due_by_hand and in_term(state, terms)):
        return before
    return holding(before, due.on, earliest=terms.earliest)
