"""Assignments and receipts call people by name, resolved when they are read (ASG-5, ASG-17, GRP-8, DIR-12)."""

from uuid import UUID, uuid4

import pytest
from enrollment.harness import Harness
from httpx import Response

from shared.contracts.catalog import LearnerAccessChosen

ANN, CHIEF = "Ann Ashe", "Cleo Chief"


@pytest.fixture
def north(harness: Harness) -> UUID:
    return harness.unit("North")


@pytest.fixture
def ann(harness: Harness, north: UUID) -> UUID:
    return harness.named("Ann", "Ashe", "ann@example.net", north)


def assign(harness: Harness, *offerings: UUID, people: list[UUID], **more: object) -> Response:
    harness.settle()
    body = {"offerings": [str(o) for o in offerings], "people": [str(p) for p in people], **more}
    return harness.http.post("/api/enrollment/assignments", json=body)


@pytest.mark.feature("ASG-17", "GRP-8", "ASG-1")
def test_individuals_managers_and_self_enrollments_have_the_name_of_the_person(
    harness: Harness, ann: UUID, north: UUID
) -> None:
    course, open_to_all = harness.course(), harness.course("OPEN")
    chief = harness.named("Cleo", "Chief", "cleo@example.net", north)
    harness.job(ann, manager_job=harness.job(chief))
    harness.tell(harness.catalog, LearnerAccessChosen, open_to_all, access="self-enrollment")
    harness.settle()
    id = harness.enroll(ann, course)
    harness.assign(course, "manager", chief)
    own = harness.client(ann)
    assert own.post(f"/api/enrollment/offerings/{open_to_all}/enrol").status_code == 201
    listed = harness.http.get("/api/enrollment/assignments").json()["items"]
    assert sorted((one["type"], one["name"]) for one in listed) == [
        ("individual", ANN),
        ("manager", CHIEF),
        ("self", ANN),
    ]
    seen = own.get(f"/api/enrollment/enrollments/{id}/sources").json()
    assert [(one["type"], one["name"]) for one in seen] == [("individual", ANN), ("manager", CHIEF)]
    (learner,) = harness.http.get(listed[0]["learners"]).json()["items"]
    assert (learner["person_id"], learner["name"]) == (str(ann), ANN)


@pytest.mark.feature("ASG-5")
def test_the_receipt_has_names_and_numbers_of_what_was_created_and_refused(harness: Harness, ann: UUID) -> None:
    first, second, stranger = harness.course("First"), harness.course("Second"), uuid4()
    assign(harness, second, people=[ann])
    result = assign(harness, first, second, people=[ann, stranger]).json()["result"]
    assert [(row["offering"], row["name"]) for row in result["created"]] == [("First", ANN)]
    refused = [(row["offering"], row["name"], row["kind"]) for row in result["refused"]]
    assert sorted(refused, key=str) == [
        ("First", None, "unknown-person"),
        ("Second", ANN, "already-assigned"),
        ("Second", None, "unknown-person"),
    ]
    assert result["counts"] == {"created": 1, "refused": 3}


@pytest.mark.feature("ASG-5", "SEC-2")
def test_nobody_learns_the_name_of_somebody_outside(harness: Harness, ann: UUID) -> None:
    course = harness.course()
    harness.settle()
    elsewhere = harness.client(uuid4(), ("enrollment-manager", harness.unit("South")))
    body = {"offerings": [str(course)], "people": [str(ann)]}
    (row,) = elsewhere.post("/api/enrollment/assignments", json=body).json()["result"]["refused"]
    assert (row["kind"], row["name"]) == ("unknown-person", None)


@pytest.mark.feature("ASG-5")
def test_saving_a_single_one_leads_to_the_new_assignment(harness: Harness, ann: UUID, north: UUID) -> None:
    course, other = harness.course(), harness.course("Other")
    for wait in ({}, {"Prefer": "wait=0"}):
        saved = assign(harness, course if wait else other, people=[ann])
        (created,) = saved.json()["result"]["created"]
        assert saved.headers["Location"] == f"/api/enrollment/assignments/{created['assignment_id']}"
        assert harness.http.get(saved.headers["Location"]).json()["name"] == ANN
        (job,) = saved.json()["result"]["jobs"]
        assert saved.headers["Link"] == f'</api/enrollment/jobs/{job}>; rel="monitor"'
        harness.settle()
    third = harness.course("Third")
    harness.settle()
    preview = harness.preview(third, ("organisation", north, False))
    confirmed = harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
    (created,) = confirmed.json()["result"]["created"]
    assert (created["name"], created["offering"]) == ("North", "Third")
    assert confirmed.headers["Location"] == f"/api/enrollment/assignments/{created['assignment_id']}"
    group = harness.http.post(f"/api/enrollment/offerings/{third}/groups", json={"name": "Morning"})
    assert harness.http.get(group.headers["Location"]).json()["name"] == "Morning"
    trigger = {"name": "New", "when": {"kind": "created"}, "offering_id": str(third)}
    made = harness.http.post("/api/enrollment/triggers", json=trigger)
    assert harness.http.get(made.headers["Location"]).json()["name"] == "New"


@pytest.mark.feature("ASG-5")
def test_several_lead_to_the_work_that_is_to_be_done(harness: Harness, ann: UUID) -> None:
    first, second = harness.course("First"), harness.course("Second")
    saved = assign(harness, first, second, people=[ann])
    assert saved.headers["Location"] == f"/api/enrollment/jobs/{saved.json()['result']['jobs'][0]}"


@pytest.mark.feature("ASG-5", "GRP-4", "ASG-12")
def test_groups_and_job_roles_name_whom_they_took_and_whom_not(harness: Harness, ann: UUID) -> None:
    course, stranger = harness.course(), uuid4()
    role = harness.job_role("NURSE", harness.qualification("AID", course))
    harness.settle()
    group = harness.http.post(f"/api/enrollment/offerings/{course}/groups", json={"name": "Morning"}).json()["result"]
    people = {"people": [str(ann), str(stranger)]}
    added = harness.http.post(f"/api/enrollment/groups/{group['assignment_id']}/members", json=people).json()["result"]
    assert added["names"] == {str(ann): ANN}
    assert [(row["name"], row["kind"]) for row in added["refused"]] == [(None, "unknown-person")]
    held = harness.http.post(f"/api/enrollment/job-roles/{role}/holders", json=people).json()["result"]
    assert held["names"] == {str(ann): ANN}
    assert [(row["name"], row["kind"]) for row in held["refused"]] == [(None, "unknown-person")]
    (member,) = harness.http.get(f"/api/enrollment/groups/{group['assignment_id']}/members").json()["items"]
    (holder,) = harness.http.get(f"/api/enrollment/job-roles/{role}/holders").json()["items"]
    assert (member["name"], holder["name"]) == (ANN, ANN)


@pytest.mark.feature("DIR-12", "ASG-5")
def test_no_name_is_kept_with_commands_jobs_or_events(harness: Harness, ann: UUID) -> None:
    course = harness.course()
    assign(harness, course, people=[ann])
    harness.settle()
    with harness.database.connection() as conn:
        tables = [str(name) for (name,) in conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        kept = [
            name
            for name in tables
            if conn.execute(f"SELECT 1 FROM {name} t WHERE t::text LIKE '%Ashe%'".encode()).fetchone()
        ]
        assert conn.execute("SELECT 1 FROM events WHERE body LIKE '%Ashe%'::bytea").fetchone() is None
    assert kept == ["profile"]
