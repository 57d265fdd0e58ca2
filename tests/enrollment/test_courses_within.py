"""Courses inside a certification: begun without an assignment, and completed by completing them (CAT-2); and what was completed
before (ENR-8)."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from enrollment.harness import Harness
from fastapi.testclient import TestClient

from services.enrollment.application.enrollments.cancellation import AccessExpiry
from shared.contracts import catalog

PRICE = {"amount": "20.00", "currency": "EUR"}
FORTNIGHT = 14 * 24 * 60
TODAY = date.today()


def step(course: UUID, title: str = "First aid") -> dict[str, object]:
    return {"kind": "course", "title": title, "course_id": course}


def on_it(harness: Harness, certification: UUID, person: UUID) -> tuple[str, TestClient]:
    """The enrollment on a certification, and the learner."""
    harness.settle()
    return harness.enroll(person, certification), harness.client(person)


def sweep(harness: Harness) -> int:
    return next(w for w in harness.service.workers if isinstance(w, AccessExpiry)).step()


@pytest.mark.feature("CAT-2", "ENR-4")
def test_a_course_step_is_not_completed_by_saying_so(harness: Harness) -> None:
    course, ann = harness.course("FIRST AID", 1), harness.person()
    id, learner = on_it(harness, harness.certification("SAFE", step(course)), ann)
    assert harness.refused(id, "steps/1/complete", learner) == "course-step"
    assert harness.refused(id, "steps/1/complete") == "course-step"
    assert harness.show(id)["status"] == "not-started"


@pytest.mark.feature("CAT-2", "ASG-14")
def test_a_learner_begins_each_course_without_an_assignment_or_paying_and_that_completes_the_steps(
    harness: Harness,
) -> None:
    aid = harness.course("FIRST AID", 1, price=PRICE)
    fire, ann = harness.course("FIRE", 0, "lab", access_days=5), harness.person()
    id, learner = on_it(harness, harness.certification("SAFE", step(aid), step(fire, "Fire")), ann)
    harness.on(TODAY + timedelta(days=30))
    begun = {n: str(harness.did(id, f"steps/{n}/launch", learner)["course_enrollment_id"]) for n in (1, 2)}
    assert [harness.show(one, learner)["status"] for one in begun.values()] == ["in-progress"] * 2
    assert harness.show(begun[1], learner)["assignments"] == []
    harness.on(TODAY + timedelta(days=60))
    assert harness.did(begun[1], "steps/1/complete", learner)["status"] == "completed"
    harness.ring()
    assert harness.show(id)["steps"] == [1]
    harness.did(begun[2], "steps/1/launch", learner)
    harness.did(begun[2], "steps/1/complete")
    harness.ring()
    assert (harness.show(id)["status"], harness.show(id)["steps"]) == ("completed", [1, 2])
    assert harness.told().count("LearnerAssigned") == 1


@pytest.mark.feature("CAT-2")
def test_nobody_begins_a_course_by_a_certification_that_is_not_theirs_or_not_paid(harness: Harness) -> None:
    course, ann = harness.course("FIRST AID", 1), harness.person()
    id, learner = on_it(harness, harness.certification("SAFE", step(course), price=PRICE), ann)
    assert harness.refused(id, "steps/1/launch", learner) == "payment-due"
    assert harness.refused(id, "steps/1/launch", harness.client(harness.person())) == "not-found"
    assert harness.enrollments(offering_id=course) == []


@pytest.mark.feature("CAT-2", "ENR-6")
def test_the_course_closes_with_the_certification_and_what_was_completed_stays(harness: Harness) -> None:
    aid, fire, ann = harness.course("FIRST AID", 1), harness.course("FIRE", 1), harness.person()
    id, learner = on_it(harness, harness.certification("SAFE", step(aid), step(fire)), ann)
    courses = [str(harness.did(id, f"steps/{n}/launch", learner)["course_enrollment_id"]) for n in (1, 2)]
    harness.did(courses[0], "steps/1/complete", learner)
    (assignment,) = harness.show(id)["assignments"]  # type: ignore[misc]
    harness.remove(UUID(str(assignment)))
    assert harness.show(id)["status"] == "withdrawn"
    for before_the_sweep in (True, False):
        assert [harness.show(one)["status"] for one in courses] == ["completed", "access-expired"]
        assert harness.refused(courses[1], "steps/1/complete", learner) == "not-enrolled"
        assert harness.refused(courses[0], "steps/1/launch", learner) == "not-enrolled"
        assert sweep(harness) == (2 if before_the_sweep else 0)
    assert harness.told().count("AccessExpired") == 2


@pytest.mark.feature("CAT-2", "ENR-2")
def test_a_course_that_is_assigned_too_stays_and_has_to_be_paid_once_the_certification_is_over(
    harness: Harness,
) -> None:
    course, ann = harness.course("FIRST AID", 2, price=PRICE), harness.person()
    id, learner = on_it(harness, harness.certification("SAFE", step(course)), ann)
    own = harness.enroll(ann, course)
    assert harness.refused(own, "steps/1/complete", harness.client(harness.person())) == "not-found"
    assert harness.did(own, "begin", learner)["status"] == "in-progress"
    assert harness.did(own, "steps/1/complete", learner)["steps"] == [1]
    (assignment,) = harness.show(id)["assignments"]  # type: ignore[misc]
    harness.remove(UUID(str(assignment)))
    assert harness.refused(own, "steps/2/complete", learner) == "payment-due"
    assert (harness.show(own)["status"], sweep(harness)) == ("awaiting-payment", 0)


@pytest.mark.feature("CAT-2", "ENR-8")
def test_a_completion_of_before_is_repeated_where_it_does_not_count(harness: Harness) -> None:
    course, ann = harness.course("FIRST AID", 1, certificate="Plain"), harness.person()
    certification = harness.certification("SAFE", step(course))
    harness.settle()
    own = harness.enroll(ann, course)
    first = harness.did(own, "steps/1/complete")["serial"]
    id, learner = on_it(harness, certification, ann)
    harness.ring()
    assert (harness.show(id)["status"], harness.did(id, "begin", learner)["steps"]) == ("not-started", [])
    assert harness.did(id, "steps/1/launch", learner)["course_enrollment_id"] == own
    assert (harness.show(own)["status"], harness.show(own)["steps"]) == ("in-progress", [])
    second = harness.did(own, "steps/1/complete", learner)["serial"]
    harness.ring()
    assert harness.show(id)["status"] == "completed"
    for serial in (first, second):
        assert harness.http.get(f"/api/enrollment/certificates/{serial}").json()["state"] == "valid"


@pytest.mark.feature("CAT-2")
def test_a_course_that_was_assigned_and_is_completed_meanwhile_completes_its_step(harness: Harness) -> None:
    course, ann = harness.course("FIRST AID", 1), harness.person()
    harness.settle()
    own = harness.enroll(ann, course)
    id, learner = on_it(harness, harness.certification("SAFE", step(course), {"kind": "task", "title": "Sign"}), ann)
    harness.did(id, "begin", learner)
    harness.did(own, "steps/1/complete", learner)
    harness.ring()
    assert harness.show(id)["steps"] == [1]


def counting(harness: Harness, *courses: UUID, **more: object) -> UUID:
    """A certification of these courses that takes two weeks, where what was completed before counts."""
    id = harness.certification("SAFE", *(step(course) for course in courses), minimum_minutes=FORTNIGHT, **more)  # type: ignore[arg-type]
    harness.tell(harness.catalog, catalog.EarlierCompletionsDecided, id, count=True)
    harness.settle()
    return id


SOON = {"kind": "enrollment", "amount": 1, "unit": "days"}


@pytest.mark.feature("DUE-4", "ENR-8")
def test_who_completed_all_courses_before_completes_at_once_and_is_never_held(harness: Harness) -> None:
    aid, fire = harness.course("FIRST AID", 1), harness.course("FIRE", 1)
    ann, bea, cid = harness.people(3)
    audience = harness.audience(ann, bea, cid)
    harness.settle()
    for person, done in ((ann, (aid, fire)), (bea, (aid,))):
        for course in done:
            harness.did(harness.enroll(person, course), "steps/1/complete")
    certification = counting(harness, aid, fire)
    preview = harness.preview(certification, ("audience", audience, False), due=SOON)
    assert (preview["enrolled"], preview["held_by_exceptions"]) == (1, 2)
    harness.assign(certification, "audience", audience, due=SOON)
    assert [harness.standing(person, certification) for person in (ann, bea, cid)] == ["completed", "held", "held"]
    said = harness.told(of=[ann])
    assert said[said.index("LearnerAssigned", -5) :] == [
        "LearnerAssigned",
        "StepCompleted",
        "StepCompleted",
        "EnrollmentCompleted",
    ]
    (found,) = harness.enrollments(person_id=ann, offering_id=certification)
    assert (found["steps"], found["completed_version"]) == ([1, 2], 1)


@pytest.mark.feature("DUE-4", "DUE-6", "ENR-8")
def test_who_is_held_and_completes_the_last_course_is_held_no_more(harness: Harness) -> None:
    course, ann = harness.course("FIRST AID", 1), harness.person()
    certification = counting(harness, course)
    own = harness.enroll(ann, course)
    body = {"offerings": [str(certification)], "people": [str(ann)], "due": SOON}
    harness.http.post("/api/enrollment/assignments", json=body)
    harness.settle()
    assert harness.standing(ann, certification) == "held"
    harness.did(own, "steps/1/complete")
    harness.settle()
    assert harness.standing(ann, certification) == "completed"


@pytest.mark.feature("DUE-4", "ENR-8")
def test_where_earlier_completions_do_not_count_or_other_steps_are_left_it_is_judged(harness: Harness) -> None:
    course, ann = harness.course("FIRST AID", 1), harness.person()
    harness.settle()
    harness.did(harness.enroll(ann, course), "steps/1/complete")
    plain = harness.certification("PLAIN", step(course), minimum_minutes=FORTNIGHT)
    more = harness.certification("MORE", step(course), {"kind": "task", "title": "Sign"}, minimum_minutes=FORTNIGHT)
    harness.tell(harness.catalog, catalog.EarlierCompletionsDecided, more, count=True)
    harness.settle()
    body = {"offerings": [str(plain), str(more)], "people": [str(ann)], "due": SOON}
    harness.http.post("/api/enrollment/assignments", json=body)
    harness.settle()
    assert [harness.standing(ann, one) for one in (plain, more)] == ["held", "held"]


@pytest.mark.feature("ENR-8", "ENR-2")
def test_it_completes_once_it_is_paid_and_when_the_operator_lets_it_count(harness: Harness) -> None:
    course, ann, bea = harness.course("FIRST AID", 1), harness.person(), harness.person()
    harness.settle()
    for person in (ann, bea):
        harness.did(harness.enroll(person, course), "steps/1/complete")
    paid = counting(harness, course, price=PRICE)
    id = harness.enroll(ann, paid)
    assert harness.show(id)["status"] == "awaiting-payment"
    harness.did(id, "paid", reason="Invoice 7")
    harness.settle()
    assert harness.show(id)["status"] == "completed"
    later = harness.certification("LATER", step(course))
    harness.settle()
    waiting = harness.enroll(bea, later)
    assert harness.show(waiting)["status"] == "not-started"
    harness.tell(harness.catalog, catalog.EarlierCompletionsDecided, later, count=True)
    harness.settle()
    assert harness.show(waiting)["status"] == "completed"
