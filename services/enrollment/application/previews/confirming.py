"""The job that carries out a confirmed preview of a selection: every part is looked at again first, then assigned (ASG-9)."""

from uuid import UUID

from pydantic import JsonValue, TypeAdapter

from services.enrollment.application.assignments.commands import AssignmentCommands
from services.enrollment.application.previews import counting, parts
from services.enrollment.application.previews.counting import CountSelection, PartSize
from services.enrollment.application.previews.requests import Preview
from services.enrollment.domain.assignments import AssignmentSettings
from services.enrollment.projections import plan_parts
from shared import jobs
from shared.auth import Scope
from shared.database import Connection, Database, int_of
from shared.errors import ConflictLost, Refusal
from shared.jobs import Job
from shared.store import CommandContext

SETTINGS: TypeAdapter[AssignmentSettings] = TypeAdapter(AssignmentSettings)
"""What the command gives, with references to its texts."""


class AssignSelection:
    """Nothing is done where one part has changed since it was shown: then the preview is counted again, to be confirmed anew.

    Each part is a command with an id of its own, so that doing it again after a crash does nothing twice; all are one batch.
    """

    kind = "assign-selection"

    def __init__(self, database: Database, assigning: AssignmentCommands, size: PartSize) -> None:
        self._database = database
        self._assigning = assigning
        self._size = size

    def step(self, job: Job) -> None:
        try:
            if "part" in job.cursor:
                self._assign(job, int_of(job.cursor["part"]))
            else:
                self._check(job, int_of(job.cursor.get("checked", 0)))
        except ConflictLost:
            return  # somebody was there first: the next step looks again
        except Refusal as refusal:
            with self._database.transaction() as conn:
                jobs.fail(conn, job, refusal.detail)

    def _check(self, job: Job, number: int) -> None:
        id, scope = UUID(str(job.args["plan"])), _scope(job)
        with self._database.transaction(snapshot=True) as conn:
            request, part = counting.plan(conn, id).asked, plan_parts.part(conn, id, number)
            counted = parts.count(conn, scope, request, part.people, self._size.chunk) if part else None
        with self._database.transaction() as conn:
            shown = Preview.model_validate(counting.plan(conn, id).summary)
            if shown.digest != job.args["digest"] or (part and counted and part.digest != counted.digest):
                self._count_again(conn, job, shown)
            elif part is None:
                jobs.advance(conn, job, cursor={"part": 0}, done=0, total=plan_parts.people(conn, id))
            else:
                jobs.advance(conn, job, cursor={"checked": number + 1}, done=0)

    def _count_again(self, conn: Connection, job: Job, shown: Preview) -> None:
        """Unless that is under way already."""
        if shown.digest == job.args["digest"]:
            request = counting.plan(conn, shown.id).asked
            preview = parts.begin(conn, request, shown.id)
            counting.keep(conn, preview)
            told: dict[str, JsonValue] = {**counting.arguments(shown.id, _scope(job), request), "again": True}
            assert preview.job
            jobs.enqueue(conn, preview.job, CountSelection.kind, told, job.caused_by, plan_parts.people(conn, shown.id))
        jobs.finish(conn, job, result={"outdated": str(shown.id)})

    def _assign(self, job: Job, number: int) -> None:
        id = UUID(str(job.args["plan"]))
        with self._database.connection() as conn:
            request, part = counting.plan(conn, id).asked, plan_parts.part(conn, id, number)
        if part is None:
            with self._database.transaction() as conn:
                jobs.finish(conn, job)
            return
        context = CommandContext.following(job.caused_by, f"{job.id}/{number}")
        if self._assigning.find_receipt(context) is None:
            created, refused = self._assigning.judge(_scope(job), request.offerings, part.people)
            settings, unseen = SETTINGS.validate_python(job.args["settings"]), self._assigning.unseen(created)
            report: dict[str, JsonValue] = {"refused": [one.json() for one in refused]}
            self._assigning.create(context, created, settings=settings, report=report, unseen=unseen)
        with self._database.transaction() as conn:
            jobs.advance(conn, job, cursor={"part": number + 1}, done=job.done + len(part.people))


def _scope(job: Job) -> Scope:
    return Scope.model_validate(job.args["scope"])
