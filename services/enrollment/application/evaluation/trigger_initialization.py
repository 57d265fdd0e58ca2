"""The job by which a trigger begins to act (TRG-1)."""

from uuid import UUID

from services.enrollment.projections import facts, trigger_matching
from shared import jobs
from shared.database import Database
from shared.jobs import Job


class TriggerInitialization:
    """The job after a trigger was created or taken back: who fulfils the condition already is put on record, and whomever it
    concerns is put in the queue. Idempotent, therefore resumable."""

    kind = "trigger"

    def __init__(self, database: Database) -> None:
        self._database = database

    def step(self, job: Job) -> None:
        """What becomes true while those of before are listed is found by the second look, after they are on record."""
        id = UUID(str(job.args["trigger"]))
        with self._database.transaction() as conn:
            if "begun" not in job.cursor:
                trigger_matching.begin(conn, id)
                jobs.advance(conn, job, cursor={"begun": True}, done=0)
                return
            facts.enqueue_found(conn, trigger_matching.MOVED, {"trigger": id}, job.caused_by)
            jobs.finish(conn, job)
