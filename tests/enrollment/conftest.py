"""A fresh harness for each test, or as many as it opens."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from enrollment.harness import Furnished, Harness, OpenHarness
from harnesses import opening

from shared.database import Database


@pytest.fixture
def open_harness(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[OpenHarness]:
    yield from opening(partial(Harness, database, feed_conninfo))


@pytest.fixture
def harness(open_harness: OpenHarness) -> Harness:
    return open_harness()


@pytest.fixture
def furnished(open_harness: OpenHarness) -> Furnished:
    """Nobody waits long in it."""
    harness = open_harness(wait_limit=0.05)
    course, ward = harness.course("Fire safety"), harness.unit("Ward")
    certification, qualification = harness.certification(), harness.qualification("Ward ready", course)
    role = harness.job_role("Nurse", qualification)
    audience, ann = harness.audience(harness.person()), harness.person(ward)
    harness.settle()
    assignment = harness.assign(course, "organisation", ward)
    group = harness.http.post(f"/api/enrollment/offerings/{certification}/groups", json={"name": "Morning"}).json()
    known = {
        "offering_id": str(course),
        "offerings": [str(course)],
        "people": [str(ann)],
        "person_id": str(ann),
        "targets": [{"type": "audience", "target_id": str(audience), "include_below": False}],
        "assignment_id": str(assignment),
        "assignment_ids": [str(assignment)],
        "enrollment_id": str(harness.enrollments(person_id=ann)[0]["id"]),
        "group_id": group["result"]["assignment_id"],
        "job_role_id": str(role),
        "step": 1,
        "confirm": True,
    }
    return Furnished(harness, ward, known)
