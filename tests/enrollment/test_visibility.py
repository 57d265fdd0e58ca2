"""What a learner may see: in browse, in search, by address, and when coming by oneself (CAT-5, CAT-6, CAT-7, ENR-3)."""

from uuid import UUID

import pytest
from enrollment.harness import Harness
from fastapi.testclient import TestClient
from httpx import Response

from shared.contracts import catalog

OFFERINGS = "/api/enrollment/offerings"


@pytest.fixture
def ann(harness: Harness) -> UUID:
    return harness.person()


def titles(learner: TestClient, **params: str) -> list[str]:
    answer = learner.get(OFFERINGS, params=params)
    assert answer.status_code == 200, answer.text
    return [card["title"] for card in answer.json()["items"]]


def offered(harness: Harness, title: str, access: str = "self-enrollment", *audiences: UUID) -> UUID:
    course = harness.course(title, 1, code=f"C-{title}")
    harness.tell(harness.catalog, catalog.LearnerAccessChosen, course, access=access)
    if audiences:
        harness.tell(harness.catalog, catalog.VisibilityChosen, course, audiences=audiences)
    return course


def by_address(learner: TestClient, offering: UUID) -> tuple[int, int]:
    """The status of the standing, and of enrolling."""
    answers: list[Response] = [
        learner.get(f"{OFFERINGS}/{offering}/standing"),
        learner.post(f"{OFFERINGS}/{offering}/enrol"),
    ]
    return answers[0].status_code, answers[1].status_code


@pytest.mark.feature("CAT-6", "CAT-5", "LRN-1")
def test_a_hidden_offering_is_invisible_until_one_is_assigned(harness: Harness, ann: UUID) -> None:
    hidden, learner, bob = offered(harness, "Hidden", "hidden"), harness.client(ann), harness.client(harness.person())
    offered(harness, "Open")
    offered(harness, "Asking", "request")
    harness.settle()
    assert titles(learner) == ["Asking", "Open"]
    assert titles(learner, q="hid") == []
    assert by_address(learner, hidden) == (404, 404)
    harness.enroll(ann, hidden)
    assert titles(learner, q="hid") == ["Hidden"]
    assert learner.get(f"{OFFERINGS}/{hidden}/standing").json()["next_action"] == "begin-training"
    assert titles(bob) == ["Asking", "Open"]


@pytest.mark.feature("CAT-7", "ENR-3")
def test_who_is_in_none_of_its_audiences_does_not_see_an_offering(harness: Harness, ann: UUID) -> None:
    drivers, nurses = harness.audience(ann), harness.audience()
    course, learner = offered(harness, "Driving", "self-enrollment", nurses, drivers), harness.client(ann)
    bob = harness.person()
    stranger = harness.client(bob)
    harness.settle()
    assert (titles(learner), titles(stranger)) == (["Driving"], [])
    assert by_address(stranger, course) == (404, 404)
    harness.join(nurses, bob)
    harness.leave(drivers, ann)
    harness.settle()
    assert (titles(learner), titles(stranger)) == ([], ["Driving"])
    assert by_address(stranger, course) == (200, 201)
    harness.leave(nurses, bob)
    harness.settle()
    assert titles(stranger) == ["Driving"]
    harness.tell(harness.catalog, catalog.VisibilityChosen, course, audiences=())
    harness.settle()
    assert by_address(learner, course) == (200, 201)


@pytest.mark.feature("CAT-6", "CAT-5")
def test_a_completion_keeps_an_offering_visible_and_a_withdrawal_does_not(harness: Harness, ann: UUID) -> None:
    done, left, learner = offered(harness, "Done", "hidden"), offered(harness, "Left", "hidden"), harness.client(ann)
    harness.settle()
    finished = harness.enroll(ann, done)
    harness.did(finished, "steps/1/complete", learner)
    harness.enroll(ann, left)
    assert titles(learner) == ["Done", "Left"]
    enrollments = harness.enrollments(person_id=ann)
    assert len(enrollments) == 2
    for enrollment in enrollments:
        (assignment,) = enrollment["assignments"]  # type: ignore[misc]
        harness.remove(UUID(assignment))
    assert titles(learner) == ["Done"]
    assert learner.get(f"{OFFERINGS}/{left}/standing").status_code == 404


@pytest.mark.feature("CAT-3", "CAT-4", "CAT-6")
def test_what_takes_nobody_new_is_not_browsed_and_enrolling_says_why(harness: Harness, ann: UUID) -> None:
    course, learner = offered(harness, "Old"), harness.client(ann)
    unpublished = harness.certification("Draft", published=False)
    harness.tell(harness.catalog, catalog.LearnerAccessChosen, unpublished, access="self-enrollment")
    harness.tell(harness.catalog, catalog.OfferingDeactivated, course)
    harness.settle()
    assert titles(learner) == []
    assert by_address(learner, course) == by_address(learner, unpublished) == (404, 409)


@pytest.mark.feature("LRN-1", "ENR-1")
def test_browsing_goes_page_by_page_and_shows_standing_and_next_action(harness: Harness, ann: UUID) -> None:
    learner = harness.client(ann)
    courses = [offered(harness, title) for title in ("alpha", "Beta", "gamma")]
    certification = harness.certification("Delta")
    harness.settle()
    harness.enroll(ann, courses[1])
    seen, cursor = [], ""
    while cursor is not None:
        page = learner.get(OFFERINGS, params={"limit": "2", **({"cursor": cursor} if cursor else {})}).json()
        seen += [(card["title"], card["standing"]["status"], card["standing"]["next_action"]) for card in page["items"]]
        cursor = page["next"]
    assert seen == [
        ("alpha", "not-enrolled", "enrol"),
        ("Beta", "not-started", "begin-training"),
        ("Delta", "not-enrolled", "request-access"),
        ("gamma", "not-enrolled", "enrol"),
    ]
    assert titles(learner, q="c-AL") == ["alpha"]
    (card,) = learner.get(OFFERINGS, params={"kind": "certification"}).json()["items"]
    assert card["id"] == str(certification)
