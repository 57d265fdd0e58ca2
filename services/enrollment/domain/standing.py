"""One learner's standing on one offering, and what assignments do to it.

An assignment that holds a learner is a *grant*. What happens, in the words of the features:

- A first grant enrols the learner: a term opens. A further one is only one more source (ASG-6).
- One of several grants goes: the learner stays enrolled by the others (ASG-7).
- The last one is removed by a person: the term ends, the learner is withdrawn.
- The last one drops out of its source (a move, another manager): training that was begun stays, marked as without source;
  training that was not begun is withdrawn (ASG-10).
- A grant that comes when no term is open begins the next one; history and completions stay.
- What a person took away stays away until a person allows it again: an exclusion (ASG-7).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha1
from uuid import UUID

from shared.contracts.enrollment import (
    EnrollmentCompleted,
    EnrollmentLeftWithoutSource,
    ExclusionLifted,
    LearnerAssigned,
    LearnerExcluded,
    LearnerUnassigned,
    LearnerWithdrawn,
    StepCompleted,
    TrainingBegun,
    Unassignment,
)
from shared.errors import Conflict, Invalid, NotFound
from shared.events import Event, TextRef

_NAMESPACE = UUID("6f1d0e1c-6a55-4d0c-9a41-0d0b3f6f7a11")
_VARIANT_AND_VERSION_5 = (0x8000 << 48) | (5 << 76)
_NEITHER_VARIANT_NOR_VERSION = ~((0xC000 << 48) | (0xF000 << 64))


def enrollment_id(person: UUID, offering: UUID) -> UUID:
    """There is one enrollment for each learner and offering, and its id says so: a UUID of version 5."""
    return enrollment_ids([person], offering)[0]


def enrollment_ids(people: Iterable[UUID], offering: UUID) -> list[UUID]:
    """As `uuid5` makes them of `person/offering`, in half the time."""
    begun, on = sha1(_NAMESPACE.bytes, usedforsecurity=False), f"/{offering}".encode()
    ids = []
    for person in people:
        hashed = begun.copy()
        hashed.update(str(person).encode() + on)
        number = int.from_bytes(hashed.digest()[:16], "big")
        ids.append(UUID(int=(number & _NEITHER_VARIANT_NOR_VERSION) | _VARIANT_AND_VERSION_5))
    return ids


@dataclass(frozen=True)
class Enrollment:
    """A learner's standing on an offering, as its events tell it. `term` 0: never enrolled."""

    id: UUID
    person: UUID
    offering: UUID
    version: int = 0
    term: int = 0
    live: bool = False
    """A term is open."""
    begun: bool = False
    sourceless: bool = False
    steps: frozenset[int] = frozenset()
    completed_version: int | None = None
    completed_at: datetime | None = None
    grants: frozenset[UUID] = field(default=frozenset())
    exclusions: frozenset[UUID] = field(default=frozenset())

    @classmethod
    def unknown(cls, person: UUID, offering: UUID) -> "Enrollment":
        return cls(enrollment_id(person, offering), person, offering)

    @property
    def status(self) -> str:
        """not-enrolled, not-started, in-progress, completed or withdrawn: derived, never set."""
        if self.term == 0:
            return "not-enrolled"
        if not self.live:
            return "withdrawn"
        if self.completed_at is not None:
            return "completed"
        return "in-progress" if self.begun else "not-started"


def evolve(state: Enrollment | None, event: Event) -> Enrollment | None:
    """The standing after an event. Never judges."""
    match event:
        case LearnerAssigned():
            now = state or Enrollment.unknown(event.person_id, event.offering_id)
            if event.term > now.term:
                now = replace(now, term=event.term, live=True, begun=False, steps=frozenset())
            now = replace(now, grants=now.grants | {event.assignment_id}, sourceless=False)
        case LearnerExcluded():
            now = state or Enrollment.unknown(event.person_id, event.offering_id)
            now = replace(now, exclusions=now.exclusions | {event.assignment_id})
        case _ if state is None:
            return None
        case LearnerUnassigned():
            now = replace(state, grants=state.grants - {event.assignment_id})
        case ExclusionLifted():
            now = replace(state, exclusions=state.exclusions - {event.assignment_id})
        case LearnerWithdrawn():
            now = replace(state, live=False, sourceless=False)
        case EnrollmentLeftWithoutSource():
            now = replace(state, sourceless=True)
        case TrainingBegun():
            now = replace(state, begun=True)
        case StepCompleted():
            now = replace(state, begun=True, steps=state.steps | {event.step})
        case EnrollmentCompleted():
            now = replace(state, completed_version=event.version, completed_at=event.completed_at)
        case _:
            return state
    return replace(now, version=event.originator_version)


class _Writing:
    """Collects the next events of one enrollment, and its state as they are added."""

    def __init__(self, state: Enrollment) -> None:
        self.state = state
        self.events: list[Event] = []

    def add(self, kind: type[Event], **fields: object) -> None:
        fields |= {"person_id": self.state.person, "offering_id": self.state.offering}
        event = kind.next_of(self.state.id, self.state.version, fields)
        self.events.append(event)
        self.state = evolve(self.state, event) or self.state


@dataclass(frozen=True)
class Change:
    """What was decided on one enrollment: its next events, and its standing before and after them."""

    before: Enrollment
    after: Enrollment
    events: tuple[Event, ...]


def settle(
    state: Enrollment,
    wanted: Collection[UUID],
    removed: Collection[UUID],
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
    writing = _Writing(state)
    term = state.term if state.live else state.term + 1
    for assignment in lacking:
        writing.add(LearnerAssigned, assignment_id=assignment, term=term)
    for assignment in surplus:
        why: Unassignment = "assignment-removed" if assignment in removed else "dropped-out"
        writing.add(LearnerUnassigned, assignment_id=assignment, term=writing.state.term, why=why)
    _end_if_unheld(writing, on_purpose=not keep_begun or all(assignment in removed for assignment in surplus))
    return Change(state, writing.state, tuple(writing.events))


def exclude(state: Enrollment, assignment: UUID, reason: TextRef | None) -> Change:
    """A person takes one learner out of one assignment; no rule brings the grant back (ASG-7)."""
    if assignment not in state.grants:
        raise NotFound("This assignment does not hold this learner.", field="person_id")
    writing = _Writing(state)
    writing.add(LearnerUnassigned, assignment_id=assignment, term=state.term, why="removed-by-hand")
    writing.add(LearnerExcluded, assignment_id=assignment, why="removed-by-hand", reason=reason)
    _end_if_unheld(writing, on_purpose=True)
    return Change(state, writing.state, tuple(writing.events))


def allow_again(state: Enrollment, assignment: UUID) -> Change:
    """Lift an exclusion; whether the learner comes back is for the assignment's rule to say."""
    if assignment not in state.exclusions:
        raise NotFound("This learner is not excluded from this assignment.", field="person_id")
    writing = _Writing(state)
    writing.add(ExclusionLifted, assignment_id=assignment)
    return Change(state, writing.state, tuple(writing.events))


def begin(state: Enrollment) -> Change | None:
    """The learner starts; None when that was so already."""
    _check_live(state)
    if state.begun:
        return None
    writing = _Writing(state)
    writing.add(TrainingBegun, term=state.term)
    return Change(state, writing.state, tuple(writing.events))


def complete_step(state: Enrollment, step: int, steps: int, version: int | None, now: datetime) -> Change | None:
    """Complete one of `steps` steps, counted from 1, and with the last open one the training; None when it was complete."""
    _check_live(state)
    if not 1 <= step <= steps:
        raise Invalid(f"The steps are numbered 1 to {steps}.", field="step")
    if step in state.steps:
        return None
    writing = _Writing(state)
    if not state.begun:
        writing.add(TrainingBegun, term=state.term)
    writing.add(StepCompleted, term=state.term, step=step)
    if writing.state.steps >= frozenset(range(1, steps + 1)) and state.completed_at is None:
        writing.add(EnrollmentCompleted, term=state.term, version=version, completed_at=now)
    return Change(state, writing.state, tuple(writing.events))


def _end_if_unheld(writing: _Writing, *, on_purpose: bool) -> None:
    state = writing.state
    if not state.live or state.grants:
        return
    if state.begun and not on_purpose:
        writing.add(EnrollmentLeftWithoutSource, term=state.term)
    else:
        writing.add(LearnerWithdrawn, term=state.term)


def _check_live(state: Enrollment) -> None:
    if not state.live:
        raise Conflict(
            f"The enrollment is {state.status}: there is no open term to work on. It opens again with an assignment.",
            kind="not-enrolled",
        )
