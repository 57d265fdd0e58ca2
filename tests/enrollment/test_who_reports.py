"""Each activity says who may report it, where it opens, and what one needs for it (CAT-1)."""

from uuid import UUID, uuid4

import pytest
from world import World


@pytest.fixture
def ann(world: World) -> UUID:
    return world.person()


@pytest.mark.feature("CAT-1", "ENR-4")
def test_labs_and_exams_are_reported_by_the_learning_system_and_content_by_the_learner(world: World, ann: UUID) -> None:
    course = world.course("Crane", 0, "content", "lab", ("exam", 80))
    world.settle()
    id, learner = world.enroll(ann, course), world.client(ann)
    assert world.refused(id, "steps/2/complete", learner) == "not-yours-to-report"
    assert world.show(id)["status"] == "not-started"
    refusal = world.do(id, "steps/2/complete", learner).json()
    assert (refusal["permission"], "learning system" in refusal["detail"]) == ("report-progress", True)
    assert world.did(id, "steps/1/complete", learner)["steps"] == [1]
    system = world.client(uuid4(), ("learning-system", None))
    assert world.did(id, "steps/2/complete", system)["steps"] == [1, 2]
    assert world.did(id, "steps/3/attempts", system, score=80)["status"] == "completed"


@pytest.mark.feature("CAT-1", "SEC-4")
def test_only_whoever_may_report_progress_there_reports_it(world: World) -> None:
    north = world.unit("North")
    course, bob = world.course("Crane", 0, "lab", ("exam", 80)), world.person(north)
    world.settle()
    id = world.enroll(bob, course)
    seller, stranger = (
        world.client(uuid4(), ("sales-manager", None)),
        world.client(uuid4(), ("learning-system", world.unit())),
    )
    for by, status in ((seller, 403), (stranger, 404)):
        assert world.do(id, "steps/1/complete", by).status_code == status
        assert world.do(id, "steps/2/attempts", by, score=100).status_code == status
    assert world.show(id)["steps"] == []
    own = world.client(bob, ("enrollment-manager", north))
    assert world.refused(id, "steps/1/complete", own) == "not-yours-to-report"
    assert world.refused(id, "steps/2/attempts", own, score=100) == "own-enrollment"
    assert world.did(id, "steps/1/complete", world.client(uuid4(), ("learning-system", north)))["steps"] == [1]


@pytest.mark.feature("CAT-1")
def test_an_activity_says_otherwise_who_reports_it(world: World, ann: UUID) -> None:
    activities = [
        {"kind": "lab", "title": "Own lab", "reported_by": "learner"},
        {"kind": "content", "title": "Watched film", "reported_by": "learning-system"},
    ]
    course = world.course("Mixed", described=activities)
    world.settle()
    id, learner = world.enroll(ann, course), world.client(ann)
    assert world.did(id, "steps/1/complete", learner)["steps"] == [1]
    assert world.refused(id, "steps/2/complete", learner) == "not-yours-to-report"


@pytest.mark.feature("CAT-1")
def test_launch_opens_the_address_and_the_information_icon_has_what_one_needs(world: World, ann: UUID) -> None:
    lab = {
        "kind": "lab",
        "title": "Crane",
        "address": "https://labs.example/crane",
        "description": "Lift a box.",
        "system_requirements": "A mouse.",
        "connection": "Port 443.",
    }
    course = world.course("CRANE", described=[lab, {"kind": "content", "title": "Film"}])
    world.settle()
    id, learner = world.enroll(ann, course), world.client(ann)
    assert world.did(id, "steps/1/launch", learner)["address"] == "https://labs.example/crane"
    assert world.did(id, "steps/2/launch", learner)["address"] is None
    first, second = learner.get(f"/api/enrollment/enrollments/{id}/steps").json()
    assert first == {
        "number": 1,
        "kind": "lab",
        "title": "Crane",
        "description": "Lift a box.",
        "system_requirements": "A mouse.",
        "connection": "Port 443.",
        "pass_mark": None,
        "reported_by": "learning-system",
        "course_id": None,
        "completed": False,
    }
    assert (second["title"], second["reported_by"], second["connection"]) == ("Film", "learner", "")
    assert world.client(uuid4()).get(f"/api/enrollment/enrollments/{id}/steps").status_code == 404
