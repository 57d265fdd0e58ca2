"""Undo: one command reverses what a batch did, and lists what it could not (ASG-20)."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from httpx import Response
from world import World

from services.enrollment.application.undoing import Undoing
from shared.contracts import directory
from shared.database import Database
from shared.errors import Conflict


@pytest.fixture
def ann(world: World) -> UUID:
    return world.person()


@pytest.fixture
def course(world: World) -> UUID:
    return world.course("Yoga", 2)


def undo(world: World, batch: object, **more: object) -> Response:
    answer = world.http.post(f"/api/enrollment/batches/{batch}/undo", json=more or None)
    world.settle()
    return answer


def irreversible(world: World, batch: object) -> list[tuple[str, str | None]]:
    items = world.http.get(f"/api/enrollment/batches/{batch}/irreversible").json()["items"]
    return sorted((item["kind"], item["person_id"]) for item in items)


def batch_of(world: World, **query: str) -> str:
    return str(world.http.get("/api/enrollment/assignments", params=query).json()["items"][0]["batch"])


@pytest.mark.feature("ASG-20", "ASG-7")
def test_an_assignment_to_many_is_undone_but_for_training_that_was_begun(world: World, course: UUID, ann: UUID) -> None:
    bob, cid = world.person(), world.person()
    audience = world.audience(ann, bob, cid)
    world.settle()
    world.enroll(cid, course)
    world.assign(course, "audience", audience)
    world.begin(bob, course)
    batch = batch_of(world, type="audience")
    answer = undo(world, batch, reason="the wrong audience")
    assert (answer.status_code, answer.json()["result"]["assignments_removed"]) == (202, 1)
    assert [world.standing(p, course) for p in (ann, bob, cid)] == ["withdrawn", "in-progress!", "not-started"]
    assert irreversible(world, batch) == [("training-begun", str(bob))]
    told = len(world.told())
    assert undo(world, batch).json()["result"]["assignments_removed"] == 0
    assert len(world.told()) == told


@pytest.mark.feature("ASG-20")
def test_a_removal_is_undone_by_assigning_again_and_so_is_an_undo(world: World, course: UUID, ann: UUID) -> None:
    audience = world.audience(ann)
    world.settle()
    assignment = world.assign(course, "audience", audience, access_days=30)
    made = batch_of(world, type="audience")
    body = {"action": "remove", "assignment_ids": [str(assignment)]}
    preview = world.http.post("/api/enrollment/previews", json=body).json()
    removal = world.http.post(f"/api/enrollment/previews/{preview['id']}/confirm").json()["batch"]
    world.settle()
    assert world.standing(ann, course) == "withdrawn"
    again = undo(world, removal).json()
    assert world.standing(ann, course) == "not-started"
    (shown,) = world.http.get("/api/enrollment/assignments").json()["items"]
    told = (shown["id"], shown["type"], shown["access_days"], shown["target_id"])
    assert told == (str(assignment), "audience", 30, str(audience))
    assert undo(world, made).json()["result"]["assignments_removed"] == 0
    assert world.standing(ann, course) == "not-started"
    undo(world, again["batch"])
    assert world.standing(ann, course) == "withdrawn"
    undo(world, removal)
    assert world.standing(ann, course) == "not-started"
    second = world.http.post(f"/api/enrollment/batches/{removal}/undo").json()
    world.settle()
    assert irreversible(world, removal) == [("assigned-again", None)]
    assert second["result"]["assignments_removed"] == 0


@pytest.mark.feature("ASG-20", "ASG-7")
def test_what_came_from_the_directory_is_kept_away_by_exclusions(world: World, course: UUID, ann: UUID) -> None:
    north, south = world.unit("North"), world.unit("South")
    bob, cid, dan = world.person(north), world.person(south), world.person()
    world.settle()
    assignment = world.assign(course, "organisation", north)
    batch = uuid4()
    for person, home in ((ann, north), (dan, north), (bob, south), (cid, north)):
        world.tell(world.directory, directory.PersonMoved, person, batch=batch, home_organisation=home)
    world.settle()
    assert world.enrolled(course) == {ann, cid, dan}
    world.begin(cid, course)
    undo(world, batch)
    assert [world.standing(p, course) for p in (ann, bob, cid, dan)] == [
        "withdrawn",
        "withdrawn",
        "in-progress",
        "withdrawn",
    ]
    assert irreversible(world, batch) == [("source-left", str(bob)), ("training-begun", str(cid))]
    world.move(ann, south)
    world.settle()
    world.move(ann, north)
    world.settle()
    assert world.standing(ann, course) == "withdrawn"
    allowed = world.http.delete(f"/api/enrollment/assignments/{assignment}/exclusions/{ann}")
    assert allowed.status_code == 200
    world.settle()
    assert world.standing(ann, course) == "not-started"


@pytest.mark.feature("ASG-20", "GRP-4")
def test_memberships_edits_and_exclusions_are_reversed(world: World, course: UUID, ann: UUID) -> None:
    world.settle()
    body = {"name": "Morning", "allow_enrol": True}
    made = world.http.post(f"/api/enrollment/offerings/{course}/groups", json=body).json()
    id = made["result"]["assignment_id"]
    added = world.http.post(f"/api/enrollment/groups/{id}/members", json={"people": [str(ann)]}).json()
    world.settle()
    taken = world.http.request("DELETE", f"/api/enrollment/groups/{id}/members/{ann}").json()
    world.settle()
    assert world.standing(ann, course) == "withdrawn"
    undo(world, taken["batch"])
    assert world.standing(ann, course) == "not-started"
    undo(world, added["batch"])
    assert irreversible(world, added["batch"]) == [("changed-since", str(ann))]

    edited = world.http.put(f"/api/enrollment/groups/{id}", json={"name": "Evening"}).json()
    undo(world, edited["batch"])
    assert world.http.get(f"/api/enrollment/groups/{id}").json()["name"] == "Morning"
    due = world.http.put(
        f"/api/enrollment/assignments/{id}/due", json={"due": {"kind": "fixed", "on": "2099-01-01"}}
    ).json()
    undo(world, due["batch"])
    assert world.http.get(f"/api/enrollment/groups/{id}").json()["due"] is None
    undo(world, made["batch"])
    assert irreversible(world, made["batch"]) == [("changed-since", None)]

    out = world.http.post(f"/api/enrollment/assignments/{id}/exclusions", json={"person_id": str(ann)}).json()
    assert world.standing(ann, course) == "withdrawn"
    undo(world, out["batch"])
    assert world.standing(ann, course) == "not-started"


@pytest.mark.feature("ASG-20", "SEC-4")
def test_what_is_no_assignment_is_listed_and_unknown_batches_are_refused(world: World, course: UUID, ann: UUID) -> None:
    world.settle()
    id = world.enroll(ann, course)
    receipt = world.do(id, "begin").json()
    undo(world, receipt["batch"])
    assert irreversible(world, receipt["batch"]) == [("not-an-assignment", str(ann))]
    assert world.standing(ann, course) == "in-progress"
    assert undo(world, uuid4()).status_code == 404
    manager = world.client(uuid4(), ("enrollment-manager", world.unit("North")))
    assert manager.post(f"/api/enrollment/batches/{receipt['batch']}/undo").status_code == 403


@pytest.mark.feature("ASG-20", "ASG-22")
def test_hundreds_are_undone_in_parts(
    database: Callable[..., Database], feed_conninfo: Callable[[Database], str]
) -> None:
    world = World(database, feed_conninfo, evaluator_chunk=70, breaker_share=1.0)
    course, north, people = world.course(), world.unit("North"), world.people(400)
    world.settle()
    world.assign(course, "organisation", north)
    batch = uuid4()
    for person in people[:300]:
        world.tell(world.directory, directory.PersonMoved, person, batch=batch, home_organisation=north)
    world.settle()
    (shown,) = world.http.get("/api/enrollment/assignments").json()["items"]
    assert shown["counts"]["active"] == 300
    undo(world, batch)
    (shown,) = world.http.get("/api/enrollment/assignments").json()["items"]
    assert shown["counts"] == {"active": 0, "date_pending": 0, "held": 0, "refused": 300}
    world.close()


@pytest.mark.feature("ASG-20", "ASG-6")
def test_an_undo_that_was_interrupted_goes_on_when_it_is_sent_again(
    world: World, course: UUID, ann: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    audience = world.audience(ann)
    world.settle()
    id = world.assign(course, "audience", audience)
    out = world.http.post(f"/api/enrollment/assignments/{id}/exclusions", json={"person_id": str(ann)}).json()
    address, headers = f"/api/enrollment/batches/{out['batch']}/undo", {"Idempotency-Key": "once"}
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Undoing, "_allow", lambda *_: (_ for _ in ()).throw(Conflict("the process ended here")))
        assert world.http.post(address, headers=headers).status_code == 409
    world.settle()
    assert world.standing(ann, course) == "withdrawn"
    assert world.http.post(address, headers=headers).status_code == 200
    world.settle()
    assert world.standing(ann, course) == "not-started"


@pytest.mark.feature("ASG-20", "ASG-7")
def test_who_was_taken_out_of_an_assignment_stays_out_when_its_removal_is_undone(
    world: World, course: UUID, ann: UUID
) -> None:
    bob = world.person()
    audience = world.audience(ann, bob)
    world.settle()
    assignment = world.assign(course, "audience", audience)
    path = f"/api/enrollment/assignments/{assignment}/exclusions"
    assert world.http.post(path, json={"person_id": str(ann)}).status_code == 201
    body = {"action": "remove", "assignment_ids": [str(assignment)]}
    preview = world.http.post("/api/enrollment/previews", json=body).json()
    removal = world.http.post(f"/api/enrollment/previews/{preview['id']}/confirm").json()["batch"]
    world.settle()
    undo(world, removal)
    assert [world.standing(p, course) for p in (ann, bob)] == ["withdrawn", "not-started"]


@pytest.mark.feature("ASG-20", "GRP-1")
def test_a_group_that_was_removed_is_there_again_with_its_members(world: World, course: UUID, ann: UUID) -> None:
    world.settle()
    told = {"name": "Morning", "allow_enrol": True, "allow_withdraw": True}
    group = world.http.post(f"/api/enrollment/offerings/{course}/groups", json=told).json()["result"]["assignment_id"]
    assert world.client(ann).post(f"/api/enrollment/groups/{group}/join", json={"confirm": True}).status_code == 200
    body = {"action": "remove", "assignment_ids": [group]}
    preview = world.http.post("/api/enrollment/previews", json=body).json()
    removal = world.http.post(f"/api/enrollment/previews/{preview['id']}/confirm").json()["batch"]
    world.settle()
    assert world.http.get(f"/api/enrollment/groups/{group}").status_code == 404
    undo(world, removal)
    assert irreversible(world, removal) == []
    assert (world.standing(ann, course), world.http.get(f"/api/enrollment/groups/{group}").json()["name"]) == (
        "not-started",
        "Morning",
    )
    left = world.client(ann).post(f"/api/enrollment/assignments/{group}/leave", json={"confirm": True})
    assert (left.status_code, world.standing(ann, course)) == (200, "withdrawn")


@pytest.mark.feature("ASG-20")
def test_an_assignment_that_was_changed_since_stays_with_whom_it_holds(world: World, course: UUID, ann: UUID) -> None:
    audience = world.audience(ann)
    world.settle()
    assignment = world.assign(course, "audience", audience)
    batch = batch_of(world, type="audience")
    due = {"due": {"kind": "fixed", "on": "2099-12-31"}}
    assert world.http.put(f"/api/enrollment/assignments/{assignment}/due", json=due).status_code == 202
    world.settle()
    undo(world, batch)
    assert irreversible(world, batch) == [("changed-since", None)]
    assert world.standing(ann, course) == "not-started"
