"""Commands on job assignments (DIR-4, DIR-5)."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid5

from pydantic import BaseModel

from services.directory.application.keys import checked_key
from services.directory.application.ledger import Directory
from services.directory.application.rows import person_row
from services.directory.domain import people
from services.directory.domain.people import Person
from services.directory.projections import people as queries
from services.directory.projections import structure as units
from services.directory.projections.tables import JOB, JobDetails, job_row
from shared.auth import Scope
from shared.contracts.directory import Job
from shared.database import Connection
from shared.errors import Conflict, NotFound
from shared.http import check_version
from shared.limits import Day, Key, Line
from shared.store import CommandContext, Decision, Receipt, Revision, Row, command


class JobRequest(BaseModel):
    """A job assignment as the caller wants it, whole. Managers are named by one of their jobs."""

    external_id: Key
    title: Line | None = None
    organisation: UUID | None = None
    position: UUID | None = None
    manager_job: UUID | None = None
    temporary_manager_job: UUID | None = None
    temporary_until: Day | None = None
    starts: Day | None = None
    ends: Day | None = None


class Jobs:
    """The jobs of one person at a time."""

    def __init__(self, ledger: Directory) -> None:
        self._ledger = ledger

    @command
    def assign(
        self,
        context: CommandContext,
        scope: Scope,
        id: UUID,
        asked: JobRequest,
        expected: int | None,
        *,
        job_id: UUID | None = None,
    ) -> Receipt:
        """Create a job, or replace what the job `job_id` says."""
        asked = asked.model_copy(update={"external_id": checked_key(asked.external_id, "external_id")})
        today = datetime.now(UTC).date()
        with self._ledger.database.connection() as conn:
            person, profile = self._ledger.person(conn, scope, id)
            check_version(expected, person.version + profile.revision)
            details = self._details(conn, person, job_id, asked)
            job = self._job(conn, scope, person, asked, job_id=job_id, today=today)
            above = queries.managers_above(conn, job.manager_job)
            above_temporary = queries.managers_above(conn, job.temporary_manager_job)
        events = people.assign_job(person, job, tuple(above), tuple(above_temporary), today)
        version = person.version + len(events)
        row = job_row(id, version, job, details)
        changed: tuple[Row, ...] = (person_row(people.evolve(person, events[0])),) if events else ()
        decision = Decision(
            events,
            context.meta(),
            inserted=() if job_id else (row,),
            updated=(*changed, row) if job_id else changed,
            preconditions=tuple(Revision("job_assignment", *one) for one in {**above, **above_temporary}.items()),
        )
        return self._ledger.record(context, decision, {"person_id": str(id), "job_id": str(job.id)})

    @command
    def end(self, context: CommandContext, scope: Scope, id: UUID, job_id: UUID, expected: int | None) -> Receipt:
        """Refused while the job leads others."""
        with self._ledger.database.connection() as conn:
            person, profile = self._ledger.person(conn, scope, id)
            check_version(expected, person.version + profile.revision)
        events = people.end_job(person, job_id)

        def leads_nobody(conn: Connection) -> None:
            led = queries.led_by(conn, job_id)
            if led:
                raise Conflict(
                    f"{led} jobs report to this one. Give them another manager first.",
                    field="job_id",
                    kind="job-has-reports",
                )

        decision = Decision(
            events,
            context.meta(),
            updated=(person_row(people.evolve(person, events[0])),),
            deleted=(Row(JOB, (job_id,)),),
        )
        return self._ledger.record(context, decision, {"person_id": str(id), "job_id": str(job_id)}, also=leads_nobody)

    def _details(self, conn: Connection, person: Person, job_id: UUID | None, asked: JobRequest) -> JobDetails:
        known = queries.job_details(conn, person.id)
        if job_id and job_id not in known:
            raise NotFound("This person has no such job.", field="job_id")
        if any(d.external_id == asked.external_id for id, d in known.items() if id != job_id):
            raise Conflict("This person already has a job with this external id.", field="external_id", kind="taken")
        number = known[job_id].number if job_id else max((d.number for d in known.values()), default=0) + 1
        return JobDetails(number, asked.external_id, asked.title)

    def _job(
        self, conn: Connection, scope: Scope, person: Person, asked: JobRequest, *, job_id: UUID | None, today: date
    ) -> Job:
        self._check_unit(conn, scope, asked.organisation, "organisation")
        self._check_unit(conn, scope, asked.position, "position")
        manager = self._manager(conn, asked.manager_job, "manager_job")
        temporary = self._manager(conn, asked.temporary_manager_job, "temporary_manager_job")
        before = person.jobs.get(job_id) if job_id else None
        same_position = before is not None and before.position == asked.position
        return Job(
            id=job_id or uuid5(person.id, f"job/{person.version}/{asked.external_id}"),
            organisation=asked.organisation,
            position=asked.position,
            manager_job=asked.manager_job,
            manager=manager,
            temporary_manager_job=asked.temporary_manager_job,
            temporary_manager=temporary,
            temporary_until=asked.temporary_until,
            starts=asked.starts,
            ends=asked.ends,
            position_assigned_on=before.position_assigned_on
            if before and same_position
            else (today if asked.position else None),
        )

    def _check_unit(self, conn: Connection, scope: Scope, id: UUID | None, kind: str) -> None:
        if id is None:
            return
        unit = units.unit(conn, scope, id)
        if unit is None or unit.kind != kind:
            raise NotFound(f"There is no such {kind}, or none that you may see.", field=kind)

    def _manager(self, conn: Connection, job: UUID | None, field: str) -> UUID | None:
        owner = queries.job_owner(conn, job) if job else None
        if job and owner is None:
            raise NotFound(
                "There is no such job. Identify a manager by the id of one of the manager's jobs.", field=field
            )
        return owner
