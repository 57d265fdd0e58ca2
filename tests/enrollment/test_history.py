"""The whole history of a subject: who, when, what with what it was before, why, how, and caused by what (AUD-1)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from enrollment.harness import Harness
from fastapi.testclient import TestClient

from shared.interface import INTERFACE

TODAY = date.today()
LATER, LATEST = TODAY + timedelta(days=60), TODAY + timedelta(days=90)


def history(
    harness: Harness, subject: str, id: object, by: TestClient | None = None, **asked: object
) -> dict[str, Any]:
    answer = (by or harness.http).get(f"/api/enrollment/history/{subject}/{id}", params=asked)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def kinds(told: dict[str, Any]) -> list[str]:
    return [entry["kind"] for entry in told["items"]]


def facts(entry: dict[str, Any]) -> dict[str, tuple[object, object]]:
    return {fact["name"]: (fact["before"], fact["value"]) for fact in entry["facts"]}


def enrollment(harness: Harness, person: UUID, offering: UUID) -> str:
    return str(harness.enrollments(person_id=person, offering_id=offering)[0]["id"])


def fixed(day: date) -> dict[str, object]:
    return {"kind": "fixed", "on": f"{day}"}


@pytest.mark.feature("AUD-1")
def test_a_due_date_that_was_moved_says_from_when_to_when_by_whom_why_and_how(harness: Harness) -> None:
    ann, course = harness.person(), harness.course()
    harness.settle()
    harness.assign(course, "individual", ann, due=fixed(LATER))
    id = enrollment(harness, ann, course)
    moved = harness.http.put(
        f"/api/enrollment/enrollments/{id}/due",
        json={"due_on": f"{LATEST}", "reason": "Was ill"},
        headers={INTERFACE: "page"},
    )
    assert moved.status_code == 200, moved.text
    newest, assigned = history(harness, "enrollment", id)["items"]
    assert (newest["kind"], newest["how"]) == ("due-date-set", "command")
    assert (newest["actor_id"], newest["interface"]) == (str(harness.administrator), "page")
    assert newest["batch"] == moved.json()["batch"]
    assert facts(newest)["due_on"] == (f"{LATER}", f"{LATEST}")
    assert facts(newest)["reason"] == (None, "Was ill")
    assert (assigned["kind"], assigned["interface"]) == ("learner-assigned", "api")
    assert facts(assigned)["due_on"] == (None, f"{LATER}")
    assert newest["at"] > assigned["at"]


@pytest.mark.feature("AUD-1")
def test_what_followed_from_the_directory_names_the_event_that_caused_it(harness: Harness) -> None:
    north, course = harness.unit("North"), harness.course()
    harness.settle()
    harness.assign(course, "organisation", north)
    ann = harness.person(north)
    harness.settle()
    (entry,) = history(harness, "enrollment", enrollment(harness, ann, course))["items"]
    assert (entry["actor_id"], entry["how"], entry["interface"]) == (None, "rule", None)
    assert entry["cause"] == {"service": "directory", "stream": str(ann), "version": 1}


@pytest.mark.feature("AUD-1")
def test_an_offering_tells_of_its_assignments_and_groups_but_not_of_each_learner(harness: Harness) -> None:
    north, course, other = harness.unit("North"), harness.course(), harness.course()
    for _ in range(3):
        harness.person(north)
    harness.settle()
    assignment = harness.assign(course, "organisation", north, due=fixed(LATER))
    harness.assign(other, "organisation", north)
    changed = harness.http.put(f"/api/enrollment/assignments/{assignment}/due", json={"due": fixed(LATEST)})
    assert changed.is_success, changed.text
    harness.settle()
    told = history(harness, "offering", course)
    assert kinds(told) == ["due-rule-set", "assignment-created"]
    assert facts(told["items"][0])["due"] == (fixed(LATER), fixed(LATEST))
    assert (told["names"][str(north)], told["names"][str(course)]) == ("North", "Fire safety")
    assert kinds(history(harness, "assignment", assignment)) == ["due-rule-set", "assignment-created"]


@pytest.mark.feature("AUD-1")
def test_a_person_has_enrollments_assignments_and_job_roles_on_one_list_by_pages(harness: Harness) -> None:
    ann, course = harness.person(), harness.course()
    harness.settle()
    assignment = harness.assign(course, "individual", ann)
    harness.http.delete(f"/api/enrollment/assignments/{assignment}")
    harness.settle()
    whole = history(harness, "person", ann)
    assert set(kinds(whole)) == {
        "assignment-created",
        "learner-assigned",
        "assignment-removed",
        "learner-unassigned",
        "learner-withdrawn",
    }
    read: list[Any] = []
    asked: dict[str, object] = {"limit": 2}
    while True:
        page = history(harness, "person", ann, **asked)
        read += page["items"]
        if page["next"] is None:
            break
        asked["cursor"] = page["next"]
    assert read == whole["items"]
    second = history(harness, "person", ann, cursor=whole["items"][1]["cursor"])
    assert second["items"] == whole["items"][2:]


@pytest.mark.feature("AUD-1")
def test_as_of_a_moment_it_has_nothing_later(harness: Harness) -> None:
    ann, course = harness.person(), harness.course()
    harness.settle()
    harness.assign(course, "individual", ann)
    id = enrollment(harness, ann, course)
    between = datetime.now(UTC)
    harness.http.post(f"/api/enrollment/enrollments/{id}/begin")
    assert kinds(history(harness, "enrollment", id)) == ["training-begun", "learner-assigned"]
    assert kinds(history(harness, "enrollment", id, as_of=between.isoformat())) == ["learner-assigned"]
    assert kinds(history(harness, "enrollment", id, since=between.isoformat())) == ["training-begun"]


@pytest.mark.feature("AUD-1")
def test_rollbooks_own_doing_can_be_left_out(harness: Harness) -> None:
    north, course = harness.unit("North"), harness.course()
    harness.settle()
    harness.assign(course, "organisation", north)
    ann = harness.person(north)
    harness.settle()
    id = enrollment(harness, ann, course)
    harness.http.post(f"/api/enrollment/enrollments/{id}/begin")
    assert kinds(history(harness, "enrollment", id, people=True)) == ["training-begun"]


@pytest.mark.feature("AUD-1", "SEC-2")
def test_it_is_told_within_the_callers_organisations(harness: Harness) -> None:
    north, south, course = harness.unit("North"), harness.unit("South"), harness.course()
    ann, ben = harness.person(north), harness.person(south)
    harness.settle()
    harness.assign(course, "individual", ann)
    harness.assign(course, "individual", ben)
    auditor = harness.client(uuid4(), ("auditor", north))
    told = history(harness, "offering", course, auditor)
    assert [facts(entry)["person"] for entry in told["items"]] == [(None, str(ann))]
    assert len(history(harness, "offering", course)["items"]) == 2
    for subject, id in (("person", ben), ("enrollment", enrollment(harness, ben, course)), ("assignment", uuid4())):
        assert auditor.get(f"/api/enrollment/history/{subject}/{id}").status_code == 404
    assert harness.client(ann).get(f"/api/enrollment/history/person/{ann}").status_code == 403


@pytest.mark.feature("ADM-1", "ENR-4")
def test_enrollments_are_listed_by_completion_with_the_last_result_of_the_exam(harness: Harness) -> None:
    course = harness.course("Forklift", 1, ("exam", 80))
    ann, ben = harness.person(), harness.person()
    harness.settle()
    for one in (ann, ben):
        harness.assign(course, "individual", one)
        harness.http.post(f"/api/enrollment/enrollments/{enrollment(harness, one, course)}/begin")
    id = enrollment(harness, ann, course)
    for score in (40, 90):
        taken = harness.http.post(f"/api/enrollment/enrollments/{id}/steps/1/attempts", json={"score": score})
        assert taken.status_code == 201, taken.text
    listed = {done: harness.enrollments(offering_id=course, completed=done) for done in (True, False)}
    assert [[one["person_id"] for one in listed[done]] for done in (True, False)] == [[str(ann)], [str(ben)]]
    both = [id, enrollment(harness, ben, course)]
    scores = harness.http.get("/api/enrollment/scores", params={"enrollment_id": both}).json()
    assert scores == [{"enrollment_id": id, "score": 90, "pass_mark": 80, "passed": True}]
    elsewhere = harness.client(uuid4(), ("auditor", harness.unit("Elsewhere")))
    harness.settle()
    assert elsewhere.get("/api/enrollment/scores", params={"enrollment_id": both}).json() == []
