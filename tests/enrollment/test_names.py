"""Assignments and receipts call people by name, resolved when they are read (ASG-5, ASG-17, GRP-8, DIR-12)."""

from uuid import UUID, uuid4

import pytest
from httpx import Response
from world import World

from shared.contracts.catalog import LearnerAccessChosen

ANN, CHIEF = "Ann Ashe", "Cleo Chief"


@pytest.fixture
def north(world: World) -> UUID:
    return world.unit("North")


@pytest.fixture
def ann(world: World, north: UUID) -> UUID:
    return world.named("Ann", "Ashe", "ann@example.net", north)


def assign(world: World, *offerings: UUID, people: list[UUID], **more: object) -> Response:
    world.settle()
    body = {"offerings": [str(o) for o in offerings], "people": [str(p) for p in people], **more}
    return world.http.post("/api/enrollment/assignments", json=body)


@pytest.mark.feature("ASG-17", "GRP-8", "ASG-1")
def test_individuals_managers_and_self_enrollments_have_the_name_of_the_person(
    world: World, ann: UUID, north: UUID
) -> None:
    course, open_to_all = world.course(), world.course("OPEN")
    chief = world.named("Cleo", "Chief", "cleo@example.net", north)
    world.job(ann, manager_job=world.job(chief))
    world.tell(world.catalog, LearnerAccessChosen, open_to_all, access="self-enrollment")
    world.settle()
    id = world.enroll(ann, course)
    world.assign(course, "manager", chief)
    own = world.client(ann)
    assert own.post(f"/api/enrollment/offerings/{open_to_all}/enrol").status_code == 201
    listed = world.http.get("/api/enrollment/assignments").json()["items"]
    assert sorted((one["type"], one["name"]) for one in listed) == [
        ("individual", ANN),
        ("manager", CHIEF),
        ("self", ANN),
    ]
    seen = own.get(f"/api/enrollment/enrollments/{id}/sources").json()
    assert [(one["type"], one["name"]) for one in seen] == [("individual", ANN), ("manager", CHIEF)]
    (learner,) = world.http.get(listed[0]["learners"]).json()["items"]
    assert (learner["person_id"], learner["name"]) == (str(ann), ANN)


@pytest.mark.feature("ASG-5")
def test_the_receipt_has_names_and_numbers_of_what_was_created_and_refused(world: World, ann: UUID) -> None:
    first, second, stranger = world.course("First"), world.course("Second"), uuid4()
    assign(world, second, people=[ann])
    result = assign(world, first, second, people=[ann, stranger]).json()["result"]
    assert [(row["offering"], row["name"]) for row in result["created"]] == [("First", ANN)]
    refused = [(row["offering"], row["name"], row["kind"]) for row in result["refused"]]
    assert sorted(refused, key=str) == [
        ("First", None, "unknown-person"),
        ("Second", ANN, "assigned-already"),
        ("Second", None, "unknown-person"),
    ]
    assert result["counts"] == {"created": 1, "refused": 3}


@pytest.mark.feature("ASG-5", "SEC-2")
def test_nobody_learns_the_name_of_somebody_outside(world: World, ann: UUID) -> None:
    course = world.course()
    world.settle()
    elsewhere = world.client(uuid4(), ("enrollment-manager", world.unit("South")))
    body = {"offerings": [str(course)], "people": [str(ann)]}
    (row,) = elsewhere.post("/api/enrollment/assignments", json=body).json()["result"]["refused"]
    assert (row["kind"], row["name"]) == ("unknown-person", None)


@pytest.mark.feature("ASG-5")
def test_saving_a_single_one_leads_to_the_new_assignment(world: World, ann: UUID, north: UUID) -> None:
    course, other = world.course(), world.course("Other")
    for wait in ({}, {"Prefer": "wait=0"}):
        saved = assign(world, course if wait else other, people=[ann])
        (created,) = saved.json()["result"]["created"]
        assert saved.headers["Location"] == f"/api/enrollment/assignments/{created['assignment_id']}"
        assert world.http.get(saved.headers["Location"]).json()["name"] == ANN
        (job,) = saved.json()["result"]["jobs"]
        assert saved.headers["Link"] == f'</api/enrollment/jobs/{job}>; rel="monitor"'
        world.settle()
    third = world.course("Third")
    world.settle()
    preview = world.preview(third, ("organisation", north, False))
    confirmed = world.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
    (created,) = confirmed.json()["result"]["created"]
    assert (created["name"], created["offering"]) == ("North", "Third")
    assert confirmed.headers["Location"] == f"/api/enrollment/assignments/{created['assignment_id']}"
    group = world.http.post(f"/api/enrollment/offerings/{third}/groups", json={"name": "Morning"})
    assert world.http.get(group.headers["Location"]).json()["name"] == "Morning"
    trigger = {"name": "New", "when": {"kind": "created"}, "offering_id": str(third)}
    made = world.http.post("/api/enrollment/triggers", json=trigger)
    assert world.http.get(made.headers["Location"]).json()["name"] == "New"


@pytest.mark.feature("ASG-5")
def test_several_lead_to_the_work_that_is_to_be_done(world: World, ann: UUID) -> None:
    first, second = world.course("First"), world.course("Second")
    saved = assign(world, first, second, people=[ann])
    assert saved.headers["Location"] == f"/api/enrollment/jobs/{saved.json()['result']['jobs'][0]}"


@pytest.mark.feature("ASG-5", "GRP-4", "ASG-12")
def test_groups_and_job_roles_name_whom_they_took_and_whom_not(world: World, ann: UUID) -> None:
    course, stranger = world.course(), uuid4()
    role = world.job_role("NURSE", world.qualification("AID", course))
    world.settle()
    group = world.http.post(f"/api/enrollment/offerings/{course}/groups", json={"name": "Morning"}).json()["result"]
    people = {"people": [str(ann), str(stranger)]}
    added = world.http.post(f"/api/enrollment/groups/{group['assignment_id']}/members", json=people).json()["result"]
    assert added["names"] == {str(ann): ANN}
    assert [(row["name"], row["kind"]) for row in added["refused"]] == [(None, "unknown-person")]
    held = world.http.post(f"/api/enrollment/job-roles/{role}/holders", json=people).json()["result"]
    assert held["names"] == {str(ann): ANN}
    assert [(row["name"], row["kind"]) for row in held["refused"]] == [(None, "unknown-person")]
    (member,) = world.http.get(f"/api/enrollment/groups/{group['assignment_id']}/members").json()["items"]
    (holder,) = world.http.get(f"/api/enrollment/job-roles/{role}/holders").json()["items"]
    assert (member["name"], holder["name"]) == (ANN, ANN)


@pytest.mark.feature("DIR-12", "ASG-5")
def test_no_name_is_kept_with_commands_jobs_or_events(world: World, ann: UUID) -> None:
    course = world.course()
    assign(world, course, people=[ann])
    world.settle()
    with world.database.connection() as conn:
        tables = [str(name) for (name,) in conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        kept = [
            name
            for name in tables
            if conn.execute(f"SELECT 1 FROM {name} t WHERE t::text LIKE '%Ashe%'".encode()).fetchone()
        ]
        assert conn.execute("SELECT 1 FROM events WHERE body LIKE '%Ashe%'::bytea").fetchone() is None
    assert kept == ["profile"]
