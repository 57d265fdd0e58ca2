"""Exceptions: what is held back and why, the four answers, and when it is judged anew (DUE-4 to DUE-7)."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from enrollment.harness import Harness
from fastapi.testclient import TestClient

from shared.contracts import catalog, directory
from shared.events import SYSTEM, Meta

TODAY = date(2027, 3, 1)
WEEK = 7 * 24 * 60


@pytest.fixture
def ann(harness: Harness) -> UUID:
    harness.on(TODAY)
    return harness.person()


@pytest.fixture
def course(harness: Harness) -> UUID:
    """It takes a week at least."""
    return harness.course("Welding", 1, minimum_minutes=WEEK)


def on(days: int) -> dict[str, object]:
    return {"kind": "fixed", "on": (TODAY + timedelta(days=days)).isoformat()}


def cases(harness: Harness, **query: str) -> list[tuple[object, object]]:
    found = harness.http.get("/api/enrollment/exceptions", params=query).json()["items"]
    return [(item["state"], item["kinds"]) for item in found]


def standing(harness: Harness, person: UUID, offering: UUID) -> tuple[object, object, object]:
    (found,) = harness.enrollments(person_id=person, offering_id=offering)
    return found["status"], found["next_action"], found["due_on"]


def answer(harness: Harness, id: str, resolution: str, **more: object) -> str:
    return str(harness.did(id, "exception", resolution=resolution, **more)["status"])


@pytest.mark.feature("DUE-4", "ENR-1", "ASG-17", "ASG-9")
def test_too_little_time_holds_the_learner_back_and_nobody_is_told(harness: Harness, course: UUID, ann: UUID) -> None:
    audience = harness.audience(ann)
    harness.settle()
    preview = harness.preview(course, ("audience", audience, False), due=on(3))
    assert (preview["people"], preview["enrolled"], preview["held_by_exceptions"]) == (1, 0, 1)
    assert preview["emails"]["count"] == 0  # type: ignore[index]
    assert preview["warnings"] == [
        f"The due date {TODAY + timedelta(days=3)} leaves less than the minimum time of {WEEK} minutes, so everybody will be held."
    ]
    harness.assign(course, "audience", audience, due=on(3))
    assert standing(harness, ann, course) == ("held", None, None)
    assert cases(harness) == [("open", ["time-allowance"])]
    assert harness.told(of=[ann])[-1] == "ExceptionRaised"
    (shown,) = harness.http.get("/api/enrollment/assignments").json()["items"]
    assert shown["counts"] == {"active": 0, "date_pending": 0, "held": 1, "refused": 0}
    learners = harness.http.get(shown["learners"]).json()["items"]
    assert [(one["person_id"], one["held"]) for one in learners] == [(str(ann), True)]
    harness.settle()
    assert harness.told(of=[ann]).count("ExceptionRaised") == 1


@pytest.mark.feature("DUE-4")
def test_the_day_itself_counts_to_its_end(harness: Harness, course: UUID, ann: UUID) -> None:
    bob = harness.person()
    harness.settle()
    harness.enroll(ann, course, due=on(7))
    harness.enroll(bob, course, due=on(6))
    assert [standing(harness, p, course)[0] for p in (ann, bob)] == ["not-started", "held"]


@pytest.mark.feature("DUE-6")
def test_assign_anyway_and_a_realistic_date(harness: Harness, course: UUID, ann: UUID) -> None:
    bob = harness.person()
    harness.settle()
    ids = [harness.enroll(person, course, due=on(3)) for person in (ann, bob)]
    assert [answer(harness, id, how) for id, how in zip(ids, ("assigned", "realistic-date"), strict=True)] == [
        "not-started",
        "not-started",
    ]
    assert [standing(harness, p, course)[2] for p in (ann, bob)] == ["2027-03-04", "2027-03-15"]
    assert sorted(cases(harness)) == [("assigned", ["time-allowance"]), ("realistic-date", ["time-allowance"])]
    harness.settle()
    assert harness.told(of=[ann]).count("ExceptionRaised") == 1
    assert harness.refused(ids[0], "exception", resolution="assigned") == "no-exception"


FIELD = {"kind": "field", "field": "hired", "amount": 1, "unit": "years"}
"""Of people of whom that is not known, it holds back whoever has no date at all."""


@pytest.mark.feature("DUE-6", "DUE-5")
def test_a_realistic_date_is_never_earlier_than_the_one_that_there_is(
    harness: Harness, course: UUID, ann: UUID
) -> None:
    people = (ann, harness.person(), harness.person())
    audience = harness.audience(*people)
    harness.settle()
    ids = [harness.enroll(person, course, due=on(days)) for person, days in zip(people, (30, 14, 8), strict=True)]
    harness.assign(course, "audience", audience, due=FIELD)
    assert cases(harness) == [("open", ["completion-time-unknown"])] * 3
    assert [answer(harness, id, "realistic-date") for id in ids] == ["not-started"] * 3
    assert [standing(harness, p, course)[2] for p in people] == ["2027-03-31", "2027-03-15", "2027-03-15"]
    assert [harness.told(of=[person]).count("DueDateSet") for person in people] == [0, 0, 1]
    assert [len(harness.show(id)["assignments"]) for id in ids] == [2, 2, 2]  # type: ignore[arg-type]


@pytest.mark.feature("DUE-6", "DUE-8")
def test_a_realistic_date_leaves_one_by_hand_alone(harness: Harness, course: UUID, ann: UUID) -> None:
    audience = harness.audience(ann)
    harness.settle()
    id = harness.enroll(ann, course)
    harness.http.put(f"/api/enrollment/enrollments/{id}/due", json={"due_on": on(9)["on"], "reason": "agreed"})
    harness.assign(course, "audience", audience, due=FIELD)
    assert cases(harness) == [("open", ["completion-time-unknown"])]
    assert answer(harness, id, "realistic-date") == "not-started"
    assert (standing(harness, ann, course)[2], harness.show(id)["due_by_hand"]) == ("2027-03-10", True)


@pytest.mark.feature("DUE-6", "ASG-7", "ASG-17")
def test_do_not_assign_holds_until_the_cause_changes(harness: Harness, course: UUID, ann: UUID) -> None:
    audience = harness.audience(ann)
    harness.settle()
    assignment = harness.assign(course, "audience", audience, due=on(3))
    (found,) = harness.enrollments(person_id=ann)
    assert answer(harness, str(found["id"]), "not-assigned", reason="on leave") == "not-enrolled"
    assert harness.show(str(found["id"]))["excluded_from"] == [str(assignment)]
    harness.leave(audience, ann)
    harness.settle()
    harness.join(audience, ann)
    harness.settle()
    assert (standing(harness, ann, course)[0], cases(harness)) == (
        "not-enrolled",
        [("not-assigned", ["time-allowance"])],
    )

    address = f"/api/enrollment/assignments/{assignment}/due"
    harness.http.put(address, json={"due": on(4)})
    harness.settle()
    assert standing(harness, ann, course)[0] == "held"
    assert cases(harness, state="open") == [("open", ["time-allowance"])]
    answer(harness, str(found["id"]), "not-assigned")
    harness.http.put(address, json={"due": on(30)})
    harness.settle()
    assert standing(harness, ann, course) == ("not-started", "begin-training", "2027-03-31")


@pytest.mark.feature("DUE-6")
def test_set_aside_stays_held_and_listed_until_the_minimum_time_is_less(
    harness: Harness, course: UUID, ann: UUID
) -> None:
    harness.settle()
    id = harness.enroll(ann, course, due=on(3))
    assert answer(harness, id, "dismissed") == "held"
    harness.settle()
    assert cases(harness, state="dismissed") == [("dismissed", ["time-allowance"])]
    assert cases(harness, waiting="true") == [("dismissed", ["time-allowance"])]
    told = {"code": "W", "title": "Welding", "description": "", "access_days": None, "certificate": None, "badge": None}
    shorter = {**told, "price": None, "minimum_minutes": 60, "activities": [{"kind": "content", "title": "Part"}]}
    harness.tell(harness.catalog, catalog.CourseDescribed, course, **shorter)
    harness.settle()
    assert standing(harness, ann, course) == ("not-started", "begin-training", "2027-03-04")
    assert cases(harness) == [("over", ["time-allowance"])]


@pytest.mark.feature("DUE-4", "DUE-5")
def test_a_second_source_cannot_slip_past_and_one_answer_is_for_all(harness: Harness, course: UUID, ann: UUID) -> None:
    first, second = harness.audience(ann), harness.audience(ann)
    harness.settle()
    harness.assign(course, "audience", first, due=on(3))
    harness.assign(course, "audience", second, due=on(5))
    assert cases(harness, waiting="true") == [("open", ["time-allowance"])]
    (found,) = harness.enrollments(person_id=ann)
    assert answer(harness, str(found["id"]), "assigned") == "not-started"
    assert len(harness.show(str(found["id"]))["assignments"]) == 2  # type: ignore[arg-type]
    assert standing(harness, ann, course)[2] == "2027-03-06"


@pytest.mark.feature("DUE-4", "DUE-3")
def test_who_is_enrolled_stays_so_with_the_date_as_it_was(harness: Harness, course: UUID, ann: UUID) -> None:
    audience = harness.audience(ann)
    harness.settle()
    id = harness.enroll(ann, course)
    assignment = harness.assign(course, "audience", audience, due=on(3))
    assert (standing(harness, ann, course), cases(harness)) == (
        ("not-started", "begin-training", None),
        [("open", ["time-allowance"])],
    )
    assert harness.show(id)["held_for"] == ["time-allowance"]
    harness.remove(assignment)
    assert (harness.show(id)["held_for"], cases(harness)) == ([], [("over", ["time-allowance"])])


@pytest.mark.feature("DUE-4", "DUE-3")
def test_an_edited_rule_that_leaves_too_little_time_waits_too(harness: Harness, course: UUID, ann: UUID) -> None:
    harness.settle()
    id = harness.enroll(ann, course)
    (assignment,) = harness.http.get("/api/enrollment/assignments").json()["items"]
    saved = harness.http.put(f"/api/enrollment/assignments/{assignment['id']}/due", json={"due": on(2)})
    assert len(saved.json()["result"]["warnings"]) == 1
    harness.settle()
    assert (standing(harness, ann, course)[2], cases(harness)) == (None, [("open", ["time-allowance"])])
    assert answer(harness, id, "realistic-date") == "not-started"
    assert standing(harness, ann, course)[2] == "2027-03-15"


@pytest.mark.feature("DUE-4", "ASG-7", "ASG-15")
@pytest.mark.parametrize("how", ["exclude", "cancel"])
def test_with_who_is_taken_out_the_exception_goes(harness: Harness, course: UUID, ann: UUID, how: str) -> None:
    audience = harness.audience(ann)
    harness.settle()
    assignment = harness.assign(course, "audience", audience)
    harness.http.put(f"/api/enrollment/assignments/{assignment}/due", json={"due": on(2)})
    harness.settle()
    (found,) = harness.enrollments(person_id=ann)
    assert found["held_for"] == ["time-allowance"]
    if how == "exclude":
        harness.http.post(f"/api/enrollment/assignments/{assignment}/exclusions", json={"person_id": str(ann)})
    else:
        harness.did(str(found["id"]), f"assignments/{assignment}/cancel")
    harness.settle()
    status = "withdrawn" if how == "exclude" else "cancelled"
    assert (standing(harness, ann, course)[0], cases(harness, waiting="true")) == (status, [])
    assert harness.refused(str(found["id"]), "exception", resolution="assigned") == "no-exception"


@pytest.mark.feature("DUE-6", "DUE-8")
def test_another_date_by_hand_judges_anew_what_waits(harness: Harness, course: UUID, ann: UUID) -> None:
    audience = harness.audience(ann)
    harness.settle()
    id = harness.enroll(ann, course)
    harness.assign(course, "audience", audience, due=on(2))
    assert harness.show(id)["held_for"] == ["time-allowance"]
    harness.http.put(f"/api/enrollment/enrollments/{id}/due", json={"due_on": on(40)["on"], "reason": "agreed"})
    harness.settle()
    assert (harness.show(id)["held_for"], len(harness.show(id)["assignments"])) == ([], 2)  # type: ignore[arg-type]


@pytest.mark.feature("DUE-5", "DUE-6", "DUE-2")
def test_an_empty_field_holds_back_until_it_is_filled(harness: Harness, course: UUID, ann: UUID) -> None:
    bob = harness.person()
    rule = {"kind": "field", "field": "hired", "amount": 1, "unit": "years"}
    harness.settle()
    for person in (ann, bob):
        harness.enroll(person, course, due=rule)
    assert cases(harness) == [("open", ["completion-time-unknown"])] * 2
    harness.tell(harness.directory, directory.PersonDescribed, ann, dates={"hired": date(2027, 1, 1)})
    harness.settle()
    assert standing(harness, ann, course) == ("not-started", "begin-training", "2028-01-01")
    (waiting,) = harness.enrollments(person_id=bob)
    assert answer(harness, str(waiting["id"]), "assigned") == "not-started"
    harness.tell(harness.directory, directory.PersonDescribed, bob, dates={"hired": date(2027, 2, 1)})
    harness.settle()
    assert standing(harness, bob, course)[2] == "2028-02-01"


@pytest.mark.feature("DUE-5")
def test_another_certification_with_the_same_course_holds_back(harness: Harness, course: UUID, ann: UUID) -> None:
    step = {"kind": "course", "title": "Welding", "course_id": course}
    one, other, apart = (
        harness.certification("One", step),
        harness.certification("Other", step),
        harness.certification("Apart"),
    )
    harness.settle()
    first = harness.enroll(ann, one)
    harness.enroll(ann, apart)
    id = harness.enroll(ann, other)
    assert [standing(harness, ann, o)[0] for o in (one, apart, other)] == ["not-started", "not-started", "held"]
    assert cases(harness) == [("open", ["already-assigned"])]
    (held,) = harness.http.get("/api/enrollment/assignments", params={"offering_id": str(one)}).json()["items"]
    harness.http.delete(f"/api/enrollment/assignments/{held['id']}")
    harness.settle()
    assert (harness.show(first)["status"], harness.show(id)["status"]) == ("withdrawn", "not-started")


@pytest.mark.feature("DUE-7", "GRP-3", "ENR-1")
def test_an_own_enrollment_that_is_held_waits_for_an_administrator(harness: Harness, course: UUID, ann: UUID) -> None:
    harness.settle()
    body = {"name": "Tomorrow", "allow_enrol": True, "allow_withdraw": True, "due": on(1)}
    made = harness.http.post(f"/api/enrollment/offerings/{course}/groups", json=body).json()["result"]
    learner = harness.client(ann)
    joined = learner.post(f"/api/enrollment/groups/{made['assignment_id']}/join", json={"confirm": True})
    assert (joined.json()["result"]["status"], joined.json()["result"]["next_action"]) == ("held", None)
    shown = learner.get(f"/api/enrollment/offerings/{course}/standing").json()
    assert (shown["status"], shown["next_action"], shown["held_for"]) == ("held", None, ["time-allowance"])
    left = learner.post(f"/api/enrollment/assignments/{made['assignment_id']}/leave", json={"confirm": True})
    assert left.json()["result"]["status"] == "not-enrolled"
    assert cases(harness, waiting="true") == []


@pytest.mark.feature("DUE-6")
def test_many_are_answered_by_selection_or_kind_and_a_repetition_is_about_the_same(
    harness: Harness, course: UUID, ann: UUID
) -> None:
    people = [ann, *harness.people(4)]
    audience = harness.audience(*people)
    harness.settle()
    harness.assign(course, "audience", audience, due=on(3))
    ids = [str(e["enrollment_id"]) for e in harness.http.get("/api/enrollment/exceptions").json()["items"]]
    chosen = {"resolution": "assigned", "enrollments": [*ids[:2], str(UUID(int=3))]}
    told = harness.http.post("/api/enrollment/exceptions/answer", json=chosen).json()
    assert [(a["status"], a["refused"]) for a in told["answered"]] == [
        ("not-started", None),
        ("not-started", None),
        (None, "no-exception"),
    ]
    rest = {"resolution": "realistic-date", "kind": "time-allowance"}
    headers = {"Idempotency-Key": "all-the-rest"}
    first = harness.http.post("/api/enrollment/exceptions/answer", json=rest, headers=headers).json()
    assert (len(first["answered"]), first["more"]) == (3, False)
    bob = harness.person()
    harness.join(audience, bob)
    harness.settle()
    assert harness.http.post("/api/enrollment/exceptions/answer", json=rest, headers=headers).json() == first
    assert standing(harness, bob, course)[0] == "held"
    assert harness.http.post("/api/enrollment/exceptions/answer", json={"resolution": "assigned"}).status_code == 422


@pytest.mark.feature("DUE-6", "SEC-1", "SEC-2")
def test_only_site_administrators_answer(harness: Harness, course: UUID, ann: UUID) -> None:
    harness.settle()
    id = harness.enroll(ann, course, due=on(3))
    manager = harness.client(UUID(int=5), ("enrollment-manager", None))
    assert harness.refused(id, "exception", manager, resolution="assigned") == "forbidden"
    assert harness.refused(id, "exception", harness.client(ann), resolution="assigned") == "forbidden"
    far = harness.client(UUID(int=6), ("site-administrator", harness.unit("North")))
    harness.settle()
    assert far.get("/api/enrollment/exceptions").json()["items"] == []
    assert harness.refused(id, "exception", far, resolution="assigned") == "not-found"


@pytest.fixture
def pair(harness: Harness, course: UUID) -> tuple[UUID, UUID]:
    """Two certifications that share a course."""
    step = {"kind": "course", "title": "Welding", "course_id": course}
    return harness.certification("One", step), harness.certification("Other", step)


def one_is_held(harness: Harness, person: UUID, pair: tuple[UUID, UUID]) -> bool:
    return sorted(standing(harness, person, on)[0] for on in pair) == ["held", "not-started"]


@pytest.mark.feature("DUE-5")
def test_of_two_that_come_by_one_fact_the_second_is_held(harness: Harness, pair: tuple[UUID, UUID], ann: UUID) -> None:
    audience, bob = harness.audience(), harness.person()
    harness.settle()
    for offering in pair:
        harness.assign(offering, "audience", audience, allow_empty=True)
    harness.join(audience, ann, bob)
    harness.settle()
    assert one_is_held(harness, ann, pair)
    assert one_is_held(harness, bob, pair)


@pytest.mark.feature("DUE-5")
def test_so_it_is_for_somebody_who_was_never_in_the_queue(harness: Harness, pair: tuple[UUID, UUID], ann: UUID) -> None:
    harness.settle()
    harness.http.post(
        "/api/enrollment/assignments", json={"people": [str(ann)], "offerings": [str(offering) for offering in pair]}
    )
    with harness.database.connection() as conn:
        conn.execute("DELETE FROM evaluation_queue")
    meta = Meta(actor=SYSTEM, correlation=uuid4())
    assert harness.evaluator.write(harness.evaluator.prepare([ann], None, lambda _: meta)) == [ann]
    harness.settle()
    assert one_is_held(harness, ann, pair)


@pytest.mark.feature("DUE-5")
def test_of_two_that_are_decided_at_the_same_moment_the_second_is_overtaken(
    harness: Harness, pair: tuple[UUID, UUID], ann: UUID
) -> None:
    """Two processes have judged before either has written."""
    one, other = pair
    harness.settle()
    body = {"people": [str(ann)]}
    for offering in pair:
        harness.http.post("/api/enrollment/assignments", json={**body, "offerings": [str(offering)]})
    meta = Meta(actor=SYSTEM, correlation=uuid4())
    first, second = (harness.evaluator.prepare([ann], offering, lambda _: meta) for offering in pair)
    assert harness.evaluator.write(first) == []
    assert harness.evaluator.write(second) == [ann]
    harness.settle()
    assert [standing(harness, ann, o)[0] for o in (one, other)] == ["not-started", "held"]
    assert cases(harness) == [("open", ["already-assigned"])]


@pytest.mark.feature("DUE-4", "DUE-6", "ASG-7")
def test_somebody_with_several_exceptions_is_judged_anew_by_whatever_changes(
    harness: Harness, course: UUID, ann: UUID
) -> None:
    other, third = harness.course("Wiring", 1, minimum_minutes=WEEK), harness.course("Painting", 1)
    audience = harness.audience(ann)
    harness.settle()
    for offering in (course, other):
        harness.enroll(ann, offering, due=on(1))
    source = harness.assign(third, "audience", audience)
    path = f"/api/enrollment/assignments/{source}/exclusions"
    assert harness.http.post(path, json={"person_id": str(ann)}).status_code == 201
    harness.settle()
    assert [standing(harness, ann, o)[0] for o in (course, other, third)] == ["held", "held", "withdrawn"]
    told = {"code": "W", "title": "Welding", "description": "", "activities": [], "minimum_minutes": 10}
    told |= {"access_days": None, "certificate": None, "badge": None, "price": None}
    harness.tell(harness.catalog, catalog.CourseDescribed, course, **told)
    harness.settle()
    assert [standing(harness, ann, o)[0] for o in (course, other)] == ["not-started", "held"]


def facts(harness: Harness, **query: str) -> list[dict[str, object]]:
    return [one["facts"] for one in harness.http.get("/api/enrollment/exceptions", params=query).json()["items"]]


@pytest.mark.feature("DUE-4", "DUE-6")
def test_an_exception_tells_its_sources_and_the_day_that_each_answer_sets(
    harness: Harness, course: UUID, ann: UUID
) -> None:
    bob, north, first, second = harness.person(), harness.unit("North"), harness.audience(ann), harness.audience(ann)
    harness.move(bob, north)
    harness.settle()
    harness.assign(course, "audience", first, due=on(3))
    harness.assign(course, "audience", second, due=on(5))
    harness.assign(course, "organisation", north, due=on(2))
    items = harness.http.get("/api/enrollment/exceptions").json()["items"]
    told = {one["person_id"]: one for one in items}
    assert (told[str(ann)]["offering_title"], told[str(ann)]["offering_kind"]) == ("Welding", "course")
    of_ann, of_bob = told[str(ann)]["facts"], told[str(bob)]["facts"]
    assert [(one["type"], one["name"]) for one in of_ann["sources"]] == [("audience", "First aiders")] * 2
    assert [(one["type"], one["name"]) for one in of_bob["sources"]] == [("organisation", "North")]
    assert (of_ann["minimum_minutes"], of_ann["others"], of_ann["empty"]) == (WEEK, [], [])
    assert (of_ann["due_on"], of_ann["realistic_on"]) == ("2027-03-06", "2027-03-15")
    assert (of_bob["due_on"], of_bob["realistic_on"]) == ("2027-03-03", "2027-03-15")
    for who, how, day in ((ann, "assigned", "2027-03-06"), (bob, "realistic-date", "2027-03-15")):
        answer(harness, told[str(who)]["enrollment_id"], how, reason="agreed")
        assert standing(harness, who, course)[2] == day
    handled = harness.http.get("/api/enrollment/exceptions").json()["items"]
    assert [(one["reason"], one["facts"], one["changed_by"]) for one in handled] == [
        ("agreed", None, str(harness.administrator))
    ] * 2


@pytest.mark.feature("DUE-5")
def test_an_exception_tells_the_empty_field_or_the_other_certification(
    harness: Harness, course: UUID, ann: UUID
) -> None:
    steps = {"kind": "course", "title": "Welding", "course_id": str(course)}
    nurse, driver = harness.certification("Nurse", steps), harness.certification("Driver", steps)
    harness.settle()
    harness.enroll(ann, course, due=FIELD)
    (told,) = facts(harness)
    assert (told["empty"], told["due_on"], told["realistic_on"]) == (["field hired"], None, "2027-03-15")
    harness.enroll(ann, nurse)
    harness.enroll(ann, driver)
    (told,) = facts(harness, kind="already-assigned")
    assert told["others"] == [{"offering_id": str(nurse), "title": "Nurse"}]
    assert [one["type"] for one in told["sources"]] == ["individual"]  # type: ignore[attr-defined]


@pytest.mark.feature("DUE-6", "SEC-2")
def test_exceptions_are_counted_by_state_kind_and_offering(harness: Harness, course: UUID, ann: UUID) -> None:
    north, other = harness.unit("North"), harness.course("Driving", 1, minimum_minutes=WEEK)
    bob = harness.person(north)
    harness.settle()
    for person, offering in ((ann, course), (bob, course)):
        harness.enroll(person, offering, due=on(3))
    id = harness.enroll(ann, other, due=FIELD)

    def counted(
        http: TestClient = harness.http, **query: str
    ) -> tuple[int, dict[str, int], dict[str, int], list[object]]:
        found = http.get("/api/enrollment/exceptions/counts", params=query).json()
        states, kinds = ({one["value"]: one["count"] for one in found[of]} for of in ("states", "kinds"))
        return found["waiting"], states, kinds, [(one["name"], one["count"]) for one in found["offerings"]]

    both = {"time-allowance": 2, "completion-time-unknown": 1}
    assert counted() == (3, {"open": 3}, both, [("Welding", 2), ("Driving", 1)])
    assert counted(offering_id=str(other)) == (
        1,
        {"open": 1},
        {"completion-time-unknown": 1},
        [("Welding", 2), ("Driving", 1)],
    )
    assert counted(kind="time-allowance") == (2, {"open": 2}, both, [("Welding", 2)])
    answer(harness, id, "dismissed")
    assert counted()[:2] == (3, {"open": 2, "dismissed": 1})
    answer(harness, id, "not-assigned")
    assert counted()[:2] == (2, {"open": 2, "not-assigned": 1})
    manager = harness.client(uuid4(), ("auditor", north))
    assert counted(manager)[0] == 1
