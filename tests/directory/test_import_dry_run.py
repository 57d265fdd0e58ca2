"""A dry run tells what the run does, whatever is in the files and in the directory (DIR-13)."""

import random

import pytest
from directory.builders import Cells, job, org, user
from directory.harness import Harness, OpenHarness

pytestmark = pytest.mark.feature("DIR-13")
NAMES = ["A", "B", "C", "D", "E", "F", "G", "H", "I"]
"""More than a part of an import has in these tests."""


def _some(draw: random.Random, most: int) -> list[str]:
    return draw.sample(NAMES, draw.randint(0, most))


def _units(draw: random.Random) -> list[Cells]:
    """Parents before or after their children, a unit above itself, parents that are nowhere."""
    return [
        org(name, draw.choice(["", "", *NAMES, "nowhere"]), deleted=int(draw.random() < 0.2)) for name in _some(draw, 6)
    ]


def _people(draw: random.Random) -> list[Cells]:
    """Addresses that others have or give up in the same file, and rows that are wrong."""
    return [
        user(
            name,
            email=f"{draw.choice([name, name, name, *NAMES])}@example.org" if draw.random() < 0.9 else "wrong",
            lastname=draw.choice(["Lind", "Lindt"]),
            deleted=int(draw.random() < 0.2),
        )
        for name in _some(draw, 9)
    ]


def _jobs(draw: random.Random) -> list[Cells]:
    """Managers who lead themselves, each other or nobody, in one of two jobs, for ever or for a time."""
    return [
        job(
            person,
            number,
            orgidnumber=draw.choice(["", *NAMES]),
            manageridnumber=draw.choice(["", *NAMES]),
            managerjaidnumber=draw.choice(["", "", "1", "2"]),
            tempmanageridnumber=draw.choice(["", "", "", *NAMES]),
            tempmanagerjaidnumber="",
            tempmanagerexpirydate=draw.choice(["31/12/2098", "31/12/2098", "31/12/2001"]),
            deleted=int(draw.random() < 0.2),
        )
        for person in _some(draw, 9)
        for number in draw.choice([["1"], ["1"], ["2"], ["2", "1"]])
    ]


def _files(draw: random.Random) -> dict[str, list[Cells]]:
    made = {"org": _units(draw), "user": _people(draw), "jobassignment": _jobs(draw)}
    return {name: rows for name, rows in made.items() if rows and draw.random() < 0.8}


def _options(draw: random.Random) -> dict[str, object]:
    return {
        "job_key": draw.choice(["idnumber", "first"]),
        "empty": draw.choice(["ignore", "erase"]),
        "removal": draw.choice(["keep", "deactivate", "remove"]),
        "contains_all": draw.random() < 0.3,
    }


@pytest.fixture
def company(open_harness: OpenHarness) -> Harness:
    harness = open_harness()
    harness.framework()
    harness.run({"org": [org(n) for n in NAMES[:4]], "user": [user(n) for n in NAMES[:6]]})
    harness.run({"jobassignment": [job(n, orgidnumber="A") for n in NAMES[:6]]})
    return harness


@pytest.mark.parametrize("seed", range(4))
def test_a_dry_run_tells_what_the_run_does(company: Harness, seed: int) -> None:
    """Fifteen nights of random files, one after another, each dry first: the same outcomes and reasons, row by row."""
    draw = random.Random(seed)
    seen: set[str] = set()
    for _ in range(15):
        files, options = _files(draw), _options(draw)
        if not files:
            continue
        told, report = company.run(files, dry_run=True, **options), company.report
        assert company.run(files, **options) == told, (files, options)
        assert company.report == report, (files, options)
        seen |= told.keys()
    assert seen >= {"created", "changed", "unchanged", "removed", "skipped"}
