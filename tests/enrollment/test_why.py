"""Why am I enrolled? The chain of each assignment, for the learner and for administrators (LRN-8)."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from enrollment.harness import Harness
from fastapi.testclient import TestClient

TODAY = date.today()
LATER, LATEST = TODAY + timedelta(days=60), TODAY + timedelta(days=90)


def fixed(day: date) -> dict[str, object]:
    return {"kind": "fixed", "on": f"{day}"}


def why(harness: Harness, id: str, by: TestClient | None = None) -> dict[str, Any]:
    answer = (by or harness.http).get(f"/api/enrollment/enrollments/{id}/why")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def enrollment(harness: Harness, person: UUID, offering: UUID) -> str:
    return str(harness.enrollments(person_id=person, offering_id=offering)[0]["id"])


@pytest.mark.feature("LRN-8")
def test_an_organisation_above_the_job_is_told_from_the_command_to_the_due_date(harness: Harness) -> None:
    operations = harness.unit("Operations", harness.unit("Tidewater"))
    shift = harness.unit("Day Shift", operations)
    ann, course = harness.person(), harness.course()
    job = harness.job(ann, organisation=shift, starts=date(2021, 3, 3))
    harness.settle()
    assignment = harness.assign(course, "organisation", operations, below=True, due=fixed(LATER))
    id = enrollment(harness, ann, course)
    told = why(harness, id, harness.client(ann))
    (reason,) = told["assignments"]
    assert (reason["assignment_id"], reason["type"], reason["name"]) == (str(assignment), "organisation", "Operations")
    assert (reason["target_id"], reason["include_below"]) == (str(operations), True)
    assert (reason["assigned"]["actor"], reason["assigned"]["how"]) == (str(harness.administrator), "command")
    assert reason["placements"] == [
        {
            "kind": "job",
            "unit_id": str(shift),
            "job_id": str(job),
            "since": "2021-03-03",
            "path": ["Day Shift", "Operations"],
            "managers": [],
        }
    ]
    assert reason["assigned"]["at"] <= reason["enrolled"]["at"]
    assert (reason["enrolled"]["batch"], reason["enrolled"]["cause"]) == (reason["assigned"]["batch"], None)
    assert (reason["due_text"], reason["due_on"], reason["decides_due"]) == (f"{LATER}", f"{LATER}", True)
    assert reason["due"] == fixed(LATER)
    assert (reason["ended"], reason["term"]) == (None, 1)
    assert (told["due"]["by"], told["due"]["due_on"]) == ("assignment", f"{LATER}")
    assert told["due"]["assignment_id"] == str(assignment)
    assert (told["enrollment_id"], told["person_id"], told["offering_id"]) == (id, str(ann), str(course))
    assert (told["earlier"], told["held"], told["via_enrollment_id"], told["term"]) == ([], None, None, 1)


@pytest.mark.feature("LRN-8")
def test_who_comes_later_is_told_that_the_directory_led_to_it(harness: Harness) -> None:
    north = harness.unit("North")
    course = harness.course()
    harness.settle()
    harness.assign(course, "organisation", north)
    ann = harness.person(north)
    harness.settle()
    (reason,) = why(harness, enrollment(harness, ann, course), harness.client(ann))["assignments"]
    assert (reason["enrolled"]["actor"], reason["enrolled"]["how"]) == (None, "rule")
    assert reason["enrolled"]["cause"] == f"directory/{ann}/1"
    assert reason["enrolled"]["batch"] != reason["assigned"]["batch"]
    (placement,) = reason["placements"]
    assert (placement["kind"], placement["path"], placement["since"]) == ("home", ["North"], None)


@pytest.mark.feature("LRN-8", "ASG-3")
def test_the_managers_between_are_told_from_the_own_one_on(harness: Harness) -> None:
    ann, leo, cia = harness.people(3)
    top = harness.job(cia)
    lead = harness.job(leo, manager_job=top, manager=cia)
    job = harness.job(ann, manager_job=lead, manager=leo)
    course = harness.course()
    harness.settle()
    harness.assign(course, "manager", cia, below=True)
    (reason,) = why(harness, enrollment(harness, ann, course))["assignments"]
    (placement,) = reason["placements"]
    assert (placement["kind"], placement["job_id"]) == ("manager", str(job))
    assert placement["managers"] == [str(leo), str(cia)]


@pytest.mark.feature("LRN-8", "DUE-3")
def test_of_several_assignments_the_newest_comes_first_and_the_one_that_decides_the_date_is_told(
    harness: Harness,
) -> None:
    ann, course = harness.person(), harness.course()
    audience = harness.audience(ann)
    harness.settle()
    id = harness.enroll(ann, course, due=fixed(LATER))
    second = harness.assign(course, "audience", audience, due=fixed(LATEST))
    told = why(harness, id)
    assert [one["type"] for one in told["assignments"]] == ["audience", "individual"]
    assert [one["decides_due"] for one in told["assignments"]] == [True, False]
    assert (told["due"]["due_on"], told["due"]["assignment_id"]) == (f"{LATEST}", str(second))
    audiences = told["assignments"][0]
    assert (audiences["name"], audiences["placements"]) == ("First aiders", [])


@pytest.mark.feature("LRN-8", "ASG-7")
def test_what_does_not_hold_any_more_is_told_apart_with_how_it_ended(harness: Harness) -> None:
    ann, course = harness.person(), harness.course()
    audience = harness.audience(ann)
    harness.settle()
    id = harness.enroll(ann, course)
    second = harness.assign(course, "audience", audience)
    body = {"action": "remove", "assignment_ids": [str(second)]}
    preview = harness.http.post("/api/enrollment/previews", json=body).json()
    because = {"reason": "Chosen by mistake"}
    confirmed = harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm", json=because)
    assert confirmed.status_code == 202, confirmed.text
    harness.settle()
    told = why(harness, id)
    assert [one["type"] for one in told["assignments"]] == ["individual"]
    (earlier,) = told["earlier"]
    assert (earlier["assignment_id"], earlier["ended"]["why"]) == (str(second), "assignment-removed")
    assert earlier["ended"]["reason"] == "Chosen by mistake"
    (seen,) = why(harness, id, harness.client(ann))["earlier"]
    assert seen["ended"]["reason"] is None, "what administrators write is for administrators"
    assert seen["ended"]["at"] == earlier["ended"]["at"]


@pytest.mark.feature("LRN-8", "DUE-8")
def test_a_date_that_was_set_by_hand_says_who_set_it_and_to_administrators_why(harness: Harness) -> None:
    ann, course = harness.person(), harness.course()
    harness.settle()
    id = harness.enroll(ann, course, due=fixed(LATER))
    body = {"due_on": f"{LATEST}", "reason": "On leave until May"}
    answer = harness.http.put(f"/api/enrollment/enrollments/{id}/due", json=body)
    assert answer.status_code == 200, answer.text
    told = why(harness, id)
    assert (told["due"]["by"], told["due"]["due_on"]) == ("hand", f"{LATEST}")
    assert (told["due"]["set"]["actor"], told["due"]["assignment_id"]) == (str(harness.administrator), None)
    assert told["due"]["set"]["reason"] == "On leave until May"
    assert [one["decides_due"] for one in told["assignments"]] == [False]
    assert why(harness, id, harness.client(ann))["due"]["set"]["reason"] is None


@pytest.mark.feature("LRN-8", "DUE-4")
def test_what_holds_a_learner_back_is_told_to_administrators_only(harness: Harness) -> None:
    course = harness.course("Welding", 1, minimum_minutes=7 * 24 * 60)
    north = harness.unit()
    ann = harness.person(north)
    harness.settle()
    assignment = harness.assign(course, "organisation", north, due=fixed(TODAY + timedelta(days=2)))
    id = enrollment(harness, ann, course)
    held = why(harness, id)["held"]
    assert held["kinds"] == ["time-allowance"]
    assert held["assignments"] == [{"assignment_id": str(assignment), "type": "organisation", "name": "North"}]
    manager = harness.client(uuid4(), ("enrollment-manager", north))
    assert why(harness, id, manager)["held"] == held
    own = why(harness, id, harness.client(ann))
    assert (own["held"], own["assignments"], own["due"]) == (None, [], None)
    harness.did(id, "exception", resolution="assigned")
    harness.settle()
    answered = why(harness, id)
    assert (answered["held"], len(answered["assignments"])) == (None, 1)


@pytest.mark.feature("LRN-8", "SEC-2")
def test_nobody_else_may_ask(harness: Harness) -> None:
    north, south = harness.unit("North"), harness.unit("South")
    ann, course = harness.person(north), harness.course()
    harness.settle()
    id = harness.enroll(ann, course)
    for other in (harness.client(uuid4()), harness.client(uuid4(), ("enrollment-manager", south))):
        assert other.get(f"/api/enrollment/enrollments/{id}/why").status_code == 404


@pytest.mark.feature("LRN-8")
def test_a_further_term_begins_with_its_own_date_and_the_one_before_is_earlier(harness: Harness) -> None:
    ann, course = harness.person(), harness.course()
    harness.settle()
    id = harness.enroll(ann, course, due=fixed(LATER))
    (first,) = why(harness, id)["assignments"]
    harness.remove(UUID(first["assignment_id"]))
    harness.enroll(ann, course)
    told = why(harness, id)
    assert (told["term"], told["due"]) == (2, None)
    assert [one["term"] for one in (*told["assignments"], *told["earlier"])] == [2, 1]


@pytest.mark.feature("LRN-8", "CAT-2")
def test_a_course_within_a_certification_is_there_because_of_the_enrollment_on_that(harness: Harness) -> None:
    ann, aid = harness.person(), harness.course("First aid", 1)
    step = {"kind": "course", "title": "First aid", "course_id": aid}
    certification = harness.certification("Safe", step)
    harness.settle()
    id, learner = harness.enroll(ann, certification), harness.client(ann)
    course = str(harness.did(id, "steps/1/launch", learner)["course_enrollment_id"])
    told = why(harness, course, learner)
    assert (told["assignments"], told["via_enrollment_id"]) == ([], id)


@pytest.mark.feature("LRN-8", "ASG-9")
def test_why_something_was_assigned_is_told_in_the_words_of_whoever_did_to_administrators(harness: Harness) -> None:
    ann, course = harness.person(), harness.course()
    audience = harness.audience(ann)
    harness.settle()
    preview = harness.preview(course, ("audience", audience, False))
    because = {"reason": "New fire rules"}
    confirmed = harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm", json=because)
    assert confirmed.status_code == 202, confirmed.text
    harness.settle()
    id = enrollment(harness, ann, course)
    (reason,) = why(harness, id)["assignments"]
    assert reason["assigned"]["reason"] == "New fire rules"
    (seen,) = why(harness, id, harness.client(ann))["assignments"]
    assert (seen["assigned"]["reason"], seen["assigned"]["actor"]) == (None, str(harness.administrator))
    with harness.database.connection() as conn:
        bodies = [str(body) for (body,) in conn.execute("SELECT convert_from(body, 'UTF8') FROM events")]
    assert not [body for body in bodies if "fire rules" in body]
