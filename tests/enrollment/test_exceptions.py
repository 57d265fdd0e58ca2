"""Exceptions: what is held back and why, the four answers, and when it is judged anew (DUE-4 to DUE-7)."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from world import World

from shared.contracts import catalog, directory
from shared.events import SYSTEM, Meta

TODAY = date(2027, 3, 1)
WEEK = 7 * 24 * 60


@pytest.fixture
def ann(world: World) -> UUID:
    world.on(TODAY)
    return world.person()


@pytest.fixture
def course(world: World) -> UUID:
    """It takes a week at least."""
    return world.course("Welding", 1, minimum_minutes=WEEK)


def on(days: int) -> dict[str, object]:
    return {"kind": "fixed", "on": (TODAY + timedelta(days=days)).isoformat()}


def cases(world: World, **query: str) -> list[tuple[object, object]]:
    found = world.http.get("/api/enrollment/exceptions", params=query).json()["items"]
    return [(item["state"], item["kinds"]) for item in found]


def standing(world: World, person: UUID, offering: UUID) -> tuple[object, object, object]:
    (found,) = world.enrollments(person_id=person, offering_id=offering)
    return found["status"], found["next_action"], found["due_on"]


def answer(world: World, id: str, resolution: str, **more: object) -> str:
    return str(world.did(id, "exception", resolution=resolution, **more)["status"])


@pytest.mark.feature("DUE-4", "ENR-1", "ASG-17", "ASG-9")
def test_too_little_time_holds_the_learner_back_and_nobody_is_told(world: World, course: UUID, ann: UUID) -> None:
    audience = world.audience(ann)
    world.settle()
    preview = world.preview(course, ("audience", audience, False), due=on(3))
    assert (preview["people"], preview["enrolled"], preview["held_by_exceptions"]) == (1, 0, 1)
    assert preview["emails"]["count"] == 0  # type: ignore[index]
    assert preview["warnings"] == [
        f"The due date {TODAY + timedelta(days=3)} leaves less than the minimum time of {WEEK} minutes: everybody will be held."
    ]
    world.assign(course, "audience", audience, due=on(3))
    assert standing(world, ann, course) == ("held", None, None)
    assert cases(world) == [("open", ["time-allowance"])]
    assert world.told(of=[ann])[-1] == "ExceptionRaised"
    (shown,) = world.http.get("/api/enrollment/assignments").json()["items"]
    assert shown["counts"] == {"active": 0, "date_pending": 0, "held": 1, "refused": 0}
    learners = world.http.get(shown["learners"]).json()["items"]
    assert [(one["person_id"], one["held"]) for one in learners] == [(str(ann), True)]
    world.settle()
    assert world.told(of=[ann]).count("ExceptionRaised") == 1


@pytest.mark.feature("DUE-4")
def test_the_day_itself_counts_to_its_end(world: World, course: UUID, ann: UUID) -> None:
    bob = world.person()
    world.settle()
    world.enroll(ann, course, due=on(7))
    world.enroll(bob, course, due=on(6))
    assert [standing(world, p, course)[0] for p in (ann, bob)] == ["not-started", "held"]


@pytest.mark.feature("DUE-6")
def test_assign_anyway_and_a_realistic_date(world: World, course: UUID, ann: UUID) -> None:
    bob = world.person()
    world.settle()
    ids = [world.enroll(person, course, due=on(3)) for person in (ann, bob)]
    assert [answer(world, id, how) for id, how in zip(ids, ("assigned", "realistic-date"), strict=True)] == [
        "not-started",
        "not-started",
    ]
    assert [standing(world, p, course)[2] for p in (ann, bob)] == ["2027-03-04", "2027-03-15"]
    assert sorted(cases(world)) == [("assigned", ["time-allowance"]), ("realistic-date", ["time-allowance"])]
    world.settle()
    assert world.told(of=[ann]).count("ExceptionRaised") == 1
    assert world.refused(ids[0], "exception", resolution="assigned") == "no-exception"


@pytest.mark.feature("DUE-6", "ASG-7", "ASG-17")
def test_do_not_assign_holds_until_the_cause_changes(world: World, course: UUID, ann: UUID) -> None:
    audience = world.audience(ann)
    world.settle()
    assignment = world.assign(course, "audience", audience, due=on(3))
    (found,) = world.enrollments(person_id=ann)
    assert answer(world, str(found["id"]), "not-assigned", reason="on leave") == "not-enrolled"
    assert world.show(str(found["id"]))["excluded_from"] == [str(assignment)]
    world.leave(audience, ann)
    world.settle()
    world.join(audience, ann)
    world.settle()
    assert (standing(world, ann, course)[0], cases(world)) == ("not-enrolled", [("not-assigned", ["time-allowance"])])

    address = f"/api/enrollment/assignments/{assignment}/due"
    world.http.put(address, json={"due": on(4)})
    world.settle()
    assert standing(world, ann, course)[0] == "held"
    assert cases(world, state="open") == [("open", ["time-allowance"])]
    answer(world, str(found["id"]), "not-assigned")
    world.http.put(address, json={"due": on(30)})
    world.settle()
    assert standing(world, ann, course) == ("not-started", "begin-training", "2027-03-31")


@pytest.mark.feature("DUE-6")
def test_set_aside_stays_held_and_listed_until_the_minimum_time_is_less(world: World, course: UUID, ann: UUID) -> None:
    world.settle()
    id = world.enroll(ann, course, due=on(3))
    assert answer(world, id, "dismissed") == "held"
    world.settle()
    assert cases(world, state="dismissed") == [("dismissed", ["time-allowance"])]
    assert cases(world, waiting="true") == [("dismissed", ["time-allowance"])]
    told = {"code": "W", "title": "Welding", "description": "", "access_days": None, "certificate": None, "badge": None}
    shorter = {**told, "price": None, "minimum_minutes": 60, "activities": [{"kind": "content", "title": "Part"}]}
    world.tell(world.catalog, catalog.CourseDescribed, course, **shorter)
    world.settle()
    assert standing(world, ann, course) == ("not-started", "begin-training", "2027-03-04")
    assert cases(world) == [("over", ["time-allowance"])]


@pytest.mark.feature("DUE-4", "DUE-5")
def test_a_second_source_cannot_slip_past_and_one_answer_is_for_all(world: World, course: UUID, ann: UUID) -> None:
    first, second = world.audience(ann), world.audience(ann)
    world.settle()
    world.assign(course, "audience", first, due=on(3))
    world.assign(course, "audience", second, due=on(5))
    assert cases(world, waiting="true") == [("open", ["time-allowance"])]
    (found,) = world.enrollments(person_id=ann)
    assert answer(world, str(found["id"]), "assigned") == "not-started"
    assert len(world.show(str(found["id"]))["assignments"]) == 2  # type: ignore[arg-type]
    assert standing(world, ann, course)[2] == "2027-03-06"


@pytest.mark.feature("DUE-4", "DUE-3")
def test_who_is_enrolled_stays_so_with_the_date_as_it_was(world: World, course: UUID, ann: UUID) -> None:
    audience = world.audience(ann)
    world.settle()
    id = world.enroll(ann, course)
    assignment = world.assign(course, "audience", audience, due=on(3))
    assert (standing(world, ann, course), cases(world)) == (
        ("not-started", "begin-training", None),
        [("open", ["time-allowance"])],
    )
    assert world.show(id)["held_for"] == ["time-allowance"]
    world.remove(assignment)
    assert (world.show(id)["held_for"], cases(world)) == ([], [("over", ["time-allowance"])])


@pytest.mark.feature("DUE-4", "DUE-3")
def test_an_edited_rule_that_leaves_too_little_time_waits_too(world: World, course: UUID, ann: UUID) -> None:
    world.settle()
    id = world.enroll(ann, course)
    (assignment,) = world.http.get("/api/enrollment/assignments").json()["items"]
    saved = world.http.put(f"/api/enrollment/assignments/{assignment['id']}/due", json={"due": on(2)})
    assert len(saved.json()["result"]["warnings"]) == 1
    world.settle()
    assert (standing(world, ann, course)[2], cases(world)) == (None, [("open", ["time-allowance"])])
    assert answer(world, id, "realistic-date") == "not-started"
    assert standing(world, ann, course)[2] == "2027-03-15"


@pytest.mark.feature("DUE-4", "ASG-7", "ASG-15")
@pytest.mark.parametrize("how", ["exclude", "cancel"])
def test_with_who_is_taken_out_the_exception_goes(world: World, course: UUID, ann: UUID, how: str) -> None:
    audience = world.audience(ann)
    world.settle()
    assignment = world.assign(course, "audience", audience)
    world.http.put(f"/api/enrollment/assignments/{assignment}/due", json={"due": on(2)})
    world.settle()
    (found,) = world.enrollments(person_id=ann)
    assert found["held_for"] == ["time-allowance"]
    if how == "exclude":
        world.http.post(f"/api/enrollment/assignments/{assignment}/exclusions", json={"person_id": str(ann)})
    else:
        world.did(str(found["id"]), f"assignments/{assignment}/cancel")
    world.settle()
    status = "withdrawn" if how == "exclude" else "cancelled"
    assert (standing(world, ann, course)[0], cases(world, waiting="true")) == (status, [])
    assert world.refused(str(found["id"]), "exception", resolution="assigned") == "no-exception"


@pytest.mark.feature("DUE-6", "DUE-8")
def test_another_date_by_hand_judges_anew_what_waits(world: World, course: UUID, ann: UUID) -> None:
    audience = world.audience(ann)
    world.settle()
    id = world.enroll(ann, course)
    world.assign(course, "audience", audience, due=on(2))
    assert world.show(id)["held_for"] == ["time-allowance"]
    world.http.put(f"/api/enrollment/enrollments/{id}/due", json={"due_on": on(40)["on"], "reason": "agreed"})
    world.settle()
    assert (world.show(id)["held_for"], len(world.show(id)["assignments"])) == ([], 2)  # type: ignore[arg-type]


@pytest.mark.feature("DUE-5", "DUE-6", "DUE-2")
def test_an_empty_field_holds_back_until_it_is_filled(world: World, course: UUID, ann: UUID) -> None:
    bob = world.person()
    rule = {"kind": "field", "field": "hired", "amount": 1, "unit": "years"}
    world.settle()
    for person in (ann, bob):
        world.enroll(person, course, due=rule)
    assert cases(world) == [("open", ["completion-time-unknown"])] * 2
    world.tell(world.directory, directory.PersonDescribed, ann, dates={"hired": date(2027, 1, 1)})
    world.settle()
    assert standing(world, ann, course) == ("not-started", "begin-training", "2028-01-01")
    (waiting,) = world.enrollments(person_id=bob)
    assert answer(world, str(waiting["id"]), "assigned") == "not-started"
    world.tell(world.directory, directory.PersonDescribed, bob, dates={"hired": date(2027, 2, 1)})
    world.settle()
    assert standing(world, bob, course)[2] == "2028-02-01"


@pytest.mark.feature("DUE-5")
def test_another_certification_with_the_same_course_holds_back(world: World, course: UUID, ann: UUID) -> None:
    step = {"kind": "course", "title": "Welding", "course_id": course}
    one, other, apart = (
        world.certification("One", step),
        world.certification("Other", step),
        world.certification("Apart"),
    )
    world.settle()
    first = world.enroll(ann, one)
    world.enroll(ann, apart)
    id = world.enroll(ann, other)
    assert [standing(world, ann, o)[0] for o in (one, apart, other)] == ["not-started", "not-started", "held"]
    assert cases(world) == [("open", ["already-assigned"])]
    (held,) = world.http.get("/api/enrollment/assignments", params={"offering_id": str(one)}).json()["items"]
    world.http.delete(f"/api/enrollment/assignments/{held['id']}")
    world.settle()
    assert (world.show(first)["status"], world.show(id)["status"]) == ("withdrawn", "not-started")


@pytest.mark.feature("DUE-7", "GRP-3", "ENR-1")
def test_an_own_enrolment_that_is_held_waits_for_an_administrator(world: World, course: UUID, ann: UUID) -> None:
    world.settle()
    body = {"name": "Tomorrow", "allow_enrol": True, "allow_withdraw": True, "due": on(1)}
    made = world.http.post(f"/api/enrollment/offerings/{course}/groups", json=body).json()["result"]
    learner = world.client(ann)
    joined = learner.post(f"/api/enrollment/groups/{made['assignment_id']}/join", json={"confirm": True})
    assert (joined.json()["result"]["status"], joined.json()["result"]["next_action"]) == ("held", None)
    shown = learner.get(f"/api/enrollment/offerings/{course}/standing").json()
    assert (shown["status"], shown["next_action"], shown["held_for"]) == ("held", None, ["time-allowance"])
    left = learner.post(f"/api/enrollment/assignments/{made['assignment_id']}/leave", json={"confirm": True})
    assert left.json()["result"]["status"] == "not-enrolled"
    assert cases(world, waiting="true") == []


@pytest.mark.feature("DUE-6")
def test_many_are_answered_by_selection_or_kind_and_a_repetition_is_about_the_same(
    world: World, course: UUID, ann: UUID
) -> None:
    people = [ann, *world.people(4)]
    audience = world.audience(*people)
    world.settle()
    world.assign(course, "audience", audience, due=on(3))
    ids = [str(e["enrollment_id"]) for e in world.http.get("/api/enrollment/exceptions").json()["items"]]
    chosen = {"resolution": "assigned", "enrollments": [*ids[:2], str(UUID(int=3))]}
    told = world.http.post("/api/enrollment/exceptions/answer", json=chosen).json()
    assert [(a["status"], a["refused"]) for a in told["answered"]] == [
        ("not-started", None),
        ("not-started", None),
        (None, "no-exception"),
    ]
    rest = {"resolution": "realistic-date", "kind": "time-allowance"}
    headers = {"Idempotency-Key": "all-the-rest"}
    first = world.http.post("/api/enrollment/exceptions/answer", json=rest, headers=headers).json()
    assert (len(first["answered"]), first["more"]) == (3, False)
    bob = world.person()
    world.join(audience, bob)
    world.settle()
    assert world.http.post("/api/enrollment/exceptions/answer", json=rest, headers=headers).json() == first
    assert standing(world, bob, course)[0] == "held"
    assert world.http.post("/api/enrollment/exceptions/answer", json={"resolution": "assigned"}).status_code == 422


@pytest.mark.feature("DUE-6", "SEC-1", "SEC-2")
def test_only_site_administrators_answer(world: World, course: UUID, ann: UUID) -> None:
    world.settle()
    id = world.enroll(ann, course, due=on(3))
    manager = world.client(UUID(int=5), ("enrollment-manager", None))
    assert world.refused(id, "exception", manager, resolution="assigned") == "forbidden"
    assert world.refused(id, "exception", world.client(ann), resolution="assigned") == "forbidden"
    far = world.client(UUID(int=6), ("site-administrator", world.unit("North")))
    world.settle()
    assert far.get("/api/enrollment/exceptions").json()["items"] == []
    assert world.refused(id, "exception", far, resolution="assigned") == "not-found"


@pytest.fixture
def pair(world: World, course: UUID) -> tuple[UUID, UUID]:
    """Two certifications that share a course."""
    step = {"kind": "course", "title": "Welding", "course_id": course}
    return world.certification("One", step), world.certification("Other", step)


def one_is_held(world: World, person: UUID, pair: tuple[UUID, UUID]) -> bool:
    return sorted(standing(world, person, on)[0] for on in pair) == ["held", "not-started"]


@pytest.mark.feature("DUE-5")
def test_of_two_that_come_by_one_fact_the_second_is_held(world: World, pair: tuple[UUID, UUID], ann: UUID) -> None:
    audience, bob = world.audience(), world.person()
    world.settle()
    for offering in pair:
        world.assign(offering, "audience", audience, allow_empty=True)
    world.join(audience, ann, bob)
    world.settle()
    assert one_is_held(world, ann, pair)
    assert one_is_held(world, bob, pair)


@pytest.mark.feature("DUE-5")
def test_so_it_is_for_somebody_who_was_never_in_the_queue(world: World, pair: tuple[UUID, UUID], ann: UUID) -> None:
    world.settle()
    world.http.post(
        "/api/enrollment/assignments", json={"people": [str(ann)], "offerings": [str(offering) for offering in pair]}
    )
    with world.database.connection() as conn:
        conn.execute("DELETE FROM dirty")
    meta = Meta(actor=SYSTEM, correlation=uuid4())
    assert world.evaluator.write(world.evaluator.prepare([ann], None, lambda _: meta)) == [ann]
    world.settle()
    assert one_is_held(world, ann, pair)


@pytest.mark.feature("DUE-5")
def test_of_two_that_are_decided_at_the_same_moment_the_second_is_overtaken(
    world: World, pair: tuple[UUID, UUID], ann: UUID
) -> None:
    """Two processes have judged before either has written."""
    one, other = pair
    world.settle()
    body = {"people": [str(ann)]}
    for offering in pair:
        world.http.post("/api/enrollment/assignments", json={**body, "offerings": [str(offering)]})
    meta = Meta(actor=SYSTEM, correlation=uuid4())
    first, second = (world.evaluator.prepare([ann], offering, lambda _: meta) for offering in pair)
    assert world.evaluator.write(first) == []
    assert world.evaluator.write(second) == [ann]
    world.settle()
    assert [standing(world, ann, o)[0] for o in (one, other)] == ["not-started", "held"]
    assert cases(world) == [("open", ["already-assigned"])]


@pytest.mark.feature("DUE-4", "DUE-6", "ASG-7")
def test_somebody_with_several_exceptions_is_judged_anew_by_whatever_changes(
    world: World, course: UUID, ann: UUID
) -> None:
    other, third = world.course("Wiring", 1, minimum_minutes=WEEK), world.course("Painting", 1)
    audience = world.audience(ann)
    world.settle()
    for offering in (course, other):
        world.enroll(ann, offering, due=on(1))
    source = world.assign(third, "audience", audience)
    path = f"/api/enrollment/assignments/{source}/exclusions"
    assert world.http.post(path, json={"person_id": str(ann)}).status_code == 201
    world.settle()
    assert [standing(world, ann, o)[0] for o in (course, other, third)] == ["held", "held", "withdrawn"]
    told = {"code": "W", "title": "Welding", "description": "", "activities": [], "minimum_minutes": 10}
    told |= {"access_days": None, "certificate": None, "badge": None, "price": None}
    world.tell(world.catalog, catalog.CourseDescribed, course, **told)
    world.settle()
    assert [standing(world, ann, o)[0] for o in (course, other)] == ["not-started", "held"]
