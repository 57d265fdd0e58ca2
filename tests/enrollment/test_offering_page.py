"""The page of an offering for a learner, and browsing: what it is, the own results, and what one can do (LRN-1, LRN-7)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from enrollment.harness import Harness, OpenHarness
from fastapi.testclient import TestClient

from shared.contracts import catalog

TODAY = date.today()
PRICE = {"amount": "20.00", "currency": "EUR"}
Found = dict[str, Any]


def page(learner: TestClient, offering: UUID) -> Found:
    answer = learner.get(f"/api/enrollment/offerings/{offering}")
    assert answer.status_code == 200, answer.text
    found: Found = answer.json()
    return found


def browse(learner: TestClient, **query: object) -> Found:
    answer = learner.get("/api/enrollment/offerings", params=query)
    assert answer.status_code == 200, answer.text
    found: Found = answer.json()
    return found


def access(harness: Harness, offering: UUID, how: str) -> None:
    harness.tell(harness.catalog, catalog.LearnerAccessChosen, offering, access=how)


@pytest.fixture
def ann(harness: Harness) -> UUID:
    return harness.named("Ann", "Lind", "ann@example.org")


@pytest.mark.feature("LRN-7", "CAT-1")
def test_the_page_says_what_an_offering_takes_and_how_to_come_to_it(harness: Harness, ann: UUID) -> None:
    told = {"description": "Lift boxes.", "minimum_minutes": 45, "access_days": 20, "badge": "Crane driver"}
    course = harness.course("Crane", 0, "content", ("exam", 80), price=PRICE, certificate="Plain", **told)
    access(harness, course, "self-enrollment")
    opens = datetime(2020, 1, 1, tzinfo=UTC)
    harness.tell(harness.catalog, catalog.EnrolmentWindowSet, course, opens=opens, closes=None)
    harness.settle()
    found = page(harness.client(ann), course)
    assert {name: found[name] for name in (*told, "kind", "code", "title", "price", "certificate", "closes")} == {
        **told,
        "kind": "course",
        "code": "Crane",
        "title": "Crane",
        "price": PRICE,
        "certificate": True,
        "closes": None,
    }
    assert (found["active"], found["access"], found["review"], found["in_order"]) == (
        True,
        "self-enrollment",
        False,
        False,
    )
    assert (found["opens"], found["standing"]["next_action"], found["groups"], found["withdraw_from"]) == (
        "2020-01-01T00:00:00Z",
        "purchase",
        0,
        [],
    )
    assert [(step["kind"], step["pass_mark"], step["launchable"]) for step in found["steps"]] == [
        ("content", None, False),
        ("exam", 80, False),
    ]


@pytest.mark.feature("LRN-7", "CAT-1")
def test_a_new_description_is_shown_and_the_access_of_the_organisation(harness: Harness) -> None:
    ward = harness.unit("Ward")
    harness.profile(ward, access_days=33)
    course, bob = harness.course("Crane", 1), harness.person(ward)
    harness.settle()
    assert (page(harness.client(bob), course)["description"], page(harness.client(bob), course)["access_days"]) == (
        "",
        33,
    )
    activities = [{"kind": "content", "title": "Film"}]
    described = {"code": "Crane", "title": "Crane", "description": "Now with boxes.", "activities": activities}
    described |= {"minimum_minutes": 1, "access_days": None, "certificate": None, "badge": None, "price": None}
    harness.tell(harness.catalog, catalog.CourseDescribed, course, **described)
    harness.settle()
    assert page(harness.client(bob), course)["description"] == "Now with boxes."


@pytest.mark.feature("ENR-4", "ENR-6", "LRN-3")
def test_the_steps_have_the_own_results_and_say_whether_and_why_not_each_opens(open_harness: OpenHarness) -> None:
    harness = open_harness(attempts_shown=2)
    ann = harness.person()
    activities = [
        {"kind": "content", "title": "Film"},
        {"kind": "lab", "title": "Boxes"},
        {"kind": "exam", "title": "Exam", "pass_mark": 80},
    ]
    course = harness.course("Crane", described=activities, in_order=True)
    harness.settle()
    id, learner = harness.enroll(ann, course), harness.client(ann)
    first, second, third = page(learner, course)["steps"]
    assert (first["launchable"], first["not_launchable_because"]) == (True, None)
    assert (second["launchable"], "step 1 is next" in second["not_launchable_because"]) == (False, True)
    harness.did(id, "steps/1/complete", learner)
    for _ in range(3):
        harness.did(id, "steps/2/launch", learner)
    harness.did(id, "steps/2/complete")
    for score in (30, 79, 50):
        harness.did(id, "steps/3/attempts", score=score)
    for steps in (
        page(learner, course)["steps"],
        learner.get(f"/api/enrollment/enrollments/{id}/steps").json(),
        harness.http.get(f"/api/enrollment/enrollments/{id}/steps").json(),
    ):
        first, second, third = steps
        assert (first["completed"], first["completed_at"][:10]) == (True, str(TODAY))
        assert (second["launches"], second["last_launched_at"] is not None, second["completed"]) == (3, True, True)
        assert (third["completed"], third["attempts_total"], third["best_score"]) == (False, 3, 79)
        assert [(one["score"], one["pass_mark"], one["passed"]) for one in third["attempts"]] == [
            (50, 80, False),
            (79, 80, False),
        ]
    harness.did(id, "steps/3/attempts", score=90)
    assert page(learner, course)["steps"][2]["attempts"][0]["passed"] is True
    assert page(learner, course)["standing"]["status"] == "completed"
    harness.on(TODAY + timedelta(days=400))
    (refusal,) = {step["not_launchable_because"] for step in page(learner, course)["steps"]}
    assert refusal.startswith("Access ended on ")


@pytest.mark.feature("ENR-4")
def test_attempts_and_launches_are_those_of_the_present_term(harness: Harness, ann: UUID) -> None:
    course = harness.course("Crane", 0, ("exam", 80), "lab")
    harness.settle()
    id, learner = harness.enroll(ann, course), harness.client(ann)
    harness.did(id, "steps/1/attempts", score=30)
    harness.did(id, "steps/2/launch", learner)
    (assignment,) = harness.show(id)["assignments"]  # type: ignore[misc]
    harness.remove(UUID(str(assignment)))
    harness.enroll(ann, course)
    exam, lab = page(learner, course)["steps"]
    assert (exam["attempts_total"], exam["attempts"], exam["best_score"], lab["launches"]) == (0, [], None, 0)


@pytest.mark.feature("CAT-2", "ENR-6")
def test_a_course_of_a_certification_opens_without_an_assignment_and_a_step_says_by_what_it_counts(
    harness: Harness, ann: UUID
) -> None:
    course = harness.course("First aid", 1, price=PRICE)
    access(harness, course, "hidden")
    certification = harness.certification("SAFE", {"kind": "course", "title": "First aid", "course_id": course})
    harness.settle()
    id, learner = harness.enroll(ann, certification), harness.client(ann)
    (step,) = page(learner, certification)["steps"]
    assert (step["launchable"], step["reported_by"], step["course_id"]) == (True, None, str(course))
    begun = str(harness.did(id, "steps/1/launch", learner)["course_enrollment_id"])
    assert step["course_enrollment_id"] == begun
    own = page(learner, course)
    assert (own["standing"]["status"], own["steps"][0]["launchable"], own["can_launch"]) == ("in-progress", True, True)
    assert page(learner, certification)["parts"][0]["state"] == "in-progress"
    harness.did(begun, "steps/1/complete", learner)
    harness.ring()
    found = page(learner, certification)
    assert (found["standing"]["status"], found["parts"][0]["state"]) == ("completed", "done")
    assert found["steps"][0]["credited_from"] == begun


@pytest.mark.feature("CAT-6", "CAT-7", "LRN-7")
def test_hidden_offerings_and_those_of_other_audiences_are_not_there_for_who_is_not_on_them(
    harness: Harness, ann: UUID
) -> None:
    bob = harness.person()
    hidden, others = harness.course("Hidden"), harness.course("Others")
    access(harness, hidden, "hidden")
    harness.tell(harness.catalog, catalog.VisibilityChosen, others, audiences=(harness.audience(bob),))
    harness.settle()
    learner = harness.client(ann)
    unknown = learner.get(f"/api/enrollment/offerings/{uuid4()}")
    for one in (hidden, others):
        answer = learner.get(f"/api/enrollment/offerings/{one}")
        assert (answer.status_code, answer.json()["detail"]) == (404, unknown.json()["detail"])
        harness.enroll(ann, one)
        assert page(learner, one)["standing"]["status"] == "not-started"
    assert page(harness.client(bob), others)["title"] == "Others"
    assert harness.client(bob).get(f"/api/enrollment/offerings/{hidden}").status_code == 404


@pytest.mark.feature("LRN-7", "RPT-6")
def test_the_page_waits_for_what_somebody_has_just_done(open_harness: OpenHarness) -> None:
    harness = open_harness(wait_limit=0.05)
    ann = harness.named("Ann", "Lind", "ann@example.org")
    address = f"/api/enrollment/offerings/{harness.course()}"
    harness.settle()
    assert harness.client(ann).get(address, params={"at_least": "catalog:1"}).status_code == 200
    behind = harness.client(ann).get(address, params={"at_least": "catalog:999999"})
    assert behind.status_code == 503


@pytest.mark.feature("GRP-3", "GRP-5", "GRP-8", "LRN-7")
def test_groups_are_counted_and_one_learns_what_one_can_withdraw_from_and_why_not(harness: Harness) -> None:
    ward = harness.unit("Ward")
    bob = harness.person(ward)
    course = harness.course("Yoga", 1)
    harness.settle()
    groups = {}
    for name, allowed in (("Morning", True), ("Evening", False), ("Shut", True)):
        body = {"name": name, "allow_enrol": name != "Shut", "allow_withdraw": allowed}
        made = harness.http.post(f"/api/enrollment/offerings/{course}/groups", json=body).json()["result"]
        groups[name] = made["assignment_id"]
    learner = harness.client(bob)
    before = page(learner, course)
    assert (before["groups"], before["standing"]["next_action"]) == (2, "enrol")
    assert set(before["standing"]["groups_to_join"]) == {groups["Morning"], groups["Evening"]}
    harness.assign(course, "organisation", ward, due={"kind": "fixed", "on": str(TODAY + timedelta(days=50))})
    for name in ("Morning", "Evening"):
        learner.post(f"/api/enrollment/groups/{groups[name]}/join", json={"confirm": True})
    found = page(learner, course)
    assert (found["groups"], found["withdraw_from"]) == (
        0,
        [{"assignment_id": groups["Morning"], "type": "group", "name": "Morning"}],
    )
    sources = learner.get(f"/api/enrollment/enrollments/{found['standing']['id']}/sources").json()
    by_name = {source["name"]: source for source in sources}
    assert {name: one["holds_due"] for name, one in by_name.items()} == {
        "Ward": True,
        "Morning": False,
        "Evening": False,
    }
    assert by_name["Ward"]["access_until"] is not None
    assert {name: one["cannot_withdraw_because"] for name, one in by_name.items()} == {
        "Ward": "You can withdraw only if you enrolled yourself. Ask an administrator.",
        "Morning": None,
        "Evening": "The group 'Evening' does not let learners withdraw. Ask an administrator.",
    }
    for name, one in by_name.items():
        answer = learner.post(f"/api/enrollment/assignments/{one['assignment_id']}/leave", json={})
        assert (answer.status_code == 409) is one["can_withdraw"], name
        if not one["can_withdraw"]:
            assert answer.json()["detail"] == one["cannot_withdraw_because"]
        else:
            assert "Your other assignments stay: Evening (group), Ward (organisation)." in answer.json()["text"]


@pytest.mark.feature("LRN-1", "CAT-6")
def test_browsing_filters_by_how_one_stands_and_by_price_and_counts(harness: Harness, ann: UUID) -> None:
    courses = {name: harness.course(name, 1, description=f"About {name}.") for name in ("Begun", "Done", "New", "Over")}
    courses["Paid"] = harness.course("Paid", 1, price=PRICE)
    courses["Hidden"] = harness.course("Hidden", 1)
    access(harness, courses["Hidden"], "hidden")
    harness.settle()
    learner = harness.client(ann)
    ids = {name: harness.enroll(ann, courses[name]) for name in ("Begun", "Done", "Over")}
    harness.did(ids["Done"], "steps/1/complete", learner)
    harness.http.put(
        f"/api/enrollment/enrollments/{ids['Over']}/assignments/{harness.show(ids['Over'])['assignments'][0]}/access",  # type: ignore[index]
        json={"access_days": 1},
    )
    harness.on(TODAY + timedelta(days=10))

    def found(**query: object) -> list[str]:
        answer = browse(learner, count=True, **query)
        assert answer["total"] == len(answer["items"])
        return [card["title"] for card in answer["items"]]

    assert found() == ["Begun", "Done", "New", "Over", "Paid"]
    assert (found(state="mine"), found(state="finished")) == (["Begun"], ["Done"])
    assert (found(state="open"), found(free=False)) == (["New", "Over", "Paid"], ["Paid"])
    assert found(free=True, state="open", q="ne") == ["New"]
    assert browse(learner)["total"] is None
    card = browse(learner, q="New")["items"][0]
    assert (card["description"], card["standing"]["next_action"]) == ("About New.", "request-access")
    first = browse(learner, count=True, limit=2)
    assert (len(first["items"]), first["total"]) == (2, 5)
    rest = browse(learner, count=True, limit=3, cursor=first["next"])
    assert ([card["title"] for card in rest["items"]], rest["total"]) == (["New", "Over", "Paid"], 5)
    assert harness.http.get("/api/enrollment/offerings", params={"state": "lost"}).status_code == 422
