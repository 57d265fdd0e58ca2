"""How learners stand on an offering by completion, and what administrators change of it (DUE-8, ENR-4, ENR-12)."""

from collections.abc import Sequence
from datetime import date, datetime
from urllib.parse import quote
from uuid import UUID

from services.portal.client.asking import Asking, Listed, Params, Receipt, Reply

ENROLLMENTS = "/api/enrollment/enrollments"


class Standing(Reply):
    """A learner on an offering. `completed_version`: of a certification."""

    id: UUID
    person_id: UUID
    offering_id: UUID
    status: str
    term: int
    due_on: date | None = None
    due_by_hand: bool = False
    completed_version: int | None = None
    completed_at: datetime | None = None
    valid_until: date | None = None
    serial: str | None = None
    revoked: bool = False

    @property
    def dated(self) -> bool:
        """A due date means something: the term goes on."""
        return self.status in ("awaiting-payment", "not-started", "in-progress", "pending-approval")


class Score(Reply):
    """The last result of an exam, in percent."""

    enrollment_id: UUID
    score: int
    passed: bool


def standings(ask: Asking, offering: UUID, *, completed: bool | None, cursor: str) -> Listed[Standing]:
    asked: Params = {"offering_id": str(offering), "completed": completed, "cursor": cursor, "limit": 50}
    return ask.listed(Standing, ENROLLMENTS, asked)


def standing(ask: Asking, enrollment: UUID) -> Standing:
    return ask.one(Standing, f"{ENROLLMENTS}/{enrollment}")


def scores(ask: Asking, enrollments: Sequence[UUID]) -> dict[UUID, Score]:
    if not enrollments:
        return {}
    found = ask.every(Score, "/api/enrollment/scores", {"enrollment_id": [str(id) for id in enrollments]})
    return {one.enrollment_id: one for one in found}


def set_due(ask: Asking, enrollment: UUID, due_on: str, reason: str, key: str) -> Receipt:
    return ask.send("PUT", f"{ENROLLMENTS}/{enrollment}/due", {"due_on": due_on, "reason": reason}, key)


def take_back(ask: Asking, enrollment: UUID, reason: str, key: str) -> Receipt:
    return ask.send("POST", f"{ENROLLMENTS}/{enrollment}/completion/take-back", {"reason": reason}, key)


def revoke(ask: Asking, serial: str, reason: str, key: str) -> Receipt:
    path = f"/api/enrollment/certificates/{quote(serial, safe='')}/revoke"
    return ask.send("POST", path, {"reason": reason}, key)
