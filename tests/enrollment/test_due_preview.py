"""What another due rule would do is shown before it is set (ASG-9, DUE-3, DUE-4)."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from enrollment.harness import Harness
from httpx import Response

TODAY = date(2027, 1, 31)
WEEK = 7 * 24 * 60


@pytest.fixture
def course(harness: Harness) -> UUID:
    harness.on(TODAY)
    return harness.course("Yoga", 2, minimum_minutes=WEEK)


def on(days: int) -> dict[str, object]:
    return {"kind": "fixed", "on": (TODAY + timedelta(days=days)).isoformat()}


def preview(harness: Harness, assignment: UUID, due: dict[str, object] | None) -> Response:
    body = {"action": "due", "assignment_id": str(assignment), "due": due}
    return harness.http.post("/api/enrollment/previews", json=body)


def confirm(harness: Harness, found: Response) -> Response:
    answer = harness.http.post(f"/api/enrollment/previews/{found.json()['id']}/confirm")
    harness.settle()
    return answer


def dues(harness: Harness, offering: UUID) -> list[object]:
    return sorted(str(one["due_on"]) for one in harness.enrollments(offering_id=offering))


@pytest.mark.feature("ASG-9", "DUE-1", "DUE-3")
def test_it_counts_whose_date_moves_and_does_what_it_showed(harness: Harness, course: UUID) -> None:
    people = harness.people(3)
    audience = harness.audience(*people)
    harness.settle()
    harness.enroll(people[0], course, due=on(90))
    assignment = harness.assign(course, "audience", audience, due=on(30))
    found = preview(harness, assignment, on(60))
    assert found.status_code == 201
    told = {
        name: found.json()[name] for name in ("people", "dates_moved", "enrolled", "held_by_exceptions", "warnings")
    }
    assert told == {"people": 3, "dates_moved": 2, "enrolled": 0, "held_by_exceptions": 0, "warnings": []}
    assert (
        found.json()["text"]
        == "This will change the due date of 3 learners on this course, and never to an earlier one."
    )
    assert dues(harness, course) == ["2027-03-02", "2027-03-02", "2027-05-01"]
    assert confirm(harness, found).status_code == 202
    assert dues(harness, course) == ["2027-04-01", "2027-04-01", "2027-05-01"]
    earlier = preview(harness, assignment, on(20)).json()
    assert (earlier["people"], earlier["dates_moved"]) == (3, 0)


@pytest.mark.feature("ASG-9", "DUE-4", "DUE-6")
def test_it_says_who_would_be_held_and_who_would_be_held_no_more(harness: Harness, course: UUID) -> None:
    people = harness.people(2)
    audience = harness.audience(*people)
    harness.settle()
    assignment = harness.assign(course, "audience", audience, due=on(2))
    assert [one["status"] for one in harness.enrollments(offering_id=course)] == ["held", "held"]
    found = preview(harness, assignment, on(40))
    assert (found.json()["enrolled"], found.json()["emails"]["count"]) == (2, 2)
    confirm(harness, found)
    assert dues(harness, course) == ["2027-03-12", "2027-03-12"]
    none = preview(harness, assignment, None).json()
    assert (none["dates_moved"], none["held_by_exceptions"]) == (0, 0)
    other = harness.course("Run", 1, minimum_minutes=WEEK)
    harness.settle()
    undue = harness.assign(other, "audience", audience)
    soon = preview(harness, undue, on(1)).json()
    assert (soon["held_by_exceptions"], len(soon["warnings"])) == (2, 1)
    confirm(harness, preview(harness, undue, on(1)))
    held = harness.http.get(f"/api/enrollment/assignments/{undue}").json()["counts"]["held"]
    assert held == 2


@pytest.mark.feature("ASG-9", "SEC-2")
def test_what_has_changed_since_or_is_not_to_be_seen_is_refused(harness: Harness, course: UUID) -> None:
    north, south = harness.unit("North"), harness.unit("South")
    ann = harness.person(north)
    harness.settle()
    assignment = harness.assign(course, "organisation", north, due=on(30))
    found = preview(harness, assignment, on(60))
    harness.move(ann, south)
    harness.settle()
    stale = confirm(harness, found)
    assert (stale.status_code, stale.json()["type"].rpartition(":")[2]) == (409, "preview-outdated")
    body = {"action": "due", "assignment_id": str(assignment), "due": None}
    local = harness.client(uuid4(), ("enrollment-manager", south))
    assert local.post("/api/enrollment/previews", json=body).status_code == 404
    assert harness.client(ann).post("/api/enrollment/previews", json=body).status_code == 403
    harness.remove(assignment)
    gone = preview(harness, assignment, None)
    assert (gone.status_code, gone.json()["type"].rpartition(":")[2]) == (409, "assignment-removed")
