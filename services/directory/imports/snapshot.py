"""Reading the directory for a run, in one moment."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

import pydantic_core

from services.directory.imports.facts import JobFact, Managed, PersonFact, Snapshot, UnitFact
from services.directory.projections.tables import NIL
from shared.contracts.directory import Job
from shared.database import Connection, Database, fetch
from shared.profiles import Profile

_PEOPLE = (
    "SELECT p.id, p.revision, p.active, p.home, p.country, p.dates, f.first_name, f.last_name, f.email, f.user_name, "
    "f.external_id, f.language, f.time_zone, f.revision, m.feed, m.stamp, m.home "
    "FROM person p JOIN profile f ON f.id = p.id LEFT JOIN managed m ON m.id = p.id"
)
_JOBS = (
    'SELECT j.person, j.revision, j.number, j.external_id, j.title, m.feed, m.stamp, j.id, j.organisation, j."position", '
    "j.manager_job, j.manager, j.temporary_manager_job, j.temporary_manager, j.temporary_until, j.starts, j.ends, "
    "j.position_assigned_on FROM job_assignment j LEFT JOIN managed m ON m.id = j.id"
)
_JOB_FIELDS = (
    "id",
    "organisation",
    "position",
    "manager_job",
    "manager",
    "temporary_manager_job",
    "temporary_manager",
    "temporary_until",
    "starts",
    "ends",
    "position_assigned_on",
)
_ADMINISTRATORS = (
    "SELECT r.person FROM permission_role r JOIN person p ON p.id = r.person AND p.active "
    "WHERE r.role = 'site-administrator' AND r.organisation = %s"
)
_IN_USE = (
    "SELECT target FROM assignment_fact UNION "
    "SELECT home FROM person p WHERE home IS NOT NULL AND NOT EXISTS (SELECT FROM profile f WHERE f.id = p.id)"
)


def take(database: Database, runner: UUID) -> Snapshot:
    with database.transaction(snapshot=True) as conn:
        frameworks: Iterable[Any] = conn.execute("SELECT kind, external_id, id FROM framework")
        units = fetch(
            conn,
            _unit,
            "SELECT u.id, u.revision, u.kind, u.framework, u.parent, u.name, u.external_id, m.feed, m.stamp "
            "FROM unit u LEFT JOIN managed m ON m.id = u.id",
        )
        administrators = [id for (id,) in conn.execute(_ADMINISTRATORS, [NIL]) if isinstance(id, UUID)]
        return Snapshot(
            frameworks={(kind, name): id for kind, name, id in frameworks},
            units={(unit.kind, unit.external_id): unit for unit in units},
            people=_people(conn),
            jobs=_jobs(conn),
            kept=frozenset({runner, *(administrators if len(administrators) == 1 else ())}),
            in_use=frozenset(id for (id,) in conn.execute(_IN_USE) if isinstance(id, UUID)),
        )


def _unit(*, feed: str | None, stamp: str | None, **columns: Any) -> UnitFact:
    return UnitFact(**columns, managed=Managed(feed, stamp))


def _people(conn: Connection) -> dict[UUID, PersonFact]:
    rows: Iterable[Any] = conn.execute(_PEOPLE, binary=True)
    found = {}
    for id, revision, active, home, country, dates, *rest in rows:
        profile = Profile.model_construct(
            **dict(zip(Profile.model_fields, rest[:7], strict=True))  # the columns are in the order of the fields
        )
        days = _dates(dates) if dates != "{}" else {}
        profile_revision, feed, stamp, feed_home = rest[7:]
        found[id] = PersonFact(
            id=id,
            revision=revision,
            active=active,
            home=home,
            country=country,
            dates=days,
            profile=profile,
            profile_revision=profile_revision,
            managed=Managed(feed, stamp),
            feed_home=feed_home,
        )
    return found


def _dates(text: str) -> dict[str, date]:
    return {name: date.fromisoformat(day) for name, day in pydantic_core.from_json(text).items()}


def _jobs(conn: Connection) -> dict[UUID, JobFact]:
    rows: Iterable[Any] = conn.execute(_JOBS, binary=True)
    found = {}
    for person, revision, number, external_id, title, feed, stamp, *values in rows:
        job = Job.model_construct(**dict(zip(_JOB_FIELDS, values, strict=True)))
        found[job.id] = JobFact(
            job=job,
            revision=revision,
            person=person,
            number=number,
            external_id=external_id,
            title=title,
            managed=Managed(feed, stamp),
        )
    return found
