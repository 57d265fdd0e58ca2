"""Each activity says who may report it, where it opens, and what one needs for it (CAT-1)."""

import time
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID, uuid4

import pytest
from enrollment.harness import Harness, OpenHarness
from fastapi.testclient import TestClient

from services.enrollment.launch_address import LaunchAddresses

SECRET = "shared-with-the-learning-system"


@pytest.fixture
def ann(harness: Harness) -> UUID:
    return harness.person()


@pytest.mark.feature("CAT-1", "ENR-4")
def test_labs_and_exams_are_reported_by_the_learning_system_and_content_by_the_learner(
    harness: Harness, ann: UUID
) -> None:
    course = harness.course("Crane", 0, "content", "lab", ("exam", 80))
    harness.settle()
    id, learner = harness.enroll(ann, course), harness.client(ann)
    assert harness.refused(id, "steps/2/complete", learner) == "reporting-not-allowed"
    assert harness.show(id)["status"] == "not-started"
    refusal = harness.do(id, "steps/2/complete", learner).json()
    assert (refusal["permission"], "learning system" in refusal["detail"]) == ("report-progress", True)
    assert harness.did(id, "steps/1/complete", learner)["steps"] == [1]
    system = harness.client(uuid4(), ("learning-system", None))
    assert harness.did(id, "steps/2/complete", system)["steps"] == [1, 2]
    assert harness.did(id, "steps/3/attempts", system, score=80)["status"] == "completed"


@pytest.mark.feature("CAT-1", "SEC-4")
def test_only_whoever_may_report_progress_there_reports_it(harness: Harness) -> None:
    north = harness.unit("North")
    course, bob = harness.course("Crane", 0, "lab", ("exam", 80)), harness.person(north)
    harness.settle()
    id = harness.enroll(bob, course)
    seller, stranger = (
        harness.client(uuid4(), ("sales-manager", None)),
        harness.client(uuid4(), ("learning-system", harness.unit())),
    )
    for by, status in ((seller, 403), (stranger, 404)):
        assert harness.do(id, "steps/1/complete", by).status_code == status
        assert harness.do(id, "steps/2/attempts", by, score=100).status_code == status
    assert harness.show(id)["steps"] == []
    own = harness.client(bob, ("enrollment-manager", north))
    assert harness.refused(id, "steps/1/complete", own) == "reporting-not-allowed"
    assert harness.refused(id, "steps/2/attempts", own, score=100) == "own-enrollment"
    assert harness.did(id, "steps/1/complete", harness.client(uuid4(), ("learning-system", north)))["steps"] == [1]


@pytest.mark.feature("CAT-1")
def test_an_activity_says_otherwise_who_reports_it(harness: Harness, ann: UUID) -> None:
    activities = [
        {"kind": "lab", "title": "Own lab", "reported_by": "learner"},
        {"kind": "content", "title": "Watched film", "reported_by": "learning-system"},
    ]
    course = harness.course("Mixed", described=activities)
    harness.settle()
    id, learner = harness.enroll(ann, course), harness.client(ann)
    assert harness.did(id, "steps/1/complete", learner)["steps"] == [1]
    assert harness.refused(id, "steps/2/complete", learner) == "reporting-not-allowed"


@pytest.mark.feature("CAT-1", "ENR-4", "SEC-5")
def test_a_machine_client_reports_with_its_scope_alone_and_only_where_it_has_it(harness: Harness) -> None:
    north, south = harness.unit("North"), harness.unit("South")
    course, bob = harness.course("Crane", 0, "lab", ("exam", 80)), harness.person(north)
    harness.settle()
    id = harness.enroll(bob, course)

    def machine(*scopes: tuple[str, UUID | None]) -> TestClient:
        return TestClient(harness.service.app, headers=harness.issuer.machine(uuid4(), *scopes))

    assert harness.do(id, "steps/2/attempts", machine(), score=90).status_code == 404
    assert harness.do(id, "steps/2/attempts", machine(("report-progress", south)), score=90).status_code == 404
    reader = machine(("read-assignments", None))
    refusal = harness.do(id, "steps/2/attempts", reader, score=90)
    assert (refusal.status_code, refusal.json()["permission"]) == (403, "report-progress")
    system = machine(("report-progress", north))
    assert harness.did(id, "steps/2/attempts", system, score=90)["steps"] == [2]
    assert harness.did(id, "steps/1/complete", system)["status"] == "completed"
    assert harness.do(id, "approve", system).status_code == 404


SHOWN = {"number", "kind", "title", "description", "system_requirements", "connection"}
SHOWN |= {"pass_mark", "reported_by", "course_id", "completed"}


@pytest.mark.feature("CAT-1")
def test_launch_opens_the_address_and_the_information_icon_has_what_one_needs(harness: Harness, ann: UUID) -> None:
    lab = {
        "kind": "lab",
        "title": "Crane",
        "address": "https://labs.example/crane",
        "description": "Lift a box.",
        "system_requirements": "A mouse.",
        "connection": "Port 443.",
    }
    course = harness.course("CRANE", described=[lab, {"kind": "content", "title": "Film"}])
    harness.settle()
    id, learner = harness.enroll(ann, course), harness.client(ann)
    assert harness.did(id, "steps/1/launch", learner)["address"] == "https://labs.example/crane"
    assert harness.did(id, "steps/2/launch", learner)["address"] is None
    first, second = learner.get(f"/api/enrollment/enrollments/{id}/steps").json()
    assert {name: value for name, value in first.items() if name in SHOWN} == {
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
    assert harness.client(uuid4()).get(f"/api/enrollment/enrollments/{id}/steps").status_code == 404


@pytest.mark.feature("CAT-1", "ENR-4")
def test_a_learning_system_is_told_by_a_signed_address_which_step_was_launched(open_harness: OpenHarness) -> None:
    harness = open_harness(launch_secret=SECRET)
    ann = harness.person()
    lab = {"kind": "lab", "title": "Crane", "address": "https://labs.example/crane?room=1"}
    film = {"kind": "content", "title": "Film", "address": "https://films.example/crane"}
    course = harness.course("CRANE", described=[lab, film])
    harness.settle()
    id, learner = harness.enroll(ann, course), harness.client(ann)
    address = urlsplit(harness.did(id, "steps/1/launch", learner)["address"])
    told = dict(parse_qsl(address.query))
    assert (address.netloc, told["room"], told["enrollment"], told["step"]) == ("labs.example", "1", str(id), "1")
    addresses = LaunchAddresses(SECRET)
    launched = addresses.read(UUID(told["enrollment"]), 1, told["signature"])
    assert launched is not None
    assert abs(launched.at - time.time()) < 60
    assert addresses.read(uuid4(), 1, told["signature"]) is None
    assert addresses.read(UUID(told["enrollment"]), 2, told["signature"]) is None
    assert addresses.read(UUID(told["enrollment"]), 1, told["signature"].replace("t=1", "t=2")) is None
    assert addresses.read(UUID(told["enrollment"]), 1, "") is None
    assert LaunchAddresses("another secret").read(UUID(told["enrollment"]), 1, told["signature"]) is None
    assert harness.did(id, "steps/2/launch", learner)["address"] == "https://films.example/crane"
