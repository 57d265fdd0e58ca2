"""The job that carries a changed assignment, or an offering that opened again, to everybody in its scope (ASG-22)."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from services.enrollment.application.evaluator import Evaluator
from services.enrollment.projections import facts, matching
from shared import jobs
from shared.database import Connection, Database, uuid_of
from shared.events import Meta
from shared.jobs import Job


def enqueue(
    conn: Connection, meta: Meta, offering: UUID, assignments: Sequence[UUID], *, job: UUID | None = None
) -> UUID:
    """In the transaction of whatever changed these assignments of one offering. Returns the job's id."""
    id = job or uuid4()
    jobs.enqueue(
        conn, id, Expansion.kind, {"offering": str(offering), "assignments": [str(a) for a in assignments]}, meta
    )
    return id


class Expansion:
    """First lists whom the assignments may concern, after they were committed; then evaluates them chunk by chunk.

    Whoever comes into the scope later is dirty by the fact that brought them there, so nobody is missed.
    """

    kind = "expansion"

    def __init__(self, database: Database, evaluator: Evaluator, chunk: int) -> None:
        self._database = database
        self._evaluator = evaluator
        self._chunk = chunk

    def step(self, job: Job) -> None:
        if job.total is None:
            self._list(job)
        else:
            self._evaluate(job, job.total)

    def _list(self, job: Job) -> None:
        assignments = [uuid_of(a) for a in _strings(job.args["assignments"])]
        with self._database.transaction() as conn:
            matching.plan_scope(conn, job.id, only=assignments)
            row = conn.execute("SELECT count(*) FROM plan_person WHERE plan = %s", [job.id]).fetchone()
            jobs.advance(conn, job, cursor={}, done=0, total=int(str(row[0])) if row else 0)

    def _evaluate(self, job: Job, total: int) -> None:
        after = UUID(str(job.cursor.get("after", UUID(int=0))))
        with self._database.connection() as conn:
            rows = conn.execute(
                "SELECT person FROM plan_person WHERE plan = %s AND person > %s ORDER BY person LIMIT %s",
                [job.id, after, self._chunk],
            ).fetchall()
        people = [uuid_of(person) for (person,) in rows]
        meta = job.caused_by
        overtaken = self._evaluator.settle(people, UUID(str(job.args["offering"])), lambda _: meta) if people else []
        with self._database.transaction() as conn:
            if overtaken:
                facts.mark(conn, overtaken, meta)
            if len(people) < self._chunk:
                conn.execute("DELETE FROM plan_person WHERE plan = %s", [job.id])
                position = conn.execute("SELECT max(position) FROM events").fetchone()
                jobs.finish(
                    conn, job, done=total, result={"position": f"enrollment:{position[0] or 0}" if position else None}
                )
            else:
                jobs.advance(conn, job, cursor={"after": str(people[-1])}, done=job.done + len(people))


def _strings(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
