"""A single course assignment: its note, its access period, its cancellation (ASG-13 to ASG-16)."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from enrollment.harness import Harness

TODAY = date.today()


@pytest.fixture
def ann(harness: Harness) -> UUID:
    return harness.person()


def held_by(harness: Harness, id: str) -> list[str]:
    found = harness.show(id)["assignments"]
    assert isinstance(found, list)
    return [str(one) for one in found]


def hours_ago(harness: Harness, hours: int) -> None:
    """Everything happened so long ago."""
    with harness.database.connection() as conn:
        conn.execute("UPDATE events SET recorded_at = recorded_at - make_interval(hours => %s)", [hours])


@pytest.mark.feature("ASG-13")
def test_the_learner_sees_the_note_and_no_event_holds_it(harness: Harness, ann: UUID) -> None:
    course, bea = harness.course(), harness.person()
    audience = harness.audience(ann, bea)
    harness.settle()
    note = {"title": "Please soon", "message": "The inspection is in May.", "important": True}
    id = harness.enroll(ann, course, note=note)
    (shown,) = harness.show(id, harness.client(ann))["notes"]  # type: ignore[misc]
    assert {**note, "assignment_id": held_by(harness, id)[0]} == shown
    preview = harness.preview(course, ("audience", audience, False))
    other = {"title": "For all", "message": "", "important": False}
    answer = harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm", json={"note": other})
    assert answer.status_code == 202, answer.text
    harness.settle()
    listed = harness.http.get("/api/enrollment/assignments", params={"offering_id": str(course)}).json()["items"]
    assert [(one["note"], one["important"]) for one in listed] == [("Please soon", True), ("For all", False)]
    assert [one["title"] for one in harness.show(id)["notes"]] == ["Please soon", "For all"]  # type: ignore[attr-defined]
    with harness.database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM events WHERE body LIKE '%inspection%'::bytea").fetchone() == (0,)


@pytest.mark.feature("ASG-14")
@pytest.mark.parametrize(("course_days", "asked", "expected"), [(None, None, 180), (90, None, 90), (90, 30, 30)])
def test_access_lasts_as_long_as_the_course_says_or_shorter(
    harness: Harness, ann: UUID, course_days: int | None, asked: int | None, expected: int
) -> None:
    course = harness.course(access_days=course_days)
    harness.settle()
    id = harness.enroll(ann, course, **({"access_days": asked} if asked else {}))
    assert harness.show(id)["access_until"] == str(TODAY + timedelta(days=expected))


@pytest.mark.feature("ASG-14")
def test_access_is_never_longer_on_creation_or_edit_and_the_latest_of_several_holds(
    harness: Harness, ann: UUID
) -> None:
    course, certification = harness.course(access_days=90), harness.certification()
    audience = harness.audience(ann)
    harness.settle()
    refused = harness.http.post(
        "/api/enrollment/assignments", json={"offerings": [str(course)], "people": [str(ann)], "access_days": 91}
    )
    assert (refused.status_code, refused.json()["field"]) == (422, "access_days")
    id = harness.enroll(ann, course, access_days=30)
    address = f"/api/enrollment/enrollments/{id}/assignments/{held_by(harness, id)[0]}/access"
    for days, status in ((31, 422), (-1, 422), (10, 200), (10, 200)):
        answer = harness.http.put(address, json={"access_until": str(TODAY + timedelta(days=days))})
        assert answer.status_code == status, answer.text
    assert harness.show(id)["access_until"] == str(TODAY + timedelta(days=10))
    assert harness.told().count("AccessShortened") == 1
    harness.assign(course, "audience", audience)
    assert harness.show(id)["access_until"] == str(TODAY + timedelta(days=90))
    assert harness.show(harness.enroll(ann, certification))["access_until"] is None


@pytest.mark.feature("ASG-15", "ASG-16", "ENR-1", "ASG-7")
def test_a_course_assignment_is_cancelled_within_a_day_and_does_not_come_back(harness: Harness, ann: UUID) -> None:
    course = harness.course()
    audience = harness.audience(ann)
    harness.settle()
    assignment = harness.assign(course, "audience", audience)
    (id,) = (str(one["id"]) for one in harness.enrollments(person_id=ann))
    hours_ago(harness, 23)
    assert harness.did(id, f"assignments/{assignment}/cancel")["status"] == "cancelled"
    assert harness.told(of=[ann])[-3:] == ["LearnerUnassigned", "LearnerExcluded", "EnrollmentCancelled"]
    harness.move(ann, None)
    harness.settle()
    found = harness.show(id)
    assert (found["status"], found["excluded_from"]) == ("cancelled", [str(assignment)])
    individual = harness.enroll(ann, course)
    assert (individual, harness.show(id)["term"], harness.show(id)["status"]) == (id, 2, "not-started")


@pytest.mark.feature("ASG-15")
def test_cancelling_is_refused_after_a_day_but_for_the_override_with_a_reason(harness: Harness, ann: UUID) -> None:
    north = harness.unit()
    harness.move(ann, north)
    course = harness.course()
    harness.settle()
    id = harness.enroll(ann, course)
    hours_ago(harness, 25)
    (assignment,) = held_by(harness, id)
    what = f"assignments/{assignment}/cancel"
    answer = harness.do(id, what)
    assert (answer.status_code, "operations manager" in answer.json()["detail"]) == (409, True)
    manager = harness.client(harness.person(), ("enrollment-manager", north))
    assert harness.refused(id, what, manager, override=True, reason="By mistake.") == "forbidden"
    assert harness.refused(id, what, override=True) == "reason-required"
    operations = harness.client(harness.person(), ("operations-manager", north))
    assert harness.did(id, what, operations, override=True, reason="By mistake.")["status"] == "cancelled"


@pytest.mark.feature("ASG-15", "ENR-4")
def test_nobody_cancels_once_a_lab_was_launched(harness: Harness, ann: UUID) -> None:
    course = harness.course("Welding", 0, "lab")
    harness.settle()
    id = harness.enroll(ann, course)
    harness.did(id, "steps/1/launch", harness.client(ann))
    (assignment,) = held_by(harness, id)
    assert harness.refused(id, f"assignments/{assignment}/cancel") == "lab-launched"
    assert harness.refused(id, f"assignments/{assignment}/cancel", override=True, reason="x") == "lab-launched"


@pytest.mark.feature("ASG-15")
def test_only_course_assignments_are_cancelled_and_the_others_of_a_learner_stay(harness: Harness, ann: UUID) -> None:
    course, certification = harness.course(), harness.certification()
    audience = harness.audience(ann)
    harness.settle()
    rule = harness.assign(course, "audience", audience)
    id, other = harness.enroll(ann, course), harness.enroll(ann, certification)
    assert harness.did(id, f"assignments/{rule}/cancel")["status"] == "not-started"
    assert harness.refused(other, f"assignments/{held_by(harness, other)[0]}/cancel") == "not-a-course"
    assert harness.refused(id, f"assignments/{rule}/cancel") == "not-found"


@pytest.mark.feature("ASG-16", "ASG-19", "ASG-14")
def test_each_course_assignment_shows_its_billing_date_its_access_and_whether_it_can_be_cancelled(
    harness: Harness, ann: UUID
) -> None:
    course, certification = harness.course(access_days=90), harness.certification()
    audience = harness.audience(ann)
    harness.settle()
    first = harness.assign(course, "audience", audience)
    hours_ago(harness, 25)
    id = harness.enroll(ann, course, access_days=10)
    address = f"/api/enrollment/enrollments/{id}/assignments"
    old, new = harness.http.get(address).json()
    assert (old["assignment_id"], old["type"], old["access_until"]) == (str(first), "audience", _in(90))
    assert (new["type"], new["access_until"]) == ("individual", _in(10))
    assert (old["cancellable"], new["cancellable"]) == (False, True)
    assert "within 24 hours" in old["why_not"]
    assert old["created_at"] < new["created_at"]
    (other,) = harness.http.get(f"/api/enrollment/enrollments/{harness.enroll(ann, certification)}/assignments").json()
    assert (other["editable"], other["cancellable"], other["override"]) == (False, False, False)
    assert "only course assignments can be cancelled individually" in other["why_not"]
    assert harness.client(harness.person()).get(address).status_code == 404


@pytest.mark.feature("ASG-16", "ASG-15")
def test_whether_an_assignment_can_be_cancelled_depends_on_who_looks(harness: Harness, ann: UUID) -> None:
    north = harness.unit()
    harness.move(ann, north)
    course = harness.course()
    harness.settle()
    id = harness.enroll(ann, course)
    address = f"/api/enrollment/enrollments/{id}/assignments"
    lookers = {
        "learner": harness.client(ann),
        "auditor": harness.client(harness.person(), ("auditor", north)),
        "manager": harness.client(harness.person(), ("enrollment-manager", north)),
        "operations": harness.client(harness.person(), ("operations-manager", north)),
    }

    def seen() -> dict[str, tuple[bool, bool]]:
        shown = {who: looker.get(address).json()[0] for who, looker in lookers.items()}
        return {who: (one["cancellable"], one["override"]) for who, one in shown.items()}

    no, yes = (False, False), (True, False)
    assert seen() == {"learner": no, "auditor": no, "manager": yes, "operations": yes}
    assert "You need the permission 'assign'" in lookers["auditor"].get(address).json()[0]["why_not"]
    hours_ago(harness, 25)
    assert seen() == {"learner": no, "auditor": no, "manager": no, "operations": (False, True)}
    editable = {who: looker.get(address).json()[0]["editable"] for who, looker in lookers.items()}
    assert editable == {"learner": False, "auditor": False, "manager": True, "operations": True}


@pytest.mark.feature("ASG-16", "ASG-15")
def test_an_override_is_not_offered_once_a_lab_was_launched(harness: Harness, ann: UUID) -> None:
    course = harness.course("Welding", 0, "lab")
    harness.settle()
    id = harness.enroll(ann, course)
    harness.did(id, "steps/1/launch", harness.client(ann))
    (shown,) = harness.http.get(f"/api/enrollment/enrollments/{id}/assignments").json()
    assert (shown["cancellable"], shown["override"], "A lab was launched" in shown["why_not"]) == (False, False, True)


def _in(days: int) -> str:
    return str(TODAY + timedelta(days=days))
