"""What whoever decides reads and sends: the queue, a request with everything to decide by, decisions, delegations."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Params, Receipt, Reply
from services.portal.client.requests import Happening

QUEUE = "/api/approvals/queue"
REQUESTS = "/api/approvals/requests"
DELEGATION = "/api/approvals/delegation"


class Waiting(Reply):
    """A request in the queue. `for_people`: who delegated the decision to whoever looks."""

    id: UUID
    kind: str
    status: str
    outcome: str
    stage: int
    stages: int
    person_id: UUID
    person: str | None = None
    offering_id: UUID
    offering: str | None = None
    enrollment_id: UUID | None = None
    due_on: date | None = None
    current_due_on: date | None = None
    reason: str | None = None
    asked_at: datetime
    decided_at: datetime | None = None
    escalates_at: datetime | None = None
    escalated: bool = False
    nobody_found: bool = False
    asked_before: int = 0
    denied_before: int = 0
    approvers: tuple[str, ...] = ()
    for_people: tuple[str, ...] = ()


class Learner(Reply):
    """Who asks. `state` on the offering: live, pending, completed or over; None: never on it."""

    organisation: str | None = None
    managers: tuple[str, ...] = ()
    state: str | None = None
    valid_until: date | None = None
    under_way: int = 0
    overdue: int = 0


class Cost(Reply):
    amount: Decimal
    currency: str


class ToDecide(Waiting):
    """A request with everything to decide by, and everything that happened."""

    may_decide: bool
    price: Cost | None = None
    learner: Learner
    earlier: tuple[Waiting, ...] = ()
    history: tuple[Happening, ...] = ()

    @property
    def last(self) -> Happening | None:
        """The last decision, if there was any."""
        return next((one for one in reversed(self.history) if one.what in ("StageApproved", "RequestDenied")), None)


class Decided(Reply):
    """What came of one of many: `status` afterwards; or `refused`, with who was faster, where somebody was."""

    request_id: UUID
    status: str | None = None
    refused: str | None = None
    detail: str | None = None
    request_status: str | None = None
    decided_by_name: str | None = None
    decided_at: datetime | None = None


class _Decisions(Reply):
    decided: tuple[Decided, ...]


class Delegation(Reply):
    """On days both included."""

    person: str | None = None
    to_id: UUID
    to: str | None = None
    starts: date
    ends: date


class Delegations(Reply):
    """`mine`: who decides for whoever looks; `for_others`: for whom they decide, today or later."""

    mine: Delegation | None = None
    for_others: tuple[Delegation, ...] = ()


class Delegate(Reply):
    """Somebody who can be chosen."""

    id: UUID
    name: str
    organisation: str | None = None


def queue(ask: Asking, state: str, kind: str = "", cursor: str = "") -> Listed[Waiting]:
    """What waits, oldest first; or what was decided, newest first."""
    return ask.listed(Waiting, QUEUE, {"state": state, "kind": kind, "count": state == "waiting", "cursor": cursor})


def chosen(ask: Asking, ids: Sequence[UUID]) -> list[Waiting]:
    """Of these, what still waits for whoever looks."""
    asked: Params = {"ids": [str(id) for id in ids], "limit": len(ids)}
    return ask.listed(Waiting, QUEUE, asked).items


def own_open(ask: Asking) -> list[Waiting]:
    """What whoever looks has asked for, and somebody else decides."""
    return ask.listed(Waiting, REQUESTS, {"mine": True, "status": "open"}).items


def to_decide(ask: Asking, id: UUID) -> ToDecide:
    return ask.one(ToDecide, f"{REQUESTS}/{id}")


def decide(ask: Asking, id: UUID, decision: str, reason: str, key: str) -> str:
    """The status afterwards: `open` where others have to decide as well."""
    body: dict[str, JsonValue] = {"decision": decision, "reason": reason or None}
    result = ask.send("POST", f"{REQUESTS}/{id}/decision", body, key).result
    return str(result["status"]) if isinstance(result, dict) else ""


def decide_many(ask: Asking, ids: Sequence[UUID], decision: str, reason: str, key: str) -> tuple[Decided, ...]:
    body: dict[str, JsonValue] = {"requests": [str(id) for id in ids], "decision": decision, "reason": reason or None}
    return ask.post(_Decisions, "/api/approvals/decisions", body, key).decided


def delegations(ask: Asking) -> Delegations:
    return ask.one(Delegations, DELEGATION)


def find_delegates(ask: Asking, first_name: str, last_name: str) -> Listed[Delegate]:
    return ask.sought(
        Delegate, "/api/approvals/delegates/search", {"first_name": first_name, "last_name": last_name}, {"limit": 20}
    )


def delegate(ask: Asking, to: str, starts: str, ends: str, key: str) -> Receipt:
    return ask.send("PUT", DELEGATION, {"to": to, "starts": starts, "ends": ends}, key)


def end_delegation(ask: Asking, key: str) -> Receipt:
    return ask.send("DELETE", DELEGATION, None, key)


def requests_about(ask: Asking, offering: UUID, status: str, cursor: str) -> Listed[Waiting]:
    """Of learners whom whoever looks may read, newest first; an empty `status`: whatever it is."""
    return ask.listed(Waiting, REQUESTS, {"offering_id": str(offering), "status": status, "cursor": cursor})
