"""Homes that follow from jobs: the organisation of the first job, unless a person has set another."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from services.directory.imports.facts import EndJobPlan, HomePlan, JobPlan, Managed, Snapshot


def by_jobs(snapshot: Snapshot, plans: Iterable[JobPlan], ended: Iterable[EndJobPlan]) -> dict[UUID, UUID | None]:
    """The organisation of the first job that has one, of everybody whose jobs the run creates, changes or ends.

    None: there is no such job any more. It is only told of those whose home is the organisation of a job that they had.
    """
    plans, gone = list(plans), {plan.job for plan in ended}
    replaced = {plan.job.id for plan in plans} | gone
    touched = {plan.person for plan in plans} | {snapshot.jobs[job].person for job in gone}
    jobs = [(plan.person, plan.number, plan.job.organisation) for plan in plans]
    before: dict[UUID, set[UUID | None]] = defaultdict(set)
    for fact in snapshot.jobs.values():
        if fact.person in touched:
            before[fact.person].add(fact.job.organisation)
            if fact.job.id not in replaced:
                jobs.append((fact.person, fact.number, fact.job.organisation))
    found: dict[UUID, tuple[int, UUID]] = {}
    for person, number, organisation in jobs:
        if organisation is not None and (person not in found or number < found[person][0]):
            found[person] = (number, organisation)
    homes: dict[UUID, UUID | None] = {person: organisation for person, (_, organisation) in found.items()}
    for person in touched - found.keys():
        home = snapshot.people[person].home if person in snapshot.people else None
        if home is not None and home in before[person]:
            homes[person] = None
    return homes


def moves(snapshot: Snapshot, homes: Mapping[UUID, UUID | None], told: Collection[UUID]) -> list[HomePlan]:
    """For managed people who are here already, whose home no person set, and who are not among the `told`.

    Those are who leaves in this run and whose home the user file itself gives.
    """
    plans = []
    for person, home in homes.items():
        fact = snapshot.people.get(person)
        if fact is None or fact.managed == Managed() or person in told or fact.home == home:
            continue
        by_hand = fact.home is not None and fact.home != fact.feed_home
        if not by_hand:
            plans.append(HomePlan(person, home))
    return plans
