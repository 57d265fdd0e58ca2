"""Carrying out a chunk of a plan: many decisions, one append; who was changed meanwhile is left out and reported."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.directory.application.rows import framework_row, unit_row
from services.directory.domain import structure
from services.directory.domain.structure import Framework, Unit
from services.directory.imports.facts import (
    KIND,
    EndJobPlan,
    FrameworkPlan,
    HomePlan,
    JobPlan,
    LeavePlan,
    PersonPlan,
    Plan,
    RemoveUnitPlan,
    UnitPlan,
)
from services.directory.projections.tables import (
    JOB,
    MANAGED,
    ORGANISATION_PROFILE,
    PERSON,
    PROFILE,
    UNIT,
    Element,
    JobDetails,
    PersonRow,
    ProfileRow,
    job_row,
    managed_row,
    person_row,
)
from shared.contracts.directory import (
    JobAssigned,
    JobEnded,
    PersonDeactivated,
    PersonDescribed,
    PersonMoved,
    PersonReactivated,
    PersonRegistered,
    UnitCreated,
    UnitMoved,
    UnitRemoved,
    UnitRenamed,
)
from shared.database import Connection, fetch
from shared.events import Event, Meta
from shared.store import Decision, Revision, Row


@dataclass
class Facts:
    """What the plans of one chunk need to know of the people they change."""

    people: dict[UUID, PersonRow]
    """State rows, as the chunk carries them forward."""

    @classmethod
    def of(cls, conn: Connection, plans: Sequence[Plan]) -> "Facts":
        ids = {p.person for p in plans if isinstance(p, JobPlan | HomePlan | EndJobPlan | LeavePlan)}
        ids |= {p.id for p in plans if isinstance(p, PersonPlan) and p.revision}
        query = f"SELECT {PERSON.select()} FROM person WHERE id = ANY(%s)"
        return cls({row.id: row for row in fetch(conn, PersonRow, query, [list(ids)])})


class Deciding:
    """Plans to decisions, in order. A plan whose subject has gone is None: lost."""

    def __init__(self, feed: str, meta: Meta, facts: Facts) -> None:
        self._feed = feed
        self._meta = meta
        self._facts = facts

    def decide(self, plan: Plan) -> Decision | None:  # noqa: PLR0911
        match plan:
            case FrameworkPlan():
                framework = Framework(plan.id, plan.kind, plan.external_id, plan.external_id)
                events = (structure.create_framework(framework),)
                return Decision(events, self._meta, inserted=(framework_row(framework),))
            case UnitPlan():
                return self._unit(plan)
            case PersonPlan():
                return self._person(plan)
            case JobPlan():
                return self._job(plan)
            case HomePlan():
                return self._home(plan)
            case EndJobPlan():
                return self._end_job(plan)
            case LeavePlan():
                return self._leave(plan)
            case RemoveUnitPlan():
                event: Event = UnitRemoved.unchecked_next(plan.id, plan.revision, {"kind": plan.kind})
                gone = (Row(UNIT, (plan.id,)), Row(MANAGED, (plan.id,)), Row(ORGANISATION_PROFILE, (plan.id,)))
                return Decision(
                    (event,), self._meta, deleted=gone, preconditions=(Revision("unit", plan.id, plan.revision),)
                )

    def _unit(self, plan: UnitPlan) -> Decision:
        events: list[Event] = []
        if not plan.revision:
            fields = {n: getattr(plan, n) for n in ("kind", "framework", "parent", "name", "external_id")}
            events.append(UnitCreated.unchecked_next(plan.id, 0, fields))
        if plan.moved:
            fields = {"kind": plan.kind, "framework": plan.framework, "parent": plan.parent}
            events.append(UnitMoved.unchecked_next(plan.id, plan.revision, fields))
        if plan.renamed:
            fields = {"kind": plan.kind, "name": plan.name}
            events.append(UnitRenamed.unchecked_next(plan.id, plan.revision + len(events), fields))
        unit = Unit(
            id=plan.id,
            version=plan.revision + len(events),
            kind=plan.kind,
            framework=plan.framework,
            parent=plan.parent,
            name=plan.name,
            external_id=plan.external_id,
        )
        element: Element = next(e for e, kind in KIND.items() if kind == plan.kind)
        managed = managed_row(plan.id, element, self._feed, plan.stamp)
        preconditions = (Revision("unit", plan.id, plan.revision),)
        return self._decision(
            events, unit_row(unit), managed, new=not plan.revision, known=plan.was_managed, preconditions=preconditions
        )

    def _decision(
        self,
        events: Sequence[Event],
        row: Row,
        managed: Row,
        *,
        new: bool,
        known: bool,
        preconditions: tuple[Revision, ...],
        also_new: tuple[Row, ...] = (),
        also_changed: tuple[Row, ...] = (),
        deleted: tuple[Row, ...] = (),
    ) -> Decision:
        fresh = ((row,) if new else ()) + (() if known else (managed,)) + also_new
        changed = (() if new else (row,)) + ((managed,) if known else ()) + also_changed
        return Decision(
            tuple(events), self._meta, inserted=fresh, updated=changed, deleted=deleted, preconditions=preconditions
        )

    def _person(self, plan: PersonPlan) -> Decision | None:
        if plan.revision and plan.id not in self._facts.people:
            return None
        events = self._person_events(plan)
        row = person_row(
            plan.id,
            plan.revision + len(events),
            active=plan.active,
            home=plan.home,
            country=plan.country,
            dates=plan.dates,
        )
        profile = ProfileRow.of(plan.id, plan.profile_revision + 1, plan.profile).row()
        written = (profile,) if plan.profile_changed else ()
        preconditions = (
            Revision("person", plan.id, plan.revision),
            Revision("profile", plan.id, plan.profile_revision),
        )
        return self._decision(
            events,
            row,
            managed_row(plan.id, "user", self._feed, plan.stamp, plan.feed_home),
            new=not plan.revision,
            known=plan.was_managed,
            preconditions=preconditions,
            also_new=written,
            # taken out and put in again, so that two people may swap an address within one chunk
            deleted=(Row(PROFILE, (plan.id,)),) if written and plan.revision else (),
        )

    def _person_events(self, plan: PersonPlan) -> list[Event]:
        steps: list[tuple[type[Event], dict[str, object]]] = []
        if not plan.revision:
            fields: dict[str, object] = {"home_organisation": plan.home, "country": plan.country, "dates": plan.dates}
            steps.append((PersonRegistered, fields))
        if plan.moved:
            steps.append((PersonMoved, {"home_organisation": plan.home}))
        if plan.described:
            steps.append((PersonDescribed, {"country": plan.country, "dates": plan.dates}))
        if plan.active != plan.was_active:
            steps.append((PersonReactivated, {}) if plan.active else (PersonDeactivated, {"why": plan.why}))
        return [cls.unchecked_next(plan.id, plan.revision + n, fields) for n, (cls, fields) in enumerate(steps)]

    def _next(self, person: UUID, **changes: Any) -> PersonRow | None:
        now = self._facts.people.get(person)
        if now is None:
            return None
        now = now._replace(**changes, revision=now.revision + 1)
        self._facts.people[person] = now
        return now

    def _job(self, plan: JobPlan) -> Decision | None:
        now = self._next(plan.person) if plan.told else self._facts.people.get(plan.person)
        if now is None:
            return None
        events = [JobAssigned.unchecked_next(plan.person, now.revision - 1, {"job": plan.job})] if plan.told else []
        revision = now.revision if plan.told else plan.revision
        details = JobDetails(plan.number, plan.external_id, plan.title)
        return self._decision(
            events,
            job_row(plan.person, revision, plan.job, details),
            managed_row(plan.job.id, "jobassignment", self._feed, plan.stamp),
            new=not plan.revision,
            known=plan.was_managed,
            preconditions=(Revision("job_assignment", plan.job.id, plan.revision),),
            also_changed=(Row(PERSON, now),) if plan.told else (),
        )

    def _home(self, plan: HomePlan) -> Decision | None:
        now = self._next(plan.person, home=plan.home)
        if now is None:
            return None
        event = PersonMoved.unchecked_next(plan.person, now.revision - 1, {"home_organisation": plan.home})
        return Decision((event,), self._meta, updated=(Row(PERSON, now),))

    def _end_job(self, plan: EndJobPlan) -> Decision | None:
        now = self._next(plan.person)
        if now is None:
            return None
        return Decision(
            (JobEnded.unchecked_next(plan.person, now.revision - 1, {"job": plan.job}),),
            self._meta,
            updated=(Row(PERSON, now),),
            deleted=(Row(JOB, (plan.job,)), Row(MANAGED, (plan.job,))),
            preconditions=(Revision("job_assignment", plan.job, plan.revision),),
        )

    def _leave(self, plan: LeavePlan) -> Decision | None:
        now = self._next(plan.person, active=False)
        if now is None:
            return None
        event = PersonDeactivated.unchecked_next(plan.person, now.revision - 1, {"why": plan.why})
        return Decision((event,), self._meta, updated=(Row(PERSON, now),))
