"""The whole check of a run: pure, from rows and a snapshot to a plan and a report."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from services.directory.imports.check_jobs import JobCheck
from services.directory.imports.check_people import PeopleCheck
from services.directory.imports.check_units import UnitCheck
from services.directory.imports.facts import Checked, Snapshot
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
    jobs = JobCheck(snapshot, options, checked, people, (organisations.end, positions.end), today)
    if "jobassignment" in tables:
        jobs.check(tables["jobassignment"])
    ended = jobs.removals()
    homes = by_jobs(snapshot, jobs.plans, ended)
    for id, plan in people.plans.items():
        if plan.revision == 0 and plan.home is None and id in homes:
            people.plans[id] = replace(plan, home=homes[id], feed_home=homes[id])
    checked.plans.extend(people.ordered())
    checked.plans.extend(jobs.plans)
    checked.plans.extend(moves(snapshot, homes, [id for id, plan in people.plans.items() if plan.moved]))
    checked.plans.extend(ended)
    checked.plans.extend(people.removals())
    checked.plans.extend(positions.removals())
    checked.plans.extend(organisations.removals())
    return checked
