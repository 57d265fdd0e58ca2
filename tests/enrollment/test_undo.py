"""Undo: one command reverses what a batch did, and lists what it could not (ASG-20)."""

from uuid import UUID, uuid4

import pytest
from enrollment.harness import Harness, OpenHarness
from httpx import Response

from services.enrollment.application.undo.commands import Undo
from shared.contracts import directory
from shared.errors import Conflict


@pytest.fixture
def ann(harness: Harness) -> UUID:
    return harness.person()


@pytest.fixture
def course(harness: Harness) -> UUID:
    return harness.course("Yoga", 2)


def undo(harness: Harness, batch: object, **more: object) -> Response:
    answer = harness.http.post(f"/api/enrollment/batches/{batch}/undo", json=more or None)
    harness.settle()
    return answer


def irreversible(harness: Harness, batch: object) -> list[tuple[str, str | None]]:
    items = harness.http.get(f"/api/enrollment/batches/{batch}/irreversible").json()["items"]
    return sorted((item["kind"], item["person_id"]) for item in items)


def batch_of(harness: Harness, **query: str) -> str:
    return str(harness.http.get("/api/enrollment/assignments", params=query).json()["items"][0]["batch"])


@pytest.mark.feature("ASG-20", "ASG-7")
def test_an_assignment_to_many_is_undone_but_for_training_that_was_begun(
    harness: Harness, course: UUID, ann: UUID
) -> None:
    bob, cid = harness.person(), harness.person()
    audience = harness.audience(ann, bob, cid)
    harness.settle()
    harness.enroll(cid, course)
    harness.assign(course, "audience", audience)
    harness.begin(bob, course)
    batch = batch_of(harness, type="audience")
    answer = undo(harness, batch, reason="the wrong audience")
    assert (answer.status_code, answer.json()["result"]["assignments_removed"]) == (202, 1)
    assert [harness.standing(p, course) for p in (ann, bob, cid)] == ["withdrawn", "in-progress!", "not-started"]
    assert irreversible(harness, batch) == [("training-begun", str(bob))]
    told = len(harness.told())
    assert undo(harness, batch).json()["result"]["assignments_removed"] == 0
    assert len(harness.told()) == told


@pytest.mark.feature("ASG-20")
def test_a_removal_is_undone_by_assigning_again_and_so_is_an_undo(harness: Harness, course: UUID, ann: UUID) -> None:
    audience = harness.audience(ann)
    harness.settle()
    assignment = harness.assign(course, "audience", audience, access_days=30)
    made = batch_of(harness, type="audience")
    body = {"action": "remove", "assignment_ids": [str(assignment)]}
    preview = harness.http.post("/api/enrollment/previews", json=body).json()
    removal = harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm").json()["batch"]
    harness.settle()
    assert harness.standing(ann, course) == "withdrawn"
    again = undo(harness, removal).json()
    assert harness.standing(ann, course) == "not-started"
    (shown,) = harness.http.get("/api/enrollment/assignments").json()["items"]
    told = (shown["id"], shown["type"], shown["access_days"], shown["target_id"])
    assert told == (str(assignment), "audience", 30, str(audience))
    assert undo(harness, made).json()["result"]["assignments_removed"] == 0
    assert harness.standing(ann, course) == "not-started"
    undo(harness, again["batch"])
    assert harness.standing(ann, course) == "withdrawn"
    undo(harness, removal)
    assert harness.standing(ann, course) == "not-started"
    second = harness.http.post(f"/api/enrollment/batches/{removal}/undo").json()
    harness.settle()
    assert irreversible(harness, removal) == [("assigned-again", None)]
    assert second["result"]["assignments_removed"] == 0


@pytest.mark.feature("ASG-20", "ASG-7")
def test_what_came_from_the_directory_is_kept_away_by_exclusions(harness: Harness, course: UUID, ann: UUID) -> None:
    north, south = harness.unit("North"), harness.unit("South")
    bob, cid, dan = harness.person(north), harness.person(south), harness.person()
    harness.settle()
    assignment = harness.assign(course, "organisation", north)
    batch = uuid4()
    for person, home in ((ann, north), (dan, north), (bob, south), (cid, north)):
        harness.tell(harness.directory, directory.PersonMoved, person, batch=batch, home_organisation=home)
    harness.settle()
    assert harness.enrolled(course) == {ann, cid, dan}
    harness.begin(cid, course)
    undo(harness, batch)
    assert [harness.standing(p, course) for p in (ann, bob, cid, dan)] == [
        "withdrawn",
        "withdrawn",
        "in-progress",
        "withdrawn",
    ]
    assert irreversible(harness, batch) == [("source-left", str(bob)), ("training-begun", str(cid))]
    harness.move(ann, south)
    harness.settle()
    harness.move(ann, north)
    harness.settle()
    assert harness.standing(ann, course) == "withdrawn"
    allowed = harness.http.delete(f"/api/enrollment/assignments/{assignment}/exclusions/{ann}")
    assert allowed.status_code == 200
    harness.settle()
    assert harness.standing(ann, course) == "not-started"


@pytest.mark.feature("ASG-20", "GRP-4")
def test_memberships_edits_and_exclusions_are_reversed(harness: Harness, course: UUID, ann: UUID) -> None:
    harness.settle()
    body = {"name": "Morning", "allow_enrol": True}
    made = harness.http.post(f"/api/enrollment/offerings/{course}/groups", json=body).json()
    id = made["result"]["assignment_id"]
    added = harness.http.post(f"/api/enrollment/groups/{id}/members", json={"people": [str(ann)]}).json()
    harness.settle()
    taken = harness.http.request("DELETE", f"/api/enrollment/groups/{id}/members/{ann}").json()
    harness.settle()
    assert harness.standing(ann, course) == "withdrawn"
    undo(harness, taken["batch"])
    assert harness.standing(ann, course) == "not-started"
    undo(harness, added["batch"])
    assert irreversible(harness, added["batch"]) == [("changed-since", str(ann))]

    edited = harness.http.put(f"/api/enrollment/groups/{id}", json={"name": "Evening"}).json()
    undo(harness, edited["batch"])
    assert harness.http.get(f"/api/enrollment/groups/{id}").json()["name"] == "Morning"
    due = harness.http.put(
        f"/api/enrollment/assignments/{id}/due", json={"due": {"kind": "fixed", "on": "2099-01-01"}}
    ).json()
    undo(harness, due["batch"])
    assert harness.http.get(f"/api/enrollment/groups/{id}").json()["due"] is None
    undo(harness, made["batch"])
    assert irreversible(harness, made["batch"]) == [("changed-since", None)]

    out = harness.http.post(f"/api/enrollment/assignments/{id}/exclusions", json={"person_id": str(ann)}).json()
    assert harness.standing(ann, course) == "withdrawn"
    undo(harness, out["batch"])
    assert harness.standing(ann, course) == "not-started"


@pytest.mark.feature("ASG-20", "SEC-4")
def test_what_is_no_assignment_is_listed_and_unknown_batches_are_refused(
    harness: Harness, course: UUID, ann: UUID
) -> None:
    harness.settle()
    id = harness.enroll(ann, course)
    receipt = harness.do(id, "begin").json()
    undo(harness, receipt["batch"])
    assert irreversible(harness, receipt["batch"]) == [("not-an-assignment", str(ann))]
    assert harness.standing(ann, course) == "in-progress"
    assert undo(harness, uuid4()).status_code == 404
    manager = harness.client(uuid4(), ("enrollment-manager", harness.unit("North")))
    assert manager.post(f"/api/enrollment/batches/{receipt['batch']}/undo").status_code == 404


@pytest.mark.feature("ASG-20", "ASG-22")
def test_hundreds_are_undone_in_parts(open_harness: OpenHarness) -> None:
    harness = open_harness(evaluator_chunk=70, breaker_share=1.0)
    course, north, people = harness.course(), harness.unit("North"), harness.people(400)
    harness.settle()
    harness.assign(course, "organisation", north)
    batch = uuid4()
    for person in people[:300]:
        harness.tell(harness.directory, directory.PersonMoved, person, batch=batch, home_organisation=north)
    harness.settle()
    (shown,) = harness.http.get("/api/enrollment/assignments").json()["items"]
    assert shown["counts"]["active"] == 300
    undo(harness, batch)
    (shown,) = harness.http.get("/api/enrollment/assignments").json()["items"]
    assert shown["counts"] == {"active": 0, "date_pending": 0, "held": 0, "refused": 300}


@pytest.mark.feature("ASG-20", "ASG-6")
def test_an_undo_that_was_interrupted_goes_on_when_it_is_sent_again(
    harness: Harness, course: UUID, ann: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    audience = harness.audience(ann)
    harness.settle()
    id = harness.assign(course, "audience", audience)
    out = harness.http.post(f"/api/enrollment/assignments/{id}/exclusions", json={"person_id": str(ann)}).json()
    address, headers = f"/api/enrollment/batches/{out['batch']}/undo", {"Idempotency-Key": "once"}
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Undo, "_allow", lambda *_: (_ for _ in ()).throw(Conflict("the process ended here")))
        assert harness.http.post(address, headers=headers).status_code == 409
    harness.settle()
    assert harness.standing(ann, course) == "withdrawn"
    assert harness.http.post(address, headers=headers).status_code == 200
    harness.settle()
    assert harness.standing(ann, course) == "not-started"


@pytest.mark.feature("ASG-20", "ASG-7")
def test_who_was_taken_out_of_an_assignment_stays_out_when_its_removal_is_undone(
    harness: Harness, course: UUID, ann: UUID
) -> None:
    bob = harness.person()
    audience = harness.audience(ann, bob)
    harness.settle()
    assignment = harness.assign(course, "audience", audience)
    path = f"/api/enrollment/assignments/{assignment}/exclusions"
    assert harness.http.post(path, json={"person_id": str(ann)}).status_code == 201
    body = {"action": "remove", "assignment_ids": [str(assignment)]}
    preview = harness.http.post("/api/enrollment/previews", json=body).json()
    removal = harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm").json()["batch"]
    harness.settle()
    undo(harness, removal)
    assert [harness.standing(p, course) for p in (ann, bob)] == ["withdrawn", "not-started"]


@pytest.mark.feature("ASG-20", "GRP-1")
def test_a_group_that_was_removed_is_there_again_with_its_members(harness: Harness, course: UUID, ann: UUID) -> None:
    harness.settle()
    told = {"name": "Morning", "allow_enrol": True, "allow_withdraw": True}
    group = harness.http.post(f"/api/enrollment/offerings/{course}/groups", json=told).json()["result"]["assignment_id"]
    assert harness.client(ann).post(f"/api/enrollment/groups/{group}/join", json={"confirm": True}).status_code == 200
    body = {"action": "remove", "assignment_ids": [group]}
    preview = harness.http.post("/api/enrollment/previews", json=body).json()
    removal = harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm").json()["batch"]
    harness.settle()
    assert harness.http.get(f"/api/enrollment/groups/{group}").status_code == 404
    undo(harness, removal)
    assert irreversible(harness, removal) == []
    assert (harness.standing(ann, course), harness.http.get(f"/api/enrollment/groups/{group}").json()["name"]) == (
        "not-started",
        "Morning",
    )
    left = harness.client(ann).post(f"/api/enrollment/assignments/{group}/leave", json={"confirm": True})
    assert (left.status_code, harness.standing(ann, course)) == (200, "withdrawn")


@pytest.mark.feature("ASG-20")
def test_an_assignment_that_was_changed_since_stays_with_whom_it_holds(
    harness: Harness, course: UUID, ann: UUID
) -> None:
    audience = harness.audience(ann)
    harness.settle()
    assignment = harness.assign(course, "audience", audience)
    batch = batch_of(harness, type="audience")
    due = {"due": {"kind": "fixed", "on": "2099-12-31"}}
    assert harness.http.put(f"/api/enrollment/assignments/{assignment}/due", json=due).status_code == 202
    harness.settle()
    undo(harness, batch)
    assert irreversible(harness, batch) == [("changed-since", None)]
    assert harness.standing(ann, course) == "not-started"
