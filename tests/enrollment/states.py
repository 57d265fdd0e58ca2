"""The table of docs/states.md, made from the rules themselves. `python tests/enrollment/states.py` writes it.

For every state stands an enrollment that is in it; every command is tried on it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from services.enrollment.domain import completions, exception_answers, grants, payments, progress
from services.enrollment.domain.completions import Completion
from services.enrollment.domain.due_dates import NOT_DUE, Deadline, Due
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.progress import Moment
from services.enrollment.domain.self_enrollment import SelfEnrollmentState, next_action
from services.enrollment.domain.terms import Terms
from services.enrollment.domain.transitions import Transition
from shared.contracts.catalog import Activity, Price
from shared.contracts.enrollment import Hold
from shared.errors import Refusal
from shared.events import TextRef

DOCUMENT = Path(__file__).parents[2] / "docs" / "states.md"
BEGIN, END = "<!-- the table: python tests/enrollment/states.py -->", "<!-- end of the table -->"

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AT = Moment(NOW, TODAY, "ABCD-EFGH-IJKL-MNOP")
RULE, OTHER, ORDER = (UUID(int=n) for n in (1, 2, 3))
HOLD = Hold(assignment_id=RULE, since=TODAY, cause="time-allowance 2026-11-23 60")
REASON = TextRef(id=UUID(int=9), digest="0" * 64)
PRICE = Price(amount="10", currency="EUR")  # type: ignore[arg-type]
STEPS = (Activity(kind="lab", title="Yard"), Activity(kind="exam", title="Test", pass_mark=80))
COURSE = Offering(UUID(int=4), "course", "Forklift", True, None, STEPS, certificate=True)
REVIEWED = replace(COURSE, review=True)
TERMS = Terms(NOW, TODAY, 30)
HURRIED = Terms(NOW, TODAY, 30, minimum_minutes=24 * 60)

_NEW = Enrollment.unknown(UUID(int=5), COURSE.id)
_OPEN = replace(_NEW, version=5, term=1, live=True, grants=frozenset({RULE}), access={RULE: TODAY}, access_until=TODAY)
_PAID = replace(_OPEN, payment="paid", price=PRICE, order=ORDER)
_COMPLETED = replace(_OPEN, begun=True, steps=frozenset({1, 2}), completed_at=NOW, serial=AT.serial)
_OVER = replace(_OPEN, live=False, grants=frozenset(), access={}, begun=True)
YESTERDAY = TODAY - timedelta(days=1)

STATES: Mapping[str, Enrollment] = {
    "not-enrolled": _NEW,
    "held": replace(_NEW, version=1, holds={RULE: HOLD}, exception="open", raised=1),
    "awaiting-payment": replace(_OPEN, payment="due", price=PRICE, order=ORDER),
    "not-started": _PAID,
    "in-progress": replace(_PAID, begun=True, steps=frozenset({1})),
    "pending-approval": replace(_OPEN, begun=True, steps=frozenset({1, 2}), submitted=True),
    "completed": _COMPLETED,
    "certification-expired": replace(_COMPLETED, valid_until=YESTERDAY),
    "access-expired": replace(
        _OPEN, begun=True, ended="expired", live=False, access={RULE: YESTERDAY}, access_until=YESTERDAY
    ),
    "withdrawn": replace(_OVER, ended="withdrawn"),
    "cancelled": replace(_OVER, ended="cancelled", begun=False, exclusions=frozenset({RULE})),
}

Do = Callable[[Enrollment], Transition | None]


def _settle(state: Enrollment, wanted: set[UUID], removed: set[UUID]) -> Transition | None:
    return grants.reconcile(state, dict.fromkeys(wanted, NOT_DUE), removed, TERMS, open_for_new=True)


def _due(state: Enrollment) -> dict[UUID, Due]:
    """Its assignments and another one, which wants to be done today."""
    return {**dict.fromkeys(state.grants, NOT_DUE), OTHER: Due("set", Deadline(TODAY))}


def _cancel(state: Enrollment) -> Transition:
    grants.check_cancellable(state, RULE, NOW, NOW, override=False)
    return grants.cancel(state, RULE, None, by_rule=True)


COMMANDS: Mapping[str, Do] = {
    "an assignment holds the learner": lambda s: _settle(s, {*s.grants, OTHER}, set()),
    "an exception holds it back": lambda s: grants.reconcile(s, _due(s), set(), HURRIED, open_for_new=True),
    "assign anyway": lambda s: exception_answers.answer(
        s, "assigned", dict.fromkeys({*s.grants, RULE}, NOT_DUE), TERMS, reason=None
    ),
    "do not assign": lambda s: exception_answers.answer(s, "not-assigned", {RULE: NOT_DUE}, TERMS, reason=None),
    "the last assignment is removed": lambda s: _settle(s, set(), {RULE}),
    "the last source drops the learner": lambda s: _settle(s, set(), set()),
    "cancel": _cancel,
    "the last day of access is over": lambda s: grants.expire(s, TODAY + timedelta(days=1)),
    "purchase": lambda s: payments.order(s, uuid4()),
    "paid": lambda s: payments.paid(s, s.term, ORDER),
    "refunded": lambda s: payments.refunded(s, s.term, ORDER),
    "begin": lambda s: progress.begin(s, COURSE, {}, AT),
    "launch": lambda s: progress.launch(s, COURSE, 1, TODAY),
    "complete the last step": lambda s: progress.take_exam(replace(s, steps=s.steps | {1}), COURSE, 2, 80, AT),
    "complete it, with review": lambda s: progress.take_exam(replace(s, steps=s.steps | {1}), REVIEWED, 2, 80, AT),
    "fail the exam": lambda s: progress.take_exam(s, COURSE, 2, 79, AT),
    "approve": lambda s: progress.approve(s, REVIEWED, AT),
    "reject": lambda s: progress.reject(s, REVIEWED, [2], REASON),
    "record a completion": lambda s: completions.record(
        s, COURSE, Completion(TODAY, None, "by-hand"), evidence=None, serial=AT.serial
    ),
    "take the completion back": lambda s: completions.take_back(s, COURSE, REASON),
}
"""Notices of the provider come for orders that there are; that is checked before these rules."""


def outcome(state: Enrollment, do: Do) -> str:
    """The state afterwards, `=` for the same with events, `·` for nothing to do, `✗` and the kind of refusal."""
    before = state.status(TODAY)
    try:
        change = do(state)
    except Refusal as refusal:
        return f"✗ {refusal.kind}"
    if change is None:
        return "·"
    after = change.after.status(TODAY)
    term = " (next term)" if change.after.term > state.term else ""
    return f"={term}" if after == before else f"{after}{term}"


def table() -> str:
    lines = ["| state | next action | " + " | ".join(COMMANDS) + " |", "|---" * (len(COMMANDS) + 2) + "|"]
    for name, state in STATES.items():
        action = next_action(state, COURSE, TODAY, SelfEnrollmentState(NOW)).action or "none"
        lines.append(f"| **{name}** | {action} | " + " | ".join(outcome(state, do) for do in COMMANDS.values()) + " |")
    return "\n".join(lines)


def written(document: str) -> str:
    """The document with the table as it is today."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text()))
