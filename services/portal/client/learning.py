"""What a learner's pages read and command: an offering, the ways in and out, its steps, and paying for it."""

from datetime import date, datetime
from decimal import Decimal

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Params, Receipt, Reply, ServiceProblem
from services.portal.client.enrollment import Card, Standing

ENROLLMENT = "/api/enrollment"


class Attempt(Reply):
    at: datetime
    score: int
    pass_mark: int | None = None
    passed: bool


class Step(Reply):
    """A step with the learner's own results; `not_launchable_because` is the service's sentence."""

    number: int
    kind: str
    title: str
    description: str = ""
    system_requirements: str = ""
    connection: str = ""
    pass_mark: int | None = None
    reported_by: str | None = None
    course_id: str | None = None
    completed: bool = False
    completed_at: datetime | None = None
    credited_from: str | None = None
    attempts: tuple[Attempt, ...] = ()
    attempts_total: int = 0
    best_score: int | None = None
    launches: int = 0
    last_launched_at: datetime | None = None
    launchable: bool = False
    not_launchable_because: str | None = None


class WithdrawFrom(Reply):
    assignment_id: str
    type: str
    name: str | None = None


class Offering(Card):
    """A card, and all else that the page of the offering shows."""

    active: bool = True
    access: str = "hidden"
    review: bool = False
    in_order: bool = False
    access_days: int | None = None
    groups: int = 0
    withdraw_from: tuple[WithdrawFrom, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def enrolled(self) -> bool:
        """There is an enrollment to tell about, open or over."""
        return self.standing.status not in ("not-enrolled", "held")


class DueRule(Reply):
    kind: str
    on: date | None = None
    amount: int | None = None
    unit: str | None = None
    field: str | None = None
    time: str | None = None


class GroupChoice(Reply):
    """A group that the learner may join."""

    assignment_id: str
    name: str
    description: str = ""
    due: DueRule | None = None
    member: bool = False


class Source(Reply):
    """An assignment that holds the learner, or waits for an administrator."""

    assignment_id: str
    type: str
    name: str | None = None
    held: bool = False
    since: date | None = None
    access_until: date | None = None
    due: DueRule | None = None
    due_state: str = "none"
    due_on: date | None = None
    due_at: str | None = None
    holds_due: bool = False
    can_withdraw: bool = False
    cannot_withdraw_because: str | None = None


class Staying(Reply):
    type: str
    name: str | None = None


class Leaving(Reply):
    """What withdrawing would do: the group that is left, and what stays."""

    group: str | None = None
    stays: tuple[Staying, ...] = ()
    within_certification: bool = False


class Order(Reply):
    """A learner's attempt to pay. `state`: open, paid, failed, refunded."""

    id: str
    amount: Decimal
    currency: str
    state: str
    checkout: str
    created_at: datetime


def browse(ask: Asking, asked: Params) -> Listed[Card]:
    """What whoever looks may see, by title."""
    return ask.listed(Card, f"{ENROLLMENT}/offerings", asked)


def offering(ask: Asking, id: str, at_least: str | None = None) -> Offering:
    return ask.one(Offering, f"{ENROLLMENT}/offerings/{id}", {"at_least": at_least})


def standing(ask: Asking, id: str) -> Standing:
    """Of whoever looks, on an offering."""
    return ask.one(Standing, f"{ENROLLMENT}/offerings/{id}/standing")


def groups(ask: Asking, id: str) -> list[GroupChoice]:
    return ask.every(GroupChoice, f"{ENROLLMENT}/offerings/{id}/groups")


def sources(ask: Asking, enrollment: str) -> list[Source]:
    return ask.every(Source, f"{ENROLLMENT}/enrollments/{enrollment}/sources")


def enrol(ask: Asking, offering: str, group: str, key: str) -> Receipt:
    """By this group, or without one."""
    if group:
        return ask.send("POST", f"{ENROLLMENT}/groups/{group}/join", {"confirm": True}, key)
    return ask.send("POST", f"{ENROLLMENT}/offerings/{offering}/enrol", None, key)


def begin(ask: Asking, enrollment: str, key: str) -> Receipt:
    return ask.send("POST", f"{ENROLLMENT}/enrollments/{enrollment}/begin", None, key)


def complete(ask: Asking, enrollment: str, step: int, key: str) -> Receipt:
    """The learner says that a step is done."""
    return ask.send("POST", f"{ENROLLMENT}/enrollments/{enrollment}/steps/{step}/complete", None, key)


class _Launched(Reply):
    address: str | None = None


def launch(ask: Asking, enrollment: str, step: int, key: str) -> str | None:
    """Open a step; the address where it is, if it has one."""
    receipt = ask.send("POST", f"{ENROLLMENT}/enrollments/{enrollment}/steps/{step}/launch", None, key)
    return _Launched.model_validate(receipt.result or {}).address


def leaving(ask: Asking, assignment: str) -> Leaving | None:
    """What withdrawing would do, without doing it; None: the learner has left already. Raises ServiceProblem: it is not allowed."""
    path = f"{ENROLLMENT}/assignments/{assignment}/leave"
    try:
        ask.done("POST", path, {"confirm": False})
    except ServiceProblem as problem:
        if problem.kind != "confirmation-required":
            raise
        return Leaving.model_validate(problem.problem)
    return None


def leave(ask: Asking, assignment: str, key: str) -> Receipt:
    body: dict[str, JsonValue] = {"confirm": True}
    return ask.send("POST", f"{ENROLLMENT}/assignments/{assignment}/leave", body, key)


def orders(ask: Asking, enrollment: str) -> list[Order]:
    """Oldest first."""
    return ask.every(Order, f"{ENROLLMENT}/enrollments/{enrollment}/purchases")


def purchase(ask: Asking, enrollment: str, key: str) -> Order:
    """The open order of the term, or a new one."""
    return ask.post(Order, f"{ENROLLMENT}/enrollments/{enrollment}/purchase", {}, key)
