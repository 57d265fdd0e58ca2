"""Completions that do not come from the steps, and what is taken back: by hand, imported, revoked (ENR-12, ENR-13)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Literal

from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.progress import issue_certificate, next_step
from services.enrollment.domain.transitions import EventRecorder, Transition
from shared.contracts.enrollment import CertificateRevoked, CompletionTakenBack, EnrollmentCompleted
from shared.errors import Conflict, Invalid
from shared.events import TextRef


@dataclass(frozen=True)
class Completion:
    """On which day, and until which day inclusive it counts; None: without end."""

    day: date
    valid_until: date | None
    how: Literal["by-hand", "imported"]


def check(completion: Completion, today: date) -> None:
    """Refuses days that cannot be (ENR-13)."""
    if completion.day > today:
        raise Invalid(f"{completion.day} is in the future. A completion must be in the past.", field="completed_on")
    if completion.valid_until is not None and completion.valid_until < completion.day:
        raise Invalid("It cannot expire before it was completed.", field="valid_until")


def record(
    state: Enrollment, offering: Offering, completion: Completion, *, evidence: TextRef | None, serial: str
) -> Transition | None:
    """A completion that an administrator knows of; None when it is on record exactly so. A newer one takes an older one's place."""
    if state.completed_at:
        known = state.completed_at.astimezone(UTC).date()
        if known == completion.day and state.valid_until == completion.valid_until:
            return None
        if known >= completion.day:
            raise Conflict(
                f"A completion of {known} is already on record. Take it back first, or record a newer one.",
                kind="already-completed",
                field="completed_on",
            )
    told: dict[str, object] = {"recorded": completion.how}
    told |= {"valid_until": completion.valid_until} if completion.valid_until else {}
    told |= {"evidence": evidence} if evidence else {}
    writing = EventRecorder(state)
    at = datetime.combine(completion.day, time(), UTC)
    writing.add(EnrollmentCompleted, term=state.term, version=None, completed_at=at, **told)
    issue_certificate(writing, offering, completion.day, serial)
    return writing.change()


def take_back(state: Enrollment, offering: Offering, reason: TextRef) -> Transition:
    """The completion on record does not count any more, and neither does its certificate (ENR-12).

    Where all steps are complete, the last one has to be completed again.
    """
    if state.completed_at is None:
        raise Conflict("There is no completion on record.", kind="not-completed")
    writing = EventRecorder(state)
    if state.serial and not state.revoked:
        writing.add(CertificateRevoked, term=state.term, serial=state.serial, reason=reason)
    again = (len(offering.steps),) if offering.steps and next_step(state, offering) is None else ()
    writing.add(CompletionTakenBack, term=state.term, steps=again, reason=reason)
    return Transition(state, writing.state, tuple(writing.events))


def revoke(state: Enrollment, serial: str, reason: TextRef) -> Transition | None:
    """The certificate does not hold any more; None when that was so already. The completion stays on record."""
    if state.serial == serial and state.revoked:
        return None
    writing = EventRecorder(state)
    writing.add(CertificateRevoked, term=state.term, serial=serial, reason=reason)
    return writing.change()
