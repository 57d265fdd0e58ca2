"""Courses inside a certification: begun without an assignment, and completed by completing them (CAT-2); and what was completed
before (ENR-8)."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from world import World

from services.enrollment.application.cancelling import AccessExpiry
from shared.contracts import catalog

PRICE = {"amount": "20.00", "currency": "EUR"}
FORTNIGHT = 14 * 24 * 60
TODAY = date.today()


def step(course: UUID, title: str = "First aid") -> dict[str, object]:
    return {"kind": "course", "title": title, "course_id": course}


def on_it(world: World, certification: UUID, person: UUID) -> tuple[str, TestClient]:
    """The enrollment on a certification, and the learner."""
    world.settle()
    return world.enroll(person, certification), world.client(person)


def sweep(world: World) -> int:
    return next(w for w in world.service.workers if isinstance(w, AccessExpiry)).step()


@pytest.mark.feature("CAT-2", "ENR-4")
def test_a_course_step_is_not_completed_by_saying_so(world: World) -> None:
    course, ann = world.course("FIRST AID", 1), world.person()
    id, learner = on_it(world, world.certification("SAFE", step(course)), ann)
    assert world.refused(id, "steps/1/complete", learner) == "course-step"
    assert world.refused(id, "steps/1/complete") == "course-step"
    assert world.show(id)["status"] == "not-started"


@pytest.mark.feature("CAT-2", "ASG-14")
def test_a_learner_begins_each_course_without_an_assignment_or_paying_and_that_completes_the_steps(
    world: World,
) -> None:
    aid = world.course("FIRST AID", 1, price=PRICE)
    fire, ann = world.course("FIRE", 0, "lab", access_days=5), world.person()
    id, learner = on_it(world, world.certification("SAFE", step(aid), step(fire, "Fire")), ann)
    world.on(TODAY + timedelta(days=30))
    begun = {n: str(world.did(id, f"steps/{n}/launch", learner)["course_enrollment_id"]) for n in (1, 2)}
    assert [world.show(one, learner)["status"] for one in begun.values()] == ["in-progress"] * 2
    assert world.show(begun[1], learner)["assignments"] == []
    world.on(TODAY + timedelta(days=60))
    assert world.did(begun[1], "steps/1/complete", learner)["status"] == "completed"
    world.ring()
    assert world.show(id)["steps"] == [1]
    world.did(begun[2], "steps/1/launch", learner)
    world.did(begun[2], "steps/1/complete")
    world.ring()
    assert (world.show(id)["status"], world.show(id)["steps"]) == ("completed", [1, 2])
    assert world.told().count("LearnerAssigned") == 1


@pytest.mark.feature("CAT-2")
def test_nobody_begins_a_course_by_a_certification_that_is_not_theirs_or_not_paid(world: World) -> None:
    course, ann = world.course("FIRST AID", 1), world.person()
    id, learner = on_it(world, world.certification("SAFE", step(course), price=PRICE), ann)
    assert world.refused(id, "steps/1/launch", learner) == "payment-due"
    assert world.refused(id, "steps/1/launch", world.client(world.person())) == "not-found"
    assert world.enrollments(offering_id=course) == []


@pytest.mark.feature("CAT-2", "ENR-6")
def test_the_course_closes_with_the_certification_and_what_was_completed_stays(world: World) -> None:
    aid, fire, ann = world.course("FIRST AID", 1), world.course("FIRE", 1), world.person()
    id, learner = on_it(world, world.certification("SAFE", step(aid), step(fire)), ann)
    courses = [str(world.did(id, f"steps/{n}/launch", learner)["course_enrollment_id"]) for n in (1, 2)]
    world.did(courses[0], "steps/1/complete", learner)
    (assignment,) = world.show(id)["assignments"]  # type: ignore[misc]
    world.remove(UUID(str(assignment)))
    assert world.show(id)["status"] == "withdrawn"
    for before_the_sweep in (True, False):
        assert [world.show(one)["status"] for one in courses] == ["completed", "access-expired"]
        assert world.refused(courses[1], "steps/1/complete", learner) == "not-enrolled"
        assert world.refused(courses[0], "steps/1/launch", learner) == "not-enrolled"
        assert sweep(world) == (2 if before_the_sweep else 0)
    assert world.told().count("AccessExpired") == 2


@pytest.mark.feature("CAT-2", "ENR-2")
def test_a_course_that_is_assigned_too_stays_and_has_to_be_paid_once_the_certification_is_over(world: World) -> None:
    course, ann = world.course("FIRST AID", 2, price=PRICE), world.person()
    id, learner = on_it(world, world.certification("SAFE", step(course)), ann)
    own = world.enroll(ann, course)
    assert world.refused(own, "steps/1/complete", world.client(world.person())) == "not-found"
    assert world.did(own, "begin", learner)["status"] == "in-progress"
    assert world.did(own, "steps/1/complete", learner)["steps"] == [1]
    (assignment,) = world.show(id)["assignments"]  # type: ignore[misc]
    world.remove(UUID(str(assignment)))
    assert world.refused(own, "steps/2/complete", learner) == "payment-due"
    assert (world.show(own)["status"], sweep(world)) == ("awaiting-payment", 0)


@pytest.mark.feature("CAT-2", "ENR-8")
def test_a_completion_of_before_is_repeated_where_it_does_not_count(world: World) -> None:
    course, ann = world.course("FIRST AID", 1, certificate="Plain"), world.person()
    certification = world.certification("SAFE", step(course))
    world.settle()
    own = world.enroll(ann, course)
    first = world.did(own, "steps/1/complete")["serial"]
    id, learner = on_it(world, certification, ann)
    world.ring()
    assert (world.show(id)["status"], world.did(id, "begin", learner)["steps"]) == ("not-started", [])
    assert world.did(id, "steps/1/launch", learner)["course_enrollment_id"] == own
    assert (world.show(own)["status"], world.show(own)["steps"]) == ("in-progress", [])
    second = world.did(own, "steps/1/complete", learner)["serial"]
    world.ring()
    assert world.show(id)["status"] == "completed"
    for serial in (first, second):
        assert world.http.get(f"/api/enrollment/certificates/{serial}").json()["state"] == "valid"


@pytest.mark.feature("CAT-2")
def test_a_course_that_was_assigned_and_is_completed_meanwhile_completes_its_step(world: World) -> None:
    course, ann = world.course("FIRST AID", 1), world.person()
    world.settle()
    own = world.enroll(ann, course)
    id, learner = on_it(world, world.certification("SAFE", step(course), {"kind": "task", "title": "Sign"}), ann)
    world.did(id, "begin", learner)
    world.did(own, "steps/1/complete", learner)
    world.ring()
    assert world.show(id)["steps"] == [1]


def counting(world: World, *courses: UUID, **more: object) -> UUID:
    """A certification of these courses that takes two weeks, where what was completed before counts."""
    id = world.certification("SAFE", *(step(course) for course in courses), minimum_minutes=FORTNIGHT, **more)  # type: ignore[arg-type]
    world.tell(world.catalog, catalog.EarlierCompletionsDecided, id, count=True)
    world.settle()
    return id


SOON = {"kind": "enrollment", "amount": 1, "unit": "days"}


@pytest.mark.feature("DUE-4", "ENR-8")
def test_who_completed_all_courses_before_completes_at_once_and_is_never_held(world: World) -> None:
    aid, fire = world.course("FIRST AID", 1), world.course("FIRE", 1)
    ann, bea, cid = world.people(3)
    audience = world.audience(ann, bea, cid)
    world.settle()
    for person, done in ((ann, (aid, fire)), (bea, (aid,))):
        for course in done:
            world.did(world.enroll(person, course), "steps/1/complete")
    certification = counting(world, aid, fire)
    preview = world.preview(certification, ("audience", audience, False), due=SOON)
    assert (preview["enrolled"], preview["held_by_exceptions"]) == (1, 2)
    world.assign(certification, "audience", audience, due=SOON)
    assert [world.standing(person, certification) for person in (ann, bea, cid)] == ["completed", "held", "held"]
    said = world.told(of=[ann])
    assert said[said.index("LearnerAssigned", -5) :] == [
        "LearnerAssigned",
        "StepCompleted",
        "StepCompleted",
        "EnrollmentCompleted",
    ]
    (found,) = world.enrollments(person_id=ann, offering_id=certification)
    assert (found["steps"], found["completed_version"]) == ([1, 2], 1)


@pytest.mark.feature("DUE-4", "DUE-6", "ENR-8")
def test_who_is_held_and_completes_the_last_course_is_held_no_more(world: World) -> None:
    course, ann = world.course("FIRST AID", 1), world.person()
    certification = counting(world, course)
    own = world.enroll(ann, course)
    body = {"offerings": [str(certification)], "people": [str(ann)], "due": SOON}
    world.http.post("/api/enrollment/assignments", json=body)
    world.settle()
    assert world.standing(ann, certification) == "held"
    world.did(own, "steps/1/complete")
    world.settle()
    assert world.standing(ann, certification) == "completed"


@pytest.mark.feature("DUE-4", "ENR-8")
def test_where_earlier_completions_do_not_count_or_other_steps_are_left_it_is_judged(world: World) -> None:
    course, ann = world.course("FIRST AID", 1), world.person()
    world.settle()
    world.did(world.enroll(ann, course), "steps/1/complete")
    plain = world.certification("PLAIN", step(course), minimum_minutes=FORTNIGHT)
    more = world.certification("MORE", step(course), {"kind": "task", "title": "Sign"}, minimum_minutes=FORTNIGHT)
    world.tell(world.catalog, catalog.EarlierCompletionsDecided, more, count=True)
    world.settle()
    body = {"offerings": [str(plain), str(more)], "people": [str(ann)], "due": SOON}
    world.http.post("/api/enrollment/assignments", json=body)
    world.settle()
    assert [world.standing(ann, one) for one in (plain, more)] == ["held", "held"]


@pytest.mark.feature("ENR-8", "ENR-2")
def test_it_completes_once_it_is_paid_and_when_the_operator_lets_it_count(world: World) -> None:
    course, ann, bea = world.course("FIRST AID", 1), world.person(), world.person()
    world.settle()
    for person in (ann, bea):
        world.did(world.enroll(person, course), "steps/1/complete")
    paid = counting(world, course, price=PRICE)
    id = world.enroll(ann, paid)
    assert world.show(id)["status"] == "awaiting-payment"
    world.did(id, "paid", reason="Invoice 7")
    world.settle()
    assert world.show(id)["status"] == "completed"
    later = world.certification("LATER", step(course))
    world.settle()
    waiting = world.enroll(bea, later)
    assert world.show(waiting)["status"] == "not-started"
    world.tell(world.catalog, catalog.EarlierCompletionsDecided, later, count=True)
    world.settle()
    assert world.show(waiting)["status"] == "completed"
