"""Homes that follow from jobs: the organisation of the first job, unless a person has set another."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from services.directory.imports.facts import EndJobPlan, HomePlan, JobPlan, Managed, Snapshot


def by_jobs(snapshot: Snapshot, plans: Iterable[JobPlan], ended: Iterable[EndJobPlan]) -> dict[UUID, UUID]:
    """The organisation of the first job that has one, of everybody whose jobs the run creates or changes."""
    plans = list(plans)
    replaced = {plan.job.id for plan in plans} | {plan.job for plan in ended}
    touched = {plan.person for plan in plans}
    jobs = [(plan.person, plan.number, plan.job.organisation) for plan in plans]
    jobs += [
        (fact.person, fact.number, fact.job.organisation)
        for fact in snapshot.jobs.values()
        if fact.person in touched and fact.job.id not in replaced
    ]
    found: dict[UUID, tuple[int, UUID]] = {}
    for person, number, organisation in jobs:
        if organisation is not None and (person not in found or number < found[person][0]):
            found[person] = (number, organisation)
    return {person: organisation for person, (_, organisation) in found.items()}


def moves(snapshot: Snapshot, homes: Mapping[UUID, UUID], told: Iterable[UUID]) -> list[HomePlan]:
    """For managed people who are here already, whose home no person set and the user file does not change (`told`)."""
    told = set(told)
    plans = []
    for person, home in homes.items():
        fact = snapshot.people.get(person)
        if fact is None or fact.managed == Managed() or person in told or fact.home == home:
            continue
        by_hand = fact.home is not None and fact.home != fact.feed_home
        if not by_hand:
            plans.append(HomePlan(person, home))
    return plans
