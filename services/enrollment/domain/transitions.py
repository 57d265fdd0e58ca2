"""How an enrollment's next events are collected, and what they make of it."""

from dataclasses import dataclass

from services.enrollment.domain.enrollment import Enrollment, evolve
from shared.events import Event


class EventRecorder:
    """Collects the next events of one enrollment, and its state as they are added."""

    def __init__(self, state: Enrollment) -> None:
        self.before = state
        self.state = state
        self.events: list[Event] = []

    def add(self, kind: type[Event], **fields: object) -> None:
        fields |= {"person_id": self.state.person, "offering_id": self.state.offering}
        self.take(kind.unchecked_next(self.state.id, self.state.version, fields))

    def take(self, event: Event) -> None:
        """One that was decided elsewhere, on this state."""
        self.events.append(event)
        self.state = evolve(self.state, event) or self.state

    def change(self) -> "Transition | None":
        """None when nothing was added."""
        return Transition(self.before, self.state, tuple(self.events)) if self.events else None


@dataclass(frozen=True)
class Transition:
    """What was decided on one enrollment: its next events, and its standing before and after them."""

    before: Enrollment
    after: Enrollment
    events: tuple[Event, ...]


def joined(first: Transition | None, then: Transition | None) -> Transition | None:
    """Two changes as one; the second was decided on what the first comes to."""
    if first is None or then is None:
        return first or then
    return Transition(first.before, then.after, (*first.events, *then.events))
