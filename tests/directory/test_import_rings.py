"""Rings in the import of people: only the row that closes one is refused, whatever the order of the rows (DIR-5, DIR-13)."""

import random

import pytest
from directory.builders import job, org, user
from directory.harness import Harness

pytestmark = pytest.mark.feature("DIR-5", "DIR-13")
TOMORROW = "31/12/2098"


@pytest.fixture
def company(harness: Harness) -> Harness:
    """Ada leads Bo, who leads Cy, who leads a chain of twelve; none has changed since."""
    harness.run({"user": [user(name) for name in PEOPLE]})
    chain = [job(name, manageridnumber=above) for name, above in zip(PEOPLE[1:], PEOPLE, strict=False)]
    assert harness.run({"jobassignment": [job("A"), *chain]}) == {"created": len(PEOPLE)}
    return harness


PEOPLE = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N"]
"""More than a part of an import has in these tests."""


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dry_run", [True, False])
def test_of_a_ring_that_a_change_would_close_only_the_changing_row_is_refused(
    company: Harness, seed: int, dry_run: bool
) -> None:
    """N is at the lower end: with N above A, all fourteen would be above themselves, in two parts of the file."""
    rows = [job(name, manageridnumber=above) for name, above in zip(PEOPLE[1:], PEOPLE, strict=False)]
    rows = [job("A", manageridnumber="N"), *rows]
    random.Random(seed).shuffle(rows)
    place = next(n for n, row in enumerate(rows, 2) if row["useridnumber"] == "A")
    told = company.run({"jobassignment": rows}, dry_run=dry_run)
    assert told == {"unchanged": len(PEOPLE) - 1, "skipped": 1}
    assert company.report["jobassignment", place] == ("skipped", ["ring"])


def test_a_ring_through_a_temporary_manager_is_refused(company: Harness) -> None:
    row = job("A", tempmanageridnumber="C", tempmanagerjaidnumber="1", tempmanagerexpirydate=TOMORROW)
    assert company.run({"jobassignment": [row]}) == {"skipped": 1}
    assert company.report["jobassignment", 2] == ("skipped", ["ring"])
    row = job("C", tempmanageridnumber="A", tempmanagerjaidnumber="1", tempmanagerexpirydate=TOMORROW)
    assert company.run({"jobassignment": [row]}) == {"changed": 1}


def test_two_rings_lose_a_row_each_and_all_others_are_taken(company: Harness) -> None:
    rows = [job("A", manageridnumber="D"), job("E", manageridnumber="N"), job("F", manageridnumber="E")]
    assert company.run({"jobassignment": rows}) == {"skipped": 2, "unchanged": 1}


@pytest.mark.parametrize("seed", range(4))
def test_of_a_ring_of_new_jobs_across_two_parts_of_the_file_one_row_is_refused(harness: Harness, seed: int) -> None:
    harness.run({"user": [user(name) for name in PEOPLE]})
    above = [*PEOPLE[-1:], *PEOPLE[:-1]]
    rows = [job(name, manageridnumber=boss, managerjaidnumber="1") for name, boss in zip(PEOPLE, above, strict=True)]
    random.Random(seed).shuffle(rows)
    told = harness.run({"jobassignment": rows}, dry_run=True)
    refused = [(row, found) for row, found in harness.report.items() if found[0] == "skipped"]
    told_reasons = [reason for _, (_, reasons) in refused for reason in reasons]
    assert told_reasons.count("ring") == 1
    assert set(told_reasons) <= {"ring", "manager-without-job"}
    assert harness.run({"jobassignment": rows}) == told


def test_of_a_ring_of_units_only_the_row_that_closes_it_is_refused(harness: Harness) -> None:
    harness.framework()
    assert harness.run({"org": [org("a"), org("b", "a"), org("c", "b")]}) == {"created": 3}
    assert harness.run({"org": [org("b", "a"), org("a", "c"), org("c", "b")]}) == {"skipped": 1, "unchanged": 2}
    assert harness.report["org", 3] == ("skipped", ["ring"])


def test_a_unit_that_is_its_own_parent_is_refused(harness: Harness) -> None:
    harness.framework()
    assert harness.run({"org": [org("a", "a"), org("b")]}) == {"skipped": 1, "created": 1}
    assert harness.report["org", 2] == ("skipped", ["ring"])
