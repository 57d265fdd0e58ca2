"""Replay as a job: asked for over HTTP, worked on beside the consumers, its result a number (AUD-2)."""

import time
from uuid import UUID

from pydantic import BaseModel

from shared import jobs
from shared.database import Database
from shared.errors import Conflict, NotFound
from shared.events import Meta
from shared.jobs import Job
from shared.replay import Comparison, Replay

KIND = "replay-reporting"

_LOOK_SECONDS = 0.1


class ReplayJob(BaseModel):
    """Where a replay is. `comparison` is there when it is done."""

    id: UUID
    state: str
    taken: int
    """Entries of the sources that were taken so far."""
    comparison: Comparison | None
    error: str | None

    @property
    def done(self) -> bool:
        return self.state in ("finished", "failed")


class Replays:
    """The replays that were asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, id: UUID, meta: Meta, *, swap: bool) -> None:
        """Once for each id. Raises Conflict where the id was used to ask for something else."""
        with self._database.transaction() as conn:
            try:
                earlier = jobs.find(conn, id)
            except NotFound:
                jobs.enqueue(conn, id, KIND, {"swap": swap}, meta)
                return
        if earlier.args != {"swap": swap}:
            raise Conflict(
                "This Idempotency-Key was already used for a different request. Use a new key for a new command.",
                field="Idempotency-Key",
                kind="command-id-reused",
            )

    def find(self, id: UUID) -> ReplayJob:
        """Raises NotFound."""
        with self._database.connection() as conn:
            job = jobs.find(conn, id)
        if job.kind != KIND:
            raise NotFound("There is no such replay.", field="id")
        comparison = Comparison.model_validate(job.result) if job.result else None
        return ReplayJob(id=job.id, state=job.state, taken=job.done, comparison=comparison, error=job.error)

    def finished(self, id: UUID, seconds: float) -> ReplayJob:
        """The replay as it is when it is done, or when the time is over."""
        deadline = time.monotonic() + seconds
        while not (found := self.find(id)).done and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        return found


class ReplayWork:
    """Works on a replay. One that was interrupted begins again: it has changed nothing before its end."""

    kind = KIND

    def __init__(self, database: Database, replay: Replay) -> None:
        self._database = database
        self._replay = replay

    def step(self, job: Job) -> None:
        def progress(taken: int) -> None:
            nonlocal job
            with self._database.transaction() as conn:
                jobs.advance(conn, job, cursor={}, done=taken)
                job = jobs.find(conn, job.id)

        comparison = self._replay.run(swap=job.args.get("swap") is True, progress=progress)
        with self._database.transaction() as conn:
            jobs.finish(conn, job, result=comparison.model_dump(mode="json"))
