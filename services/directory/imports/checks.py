"""The whole check of a run: pure, from rows and a snapshot to a plan and a report."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID

from services.directory.imports.check_jobs import JobCheck, Units
from services.directory.imports.check_people import PeopleCheck
from services.directory.imports.check_units import UnitCheck
from services.directory.imports.facts import Checked, EndJobPlan, HomePlan, JobPlan, PersonPlan, Plan, Snapshot
from services.directory.imports.files import Table
from services.directory.imports.homes import by_jobs, moves
from services.directory.imports.options import Options
from services.directory.projections.tables import Element


def check(tables: Mapping[Element, Table], snapshot: Snapshot, options: Options, today: date) -> Checked:
    """Creations and changes of all files first, then removals: jobs, people, positions, organisations."""
    checked = Checked()
    organisations = UnitCheck(snapshot, options, checked, "organisation")
    positions = UnitCheck(snapshot, options, checked, "position")
    if "org" in tables:
        organisations.check(tables["org"])
    if "pos" in tables:
        positions.check(tables["pos"])
    people = PeopleCheck(snapshot, options, checked, organisations.end)
    if "user" in tables:
        people.check(tables["user"])
    units = Units(organisations.end, positions.end)
    jobs = JobCheck(snapshot, options, checked=checked, people=people, units=units, today=today)
    if "jobassignment" in tables:
        jobs.check(tables["jobassignment"])
    ended = jobs.removals()
    homes = by_jobs(snapshot, jobs.plans, ended)
    for id, plan in people.plans.items():
        if plan.revision == 0 and plan.home is None and (home := homes.get(id)):
            people.plans[id] = replace(plan, home=home, feed_home=home)
    checked.plans.extend(people.ordered())
    checked.plans.extend(jobs.plans)
    checked.plans.extend(moves(snapshot, homes, people.homes_given | {plan.person for plan in people.removals()}))
    checked.plans.extend(ended)
    checked.plans.extend(people.removals())
    used = _in_use(snapshot, checked.plans)
    checked.plans.extend(positions.removals(used))
    checked.plans.extend(organisations.removals(used))
    return checked


def _in_use(snapshot: Snapshot, plans: Iterable[Plan]) -> set[UUID | None]:
    """The units that people live or work in, or that have assignments, when these plans are carried out."""
    homes = {fact.id: fact.home for fact in snapshot.people.values()}
    jobs = {fact.job.id: fact.job for fact in snapshot.jobs.values()}
    for plan in plans:
        match plan:
            case PersonPlan():
                homes[plan.id] = plan.home
            case HomePlan():
                homes[plan.person] = plan.home
            case JobPlan():
                jobs[plan.job.id] = plan.job
            case EndJobPlan():
                del jobs[plan.job]
    places = {unit for job in jobs.values() for unit in (job.organisation, job.position)}
    return {*homes.values(), *places, *snapshot.in_use}
