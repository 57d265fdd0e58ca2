"""What an assignment gives where nobody says otherwise: an optional qualification, access until a known day (ASG-11, ASG-14)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from enrollment.harness import Harness

TODAY = datetime.now(UTC).date()


def day(days: int) -> str:
    return str(TODAY + timedelta(days=days))


def assigned(harness: Harness, offering: UUID, person: UUID, **more: object) -> str:
    harness.settle()
    return harness.enroll(person, offering, **more)


def required(harness: Harness, person: UUID, offering: UUID) -> object:
    (found,) = harness.enrollments(person_id=person, offering_id=offering)
    return found["required"]


@pytest.mark.feature("ASG-11")
def test_a_qualification_is_optional_by_every_way_unless_somebody_ticks_required(harness: Harness) -> None:
    qualification = harness.qualification("FITTER", harness.course())
    ann, bea, cid, dan = harness.people(4)
    staff, crew = harness.audience(bea), harness.audience(dan)
    assigned(harness, qualification, ann)
    harness.assign(qualification, "audience", staff)
    trigger = {"name": "New", "when": {"kind": "audience", "target_id": str(crew)}, "offering_id": str(qualification)}
    assert harness.http.post("/api/enrollment/triggers", json=trigger).status_code == 202
    group = harness.http.post(f"/api/enrollment/offerings/{qualification}/groups", json={"name": "Morning"})
    path = f"/api/enrollment/groups/{group.json()['result']['assignment_id']}/members"
    assert harness.http.post(path, json={"people": [str(cid)]}).status_code == 201
    harness.settle()
    harness.join(crew, harness.person())
    harness.settle()
    assert [required(harness, person, qualification) for person in (ann, bea, cid)] == [False, False, False]
    listed = harness.http.get("/api/enrollment/assignments", params={"offering_id": str(qualification)}).json()["items"]
    assert sorted((one["type"], one["required"]) for one in listed) == [
        ("audience", False),
        ("group", False),
        ("individual", False),
        ("trigger", False),
    ]
    ticked = harness.audience(ann, name="Ticked")
    harness.settle()
    harness.assign(qualification, "audience", ticked, required=True)
    assert [required(harness, person, qualification) for person in (ann, bea)] == [True, False]


@pytest.mark.feature("ASG-11", "CAT-16")
def test_apply_and_job_roles_are_optional_too_and_say_what_differs(harness: Harness) -> None:
    qualification = harness.qualification("FITTER", harness.course("YOGA"))
    harness.settle()
    listed = {"name": "New", "when": {"kind": "created"}, "offering": "FITTER"}
    outcomes = []
    for file in (listed, listed, {**listed, "required": False}, {**listed, "required": True}, listed):
        answer = harness.http.post("/api/enrollment/apply", json={"triggers": [file]}).json()["result"]["items"][0]
        harness.settle()
        outcomes.append((answer["outcome"], [(c["field"], c["old"], c["new"]) for c in answer["changes"]][-1:]))
    assert outcomes[0][0] == "created"
    assert outcomes[1:] == [
        ("unchanged", []),
        ("unchanged", []),
        ("replaced", [("required", False, True)]),
        ("replaced", [("required", True, False)]),
    ]
    ann = harness.person()
    harness.settle()
    assert required(harness, ann, qualification) is False


@pytest.mark.feature("ASG-11")
@pytest.mark.parametrize("said", [True, False])
def test_only_qualifications_are_required_or_optional(harness: Harness, said: bool) -> None:
    course, ann = harness.course(), harness.person()
    audience = harness.audience(ann)
    harness.settle()
    body = {"offerings": [str(course)], "people": [str(ann)], "required": said}
    refused = harness.http.post("/api/enrollment/assignments", json=body)
    assert (refused.status_code, refused.json()["field"]) == (422, "required")
    asked = {"action": "assign", "offering_id": str(course), "required": said}
    asked |= {"targets": [{"type": "audience", "target_id": str(audience)}]}
    assert harness.http.post("/api/enrollment/previews", json=asked).json()["field"] == "required"
    harness.enroll(ann, course)
    (listed,) = harness.http.get("/api/enrollment/assignments").json()["items"]
    assert listed["required"] is None


@pytest.mark.feature("ASG-14")
def test_access_is_chosen_as_a_last_day_or_as_a_number_of_days(harness: Harness) -> None:
    course = harness.course(access_days=90)
    ann, bea, cid = harness.people(3)
    id = assigned(harness, course, ann, access_until=day(30))
    assert harness.show(id)["access_until"] == day(30)
    audience = harness.audience(bea)
    harness.settle()
    preview = harness.preview(course, ("audience", audience, False))
    assert preview["access_until"] == day(90)
    assert harness.preview(course, ("audience", audience, False), access_days=7)["access_until"] == day(7)
    rule = harness.assign(course, "audience", audience, access_until=day(20))
    assert harness.http.get(f"/api/enrollment/assignments/{rule}").json()["access_days"] == 20
    harness.join(audience, cid)
    harness.settle()
    assert [harness.enrollments(person_id=person)[0]["access_until"] for person in (bea, cid)] == [day(20), day(20)]
    certification = harness.certification()
    harness.settle()
    assert harness.preview(certification, ("audience", audience, False))["access_until"] is None


@pytest.mark.feature("ASG-14")
@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"access_until": day(91)}, "access_until"),
        ({"access_until": day(0)}, "access_until"),
        ({"access_until": day(30), "access_days": 30}, "access_until"),
        ({"access_days": 91}, "access_days"),
    ],
)
def test_a_period_that_cannot_be_is_refused_in_the_words_it_was_given(
    harness: Harness, given: dict[str, object], field: str
) -> None:
    course, ann = harness.course(access_days=90), harness.person()
    audience = harness.audience(ann)
    harness.settle()
    body = {"offerings": [str(course)], "people": [str(ann)], **given}
    refused = harness.http.post("/api/enrollment/assignments", json=body)
    assert (refused.status_code, refused.json()["field"]) == (422, field)
    asked = {"action": "assign", "offering_id": str(course), **given}
    asked |= {"targets": [{"type": "audience", "target_id": str(audience)}]}
    answer = harness.http.post("/api/enrollment/previews", json=asked)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    trigger = {"name": "New", "when": {"kind": "created"}, "offering_id": str(course), **given}
    answer = harness.http.post("/api/enrollment/triggers", json=trigger)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.feature("ASG-14", "ASG-16")
def test_the_default_day_is_shown_and_an_edit_takes_a_day_or_a_number(harness: Harness) -> None:
    home = harness.unit()
    harness.profile(home, access_days=60)
    course, ann = harness.course(), harness.person(home)
    id = assigned(harness, course, ann, access_days=50)
    at = f"/api/enrollment/enrollments/{id}/assignments"
    (shown,) = harness.http.get(at).json()
    assert (shown["access_until"], shown["default_until"]) == (day(50), day(60))
    path = f"{at}/{shown['assignment_id']}/access"
    for body, status, until in (
        ({"access_days": 51}, 422, 50),
        ({"access_days": 40}, 200, 40),
        ({"access_until": day(30)}, 200, 30),
        ({"access_until": day(20), "access_days": 20}, 422, 30),
        ({}, 422, 30),
    ):
        assert harness.http.put(path, json=body).status_code == status
        assert harness.http.get(at).json()[0]["access_until"] == day(until)
    certification = harness.certification()
    (other,) = harness.http.get(
        f"/api/enrollment/enrollments/{assigned(harness, certification, ann)}/assignments"
    ).json()
    assert other["default_until"] is None
