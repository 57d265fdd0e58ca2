"""What an assignment gives where nobody says otherwise: an optional qualification, access until a known day (ASG-11, ASG-14)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from world import World

TODAY = datetime.now(UTC).date()


def day(days: int) -> str:
    return str(TODAY + timedelta(days=days))


def assigned(world: World, offering: UUID, person: UUID, **more: object) -> str:
    world.settle()
    return world.enroll(person, offering, **more)


def required(world: World, person: UUID, offering: UUID) -> object:
    (found,) = world.enrollments(person_id=person, offering_id=offering)
    return found["required"]


@pytest.mark.feature("ASG-11")
def test_a_qualification_is_optional_by_every_way_unless_somebody_ticks_required(world: World) -> None:
    qualification = world.qualification("FITTER", world.course())
    ann, bea, cid, dan = world.people(4)
    staff, crew = world.audience(bea), world.audience(dan)
    assigned(world, qualification, ann)
    world.assign(qualification, "audience", staff)
    trigger = {"name": "New", "when": {"kind": "audience", "target_id": str(crew)}, "offering_id": str(qualification)}
    assert world.http.post("/api/enrollment/triggers", json=trigger).status_code == 202
    group = world.http.post(f"/api/enrollment/offerings/{qualification}/groups", json={"name": "Morning"})
    path = f"/api/enrollment/groups/{group.json()['result']['assignment_id']}/members"
    assert world.http.post(path, json={"people": [str(cid)]}).status_code == 201
    world.settle()
    world.join(crew, world.person())
    world.settle()
    assert [required(world, person, qualification) for person in (ann, bea, cid)] == [False, False, False]
    listed = world.http.get("/api/enrollment/assignments", params={"offering_id": str(qualification)}).json()["items"]
    assert sorted((one["type"], one["required"]) for one in listed) == [
        ("audience", False),
        ("group", False),
        ("individual", False),
        ("trigger", False),
    ]
    ticked = world.audience(ann, name="Ticked")
    world.settle()
    world.assign(qualification, "audience", ticked, required=True)
    assert [required(world, person, qualification) for person in (ann, bea)] == [True, False]


@pytest.mark.feature("ASG-11", "CAT-16")
def test_apply_and_job_roles_are_optional_too_and_say_what_differs(world: World) -> None:
    qualification = world.qualification("FITTER", world.course("YOGA"))
    world.settle()
    listed = {"name": "New", "when": {"kind": "created"}, "offering": "FITTER"}
    outcomes = []
    for file in (listed, listed, {**listed, "required": False}, {**listed, "required": True}, listed):
        answer = world.http.post("/api/enrollment/apply", json={"triggers": [file]}).json()["result"]["items"][0]
        world.settle()
        outcomes.append((answer["outcome"], [(c["field"], c["old"], c["new"]) for c in answer["changes"]][-1:]))
    assert outcomes[0][0] == "created"
    assert outcomes[1:] == [
        ("unchanged", []),
        ("unchanged", []),
        ("replaced", [("required", False, True)]),
        ("replaced", [("required", True, False)]),
    ]
    ann = world.person()
    world.settle()
    assert required(world, ann, qualification) is False


@pytest.mark.feature("ASG-11")
@pytest.mark.parametrize("said", [True, False])
def test_only_qualifications_are_required_or_optional(world: World, said: bool) -> None:
    course, ann = world.course(), world.person()
    audience = world.audience(ann)
    world.settle()
    body = {"offerings": [str(course)], "people": [str(ann)], "required": said}
    refused = world.http.post("/api/enrollment/assignments", json=body)
    assert (refused.status_code, refused.json()["field"]) == (422, "required")
    asked = {"action": "assign", "offering_id": str(course), "required": said}
    asked |= {"targets": [{"type": "audience", "target_id": str(audience)}]}
    assert world.http.post("/api/enrollment/previews", json=asked).json()["field"] == "required"
    world.enroll(ann, course)
    (listed,) = world.http.get("/api/enrollment/assignments").json()["items"]
    assert listed["required"] is None


@pytest.mark.feature("ASG-14")
def test_access_is_chosen_as_a_last_day_or_as_a_number_of_days(world: World) -> None:
    course = world.course(access_days=90)
    ann, bea, cid = world.people(3)
    id = assigned(world, course, ann, access_until=day(30))
    assert world.show(id)["access_until"] == day(30)
    audience = world.audience(bea)
    world.settle()
    preview = world.preview(course, ("audience", audience, False))
    assert preview["access_until"] == day(90)
    assert world.preview(course, ("audience", audience, False), access_days=7)["access_until"] == day(7)
    rule = world.assign(course, "audience", audience, access_until=day(20))
    assert world.http.get(f"/api/enrollment/assignments/{rule}").json()["access_days"] == 20
    world.join(audience, cid)
    world.settle()
    assert [world.enrollments(person_id=person)[0]["access_until"] for person in (bea, cid)] == [day(20), day(20)]
    certification = world.certification()
    world.settle()
    assert world.preview(certification, ("audience", audience, False))["access_until"] is None


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
    world: World, given: dict[str, object], field: str
) -> None:
    course, ann = world.course(access_days=90), world.person()
    audience = world.audience(ann)
    world.settle()
    body = {"offerings": [str(course)], "people": [str(ann)], **given}
    refused = world.http.post("/api/enrollment/assignments", json=body)
    assert (refused.status_code, refused.json()["field"]) == (422, field)
    asked = {"action": "assign", "offering_id": str(course), **given}
    asked |= {"targets": [{"type": "audience", "target_id": str(audience)}]}
    answer = world.http.post("/api/enrollment/previews", json=asked)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    trigger = {"name": "New", "when": {"kind": "created"}, "offering_id": str(course), **given}
    answer = world.http.post("/api/enrollment/triggers", json=trigger)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.feature("ASG-14", "ASG-16")
def test_the_default_day_is_shown_and_an_edit_takes_a_day_or_a_number(world: World) -> None:
    home = world.unit()
    world.profile(home, access_days=60)
    course, ann = world.course(), world.person(home)
    id = assigned(world, course, ann, access_days=50)
    at = f"/api/enrollment/enrollments/{id}/assignments"
    (shown,) = world.http.get(at).json()
    assert (shown["access_until"], shown["default_until"]) == (day(50), day(60))
    path = f"{at}/{shown['assignment_id']}/access"
    for body, status, until in (
        ({"access_days": 51}, 422, 50),
        ({"access_days": 40}, 200, 40),
        ({"access_until": day(30)}, 200, 30),
        ({"access_until": day(20), "access_days": 20}, 422, 30),
        ({}, 422, 30),
    ):
        assert world.http.put(path, json=body).status_code == status
        assert world.http.get(at).json()[0]["access_until"] == day(until)
    certification = world.certification()
    (other,) = world.http.get(f"/api/enrollment/enrollments/{assigned(world, certification, ann)}/assignments").json()
    assert other["default_until"] is None
