"""An enrollment's life: begin, progress, exams, labs, review, the end of access (ENR-1, ENR-2, ENR-4 to ENR-6)."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from enrollment.harness import Harness
from fastapi.testclient import TestClient

from services.enrollment.application.enrollments.base import EnrollmentCommands
from services.enrollment.application.enrollments.cancellation import AccessExpiry
from shared.contracts import catalog
from shared.errors import Conflict

TODAY = date.today()
PLAIN: dict[str, object] = {
    "code": "First aid",
    "title": "First aid",
    "description": "",
    "activities": [],
    "minimum_minutes": 10,
    "access_days": None,
    "badge": None,
    "price": None,
}


@pytest.fixture
def ann(harness: Harness) -> UUID:
    return harness.person()


def standing(harness: Harness, id: str, by: TestClient | None = None) -> tuple[object, object]:
    found = harness.show(id, by)
    return found["status"], found["next_action"]


def expire_access(harness: Harness) -> int:
    return next(w for w in harness.service.workers if isinstance(w, AccessExpiry)).step()


@pytest.mark.feature("ENR-1", "ENR-2", "ENR-4", "ENR-5")
def test_a_learner_begins_works_through_content_and_exam_and_is_certified(harness: Harness, ann: UUID) -> None:
    course = harness.course("First aid", 0, "content", ("exam", 80), certificate="plain")
    harness.settle()
    id, learner = harness.enroll(ann, course), harness.client(ann)
    assert standing(harness, id, learner) == ("not-started", "begin-training")
    assert harness.did(id, "begin", learner)["next_action"] == "continue-training"
    assert harness.did(id, "steps/1/complete", learner)["next_action"] == "take-exam"
    assert harness.did(id, "steps/2/attempts", score=79)["status"] == "in-progress"
    assert harness.did(id, "steps/2/attempts", score=80)["status"] == "completed"
    assert standing(harness, id, learner) == ("completed", "download-certificate")
    said = harness.told(of=[ann])
    assert said[1:] == [
        "LearnerAssigned",
        "TrainingBegun",
        "StepCompleted",
        "ExamTaken",
        "ExamTaken",
        "StepCompleted",
        "EnrollmentCompleted",
        "CertificateIssued",
    ]


@pytest.mark.feature("ENR-1", "ENR-10")
def test_whoever_completed_before_the_offering_had_a_certificate_is_sent_to_none(harness: Harness, ann: UUID) -> None:
    course = harness.course("First aid", 1)
    harness.settle()
    id, learner = harness.enroll(ann, course), harness.client(ann)
    harness.did(id, "begin", learner)
    assert harness.did(id, "steps/1/complete", learner)["status"] == "completed"
    harness.tell(harness.catalog, catalog.CourseDescribed, course, **{**PLAIN, "certificate": "plain"})
    harness.settle()
    assert standing(harness, id, learner) == ("completed", None)


@pytest.mark.feature("ENR-4")
def test_a_learner_does_not_report_an_exam_and_an_exam_is_not_completed_by_hand(harness: Harness, ann: UUID) -> None:
    course = harness.course("First aid", 0, ("exam", 80))
    harness.settle()
    id, learner = harness.enroll(ann, course), harness.client(ann)
    assert harness.refused(id, "steps/1/attempts", learner, score=100) == "forbidden"
    assert harness.refused(id, "steps/1/complete", learner) == "exam-step"
    assert harness.refused(id, "steps/1/attempts", score=101) == "invalid"
    assert standing(harness, id) == ("not-started", "begin-training")


@pytest.mark.feature("ENR-4")
def test_steps_in_order_refuse_the_second_before_the_first(harness: Harness, ann: UUID) -> None:
    ordered, free = harness.course("Ordered", 2, in_order=True), harness.course("Free", 2)
    harness.settle()
    id, other = harness.enroll(ann, ordered), harness.enroll(ann, free)
    assert harness.refused(id, "steps/2/complete") == "not-in-order"
    assert harness.did(other, "steps/2/complete")["steps"] == [2]
    harness.did(id, "steps/1/complete")
    assert harness.did(id, "steps/2/complete")["status"] == "completed"


@pytest.mark.feature("ENR-5", "CAT-12", "ENR-1")
def test_a_completion_waits_for_approval_and_comes_back_with_a_reason(harness: Harness, ann: UUID) -> None:
    course = harness.course("First aid", 2)
    harness.tell(harness.catalog, catalog.CompletionReviewSwitched, course, review=True)
    harness.settle()
    id, learner = harness.enroll(ann, course), harness.client(ann)
    harness.did(id, "steps/1/complete", learner)
    assert harness.did(id, "steps/2/complete", learner)["status"] == "pending-approval"
    assert standing(harness, id, learner) == ("pending-approval", None)
    assert [one["id"] for one in harness.enrollments(pending=True)] == [id]
    assert harness.refused(id, "steps/1/complete", learner) == "pending-approval"
    assert harness.refused(id, "approve", learner) == "forbidden"
    reviewer = harness.client(ann, ("site-administrator", None))
    assert harness.refused(id, "approve", reviewer) == "own-enrollment"
    assert harness.refused(id, "reject", reason="") == "invalid"
    harness.did(id, "reject", reason="The photo of the exercise is missing.", steps=[2])
    found = harness.show(id, learner)
    assert (found["status"], found["steps"], found["returned_because"]) == (
        "in-progress",
        [1],
        "The photo of the exercise is missing.",
    )
    harness.did(id, "steps/2/complete", learner)
    assert harness.show(id, learner)["returned_because"] is None
    assert harness.did(id, "approve")["status"] == "completed"
    assert harness.refused(id, "approve") == "not-pending"
    with harness.database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM events WHERE body LIKE '%photo%'::bytea").fetchone() == (0,)


@pytest.mark.feature("ENR-6", "ENR-4")
def test_a_completed_course_launches_again_until_its_access_ends(harness: Harness, ann: UUID) -> None:
    course = harness.course("Welding", 0, "lab", access_days=10)
    harness.settle()
    id, learner = harness.enroll(ann, course), harness.client(ann)
    assert harness.show(id)["access_until"] == str(TODAY + timedelta(days=10))
    harness.did(id, "steps/1/launch", learner)
    harness.did(id, "steps/1/complete")
    harness.did(id, "steps/1/launch", learner)
    assert harness.told(of=[ann]).count("LabLaunched") == 2
    harness.on(TODAY + timedelta(days=10))
    harness.did(id, "steps/1/launch", learner)
    harness.on(TODAY + timedelta(days=11))
    assert harness.refused(id, "steps/1/launch", learner) == "access-expired"
    assert expire_access(harness) == 0
    assert standing(harness, id)[0] == "completed"


@pytest.mark.feature("ENR-6", "ENR-1")
def test_access_that_ends_before_completion_ends_the_term_and_a_new_assignment_opens_the_next(
    harness: Harness, ann: UUID
) -> None:
    course, bea = harness.course("Welding", 2, access_days=10), harness.person()
    audience = harness.audience(ann, bea)
    harness.settle()
    harness.assign(course, "audience", audience)
    (id,) = (str(one["id"]) for one in harness.enrollments(person_id=ann))
    harness.did(id, "steps/1/complete")
    harness.on(TODAY + timedelta(days=11))
    assert standing(harness, id)[0] == "access-expired"
    assert harness.refused(id, "steps/2/complete") == "access-expired"
    assert expire_access(harness) == 2
    assert expire_access(harness) == 0
    assert (standing(harness, id)[0], harness.told(of=[ann])[-1]) == ("access-expired", "AccessExpired")
    harness.settle()
    assert harness.enroll(ann, course) == id
    found = harness.show(id)
    assert (found["status"], found["term"], found["steps"]) == ("not-started", 2, [])
    assert found["access_until"] == str(TODAY + timedelta(days=21))


@pytest.mark.feature("ENR-1")
def test_who_comes_back_holds_a_valid_completion_again(harness: Harness, ann: UUID) -> None:
    course = harness.course("First aid", 1)
    audience = harness.audience(ann)
    harness.settle()
    assignment = harness.assign(course, "audience", audience)
    (id,) = (str(one["id"]) for one in harness.enrollments(person_id=ann))
    harness.did(id, "steps/1/complete")
    harness.remove(assignment)
    assert standing(harness, id) == ("withdrawn", "request-access")
    harness.assign(course, "audience", audience)
    found = harness.show(id)
    assert (found["status"], found["term"], found["completed_version"]) == ("completed", 2, None)


@pytest.mark.feature("ENR-8")
def test_a_course_that_was_completed_elsewhere_counts_where_the_operator_says_so(harness: Harness, ann: UUID) -> None:
    course = harness.course("First aid", 1)
    steps = ({"kind": "course", "title": "First aid", "course_id": course}, {"kind": "task", "title": "Sign"})
    counting, other = harness.certification("Counting", *steps), harness.certification("Other", *steps)
    begun = harness.certification("Begun before", *steps)
    for one in (counting, begun):
        harness.tell(harness.catalog, catalog.EarlierCompletionsDecided, one, count=True)
    harness.settle()
    early = harness.enroll(ann, begun)
    harness.did(early, "begin")
    harness.did(harness.enroll(ann, course), "steps/1/complete")
    for offering, expected in ((counting, [1]), (other, [])):
        id = harness.enroll(ann, offering)
        assert harness.did(id, "exception", resolution="assigned")["status"] == "not-started"
        assert harness.did(id, "begin")["steps"] == expected
    harness.ring()
    assert harness.show(early)["steps"] == [1]
    assert harness.did(early, "steps/2/complete")["status"] == "completed"


@pytest.mark.feature("ENR-8")
def test_credit_comes_by_whatever_way_the_training_begins_and_waits_while_the_learner_acts(
    harness: Harness, ann: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = harness.course("First aid", 1)
    steps = ({"kind": "course", "title": "First aid", "course_id": course}, {"kind": "task", "title": "Sign"})
    counting = harness.certification("Counting", *steps)
    harness.tell(harness.catalog, catalog.EarlierCompletionsDecided, counting, count=True)
    harness.settle()
    harness.did(harness.enroll(ann, course), "steps/1/complete")
    id = harness.enroll(ann, counting)
    assert harness.did(id, "steps/2/launch")["steps"] == []

    def overtaken(*_: object, **__: object) -> None:
        raise Conflict("Someone else changed this.")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(EnrollmentCommands, "record", overtaken)
        harness.ring()
    assert harness.show(id)["steps"] == []
    harness.ring()
    assert harness.show(id)["steps"] == [1]
    assert harness.ring() == 0
