"""A single course assignment: its note, its access period, its cancellation (ASG-13 to ASG-16)."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from world import World

TODAY = date.today()


@pytest.fixture
def ann(world: World) -> UUID:
    return world.person()


def held_by(world: World, id: str) -> list[str]:
    found = world.show(id)["assignments"]
    assert isinstance(found, list)
    return [str(one) for one in found]


def hours_ago(world: World, hours: int) -> None:
    """Everything happened so long ago."""
    with world.database.connection() as conn:
        conn.execute("UPDATE events SET recorded_at = recorded_at - make_interval(hours => %s)", [hours])


@pytest.mark.feature("ASG-13")
def test_the_learner_sees_the_note_and_no_event_holds_it(world: World, ann: UUID) -> None:
    course, bea = world.course(), world.person()
    audience = world.audience(ann, bea)
    world.settle()
    note = {"title": "Please soon", "message": "The inspection is in May.", "important": True}
    id = world.enroll(ann, course, note=note)
    (shown,) = world.show(id, world.client(ann))["notes"]  # type: ignore[misc]
    assert {**note, "assignment_id": held_by(world, id)[0]} == shown
    preview = world.preview(course, ("audience", audience, False))
    other = {"title": "For all", "message": "", "important": False}
    answer = world.http.post(f"/api/enrollment/previews/{preview['id']}/confirm", json={"note": other})
    assert answer.status_code == 202, answer.text
    world.settle()
    listed = world.http.get("/api/enrollment/assignments", params={"offering_id": str(course)}).json()["items"]
    assert [(one["note"], one["important"]) for one in listed] == [("Please soon", True), ("For all", False)]
    assert [one["title"] for one in world.show(id)["notes"]] == ["Please soon", "For all"]  # type: ignore[attr-defined]
    with world.database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM events WHERE body LIKE '%inspection%'::bytea").fetchone() == (0,)


@pytest.mark.feature("ASG-14")
@pytest.mark.parametrize(("course_days", "asked", "expected"), [(None, None, 180), (90, None, 90), (90, 30, 30)])
def test_access_lasts_as_long_as_the_course_says_or_shorter(
    world: World, ann: UUID, course_days: int | None, asked: int | None, expected: int
) -> None:
    course = world.course(access_days=course_days)
    world.settle()
    id = world.enroll(ann, course, **({"access_days": asked} if asked else {}))
    assert world.show(id)["access_until"] == str(TODAY + timedelta(days=expected))


@pytest.mark.feature("ASG-14")
def test_access_is_never_longer_on_creation_or_edit_and_the_latest_of_several_holds(world: World, ann: UUID) -> None:
    course, certification = world.course(access_days=90), world.certification()
    audience = world.audience(ann)
    world.settle()
    refused = world.http.post(
        "/api/enrollment/assignments", json={"offerings": [str(course)], "people": [str(ann)], "access_days": 91}
    )
    assert (refused.status_code, refused.json()["field"]) == (422, "access_days")
    id = world.enroll(ann, course, access_days=30)
    address = f"/api/enrollment/enrollments/{id}/assignments/{held_by(world, id)[0]}/access"
    for days, status in ((31, 422), (-1, 422), (10, 200), (10, 200)):
        answer = world.http.put(address, json={"access_until": str(TODAY + timedelta(days=days))})
        assert answer.status_code == status, answer.text
    assert world.show(id)["access_until"] == str(TODAY + timedelta(days=10))
    assert world.told().count("AccessShortened") == 1
    world.assign(course, "audience", audience)
    assert world.show(id)["access_until"] == str(TODAY + timedelta(days=90))
    assert world.show(world.enroll(ann, certification))["access_until"] is None


@pytest.mark.feature("ASG-15", "ASG-16", "ENR-1", "ASG-7")
def test_a_course_assignment_is_cancelled_within_a_day_and_does_not_come_back(world: World, ann: UUID) -> None:
    course = world.course()
    audience = world.audience(ann)
    world.settle()
    assignment = world.assign(course, "audience", audience)
    (id,) = (str(one["id"]) for one in world.enrollments(person_id=ann))
    hours_ago(world, 23)
    assert world.did(id, f"assignments/{assignment}/cancel")["status"] == "cancelled"
    assert world.told(of=[ann])[-3:] == ["LearnerUnassigned", "LearnerExcluded", "EnrollmentCancelled"]
    world.move(ann, None)
    world.settle()
    found = world.show(id)
    assert (found["status"], found["excluded_from"]) == ("cancelled", [str(assignment)])
    individual = world.enroll(ann, course)
    assert (individual, world.show(id)["term"], world.show(id)["status"]) == (id, 2, "not-started")


@pytest.mark.feature("ASG-15")
def test_cancelling_is_refused_after_a_day_but_for_the_override_with_a_reason(world: World, ann: UUID) -> None:
    north = world.unit()
    world.move(ann, north)
    course = world.course()
    world.settle()
    id = world.enroll(ann, course)
    hours_ago(world, 25)
    (assignment,) = held_by(world, id)
    what = f"assignments/{assignment}/cancel"
    answer = world.do(id, what)
    assert (answer.status_code, "operations manager" in answer.json()["detail"]) == (409, True)
    manager = world.client(world.person(), ("enrollment-manager", north))
    assert world.refused(id, what, manager, override=True, reason="By mistake.") == "forbidden"
    assert world.refused(id, what, override=True) == "reason-needed"
    operations = world.client(world.person(), ("operations-manager", north))
    assert world.did(id, what, operations, override=True, reason="By mistake.")["status"] == "cancelled"


@pytest.mark.feature("ASG-15", "ENR-4")
def test_nobody_cancels_once_a_lab_was_launched(world: World, ann: UUID) -> None:
    course = world.course("Welding", 0, "lab")
    world.settle()
    id = world.enroll(ann, course)
    world.did(id, "steps/1/launch", world.client(ann))
    (assignment,) = held_by(world, id)
    assert world.refused(id, f"assignments/{assignment}/cancel") == "lab-launched"
    assert world.refused(id, f"assignments/{assignment}/cancel", override=True, reason="x") == "lab-launched"


@pytest.mark.feature("ASG-15")
def test_only_course_assignments_are_cancelled_and_the_others_of_a_learner_stay(world: World, ann: UUID) -> None:
    course, certification = world.course(), world.certification()
    audience = world.audience(ann)
    world.settle()
    rule = world.assign(course, "audience", audience)
    id, other = world.enroll(ann, course), world.enroll(ann, certification)
    assert world.did(id, f"assignments/{rule}/cancel")["status"] == "not-started"
    assert world.refused(other, f"assignments/{held_by(world, other)[0]}/cancel") == "no-course"
    assert world.refused(id, f"assignments/{rule}/cancel") == "not-found"


@pytest.mark.feature("ASG-16", "ASG-19", "ASG-14")
def test_each_course_assignment_shows_its_billing_date_its_access_and_whether_it_can_be_cancelled(
    world: World, ann: UUID
) -> None:
    course, certification = world.course(access_days=90), world.certification()
    audience = world.audience(ann)
    world.settle()
    first = world.assign(course, "audience", audience)
    hours_ago(world, 25)
    id = world.enroll(ann, course, access_days=10)
    address = f"/api/enrollment/enrollments/{id}/assignments"
    old, new = world.http.get(address).json()
    assert (old["assignment_id"], old["type"], old["access_until"]) == (str(first), "audience", _in(90))
    assert (new["type"], new["access_until"]) == ("individual", _in(10))
    assert (old["cancellable"], new["cancellable"]) == (False, True)
    assert "within 24 hours" in old["why_not"]
    assert old["created_at"] < new["created_at"]
    (other,) = world.http.get(f"/api/enrollment/enrollments/{world.enroll(ann, certification)}/assignments").json()
    assert (other["editable"], other["cancellable"], other["override"]) == (False, False, False)
    assert "only course assignments are cancelled singly" in other["why_not"]
    assert world.client(world.person()).get(address).status_code == 404


@pytest.mark.feature("ASG-16", "ASG-15")
def test_whether_an_assignment_can_be_cancelled_depends_on_who_looks(world: World, ann: UUID) -> None:
    north = world.unit()
    world.move(ann, north)
    course = world.course()
    world.settle()
    id = world.enroll(ann, course)
    address = f"/api/enrollment/enrollments/{id}/assignments"
    lookers = {
        "learner": world.client(ann),
        "auditor": world.client(world.person(), ("auditor", north)),
        "manager": world.client(world.person(), ("enrollment-manager", north)),
        "operations": world.client(world.person(), ("operations-manager", north)),
    }

    def seen() -> dict[str, tuple[bool, bool]]:
        shown = {who: looker.get(address).json()[0] for who, looker in lookers.items()}
        return {who: (one["cancellable"], one["override"]) for who, one in shown.items()}

    no, yes = (False, False), (True, False)
    assert seen() == {"learner": no, "auditor": no, "manager": yes, "operations": yes}
    assert "'assign' is missing" in lookers["auditor"].get(address).json()[0]["why_not"]
    hours_ago(world, 25)
    assert seen() == {"learner": no, "auditor": no, "manager": no, "operations": (False, True)}
    editable = {who: looker.get(address).json()[0]["editable"] for who, looker in lookers.items()}
    assert editable == {"learner": False, "auditor": False, "manager": True, "operations": True}


@pytest.mark.feature("ASG-16", "ASG-15")
def test_an_override_is_not_offered_once_a_lab_was_launched(world: World, ann: UUID) -> None:
    course = world.course("Welding", 0, "lab")
    world.settle()
    id = world.enroll(ann, course)
    world.did(id, "steps/1/launch", world.client(ann))
    (shown,) = world.http.get(f"/api/enrollment/enrollments/{id}/assignments").json()
    assert (shown["cancellable"], shown["override"], "A lab was launched" in shown["why_not"]) == (False, False, True)


def _in(days: int) -> str:
    return str(TODAY + timedelta(days=days))
