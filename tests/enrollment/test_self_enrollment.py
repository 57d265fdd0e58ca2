"""Learners who come by themselves, and from when until when they may (ENR-3, CAT-5, CAT-19)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from enrollment.harness import Harness
from fastapi.testclient import TestClient

from shared.contracts import catalog, directory


@pytest.fixture
def ann(harness: Harness) -> UUID:
    return harness.person()


def enrol(learner: TestClient, offering: UUID) -> tuple[int, str]:
    """The answer's status, and the standing or the kind of problem."""
    answer = learner.post(f"/api/enrollment/offerings/{offering}/enrol")
    body = answer.json()
    return answer.status_code, body["result"]["status"] if answer.is_success else body["type"].rsplit(":", 1)[1]


def admitting(harness: Harness, **more: object) -> UUID:
    course = harness.course("Yoga", 1, **more)
    harness.tell(harness.catalog, catalog.LearnerAccessChosen, course, access="self-enrollment")
    return course


@pytest.mark.feature("ENR-3", "ENR-1")
def test_a_learner_enrols_and_begins_at_once(harness: Harness, ann: UUID) -> None:
    course, learner = admitting(harness), harness.client(ann)
    harness.settle()
    standing = learner.get(f"/api/enrollment/offerings/{course}/standing").json()
    assert (standing["status"], standing["next_action"]) == ("not-enrolled", "enrol")
    assert enrol(learner, course) == (201, "not-started")
    assert enrol(learner, course) == (201, "not-started")
    assert harness.told(of=[ann]) == ["AssignmentCreated", "LearnerAssigned"]
    (found,) = harness.enrollments(person_id=ann)
    (assignment,) = harness.http.get("/api/enrollment/assignments", params={"type": "self"}).json()["items"]
    assert found["assignments"] == [assignment["id"]]
    harness.settle()
    assert harness.told(of=[ann]) == ["AssignmentCreated", "LearnerAssigned"]
    assert harness.did(str(found["id"]), "begin", learner)["status"] == "in-progress"


@pytest.mark.feature("ENR-3", "ENR-2")
def test_with_a_price_the_learner_purchases_before_beginning(harness: Harness, ann: UUID) -> None:
    course, learner = admitting(harness, price={"amount": "20.00", "currency": "EUR"}), harness.client(ann)
    harness.settle()
    address = f"/api/enrollment/offerings/{course}/standing"
    assert learner.get(address).json()["next_action"] == "purchase"
    assert enrol(learner, course) == (201, "awaiting-payment")
    assert learner.get(address).json()["next_action"] == "purchase"


@pytest.mark.feature("CAT-5", "ENR-3", "CAT-4")
def test_an_offering_that_does_not_allow_it_refuses(harness: Harness, ann: UUID) -> None:
    asking, hidden, closed = harness.course("Asking"), harness.course("Hidden"), admitting(harness)
    harness.tell(harness.catalog, catalog.LearnerAccessChosen, hidden, access="hidden")
    harness.tell(harness.catalog, catalog.OfferingDeactivated, closed)
    open_to_all, leaver = admitting(harness), harness.person()
    harness.tell(harness.directory, directory.PersonDeactivated, leaver, why="left")
    harness.settle()
    learner = harness.client(ann)
    assert enrol(learner, asking) == (409, "no-self-enrollment")
    assert enrol(learner, hidden) == (404, "not-found")
    assert enrol(learner, closed) == (409, "offering-inactive")
    assert learner.get(f"/api/enrollment/offerings/{asking}/standing").json()["next_action"] == "request-access"
    assert learner.get(f"/api/enrollment/offerings/{hidden}/standing").status_code == 404
    assert enrol(harness.client(leaver), open_to_all) == (409, "inactive")


@pytest.mark.feature("CAT-19")
@pytest.mark.parametrize(("opens", "closes", "kind"), [(1, None, "not-open-yet"), (None, -1, "closed"), (-1, 1, None)])
def test_outside_the_window_learners_are_refused_with_the_date_and_administrators_assign(
    harness: Harness, ann: UUID, opens: int | None, closes: int | None, kind: str | None
) -> None:
    course, now, bob = admitting(harness), datetime.now(UTC), harness.person()
    window = {
        "opens": now + timedelta(hours=opens) if opens else None,
        "closes": now + timedelta(hours=closes) if closes else None,
    }
    harness.tell(harness.catalog, catalog.EnrolmentWindowSet, course, **window)
    harness.settle()
    answer = harness.client(ann).post(f"/api/enrollment/offerings/{course}/enrol")
    assert answer.status_code == (409 if kind else 201)
    if kind:
        moment = window["opens"] if opens else window["closes"]
        assert moment is not None
        assert answer.json()["type"].endswith(kind)
        assert f"{moment:%d %B %Y at %H:%M}" in answer.json()["detail"]
    assert harness.show(harness.enroll(bob, course))["status"] == "not-started"
