"""What pages read and command of enrollments."""

from datetime import date, datetime
from decimal import Decimal
from urllib.parse import quote

from services.portal.client.asking import Asking, Listed, Params, Reply


class Verified(Reply):
    """What a certificate's serial number tells anybody."""

    serial: str
    state: str
    learner: str | None = None
    offering: str | None = None
    kind: str | None = None
    completed_on: date | None = None
    valid_until: date | None = None
    reason: str | None = None


class OwnAssignment(Reply):
    """One assignment that holds a learner, with what an administrator may do with it."""

    assignment_id: str
    access_until: date | None = None
    default_until: date | None = None
    editable: bool = False
    cancellable: bool = False
    override: bool = False
    why_not: str | None = None


class Price(Reply):
    amount: Decimal
    currency: str


class Note(Reply):
    """What the administrators of an assignment tell its learners (ASG-13)."""

    title: str
    message: str
    important: bool


class Standing(Reply):
    """How whoever looks stands on an offering; `id` is that of the enrollment, which may still be to come."""

    id: str
    status: str
    term: int = 0
    """How often somebody was enrolled on it."""
    next_action: str | None = None
    no_action_because: str | None = None
    groups_to_join: tuple[str, ...] = ()
    requested: bool = False
    next_step: int | None = None
    payment: str = "none"
    due_on: date | None = None
    due_at: str | None = None
    due_by_hand: bool = False
    access_until: date | None = None
    required: bool | None = None
    returned_because: str | None = None
    returned_by_request: str | None = None
    completed_at: datetime | None = None
    valid_until: date | None = None
    serial: str | None = None
    revoked: bool = False
    notes: tuple[Note, ...] = ()

    @property
    def returned(self) -> bool:
        """An administrator sent the completion back (ENR-5)."""
        return self.status == "in-progress" and bool(self.returned_because or self.returned_by_request)


class Part(Reply):
    """A step of a training, or a learning item of a qualification. `state`: done, in-progress, open."""

    number: int
    kind: str
    title: str
    offering_id: str | None = None
    state: str
    launchable: bool = False
    system_requirements: str = ""
    connection: str = ""


class AssignedTo(Reply):
    type: str
    name: str | None = None


class Card(Reply):
    """An offering, and how whoever looks stands on it. `since`: when the status began."""

    id: str
    kind: str
    title: str
    description: str = ""
    price: Price | None = None
    minimum_minutes: int = 0
    certificate: bool = False
    badge: str | None = None
    opens: datetime | None = None
    closes: datetime | None = None
    visible: bool = True
    standing: Standing
    since: datetime | None = None
    ended_because: str | None = None
    overdue: bool = False
    overdue_days: int = 0
    assigned_to: AssignedTo | None = None
    can_launch: bool = False
    done: int = 0
    parts: tuple[Part, ...] = ()

    @property
    def next_part(self) -> Part | None:
        """The step that comes next."""
        return next((one for one in self.parts if one.number == self.standing.next_step), None)


class Achievement(Reply):
    """A badge that was earned; `share` is the address that proves it (ENR-11)."""

    badge: str
    offering_id: str
    title: str
    earned_on: date
    serial: str
    share: str


def verified(ask: Asking, serial: str) -> Verified:
    return ask.one(Verified, f"/api/enrollment/certificates/{quote(serial, safe='')}")


def holding(ask: Asking, enrollment_id: str) -> list[OwnAssignment]:
    return ask.every(OwnAssignment, f"/api/enrollment/enrollments/{enrollment_id}/assignments")


def mine(
    ask: Asking,
    view: str,
    *,
    kinds: tuple[str, ...] = (),
    cursor: str = "",
    limit: int = 50,
    at_least: str | None = None,
) -> Listed[Card]:
    """The own enrollments of a view: relevant, current, completed, qualifications, all; with the total."""
    asked: Params = {"view": view, "kind": list(kinds), "cursor": cursor, "limit": limit, "at_least": at_least}
    return ask.listed(Card, "/api/enrollment/mine", asked)


def achievements(ask: Asking, *, cursor: str = "", limit: int = 50) -> Listed[Achievement]:
    """The own badges, newest first."""
    return ask.listed(Achievement, "/api/enrollment/achievements", {"cursor": cursor, "limit": limit})
