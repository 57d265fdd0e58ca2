"""A learner's own cards: which there are, in which order, and what each says (LRN-2 to LRN-6)."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from enrollment.harness import Harness
from fastapi.testclient import TestClient

from shared.contracts import catalog

TODAY = date.today()
PRICE = {"amount": "20.00", "currency": "EUR"}
Card = dict[str, Any]


def mine(learner: TestClient, view: str = "relevant", **more: object) -> Card:
    answer = learner.get("/api/enrollment/mine", params={"view": view, **more})
    assert answer.status_code == 200, answer.text
    found: Card = answer.json()
    return found


def titles(learner: TestClient, view: str = "relevant", **more: object) -> list[str]:
    return [card["title"] for card in mine(learner, view, **more)["items"]]


def only(learner: TestClient, view: str = "all") -> Card:
    (card,) = mine(learner, view)["items"]
    found: Card = card
    return found


def due(days: int) -> dict[str, object]:
    return {"due": {"kind": "fixed", "on": str(TODAY + timedelta(days=days))}}


def full(harness: Harness, ann: UUID) -> TestClient:
    """A learner with one of everything. It is forty days later."""
    courses = {
        name: harness.course(name, 2)
        for name in ("Overdue", "More overdue", "Due soon", "Due later", "Begun", "New", "Taken away", "Done")
    }
    paid = harness.course("To be paid", 1, price=PRICE)
    reviewed, soonest = harness.course("Reviewed", 1), harness.course("Done first", 1)
    harness.tell(harness.catalog, catalog.CompletionReviewSwitched, reviewed, review=True)
    harness.settle()
    days = {"Overdue": 30, "More overdue": 20, "Due soon": 41, "Due later": 60}
    ids = {
        name: harness.enroll(ann, course, **(due(days[name]) if name in days else {}))
        for name, course in courses.items()
    }
    for course in (paid, reviewed, soonest):
        ids[str(course)] = harness.enroll(ann, course, **(due(10) if course == reviewed else {}))
    learner = harness.client(ann)
    harness.did(ids[str(soonest)], "steps/1/complete", learner)
    for step in (1, 2):
        harness.did(ids["Done"], f"steps/{step}/complete", learner)
    harness.did(ids[str(reviewed)], "steps/1/complete", learner)
    harness.did(ids["Begun"], "steps/1/complete", learner)
    (assignment,) = harness.show(ids["Taken away"])["assignments"]  # type: ignore[misc]
    harness.remove(UUID(str(assignment)))
    harness.on(TODAY + timedelta(days=40))
    return learner


@pytest.fixture
def ann(harness: Harness) -> UUID:
    return harness.named("Ann", "Lind", "ann@example.org")


@pytest.mark.feature("LRN-2")
def test_the_most_relevant_come_first_and_the_total_says_how_many_there_are(harness: Harness, ann: UUID) -> None:
    learner = full(harness, ann)
    first = mine(learner, limit=5)
    assert [card["title"] for card in first["items"]] == ["More overdue", "Overdue", "Due soon", "Due later", "Begun"]
    assert first["total"] == 10
    assert [(card["overdue"], card["overdue_days"]) for card in first["items"]][:3] == [
        (True, 20),
        (True, 10),
        (False, 0),
    ]
    rest = mine(learner, limit=5, cursor=first["next"])
    assert [card["title"] for card in rest["items"]] == ["Reviewed", "To be paid", "New", "Done", "Done first"]
    assert rest["items"][0]["overdue"] is False
    assert (rest["total"], rest["next"]) == (10, None)
    assert [card["can_launch"] for card in rest["items"]] == [False, False, True, True, True]


@pytest.mark.feature("LRN-3", "LRN-4")
def test_current_training_is_what_is_unfinished_and_the_transcript_what_was_completed_newest_first(
    harness: Harness, ann: UUID
) -> None:
    learner = full(harness, ann)
    assert "Done" not in titles(learner, "current")
    assert len(titles(learner, "current")) == mine(learner, "current")["total"] == 8
    assert titles(learner, "completed") == ["Done", "Done first"]
    assert titles(learner, "all")[-1] == "Taken away"
    (over,) = [card for card in mine(learner, "all")["items"] if card["title"] == "Taken away"]
    assert (over["standing"]["status"], over["ended_because"], over["overdue"]) == (
        "withdrawn",
        "assignment-removed",
        False,
    )
    assert over["since"] is not None


@pytest.mark.feature("LRN-3", "ENR-1", "ENR-5")
def test_a_card_says_what_its_chip_and_button_need(harness: Harness) -> None:
    ward = harness.unit("Day Shift")
    bob = harness.person(ward)
    course = harness.course(
        "Crane", 0, "content", ("exam", 80), price=PRICE, description="Lift boxes.", minimum_minutes=30
    )
    harness.settle()
    harness.assign(course, "organisation", ward)
    learner = harness.client(bob)
    card = only(learner)
    assert (card["standing"]["status"], card["standing"]["next_action"]) == ("awaiting-payment", "purchase")
    assert (card["price"], card["description"], card["minimum_minutes"]) == (PRICE, "Lift boxes.", 30)
    id = card["standing"]["id"]
    harness.did(id, "paid", reason="Invoice 7")
    harness.assign(course, "individual", bob, **due(50))
    harness.did(id, "steps/1/complete", learner)
    card = only(learner)
    assert (card["standing"]["next_action"], card["standing"]["due_on"]) == (
        "take-exam",
        str(TODAY + timedelta(days=50)),
    )
    assert (card["done"], [(part["kind"], part["state"]) for part in card["parts"]]) == (
        1,
        [("content", "done"), ("exam", "open")],
    )
    assert card["assigned_to"]["type"] == "individual"


@pytest.mark.feature("LRN-3", "CAT-1", "ENR-6")
def test_a_lab_tells_on_the_card_what_it_needs_and_each_part_whether_it_opens(harness: Harness, ann: UUID) -> None:
    lab = {"kind": "lab", "title": "Try it", "system_requirements": "A mouse.", "connection": "Over VPN."}
    course = harness.course("Crane", described=[{"kind": "content", "title": "Read"}, lab])
    harness.settle()
    id = harness.enroll(ann, course)
    learner = harness.client(ann)
    read, tried = only(learner)["parts"]
    assert (read["system_requirements"], read["connection"], read["launchable"]) == ("", "", True)
    assert (tried["system_requirements"], tried["connection"], tried["launchable"]) == ("A mouse.", "Over VPN.", True)
    (assignment,) = harness.show(id)["assignments"]  # type: ignore[misc]
    harness.remove(UUID(str(assignment)))
    assert [part["launchable"] for part in only(learner)["parts"]] == [False, False]


@pytest.mark.feature("LRN-3", "DUE-3")
def test_assigned_to_is_the_assignment_whose_due_date_holds_or_else_the_oldest(harness: Harness) -> None:
    ward, night = harness.unit("Day Shift"), harness.unit("Night Shift")
    bob = harness.person(ward)
    harness.job(bob, organisation=night)
    course = harness.course("Crane")
    harness.settle()
    harness.assign(course, "organisation", ward)
    learner = harness.client(bob)
    assert only(learner)["assigned_to"]["name"] == "Day Shift"
    harness.assign(course, "organisation", night, **due(50))
    assert only(learner)["assigned_to"]["name"] == "Night Shift"
    harness.http.put(
        f"/api/enrollment/enrollments/{only(learner)['standing']['id']}/due",
        json={"due_on": str(TODAY + timedelta(days=90)), "reason": "Leave"},
    )
    harness.settle()
    assert (only(learner)["standing"]["due_by_hand"], only(learner)["assigned_to"]["name"]) == (True, "Day Shift")


@pytest.mark.feature("ENR-5", "LRN-3")
def test_a_completion_that_waits_says_since_when_and_one_that_was_returned_says_why(
    harness: Harness, ann: UUID
) -> None:
    course = harness.course("Crane", 1)
    harness.tell(harness.catalog, catalog.CompletionReviewSwitched, course, review=True)
    harness.settle()
    id, learner = harness.enroll(ann, course), harness.client(ann)
    harness.did(id, "steps/1/complete", learner)
    waiting = only(learner)
    assert (waiting["standing"]["status"], waiting["since"][:10]) == ("pending-approval", str(TODAY))
    harness.did(id, "reject", reason="The photo is missing.", steps=[1])
    returned = only(learner)
    assert returned["standing"]["returned_because"] == "The photo is missing."
    assert (returned["standing"]["status"], returned["standing"]["next_action"]) == ("in-progress", "continue-training")
    assert returned["standing"]["returned_by_request"] is None


@pytest.mark.feature("LRN-6", "CAT-9", "ASG-11")
def test_qualifications_come_with_their_items_required_ones_first(harness: Harness, ann: UUID) -> None:
    aid, fire = harness.course("First aid", 1), harness.course("Fire safety", 2)
    nurse = harness.certification("Nurse", {"kind": "course", "title": "Fire", "course_id": fire})
    ready, winter = harness.qualification("Ward ready", aid, fire, nurse), harness.qualification("Winter driver", fire)
    harness.settle()
    learner = harness.client(ann)
    harness.enroll(ann, winter)
    harness.enroll(ann, ready, required=True)
    harness.did(harness.enroll(ann, aid), "steps/1/complete", learner)
    harness.did(harness.enroll(ann, fire), "steps/1/complete", learner)
    found = mine(learner, "qualifications")["items"]
    assert [(card["title"], card["standing"]["required"], card["done"]) for card in found] == [
        ("Ward ready", True, 1),
        ("Winter driver", False, 0),
    ]
    assert [(part["title"], part["kind"], part["state"]) for part in found[0]["parts"]] == [
        ("First aid", "course", "done"),
        ("Fire safety", "course", "in-progress"),
        ("Nurse", "certification", "open"),
    ]
    assert {part["offering_id"] for part in found[0]["parts"]} == {str(aid), str(fire), str(nurse)}
    assert titles(learner, "all", kind=["course", "certification"]) == ["Fire safety", "First aid"]
    harness.enroll(ann, nurse)
    (card,) = mine(learner, "all", kind="certification")["items"]
    assert [(part["title"], part["state"], part["offering_id"]) for part in card["parts"]] == [
        ("Fire", "in-progress", str(fire))
    ]


@pytest.mark.feature("DUE-4", "DUE-7")
def test_whoever_is_held_by_others_is_not_told_and_may_enrol_and_who_enrolled_awaits_the_administrator(
    harness: Harness, ann: UUID
) -> None:
    crane, film = harness.course("Crane", minimum_minutes=14 * 24 * 60), harness.course("Film", 1)
    step = {"kind": "course", "title": "Film", "course_id": film}
    first, second = harness.certification("One", step), harness.certification("Other", step)
    for one in (crane, second):
        harness.tell(harness.catalog, catalog.LearnerAccessChosen, one, access="self-enrollment")
    harness.settle()
    harness.enroll(ann, first)
    body = {"offerings": [str(crane), str(second)], "people": [str(ann)], **due(1)}
    harness.http.post("/api/enrollment/assignments", json=body)
    harness.settle()
    assert {harness.standing(ann, one) for one in (crane, second)} == {"held"}
    learner = harness.client(ann)
    assert titles(learner, "all") == ["One"]
    path = f"/api/enrollment/offerings/{second}"
    for asked in (learner.get(path).json()["standing"], learner.get(f"{path}/standing").json()):
        assert (asked["status"], asked["next_action"], asked["held_for"]) == ("not-enrolled", "enrol", [])
    id = asked["id"]
    assert (harness.show(id)["status"], harness.show(id, learner)["status"]) == ("held", "not-enrolled")
    assert learner.get(f"/api/enrollment/enrollments/{id}/sources").json() == []
    assert [one["held"] for one in harness.http.get(f"/api/enrollment/enrollments/{id}/sources").json()] == [True]

    assert learner.post(f"/api/enrollment/offerings/{crane}/enrol").json()["result"]["status"] == "not-started"
    assert learner.post(f"{path}/enrol").json()["result"]["status"] == "held"
    browsed = learner.get("/api/enrollment/offerings", params={"state": "mine"}).json()["items"]
    assert {card["title"] for card in browsed} == {"Crane", "One", "Other"} == set(titles(learner, "current"))
    (card,) = [card for card in mine(learner, "current")["items"] if card["title"] == "Other"]
    assert (card["standing"]["status"], card["standing"]["next_action"]) == ("held", None)
    assert [one["type"] for one in learner.get(f"/api/enrollment/enrollments/{id}/sources").json()] == ["self"]


@pytest.mark.feature("LRN-4", "ENR-6")
def test_a_completed_course_can_be_launched_as_long_as_there_is_access(harness: Harness, ann: UUID) -> None:
    course = harness.course("Crane", 1, access_days=5, certificate="Plain")
    harness.settle()
    id, learner = harness.enroll(ann, course), harness.client(ann)
    serial = harness.did(id, "steps/1/complete", learner)["serial"]
    card = only(learner, "completed")
    assert (card["can_launch"], card["standing"]["serial"], card["standing"]["next_action"]) == (
        True,
        serial,
        "download-certificate",
    )
    harness.did(id, "steps/1/launch", learner)
    harness.on(TODAY + timedelta(days=30))
    card = only(learner, "completed")
    assert (card["can_launch"], card["standing"]["status"]) == (False, "completed")
    assert harness.refused(id, "steps/1/launch", learner) == "access-expired"


@pytest.mark.feature("CAT-6", "LRN-3")
def test_what_is_over_and_hidden_stays_in_the_list_but_its_page_does_not_open(harness: Harness, ann: UUID) -> None:
    course = harness.course("Secret", 1)
    harness.tell(harness.catalog, catalog.LearnerAccessChosen, course, access="hidden")
    harness.settle()
    id, learner = harness.enroll(ann, course), harness.client(ann)
    assert only(learner)["visible"] is True
    (assignment,) = harness.show(id)["assignments"]  # type: ignore[misc]
    harness.remove(UUID(str(assignment)))
    assert only(learner)["visible"] is False
    assert learner.get(f"/api/enrollment/offerings/{course}").status_code == 404


@pytest.mark.feature("LRN-2", "SEC-2")
def test_nobody_sees_the_cards_of_others(harness: Harness, ann: UUID) -> None:
    course = harness.course("Crane")
    harness.settle()
    harness.enroll(ann, course)
    assert mine(harness.client(uuid4())) == {"items": [], "next": None, "total": 0}
    assert mine(harness.http)["total"] == 0
    for wrong in ({"view": "everything"}, {"kind": "job"}, {"cursor": "no"}):
        assert harness.http.get("/api/enrollment/mine", params=wrong).status_code == 422
