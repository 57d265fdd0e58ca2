"""Job roles that people hold, by hand and by triggers, and what comes with them (ASG-11, ASG-12, CAT-10); triggers that would cause
one another (TRG-3)."""

from uuid import UUID, uuid4

import pytest
from httpx import Response
from world import World

from shared.contracts import catalog


@pytest.fixture
def first_aid(world: World) -> UUID:
    return world.qualification("First aid", world.course("First aid course", 1))


@pytest.fixture
def crane(world: World) -> UUID:
    return world.qualification("Crane", world.course("Crane course", 1))


def kind(answer: Response) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[1]


def roles(world: World, person: UUID) -> list[str]:
    found = world.client(person).get(f"/api/enrollment/people/{person}/job-roles")
    return [role["name"] for role in found.json()]


def required(world: World, person: UUID, qualification: UUID) -> object:
    (found,) = world.enrollments(person_id=person, offering_id=qualification)
    return found["required"]


def state(world: World, trigger: str) -> tuple[object, object]:
    found = world.http.get(f"/api/enrollment/triggers/{trigger}").json()
    return found["state"], found["stopped_because"]


@pytest.mark.feature("ASG-12", "CAT-10", "ASG-1")
def test_its_qualifications_come_and_go_with_it(world: World, first_aid: UUID, crane: UUID) -> None:
    ann, bob, gone = world.person(), world.person(), uuid4()
    nurse = world.job_role("Nurse", first_aid, crane)
    world.settle()
    result = world.hold(nurse, ann, bob, gone)
    assert (result["assigned"], [r["kind"] for r in result["refused"]]) == ([str(ann), str(bob)], ["unknown-person"])  # type: ignore[attr-defined]
    for qualification in (first_aid, crane):
        assert world.enrolled(qualification) == {ann, bob}
    (source,) = world.http.get(
        "/api/enrollment/assignments", params={"type": "job-role", "offering_id": str(crane)}
    ).json()["items"]
    assert (source["name"], source["target_id"], source["counts"]["active"]) == ("Nurse", str(nurse), 2)
    assert roles(world, ann) == ["Nurse"]
    again = world.hold(nurse, ann)
    assert [r["kind"] for r in again["refused"]] == ["assigned-already"]  # type: ignore[attr-defined]
    assert world.http.delete(f"/api/enrollment/job-roles/{nurse}/holders/{ann}").status_code == 200
    world.settle()
    assert [world.standing(ann, q) for q in (first_aid, crane)] == ["withdrawn", "withdrawn"]
    assert (roles(world, ann), world.enrolled(crane)) == ([], {bob})
    assert kind(world.http.delete(f"/api/enrollment/job-roles/{nurse}/holders/{ann}")) == "no-holder"
    world.hold(nurse, ann)
    assert world.standing(ann, crane) == "not-started"
    page = world.http.get(f"/api/enrollment/job-roles/{nurse}/holders", params={"limit": 1}).json()
    assert (page["items"][0]["person_id"], page["items"][0]["by_hand"]) == (str(min(ann, bob)), True)
    assert page["next"] is not None


@pytest.mark.feature("ASG-12", "CAT-11")
def test_what_its_holders_do_not_see_is_said(world: World) -> None:
    hidden = world.course("Hidden", 1)
    world.tell(world.catalog, catalog.LearnerAccessChosen, hidden, access="hidden")
    aid = world.qualification("Aid", hidden)
    nurse = world.job_role("Nurse", aid)
    ann, bob = world.people(2)
    world.settle()
    (warning,) = world.hold(nurse, ann, bob)["item_warnings"]  # type: ignore[misc]
    told = {name: warning[name] for name in ("offering_id", "title", "reason", "learners")}  # type: ignore[index]
    assert told == {"offering_id": str(aid), "title": "Hidden", "reason": "hidden", "learners": 2}


@pytest.mark.feature("ASG-12", "ASG-6")
def test_sent_again_it_is_done_once(world: World, first_aid: UUID) -> None:
    ann, nurse = world.person(), world.job_role("Nurse", first_aid)
    world.settle()
    sent = [
        world.http.post(
            f"/api/enrollment/job-roles/{nurse}/holders",
            json={"people": [str(ann)]},
            headers={"Idempotency-Key": "once"},
        ).json()
        for _ in range(2)
    ]
    assert sent[0] == sent[1]
    world.settle()
    assert world.told(of=[ann]) == ["JobRoleAssigned", "LearnerAssigned"]


@pytest.mark.feature("CAT-10", "ASG-11")
def test_a_changed_link_reaches_the_holders(world: World, first_aid: UUID, crane: UUID) -> None:
    ann, nurse = world.person(), world.job_role("Nurse", first_aid)
    world.settle()
    world.hold(nurse, ann)
    assert required(world, ann, first_aid) is True
    world.job_role("Nurse", crane, id=nurse, optional=[first_aid])
    world.settle()
    assert (required(world, ann, first_aid), required(world, ann, crane)) == (False, True)
    world.job_role("Nurse", crane, id=nurse)
    world.settle()
    assert [world.standing(ann, q) for q in (first_aid, crane)] == ["withdrawn", "not-started"]
    world.job_role("Nurse", crane, first_aid, id=nurse)
    world.settle()
    assert world.standing(ann, first_aid) == "not-started"
    world.tell(world.catalog, catalog.JobRoleRemoved, nurse)
    world.settle()
    assert [world.standing(ann, q) for q in (first_aid, crane)] == ["withdrawn", "withdrawn"]
    assert roles(world, ann) == []
    answer = world.http.post(f"/api/enrollment/job-roles/{nurse}/holders", json={"people": [str(ann)]})
    assert answer.status_code == 404


@pytest.mark.feature("CAT-4", "CAT-10")
def test_a_qualification_that_is_not_active_waits(world: World, crane: UUID) -> None:
    ann, nurse = world.person(), world.job_role("Nurse", crane)
    world.tell(world.catalog, catalog.OfferingDeactivated, crane)
    world.settle()
    world.hold(nurse, ann)
    assert world.standing(ann, crane) == "-"
    world.tell(world.catalog, catalog.OfferingActivated, crane)
    world.settle()
    assert world.standing(ann, crane) == "not-started"


@pytest.mark.feature("ASG-11")
def test_where_assignments_differ_required_wins(world: World, first_aid: UUID, crane: UUID) -> None:
    ann, course = world.person(), world.course()
    nurse = world.job_role("Nurse", optional=[first_aid])
    world.settle()
    body = {"offerings": [str(first_aid), str(crane)], "people": [str(ann)], "required": False}
    assert world.http.post("/api/enrollment/assignments", json=body).status_code == 202
    world.settle()
    assert (required(world, ann, first_aid), required(world, ann, crane)) == (False, False)
    staff = world.audience(ann)
    world.settle()
    source = world.assign(crane, "audience", staff, required=True)
    assert required(world, ann, crane) is True
    at = f"/api/enrollment/assignments/{source}"
    stale = world.http.put(f"{at}/requirement", json={"required": False}, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    tag = world.http.get(at).headers["ETag"]
    assert world.http.put(f"{at}/requirement", json={"required": False}, headers={"If-Match": tag}).status_code == 200
    assert (required(world, ann, crane), world.http.get(at).json()["required"]) == (False, False)
    world.hold(nurse, ann)
    assert required(world, ann, first_aid) is False
    world.job_role("Nurse", first_aid, id=nurse)
    world.settle()
    assert required(world, ann, first_aid) is True
    refused = world.http.post(
        "/api/enrollment/assignments", json={"offerings": [str(course)], "people": [str(ann)], "required": False}
    )
    assert (refused.status_code, refused.json()["field"]) == (422, "required")
    world.enroll(ann, course)
    assert required(world, ann, course) is None


@pytest.mark.feature("CAT-10")
def test_what_goes_with_a_job_role_is_changed_in_the_catalogue(world: World, first_aid: UUID) -> None:
    nurse = world.job_role("Nurse", first_aid)
    world.settle()
    (source,) = world.http.get("/api/enrollment/assignments", params={"target_id": str(nurse)}).json()["items"]
    body = {"action": "remove", "assignment_ids": [source["id"]]}
    refused = world.http.post("/api/enrollment/previews", json=body)
    assert (refused.status_code, kind(refused), refused.json()["job_role_id"]) == (409, "of-job-role", str(nurse))


@pytest.mark.feature("ASG-11", "ASG-12", "SEC-1", "SEC-2")
def test_a_learning_manager_assigns_qualifications_and_job_roles_in_scope(
    world: World, first_aid: UUID, crane: UUID
) -> None:
    north, south = world.unit("North"), world.unit("South")
    ann, bob, course = world.person(north), world.person(south), world.course()
    nurse = world.job_role("Nurse", first_aid)
    world.settle()
    manager = world.client(uuid4(), ("learning-manager", north))
    holders = f"/api/enrollment/job-roles/{nurse}/holders"
    answer = manager.post(holders, json={"people": [str(ann), str(bob)]})
    told = answer.json()["result"]
    assert (told["assigned"], [r["kind"] for r in told["refused"]]) == ([str(ann)], ["unknown-person"])
    body = {"people": [str(ann)], "offerings": [str(crane)]}
    assert manager.post("/api/enrollment/assignments", json=body).status_code == 202
    refused = manager.post("/api/enrollment/assignments", json={**body, "offerings": [str(crane), str(course)]})
    assert (refused.status_code, refused.json()["permission"]) == (403, "assign")
    world.settle()
    assert world.enrolled(first_aid) | world.enrolled(crane) == {ann}
    (own,) = manager.get("/api/enrollment/assignments", params={"type": "individual"}).json()["items"]
    assert manager.delete(f"/api/enrollment/assignments/{own['id']}").status_code == 202
    world.settle()
    assert world.enrolled(crane) == set()
    world.hold(nurse, bob)
    assert [item["person_id"] for item in manager.get(holders).json()["items"]] == [str(ann)]
    assert manager.delete(f"{holders}/{bob}").status_code == 404
    assert manager.get(f"/api/enrollment/people/{bob}/job-roles").json() == []
    learner = world.client(ann)
    assert learner.post(holders, json={"people": [str(ann)]}).status_code == 403
    assert learner.get(f"/api/enrollment/people/{bob}/job-roles").status_code == 403


@pytest.mark.feature("TRG-1", "TRG-2", "ASG-12")
def test_a_trigger_gives_a_job_role_which_may_bring_the_next(world: World, first_aid: UUID, crane: UUID) -> None:
    site, ann = world.audience(name="Site"), world.person()
    worker, driver = world.job_role("Worker", first_aid), world.job_role("Driver", crane)
    first = world.trigger("Site", {"kind": "audience", "target_id": str(site)}, job_role_id=worker, undo=True)
    world.trigger("Drivers", {"kind": "job-role", "target_id": str(worker)}, job_role_id=driver, undo=True)
    world.join(site, ann)
    world.settle()
    assert roles(world, ann) == ["Driver", "Worker"]
    assert [world.standing(ann, q) for q in (first_aid, crane)] == ["not-started", "not-started"]
    (holder,) = world.http.get(f"/api/enrollment/job-roles/{worker}/holders").json()["items"]
    assert (holder["by_hand"], holder["triggers"]) == (False, [first])
    world.hold(worker, ann)
    world.leave(site, ann)
    world.settle()
    assert roles(world, ann) == ["Driver", "Worker"]
    world.http.delete(f"/api/enrollment/job-roles/{worker}/holders/{ann}")
    world.settle()
    assert roles(world, ann) == []
    assert [world.standing(ann, q) for q in (first_aid, crane)] == ["withdrawn", "withdrawn"]


@pytest.mark.feature("TRG-2", "ASG-8", "ASG-9")
def test_a_job_role_is_given_to_those_who_match_today_and_taken_back(
    world: World, first_aid: UUID, crane: UUID
) -> None:
    people, north = world.people(4), world.unit("North")
    site = world.audience(*people, name="Site")
    worker = world.job_role("Worker", first_aid, crane)
    world.settle()
    world.enroll(people[0], crane)
    trigger = world.trigger("Site", {"kind": "audience", "target_id": str(site)}, job_role_id=worker)
    preview = world.http.post(
        "/api/enrollment/previews", json={"action": "apply-trigger", "trigger_id": trigger}
    ).json()
    told = {name: preview[name] for name in ("kind", "title", "people", "enrolled", "source_added")}
    assert told == {"kind": "job role", "title": "Worker", "people": 4, "enrolled": 7, "source_added": 1}
    assert preview["text"] == (
        "Adding this assignment will enrol 4 learners to this job role except where they are enrolled already."
    )
    assert world.http.post(f"/api/enrollment/previews/{preview['id']}/confirm").status_code == 202
    world.settle()
    assert world.enrolled(first_aid) == world.enrolled(crane) == set(people)
    taken = world.http.request("DELETE", f"/api/enrollment/triggers/{trigger}", json={"take_back": True})
    assert taken.status_code == 202
    world.settle()
    assert (world.enrolled(first_aid), world.enrolled(crane)) == (set(), {people[0]})
    assert roles(world, people[1]) == []
    local = world.client(uuid4(), ("enrollment-manager", north))
    body = {"action": "apply-trigger", "trigger_id": trigger}
    assert local.post("/api/enrollment/previews", json=body).status_code == 403


@pytest.mark.feature("TRG-2", "ASG-9")
def test_a_preview_counts_what_comes_by_the_triggers_that_follow(world: World, first_aid: UUID, crane: UUID) -> None:
    people, course = world.people(3), world.course("Crane safety", 1)
    site = world.audience(*people, name="Site")
    worker, driver = world.job_role("Worker", first_aid), world.job_role("Driver", crane)
    trigger = world.trigger("Site", {"kind": "audience", "target_id": str(site)}, job_role_id=worker)
    world.trigger("Drivers", {"kind": "job-role", "target_id": str(worker)}, job_role_id=driver)
    world.trigger("Safety", {"kind": "job-role", "target_id": str(driver)}, offering_id=course)
    body = {"action": "apply-trigger", "trigger_id": trigger}
    preview = world.http.post("/api/enrollment/previews", json=body).json()
    assert (preview["people"], preview["enrolled"]) == (3, 9)
    assert world.http.post(f"/api/enrollment/previews/{preview['id']}/confirm").status_code == 202
    world.settle()
    assert world.enrolled(first_aid) == world.enrolled(crane) == world.enrolled(course) == set(people)


@pytest.mark.feature("TRG-3")
def test_what_the_items_of_a_qualification_close_to_a_loop_stops_the_trigger(world: World, crane: UUID) -> None:
    course = world.course("Hygiene", 1)
    trigger = world.trigger("Again", {"kind": "completion", "target_id": str(crane)}, offering_id=course)
    told = {"code": "Crane", "title": "Crane", "description": "", "items": (course,)}
    told |= {"certificate": None, "badge": None, "price": None}
    world.tell(world.catalog, catalog.QualificationDescribed, crane, **told)
    world.settle()
    assert state(world, trigger) == ("stopped", "loop")


@pytest.mark.feature("TRG-3")
def test_one_that_would_cause_itself_is_refused_with_the_chain(world: World, first_aid: UUID, crane: UUID) -> None:
    worker, driver = world.job_role("Worker", first_aid), world.job_role("Driver", crane)
    first = world.trigger("Drivers", {"kind": "job-role", "target_id": str(worker)}, job_role_id=driver)
    second = world.trigger("Aid", {"kind": "job-role", "target_id": str(driver)}, offering_id=first_aid)

    def refused(when: dict[str, object], **gives: object) -> Response:
        return world.http.post("/api/enrollment/triggers", json={"name": "Last", "when": when, **gives})

    alone = refused({"kind": "job-role", "target_id": str(worker)}, job_role_id=str(worker))
    assert (alone.status_code, kind(alone)) == (409, "trigger-loop")
    closing = refused({"kind": "completion", "target_id": str(first_aid)}, job_role_id=str(worker))
    assert (closing.status_code, kind(closing)) == (409, "trigger-loop")
    assert closing.json()["detail"].startswith(
        "This trigger would cause itself: 'Last' leads to 'Last'. Change its condition"
    )
    other = world.job_role("Other")
    world.settle()
    long = refused({"kind": "completion", "target_id": str(first_aid)}, job_role_id=str(driver))
    assert long.json()["loop"][1:] == [second]
    assert "'Last' leads to 'Aid' leads to 'Last'" in long.json()["detail"]
    assert refused({"kind": "completion", "target_id": str(first_aid)}, job_role_id=str(other)).status_code == 202
    assert state(world, first) == ("acting", None)


@pytest.mark.feature("TRG-3")
def test_what_the_catalogue_closes_to_a_loop_stops_the_newest_trigger(
    world: World, first_aid: UUID, crane: UUID
) -> None:
    ann = world.person()
    worker, driver = world.job_role("Worker", first_aid), world.job_role("Driver")
    first = world.trigger("Drivers", {"kind": "completion", "target_id": str(first_aid)}, job_role_id=driver)
    second = world.trigger("Workers", {"kind": "completion", "target_id": str(crane)}, job_role_id=worker)
    world.job_role("Driver", crane, id=driver)
    world.settle()
    assert (state(world, first), state(world, second)) == (("acting", None), ("stopped", "loop"))
    assert world.http.get(f"/api/enrollment/triggers/{second}").json()["loop"] == [second, first]
    world.hold(worker, ann)
    assert roles(world, ann) == ["Worker"]


def undone(world: World, batch: object) -> list[str]:
    """Undo a batch. Returns why something of it was left."""
    assert world.http.post(f"/api/enrollment/batches/{batch}/undo").status_code == 202
    world.settle()
    items = world.http.get(f"/api/enrollment/batches/{batch}/irreversible").json()["items"]
    return [item["kind"] for item in items]


@pytest.mark.feature("ASG-20", "ASG-12")
def test_holding_a_job_role_is_undone_and_so_is_giving_it_up(world: World, first_aid: UUID) -> None:
    ann, nurse = world.person(), world.job_role("Nurse", first_aid)
    world.settle()
    holders = f"/api/enrollment/job-roles/{nurse}/holders"
    given = world.http.post(holders, json={"people": [str(ann)]}).json()["batch"]
    world.settle()
    taken = world.http.delete(f"{holders}/{ann}").json()["batch"]
    world.settle()
    assert undone(world, given) == ["changed-since"]
    assert undone(world, taken) == []
    assert (roles(world, ann), world.standing(ann, first_aid)) == (["Nurse"], "not-started")
    bob = world.person()
    world.settle()
    again = world.http.post(holders, json={"people": [str(bob)]}).json()
    world.settle()
    assert undone(world, again["batch"]) == []
    assert (roles(world, bob), world.standing(bob, first_aid)) == ([], "withdrawn")


@pytest.mark.feature("ASG-20", "TRG-2")
def test_a_trigger_and_its_application_are_undone(world: World, first_aid: UUID) -> None:
    people = world.people(3)
    site, worker = world.audience(*people, name="Site"), world.job_role("Worker", first_aid)
    trigger = world.trigger("Site", {"kind": "audience", "target_id": str(site)}, job_role_id=worker)
    body = {"action": "apply-trigger", "trigger_id": trigger}
    preview = world.http.post("/api/enrollment/previews", json=body).json()
    applied = world.http.post(f"/api/enrollment/previews/{preview['id']}/confirm").json()["batch"]
    world.settle()
    assert world.enrolled(first_aid) == set(people)
    assert undone(world, applied) == []
    assert (world.enrolled(first_aid), roles(world, people[0])) == (set(), [])
    assert state(world, trigger) == ("acting", None)
    world.leave(site, people[0])
    world.settle()
    world.join(site, people[0])
    world.settle()
    assert roles(world, people[0]) == ["Worker"]
    other = world.http.post(
        "/api/enrollment/triggers",
        json={"name": "Other", "when": {"kind": "created"}, "offering_id": str(first_aid)},
    ).json()
    world.settle()
    new = world.person()
    world.settle()
    assert world.standing(new, first_aid) == "not-started"
    assert undone(world, other["batch"]) == []
    assert world.standing(new, first_aid) == "withdrawn"
    assert state(world, other["result"]["trigger_id"]) == ("stopped", "undone")


@pytest.mark.feature("ASG-8", "ASG-12")
def test_a_qualification_is_assigned_directly_too_and_named_in_the_texts(world: World, first_aid: UUID) -> None:
    audience = world.audience(world.person(), world.person())
    world.settle()
    assert world.preview(first_aid, ("audience", audience, False))["text"] == (
        "Adding this assignment will enrol 2 learners to this qualification except where they are enrolled already."
    )
    removed = world.remove(world.assign(first_aid, "audience", audience))
    assert removed["text"] == (
        "This will withdraw 2 learners from this qualification except where they have another assignment."
    )


@pytest.mark.feature("ASG-20", "ASG-11", "CAT-10")
def test_a_requirement_is_undone_but_what_the_catalogue_said_stays(world: World, first_aid: UUID, crane: UUID) -> None:
    ann, nurse = world.person(), world.job_role("Nurse", first_aid)
    audience = world.audience(ann)
    world.settle()
    source = world.assign(crane, "audience", audience, required=True)
    path = f"/api/enrollment/assignments/{source}/requirement"
    changed = world.http.put(path, json={"required": False}).json()
    assert required(world, ann, crane) is False
    assert undone(world, changed["batch"]) == []
    assert required(world, ann, crane) is True
    world.hold(nurse, ann)
    batch = uuid4()
    told = {"code": "Nurse", "name": "Nurse", "description": ""}
    links = [{"qualification_id": first_aid, "required": False}]
    world.tell(world.catalog, catalog.JobRoleDescribed, nurse, batch=batch, qualifications=links, **told)
    world.settle()
    assert required(world, ann, first_aid) is False
    assert undone(world, batch) == ["of-job-role"]
    assert required(world, ann, first_aid) is False
