"""Exceptions: which assignments may not hold a learner before an administrator has looked (DUE-4 to DUE-6).

All causes of one learner on one offering are one exception with one answer. It is judged what would hold afterwards: the date by
the assignments that hold the learner, together with the one that is judged. What waits, or was answered, is not raised again while
its cause stays as it was; when nothing stands in the way any more, it holds the learner.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.enrollment.domain.due_dates import Deadline, Due, too_soon
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.terms import Terms, due_after, in_term
from shared.contracts.enrollment import ExceptionKind, Hold

_DAY = 24 * 60 + 1
"""The minutes at which a day can be over, its end among them."""


@dataclass(frozen=True)
class Judgement:
    """What is to be done with the assignments that want to hold a learner, or to move the date."""

    passing: Sequence[UUID] = ()
    """Nothing stands in their way; in the order in which they take effect."""
    lifted: Sequence[UUID] = ()
    """They were answered with *do not assign*, and their cause is another one now, or gone."""
    ended: Sequence[UUID] = ()
    """They wait no more."""
    holds: tuple[Hold, ...] = ()
    """All that waits, where that is new or has another cause."""
    kinds: tuple[ExceptionKind, ...] = ()


def judge(state: Enrollment, wanted: Mapping[UUID, Due], terms: Terms, *, open_for_new: bool) -> Judgement:
    """Look at every assignment that does not hold the learner yet, or asks for another date."""
    excluded = state.exclusions - state.refused
    candidates = [a for a in wanted if a in state.grants or (open_for_new and a not in excluded)]
    opened = in_term(state, terms)
    day = state.due if opened else None
    passing: list[UUID] = []
    blocked: dict[UUID, str] = {}
    for assignment in sorted(candidates, key=lambda a: latest_first(a, wanted[a], terms)):
        after = due_after(state, wanted[assignment], terms, day)
        if assignment in state.grants and (after == day or state.completed_at is not None):
            continue
        causes = _causes(state, wanted[assignment], terms, before=day, after=after, opens=not opened)
        if (causes and assignment not in state.grants) or "time-allowance" in causes:
            blocked[assignment] = " ".join(f"{kind} {why}".strip() for kind, why in sorted(causes.items()))
        else:
            passing.append(assignment)
            day, opened = after, True
    return _compared(state, wanted, terms, passing=passing, blocked=blocked)


def latest_first(assignment: UUID, due: Due, terms: Terms) -> tuple[int, UUID]:
    """The date that will hold comes first, those without a date last: the outcome does not hang on the order of events."""
    if due.on is None:
        return (1 << 62, assignment)
    day, at = due.on.order
    minutes = day.toordinal() * _DAY + int(at[:2]) * 60 + int(at[3:])
    return (minutes if terms.earliest else -minutes, assignment)


def _causes(
    state: Enrollment, due: Due, terms: Terms, *, before: Deadline | None, after: Deadline | None, opens: bool
) -> dict[ExceptionKind, str]:
    """Why it has to wait; nobody who has completed is judged, nor who completes at once (DUE-4, ENR-8)."""
    causes: dict[ExceptionKind, str] = {}
    if state.certified(terms.today) or terms.done:
        return causes
    if after is not None and after != before and too_soon(after, terms.now, terms.minimum_minutes, terms.zone):
        causes["time-allowance"] = f"{after} {terms.minimum_minutes}"
    if due.state == "unknown":
        causes["completion-time-unknown"] = due.about
    if opens and terms.others:
        causes["already-assigned"] = ",".join(str(other) for other in sorted(terms.others))
    return causes


def _compared(
    state: Enrollment, wanted: Mapping[UUID, Due], terms: Terms, *, passing: Sequence[UUID], blocked: Mapping[UUID, str]
) -> Judgement:
    """With what was known before: the same cause is not raised again (DUE-6)."""
    same = {a for a, cause in blocked.items() if a in state.holds and state.holds[a].cause == cause}
    settled = same & state.refused
    lifted = sorted((state.refused & {*blocked, *passing}) - settled)
    waiting = {a: cause for a, cause in blocked.items() if a not in settled}
    kept = {a for a in state.waiting if a in wanted and a not in passing and a not in blocked and a not in state.grants}
    ended = [a for a in state.waiting if a not in waiting and a not in kept]
    if all(a in same for a in waiting):
        return Judgement(passing, lifted, ended)
    holds = [Hold(assignment_id=a, since=_since(state, a, terms), cause=cause) for a, cause in sorted(waiting.items())]
    holds += [state.holds[a] for a in sorted(kept)]
    return Judgement(passing, lifted, ended, holds=tuple(holds), kinds=kinds_of(holds))


def kinds_of(holds: Sequence[Hold]) -> tuple[ExceptionKind, ...]:
    """The kinds among these causes."""
    every: tuple[ExceptionKind, ...] = ("time-allowance", "already-assigned", "completion-time-unknown")
    return tuple(kind for kind in every if any(kind in hold.cause for hold in holds))


def _since(state: Enrollment, assignment: UUID, terms: Terms) -> date:
    return state.holds[assignment].since if assignment in state.holds else terms.day
