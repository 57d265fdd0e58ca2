"""People, jobs, structure and audiences: who may be concerned is marked in the transaction that writes the fact."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid5

from services.enrollment.projections import facts, held_changes
from services.enrollment.projections.facts import JobFact, PersonFact, UnitFact
from services.enrollment.reactions.causes import by_cause
from services.enrollment.reactions.organisations import save_profiles
from shared import timers
from shared.contracts.directory import (
    AudienceCreated,
    AudienceMembersAdded,
    AudienceMembersRemoved,
    AudienceRemoved,
    BatchFinished,
    BatchStarted,
    Job,
    JobAssigned,
    JobEnded,
    OrganisationProfiled,
    PersonDeactivated,
    PersonMoved,
    PersonReactivated,
    PersonRegistered,
    UnitCreated,
    UnitMoved,
    UnitRemoved,
    UnitRenamed,
)
from shared.database import Connection, Database
from shared.events import FAR, Meta, Recorded
from shared.timers import Timer

_PEOPLE = (PersonRegistered, PersonMoved, PersonDeactivated, PersonReactivated)
_UNITS = (UnitCreated, UnitMoved, UnitRenamed, UnitRemoved)
_BATCHES = (BatchStarted, BatchFinished)
_AUDIENCES = (AudienceCreated, AudienceMembersAdded, AudienceMembersRemoved, AudienceRemoved)

PLACEMENT = "placement"
"""The kind of timer that rings on the days on which a job begins or ends to place its holder."""


class DirectoryFacts:
    """Takes the directory's events. Changes of one cause are marked together, so that everything keeps its batch."""

    name = "enrollment facts"
    source = "directory"
    group = "enrollment.directory"
    tables: tuple[str, ...] = ("person_fact", "job_fact", "unit_fact", "unit_above", "audience_member", "audience_fact")
    types = frozenset(
        c.TOPIC for c in (*_PEOPLE, *_UNITS, *_AUDIENCES, *_BATCHES, JobAssigned, JobEnded, OrganisationProfiled)
    )

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        save_profiles(conn, events)
        for meta, caused in by_cause(events, self.source):
            _feeds(conn, caused)
            touched = self._people(conn, caused, meta)
            touched |= self._jobs(conn, caused, meta)
            touched |= self._audiences(conn, caused)
            self._units(conn, caused, meta)
            if touched:
                facts.enqueue(conn, touched, meta)

    def _people(self, conn: Connection, events: Sequence[Recorded], meta: Meta) -> set[UUID]:
        changes = [r.event for r in events if isinstance(r.event, _PEOPLE)]
        known = facts.people(conn, {e.originator_id for e in changes})
        turned: set[UUID] = set()
        for event in changes:
            id = event.originator_id
            now = known.get(id) or PersonFact(id, 0, True, None)
            match event:
                case PersonRegistered() | PersonMoved():
                    now = now._replace(home=event.home_organisation)
                case PersonDeactivated():
                    now = now._replace(active=False)
                    turned.add(id)
                case PersonReactivated():
                    now = now._replace(active=True)
                    turned.add(id)
            known[id] = now._replace(revision=event.originator_version)
        facts.save_people(conn, list(known.values()))
        if turned:
            facts.enqueue_led_by(conn, sorted(turned), meta)
        return set(known)

    def _jobs(self, conn: Connection, events: Sequence[Recorded], meta: Meta) -> set[UUID]:
        now: dict[UUID, JobFact | None] = {}
        people: set[UUID] = set()
        for event in (r.event for r in events):
            if isinstance(event, JobAssigned):
                now[event.job.id] = _job_fact(event.originator_id, event.job)
                people.add(event.originator_id)
                _set_timers(conn, event.originator_id, event.job, meta)
            elif isinstance(event, JobEnded):
                now[event.job] = None
                people.add(event.originator_id)
        if now:
            gone = [id for id, fact in now.items() if fact is None]
            facts.save_jobs(conn, [fact for fact in now.values() if fact], gone)
            facts.enqueue_led(conn, list(now), meta)
        return people

    def _audiences(self, conn: Connection, events: Sequence[Recorded]) -> set[UUID]:
        pairs: dict[tuple[UUID, UUID], bool] = {}
        for event in (r.event for r in events):
            match event:
                case AudienceCreated():
                    conn.execute(
                        "INSERT INTO audience_fact (id, name) VALUES (%s, %s)", [event.originator_id, event.name]
                    )
                case AudienceRemoved():
                    conn.execute("DELETE FROM audience_fact WHERE id = %s", [event.originator_id])
                case AudienceMembersAdded() | AudienceMembersRemoved():
                    joined = isinstance(event, AudienceMembersAdded)
                    pairs.update({(event.originator_id, person): joined for person in event.people})
        if pairs:
            facts.save_members(
                conn, [p for p, joined in pairs.items() if joined], [p for p, j in pairs.items() if not j]
            )
        return {person for _, person in pairs}

    def _units(self, conn: Connection, events: Sequence[Recorded], meta: Meta) -> None:
        changes = [r.event for r in events if isinstance(r.event, _UNITS)]
        if not changes:
            return
        known = facts.units(conn, {e.originator_id for e in changes})
        gone: set[UUID] = set()
        placed: set[UUID] = set()
        for event in changes:
            id = event.originator_id
            match event:
                case UnitCreated():
                    known[id] = UnitFact(
                        id=id,
                        revision=event.originator_version,
                        kind=event.kind,
                        parent=event.parent,
                        name=event.name,
                    )
                    placed.add(id)
                case UnitMoved():
                    known[id] = known[id]._replace(parent=event.parent, revision=event.originator_version)
                    placed.add(id)
                case UnitRenamed():
                    known[id] = known[id]._replace(name=event.name, revision=event.originator_version)
                case UnitRemoved():
                    gone.add(id)
        moved = facts.save_units(conn, [unit for id, unit in known.items() if id not in gone], sorted(gone))
        if placed or gone:
            facts.enqueue_units(conn, [*moved, *gone], meta)


def _feeds(conn: Connection, events: Sequence[Recorded]) -> None:
    """A bulk change begins or ends. It begins before whatever is marked by it, and is judged only once it has ended (ASG-21)."""
    for event in (r.event for r in events):
        if isinstance(event, BatchStarted):
            held_changes.started(conn, event.originator_id, event.feed)
        elif isinstance(event, BatchFinished):
            held_changes.finished(conn, event.originator_id)


def _job_fact(person: UUID, job: Job) -> JobFact:
    return JobFact(
        id=job.id,
        person=person,
        organisation=job.organisation,
        position=job.position,
        manager_job=job.manager_job,
        temporary_manager_job=job.temporary_manager_job,
        temporary_until=job.temporary_until,
        starts=job.starts,
        ends=job.ends,
    )


def _set_timers(conn: Connection, person: UUID, job: Job, meta: Meta) -> None:
    """Nothing happens in the directory on the day on which a job begins or ends, so a timer does."""
    days = {"starts": job.starts, "ends": _day_after(job.ends), "temporary": _day_after(job.temporary_until)}
    for name, day in days.items():
        if day and date.today() < day <= FAR:
            due = datetime.combine(day, time(), UTC)
            timers.set_timer(conn, uuid5(job.id, name), due, PLACEMENT, person, meta)


def _day_after(day: date | None) -> date | None:
    """None where there is no end, or one that nobody lives to see, as HR systems write it: 31 December 9999."""
    return day + timedelta(days=1) if day and day < FAR else None


class Placement:
    """A day has come on which a job begins or ends: its holder, and everybody led by that job, may be concerned."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __call__(self, timer: Timer) -> None:
        meta = Meta.model_validate_json(timer.meta)
        with self._database.transaction() as conn:
            facts.enqueue(conn, [timer.subject], meta)
            facts.enqueue_led_by(conn, [timer.subject], meta)
            timers.clear(conn, timer)
