"""What pages read of long jobs, and of the numbers of what waits."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import httpx

from services.portal.client.asking import Asking, Listed, Reply
from services.portal.client.people import names

JOBS = "/api/enrollment/jobs"
_SOON = 10
"""After so many seconds it can be told how fast a job is."""


class Target(Reply):
    """Whom an assignment is for."""

    type: str
    name: str | None = None


class Job(Reply):
    """Long work: what it is about, who started it (None: Rollbook itself), and how far it is."""

    id: UUID
    kind: str
    state: str
    done: int
    total: int | None = None
    error: str | None = None
    batch: UUID
    started_by: str | None = None
    offering_id: UUID | None = None
    offering_title: str | None = None
    trigger_id: UUID | None = None
    trigger_name: str | None = None
    job_role_name: str | None = None
    preview_id: UUID | None = None
    preview_title: str | None = None
    result: dict[str, str | None] | None = None
    assignments: int = 0
    targets: tuple[Target, ...] = ()
    created_at: datetime
    finished_at: datetime | None = None

    @property
    def over(self) -> bool:
        return self.state in ("finished", "failed")

    @property
    def outdated(self) -> bool:
        """It did nothing, since the facts had changed after its preview."""
        return bool(self.result and "outdated" in self.result)

    def rate(self, now: datetime) -> int | None:
        """Learners a minute; None: too soon to tell."""
        seconds = (now - self.created_at).total_seconds()
        return round(self.done * 60 / seconds) if seconds >= _SOON and self.done else None

    def left(self, now: datetime) -> int | None:
        """Minutes that it will take as it goes; None: too soon to tell."""
        seconds = (now - self.created_at).total_seconds()
        if self.over or not self.total or not self.rate(now):
            return None
        return max(1, round((self.total - self.done) * seconds / self.done / 60))


class Refusal(Reply):
    """Somebody who was not assigned, and why. `name` None: not known to whoever looks."""

    person_id: UUID
    name: str | None = None
    offering_title: str | None = None
    kind: str
    detail: str


class Counts(Reply):
    """How much waits, as far as whoever looks may see it. `held_changes` None: not for them."""

    exceptions: int
    set_aside: int
    completions: int
    held_changes: int | None = None
    jobs: int


def jobs(ask: Asking, *, mine: bool = False, state: str = "", cursor: str = "", limit: int = 50) -> Listed[Job]:
    """The newest first; `state`: open, finished or failed."""
    return ask.listed(Job, JOBS, {"mine": mine or None, "state": state, "cursor": cursor, "limit": limit})


def job(ask: Asking, id: UUID) -> Job:
    return ask.one(Job, f"{JOBS}/{id}")


def refusals(ask: Asking, id: UUID, cursor: str) -> Listed[Refusal]:
    return ask.listed(Refusal, f"{JOBS}/{id}/refusals", {"cursor": cursor})


def refusals_file(ask: Asking, id: UUID) -> httpx.Response:
    """As CSV, as it comes."""
    return ask.stream(f"{JOBS}/{id}/refusals.csv")


def starters(ask: Asking, found: Sequence[Job]) -> dict[str, str]:
    """Who started them, by name."""
    return names(ask, {one.started_by for one in found if one.started_by})


def counts(ask: Asking) -> Counts:
    return ask.one(Counts, "/api/enrollment/counts")


class Overview(Reply):
    """Numbers of the learners of one's organisations: what holds, what is late or soon due, and certificates."""

    day: date
    assigned: int
    overdue: int
    due_soon: int
    certified: int
    expiring: int


def overview(ask: Asking) -> Overview:
    return ask.one(Overview, "/api/enrollment/overview")
