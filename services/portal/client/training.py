"""How far a learner has come, as whoever decides on a completion reads it (ENR-4, ENR-5)."""

from datetime import datetime

from services.portal.client.asking import Asking, Reply


class StepDone(Reply):
    """A step, with the best result of an exam, in percent."""

    number: int
    kind: str
    title: str
    pass_mark: int | None = None
    completed: bool
    completed_at: datetime | None = None
    attempts_total: int = 0
    best_score: int | None = None
    launches: int = 0


def steps_of(ask: Asking, enrollment_id: str) -> list[StepDone]:
    return ask.every(StepDone, f"/api/enrollment/enrollments/{enrollment_id}/steps")
