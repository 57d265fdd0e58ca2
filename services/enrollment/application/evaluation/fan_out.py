"""The job that carries a changed assignment, or an offering that opened again, to everybody in its scope (ASG-22)."""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from uuid import UUID, uuid4

from services.enrollment.application.evaluation.evaluator import Evaluator, Prepared
from services.enrollment.projections import facts, scopes
from shared import jobs, telemetry
from shared.database import Connection, Database, int_of, uuid_of
from shared.events import Meta
from shared.jobs import Job
from shared.set_aside import passing, where

log = telemetry.logger(__name__)


def enqueue(
    conn: Connection, meta: Meta, offering: UUID, assignments: Sequence[UUID], *, job: UUID | None = None
) -> UUID:
    """In the transaction of whatever changed these assignments of one offering. Returns the job's id."""
    id = job or uuid4()
    jobs.enqueue(conn, id, FanOut.kind, {"offering": str(offering), "assignments": [str(a) for a in assignments]}, meta)
    return id


def enqueue_applied(conn: Connection, meta: Meta, trigger: UUID, job: UUID) -> None:
    """In the transaction of the command that lets a trigger act on everybody who fulfils its condition already (TRG-2)."""
    jobs.enqueue(conn, job, FanOut.kind, {"trigger": str(trigger)}, meta)


class FanOut:
    """First lists whom the assignments may concern, after they were committed; then evaluates them chunk by chunk.

    Whoever comes into the scope later is queued by the fact that brought them there, so nobody is missed.
    """

    kind = "expansion"

    def __init__(self, database: Database, evaluator: Evaluator, chunk: int, step_seconds: float) -> None:
        self._database = database
        self._evaluator = evaluator
        self._chunk = chunk
        self._step_seconds = step_seconds

    def step(self, job: Job) -> None:
        if "part" in job.cursor:
            self._evaluate(job)
        else:
            self._list(job)

    def _list(self, job: Job) -> None:
        assignments = [uuid_of(a) for a in _strings(job.args.get("assignments"))]
        with self._database.transaction() as conn:
            if trigger := _trigger(job):
                total = scopes.plan_met(conn, job.id, trigger, self._chunk)
            else:
                total = scopes.plan_scope(conn, job.id, assignments, self._chunk)
            jobs.advance(conn, job, cursor={"part": 0}, done=0, total=total)

    def _evaluate(self, job: Job) -> None:
        """For about `step_seconds`; the next part is judged while the one before is written."""
        number = int_of(job.cursor["part"])
        until = time.monotonic() + self._step_seconds
        with ThreadPoolExecutor(1, "expansion") as writing:
            written: Future[Job] | None = None
            while True:
                people, prepared = self._prepare(job, number)
                if written:
                    job = written.result()
                if not people:
                    self._finish(job)
                    return
                number += 1
                written = writing.submit(self._write, job, number, people, prepared)
                if time.monotonic() >= until:
                    written.result()
                    return

    def _prepare(self, job: Job, number: int) -> tuple[list[UUID], Prepared]:
        with self._database.connection() as conn:
            people = scopes.part_of_scope(conn, job.id, number)
        meta = job.caused_by
        try:
            if trigger := _trigger(job):
                self._fire(people, meta, trigger)
            on = UUID(str(job.args["offering"])) if "offering" in job.args else None
            return people, self._evaluator.prepare(people, on, lambda _: meta) if people else Prepared()
        except Exception as error:
            if passing(error):
                raise
            self._leave_to_queue(people, meta, error)
            return people, Prepared()

    def _fire(self, people: Sequence[UUID], meta: Meta, trigger: UUID) -> None:
        """Whoever is overtaken is tried again; the condition may have ended for them meanwhile."""
        while people:
            people = self._evaluator.fire(people, lambda _: meta, [trigger])

    def _leave_to_queue(self, people: Sequence[UUID], meta: Meta, error: Exception) -> None:
        """Somebody of this part crashes: the evaluator's queue finds out who, and the others follow (OPS-8)."""
        log.warning("a part crashed; left to the queue", people=len(people), error=where(error))
        with self._database.transaction() as conn:
            facts.enqueue(conn, people, meta)

    def _write(self, job: Job, number: int, people: Sequence[UUID], prepared: Prepared) -> Job:
        try:
            overtaken = self._evaluator.write(prepared)
        except Exception as error:
            if passing(error):
                raise
            overtaken = list(people)
            log.warning("a part crashed; left to the queue", people=len(people), error=where(error))
        with self._database.transaction() as conn:
            if overtaken:
                facts.enqueue(conn, overtaken, job.caused_by)
            return jobs.advance(conn, job, cursor={"part": number}, done=job.done + len(people))

    def _finish(self, job: Job) -> None:
        with self._database.transaction() as conn:
            conn.execute("DELETE FROM scope_part WHERE job = %s", [job.id])
            position = conn.execute("SELECT max(position) FROM events").fetchone()
            jobs.finish(
                conn, job, done=job.total, result={"position": f"enrollment:{position[0] or 0}" if position else None}
            )


def _trigger(job: Job) -> UUID | None:
    return UUID(str(job.args["trigger"])) if "trigger" in job.args else None


def _strings(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
