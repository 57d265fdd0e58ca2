"""The second half of an undo: grants that a batch gave by assignments that stay (ASG-20)."""

from collections.abc import Sequence
from uuid import UUID

from services.enrollment.application.evaluation.evaluator import Evaluator
from services.enrollment.projections import batches
from shared import jobs
from shared.database import Connection, Database, int_of
from shared.events import Meta
from shared.jobs import Job
from shared.set_aside import SetAside, SetAsideRow, isolate


class RevokeGrants:
    """The job that takes back what a batch gave by assignments that stay: with an exclusion for each (ASG-20)."""

    kind = "undo"
    name = "enrollment undo"

    def __init__(self, database: Database, evaluator: Evaluator) -> None:
        self._database = database
        self._evaluator = evaluator
        self._aside = SetAside(database, self.name)

    def step(self, job: Job) -> None:
        """One part. Whoever was overtaken is judged again before the next one; who crashes alone is set aside (OPS-8)."""
        number = int_of(job.cursor.get("part", 0))
        with self._database.connection() as conn:
            part = batches.part(conn, job.id, number)
        if part is None:
            with self._database.transaction() as conn:
                conn.execute("DELETE FROM scope_part WHERE job = %s", [job.id])
                jobs.finish(conn, job)
            return
        assignment, offering, people = part

        def alone(person: UUID, error: Exception) -> None:
            about = {"assignment": str(assignment), "offering": str(offering)}
            self._aside.put(person, "undo", error, **about)

        isolate(people, lambda some: self._take_back(some, assignment, offering, job.caused_by), alone)
        with self._database.transaction() as conn:
            jobs.advance(conn, job, cursor={"part": number + 1}, done=job.done + len(people))

    def _take_back(self, people: Sequence[UUID], assignment: UUID, offering: UUID, meta: Meta) -> None:
        while people:
            prepared = self._evaluator.prepare(people, offering, lambda _: meta, undone=[assignment])
            people = self._evaluator.write(prepared)

    def retry(self, row: SetAsideRow, meta: Meta) -> None:
        """Take it back from this person now. Raises what it crashes with."""
        self._take_back([row.subject], UUID(str(row.about["assignment"])), UUID(str(row.about["offering"])), meta)

    def drop(self, conn: Connection, row: SetAsideRow) -> None:
        """This person keeps what the batch gave."""
