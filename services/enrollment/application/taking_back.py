"""The second half of an undo: grants that a batch gave by assignments that stay (ASG-20)."""

from services.enrollment.application.evaluator import Evaluator
from services.enrollment.projections import batches
from shared import jobs
from shared.database import Database
from shared.jobs import Job


class TakingBack:
    """The job that takes back what a batch gave by assignments that stay: with an exclusion for each (ASG-20)."""

    kind = "undo"

    def __init__(self, database: Database, evaluator: Evaluator) -> None:
        self._database = database
        self._evaluator = evaluator

    def step(self, job: Job) -> None:
        """One part. Whoever was overtaken is judged again before the next one."""
        number = int(str(job.cursor.get("part", 0)))
        with self._database.connection() as conn:
            part = batches.part(conn, job.id, number)
        if part is None:
            with self._database.transaction() as conn:
                conn.execute("DELETE FROM scope_part WHERE job = %s", [job.id])
                jobs.finish(conn, job)
            return
        assignment, offering, people = part
        while people:
            prepared = self._evaluator.prepare(people, offering, lambda _: job.caused_by, undone=[assignment])
            people = self._evaluator.write(prepared)
        with self._database.transaction() as conn:
            jobs.advance(conn, job, cursor={"part": number + 1}, done=job.done + len(part[2]))
