"""An enrollment's life: begin, progress, exams, labs, review, the end of access (ENR-1, ENR-2, ENR-4 to ENR-6)."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from world import World

from services.enrollment.application.cancelling import AccessExpiry
from services.enrollment.application.enrolled import Enrolled
from shared.contracts import catalog
from shared.errors import Conflict

TODAY = date.today()


@pytest.fixture
def ann(world: World) -> UUID:
    return world.person()


def standing(world: World, id: str, by: TestClient | None = None) -> tuple[object, object]:
    found = world.show(id, by)
    return found["status"], found["next_action"]


def expire_access(world: World) -> int:
    return next(w for w in world.service.workers if isinstance(w, AccessExpiry)).step()


@pytest.mark.feature("ENR-1", "ENR-2", "ENR-4", "ENR-5")
def test_a_learner_begins_works_through_content_and_exam_and_is_certified(world: World, ann: UUID) -> None:
    course = world.course("First aid", 0, "content", ("exam", 80), certificate="plain")
    world.settle()
    id, learner = world.enroll(ann, course), world.client(ann)
    assert standing(world, id, learner) == ("not-started", "begin-training")
    assert world.did(id, "begin", learner)["next_action"] == "continue-training"
    assert world.did(id, "steps/1/complete", learner)["next_action"] == "take-exam"
    assert world.did(id, "steps/2/attempts", score=79)["status"] == "in-progress"
    assert world.did(id, "steps/2/attempts", score=80)["status"] == "completed"
    assert standing(world, id, learner) == ("completed", "download-certificate")
    said = world.told(of=[ann])
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


@pytest.mark.feature("ENR-4")
def test_a_learner_does_not_report_an_exam_and_an_exam_is_not_completed_by_hand(world: World, ann: UUID) -> None:
    course = world.course("First aid", 0, ("exam", 80))
    world.settle()
    id, learner = world.enroll(ann, course), world.client(ann)
    assert world.refused(id, "steps/1/attempts", learner, score=100) == "forbidden"
    assert world.refused(id, "steps/1/complete", learner) == "exam-step"
    assert world.refused(id, "steps/1/attempts", score=101) == "invalid"
    assert standing(world, id) == ("not-started", "begin-training")


@pytest.mark.feature("ENR-4")
def test_steps_in_order_refuse_the_second_before_the_first(world: World, ann: UUID) -> None:
    ordered, free = world.course("Ordered", 2, in_order=True), world.course("Free", 2)
    world.settle()
    id, other = world.enroll(ann, ordered), world.enroll(ann, free)
    assert world.refused(id, "steps/2/complete") == "not-in-order"
    assert world.did(other, "steps/2/complete")["steps"] == [2]
    world.did(id, "steps/1/complete")
    assert world.did(id, "steps/2/complete")["status"] == "completed"


@pytest.mark.feature("ENR-5", "CAT-12", "ENR-1")
def test_a_completion_waits_for_approval_and_comes_back_with_a_reason(world: World, ann: UUID) -> None:
    course = world.course("First aid", 2)
    world.tell(world.catalog, catalog.CompletionReviewSwitched, course, review=True)
    world.settle()
    id, learner = world.enroll(ann, course), world.client(ann)
    world.did(id, "steps/1/complete", learner)
    assert world.did(id, "steps/2/complete", learner)["status"] == "pending-approval"
    assert standing(world, id, learner) == ("pending-approval", None)
    assert [one["id"] for one in world.enrollments(pending=True)] == [id]
    assert world.refused(id, "steps/1/complete", learner) == "pending-approval"
    assert world.refused(id, "approve", learner) == "forbidden"
    reviewer = world.client(ann, ("site-administrator", None))
    assert world.refused(id, "approve", reviewer) == "own-enrollment"
    assert world.refused(id, "reject", reason="") == "invalid"
    world.did(id, "reject", reason="The photo of the exercise is missing.", steps=[2])
    found = world.show(id, learner)
    assert (found["status"], found["steps"], found["returned_because"]) == (
        "in-progress",
        [1],
        "The photo of the exercise is missing.",
    )
    world.did(id, "steps/2/complete", learner)
    assert world.show(id, learner)["returned_because"] is None
    assert world.did(id, "approve")["status"] == "completed"
    assert world.refused(id, "approve") == "not-pending"
    with world.database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM events WHERE body LIKE '%photo%'::bytea").fetchone() == (0,)


@pytest.mark.feature("ENR-6", "ENR-4")
def test_a_completed_course_launches_again_until_its_access_ends(world: World, ann: UUID) -> None:
    course = world.course("Welding", 0, "lab", access_days=10)
    world.settle()
    id, learner = world.enroll(ann, course), world.client(ann)
    assert world.show(id)["access_until"] == str(TODAY + timedelta(days=10))
    world.did(id, "steps/1/launch", learner)
    world.did(id, "steps/1/complete")
    world.did(id, "steps/1/launch", learner)
    assert world.told(of=[ann]).count("LabLaunched") == 2
    world.on(TODAY + timedelta(days=10))
    world.did(id, "steps/1/launch", learner)
    world.on(TODAY + timedelta(days=11))
    assert world.refused(id, "steps/1/launch", learner) == "access-expired"
    assert expire_access(world) == 0
    assert standing(world, id)[0] == "completed"


@pytest.mark.feature("ENR-6", "ENR-1")
def test_access_that_ends_before_completion_ends_the_term_and_a_new_assignment_opens_the_next(
    world: World, ann: UUID
) -> None:
    course, bea = world.course("Welding", 2, access_days=10), world.person()
    audience = world.audience(ann, bea)
    world.settle()
    world.assign(course, "audience", audience)
    (id,) = (str(one["id"]) for one in world.enrollments(person_id=ann))
    world.did(id, "steps/1/complete")
    world.on(TODAY + timedelta(days=11))
    assert standing(world, id)[0] == "access-expired"
    assert world.refused(id, "steps/2/complete") == "access-expired"
    assert expire_access(world) == 2
    assert expire_access(world) == 0
    assert (standing(world, id)[0], world.told(of=[ann])[-1]) == ("access-expired", "AccessExpired")
    world.settle()
    assert world.enroll(ann, course) == id
    found = world.show(id)
    assert (found["status"], found["term"], found["steps"]) == ("not-started", 2, [])
    assert found["access_until"] == str(TODAY + timedelta(days=21))


@pytest.mark.feature("ENR-1")
def test_who_comes_back_holds_a_valid_completion_again(world: World, ann: UUID) -> None:
    course = world.course("First aid", 1)
    audience = world.audience(ann)
    world.settle()
    assignment = world.assign(course, "audience", audience)
    (id,) = (str(one["id"]) for one in world.enrollments(person_id=ann))
    world.did(id, "steps/1/complete")
    world.remove(assignment)
    assert standing(world, id) == ("withdrawn", "request-access")
    world.assign(course, "audience", audience)
    found = world.show(id)
    assert (found["status"], found["term"], found["completed_version"]) == ("completed", 2, None)


@pytest.mark.feature("ENR-8")
def test_a_course_that_was_completed_elsewhere_counts_where_the_operator_says_so(world: World, ann: UUID) -> None:
    course = world.course("First aid", 1)
    steps = ({"kind": "course", "title": "First aid", "course_id": course}, {"kind": "task", "title": "Sign"})
    counting, other = world.certification("Counting", *steps), world.certification("Other", *steps)
    begun = world.certification("Begun before", *steps)
    for one in (counting, begun):
        world.tell(world.catalog, catalog.EarlierCompletionsDecided, one, count=True)
    world.settle()
    early = world.enroll(ann, begun)
    world.did(early, "begin")
    world.did(world.enroll(ann, course), "steps/1/complete")
    for offering, expected in ((counting, [1]), (other, [])):
        id = world.enroll(ann, offering)
        assert world.did(id, "exception", resolution="assigned")["status"] == "not-started"
        assert world.did(id, "begin")["steps"] == expected
    world.ring()
    assert world.show(early)["steps"] == [1]
    assert world.did(early, "steps/2/complete")["status"] == "completed"


@pytest.mark.feature("ENR-8")
def test_credit_comes_by_whatever_way_the_training_begins_and_waits_while_the_learner_acts(
    world: World, ann: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = world.course("First aid", 1)
    steps = ({"kind": "course", "title": "First aid", "course_id": course}, {"kind": "task", "title": "Sign"})
    counting = world.certification("Counting", *steps)
    world.tell(world.catalog, catalog.EarlierCompletionsDecided, counting, count=True)
    world.settle()
    world.did(world.enroll(ann, course), "steps/1/complete")
    id = world.enroll(ann, counting)
    assert world.did(id, "steps/2/launch")["steps"] == []

    def overtaken(*_: object, **__: object) -> None:
        raise Conflict("Somebody changed the same thing at this moment.")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Enrolled, "record", overtaken)
        world.ring()
    assert world.show(id)["steps"] == []
    world.ring()
    assert world.show(id)["steps"] == [1]
    assert world.ring() == 0
