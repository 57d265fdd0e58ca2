"""Job roles that people hold, by hand and by triggers, and what comes with them (ASG-11, ASG-12, CAT-10); triggers that would cause
one another (TRG-3)."""

from uuid import UUID, uuid4

import pytest
from enrollment.harness import Harness
from httpx import Response

from shared.contracts import catalog


@pytest.fixture
def first_aid(harness: Harness) -> UUID:
    return harness.qualification("First aid", harness.course("First aid course", 1))


@pytest.fixture
def crane(harness: Harness) -> UUID:
    return harness.qualification("Crane", harness.course("Crane course", 1))


def kind(answer: Response) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[1]


def roles(harness: Harness, person: UUID) -> list[str]:
    found = harness.client(person).get(f"/api/enrollment/people/{person}/job-roles")
    return [role["name"] for role in found.json()]


def required(harness: Harness, person: UUID, qualification: UUID) -> object:
    (found,) = harness.enrollments(person_id=person, offering_id=qualification)
    return found["required"]


def state(harness: Harness, trigger: str) -> tuple[object, object]:
    found = harness.http.get(f"/api/enrollment/triggers/{trigger}").json()
    return found["state"], found["stopped_because"]


@pytest.mark.feature("ASG-12", "CAT-10", "ASG-1")
def test_its_qualifications_come_and_go_with_it(harness: Harness, first_aid: UUID, crane: UUID) -> None:
    ann, bob, gone = harness.person(), harness.person(), uuid4()
    nurse = harness.job_role("Nurse", first_aid, crane)
    harness.settle()
    result = harness.hold(nurse, ann, bob, gone)
    assert (result["assigned"], [r["kind"] for r in result["refused"]]) == ([str(ann), str(bob)], ["unknown-person"])  # type: ignore[attr-defined]
    for qualification in (first_aid, crane):
        assert harness.enrolled(qualification) == {ann, bob}
    (source,) = harness.http.get(
        "/api/enrollment/assignments", params={"type": "job-role", "offering_id": str(crane)}
    ).json()["items"]
    assert (source["name"], source["target_id"], source["counts"]["active"]) == ("Nurse", str(nurse), 2)
    assert roles(harness, ann) == ["Nurse"]
    again = harness.hold(nurse, ann)
    assert [r["kind"] for r in again["refused"]] == ["already-assigned"]  # type: ignore[attr-defined]
    assert harness.http.delete(f"/api/enrollment/job-roles/{nurse}/holders/{ann}").status_code == 200
    harness.settle()
    assert [harness.standing(ann, q) for q in (first_aid, crane)] == ["withdrawn", "withdrawn"]
    assert (roles(harness, ann), harness.enrolled(crane)) == ([], {bob})
    assert kind(harness.http.delete(f"/api/enrollment/job-roles/{nurse}/holders/{ann}")) == "not-a-holder"
    harness.hold(nurse, ann)
    assert harness.standing(ann, crane) == "not-started"
    page = harness.http.get(f"/api/enrollment/job-roles/{nurse}/holders", params={"limit": 1}).json()
    assert (page["items"][0]["person_id"], page["items"][0]["by_hand"]) == (str(min(ann, bob)), True)
    assert page["next"] is not None


@pytest.mark.feature("ASG-12", "CAT-11")
def test_what_its_holders_do_not_see_is_said(harness: Harness) -> None:
    hidden = harness.course("Hidden", 1)
    harness.tell(harness.catalog, catalog.LearnerAccessChosen, hidden, access="hidden")
    aid = harness.qualification("Aid", hidden)
    nurse = harness.job_role("Nurse", aid)
    ann, bob = harness.people(2)
    harness.settle()
    (warning,) = harness.hold(nurse, ann, bob)["item_warnings"]  # type: ignore[misc]
    told = {name: warning[name] for name in ("offering_id", "title", "reason", "learners")}  # type: ignore[index]
    assert told == {"offering_id": str(aid), "title": "Hidden", "reason": "hidden", "learners": 2}


@pytest.mark.feature("ASG-12", "ASG-6")
def test_sent_again_it_is_done_once(harness: Harness, first_aid: UUID) -> None:
    ann, nurse = harness.person(), harness.job_role("Nurse", first_aid)
    harness.settle()
    sent = [
        harness.http.post(
            f"/api/enrollment/job-roles/{nurse}/holders",
            json={"people": [str(ann)]},
            headers={"Idempotency-Key": "once"},
        ).json()
        for _ in range(2)
    ]
    assert sent[0] == sent[1]
    harness.settle()
    assert harness.told(of=[ann]) == ["JobRoleAssigned", "LearnerAssigned"]


@pytest.mark.feature("CAT-10", "ASG-11")
def test_a_changed_link_reaches_the_holders(harness: Harness, first_aid: UUID, crane: UUID) -> None:
    ann, nurse = harness.person(), harness.job_role("Nurse", first_aid)
    harness.settle()
    harness.hold(nurse, ann)
    assert required(harness, ann, first_aid) is True
    harness.job_role("Nurse", crane, id=nurse, optional=[first_aid])
    harness.settle()
    assert (required(harness, ann, first_aid), required(harness, ann, crane)) == (False, True)
    harness.job_role("Nurse", crane, id=nurse)
    harness.settle()
    assert [harness.standing(ann, q) for q in (first_aid, crane)] == ["withdrawn", "not-started"]
    harness.job_role("Nurse", crane, first_aid, id=nurse)
    harness.settle()
    assert harness.standing(ann, first_aid) == "not-started"
    harness.tell(harness.catalog, catalog.JobRoleRemoved, nurse)
    harness.settle()
    assert [harness.standing(ann, q) for q in (first_aid, crane)] == ["withdrawn", "withdrawn"]
    assert roles(harness, ann) == []
    answer = harness.http.post(f"/api/enrollment/job-roles/{nurse}/holders", json={"people": [str(ann)]})
    assert answer.status_code == 404


@pytest.mark.feature("CAT-4", "CAT-10")
def test_a_qualification_that_is_not_active_waits(harness: Harness, crane: UUID) -> None:
    ann, nurse = harness.person(), harness.job_role("Nurse", crane)
    harness.tell(harness.catalog, catalog.OfferingDeactivated, crane)
    harness.settle()
    harness.hold(nurse, ann)
    assert harness.standing(ann, crane) == "-"
    harness.tell(harness.catalog, catalog.OfferingActivated, crane)
    harness.settle()
    assert harness.standing(ann, crane) == "not-started"


@pytest.mark.feature("ASG-11")
def test_where_assignments_differ_required_wins(harness: Harness, first_aid: UUID, crane: UUID) -> None:
    ann, course = harness.person(), harness.course()
    nurse = harness.job_role("Nurse", optional=[first_aid])
    harness.settle()
    body = {"offerings": [str(first_aid), str(crane)], "people": [str(ann)], "required": False}
    assert harness.http.post("/api/enrollment/assignments", json=body).status_code == 202
    harness.settle()
    assert (required(harness, ann, first_aid), required(harness, ann, crane)) == (False, False)
    staff = harness.audience(ann)
    harness.settle()
    source = harness.assign(crane, "audience", staff, required=True)
    assert required(harness, ann, crane) is True
    at = f"/api/enrollment/assignments/{source}"
    stale = harness.http.put(f"{at}/requirement", json={"required": False}, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    tag = harness.http.get(at).headers["ETag"]
    assert harness.http.put(f"{at}/requirement", json={"required": False}, headers={"If-Match": tag}).status_code == 200
    assert (required(harness, ann, crane), harness.http.get(at).json()["required"]) == (False, False)
    harness.hold(nurse, ann)
    assert required(harness, ann, first_aid) is False
    harness.job_role("Nurse", first_aid, id=nurse)
    harness.settle()
    assert required(harness, ann, first_aid) is True
    refused = harness.http.post(
        "/api/enrollment/assignments", json={"offerings": [str(course)], "people": [str(ann)], "required": False}
    )
    assert (refused.status_code, refused.json()["field"]) == (422, "required")
    harness.enroll(ann, course)
    assert required(harness, ann, course) is None


@pytest.mark.feature("CAT-10")
def test_what_goes_with_a_job_role_is_changed_in_the_catalog(harness: Harness, first_aid: UUID) -> None:
    nurse = harness.job_role("Nurse", first_aid)
    harness.settle()
    (source,) = harness.http.get("/api/enrollment/assignments", params={"target_id": str(nurse)}).json()["items"]
    body = {"action": "remove", "assignment_ids": [source["id"]]}
    refused = harness.http.post("/api/enrollment/previews", json=body)
    assert (refused.status_code, kind(refused), refused.json()["job_role_id"]) == (409, "from-job-role", str(nurse))


@pytest.mark.feature("ASG-11", "ASG-12", "SEC-1", "SEC-2")
def test_a_learning_manager_assigns_qualifications_and_job_roles_in_scope(
    harness: Harness, first_aid: UUID, crane: UUID
) -> None:
    north, south = harness.unit("North"), harness.unit("South")
    ann, bob, course = harness.person(north), harness.person(south), harness.course()
    nurse = harness.job_role("Nurse", first_aid)
    harness.settle()
    manager = harness.client(uuid4(), ("learning-manager", north))
    holders = f"/api/enrollment/job-roles/{nurse}/holders"
    answer = manager.post(holders, json={"people": [str(ann), str(bob)]})
    told = answer.json()["result"]
    assert (told["assigned"], [r["kind"] for r in told["refused"]]) == ([str(ann)], ["unknown-person"])
    body = {"people": [str(ann)], "offerings": [str(crane)]}
    assert manager.post("/api/enrollment/assignments", json=body).status_code == 202
    refused = manager.post("/api/enrollment/assignments", json={**body, "offerings": [str(crane), str(course)]})
    assert (refused.status_code, refused.json()["permission"]) == (403, "assign")
    harness.settle()
    assert harness.enrolled(first_aid) | harness.enrolled(crane) == {ann}
    (own,) = manager.get("/api/enrollment/assignments", params={"type": "individual"}).json()["items"]
    assert manager.delete(f"/api/enrollment/assignments/{own['id']}").status_code == 202
    harness.settle()
    assert harness.enrolled(crane) == set()
    harness.hold(nurse, bob)
    assert [item["person_id"] for item in manager.get(holders).json()["items"]] == [str(ann)]
    assert manager.delete(f"{holders}/{bob}").status_code == 404
    assert manager.get(f"/api/enrollment/people/{bob}/job-roles").json() == []
    learner = harness.client(ann)
    assert learner.post(holders, json={"people": [str(ann)]}).status_code == 403
    assert learner.get(f"/api/enrollment/people/{bob}/job-roles").status_code == 403


@pytest.mark.feature("TRG-1", "TRG-2", "ASG-12")
def test_a_trigger_gives_a_job_role_which_may_bring_the_next(harness: Harness, first_aid: UUID, crane: UUID) -> None:
    site, ann = harness.audience(name="Site"), harness.person()
    worker, driver = harness.job_role("Worker", first_aid), harness.job_role("Driver", crane)
    first = harness.trigger("Site", {"kind": "audience", "target_id": str(site)}, job_role_id=worker, undo=True)
    harness.trigger("Drivers", {"kind": "job-role", "target_id": str(worker)}, job_role_id=driver, undo=True)
    harness.join(site, ann)
    harness.settle()
    assert roles(harness, ann) == ["Driver", "Worker"]
    assert [harness.standing(ann, q) for q in (first_aid, crane)] == ["not-started", "not-started"]
    (holder,) = harness.http.get(f"/api/enrollment/job-roles/{worker}/holders").json()["items"]
    assert (holder["by_hand"], holder["triggers"]) == (False, [first])
    harness.hold(worker, ann)
    harness.leave(site, ann)
    harness.settle()
    assert roles(harness, ann) == ["Driver", "Worker"]
    harness.http.delete(f"/api/enrollment/job-roles/{worker}/holders/{ann}")
    harness.settle()
    assert roles(harness, ann) == []
    assert [harness.standing(ann, q) for q in (first_aid, crane)] == ["withdrawn", "withdrawn"]


@pytest.mark.feature("TRG-2", "ASG-8", "ASG-9")
def test_a_job_role_is_given_to_those_who_match_today_and_taken_back(
    harness: Harness, first_aid: UUID, crane: UUID
) -> None:
    people, north = harness.people(4), harness.unit("North")
    site = harness.audience(*people, name="Site")
    worker = harness.job_role("Worker", first_aid, crane)
    harness.settle()
    harness.enroll(people[0], crane)
    trigger = harness.trigger("Site", {"kind": "audience", "target_id": str(site)}, job_role_id=worker)
    preview = harness.http.post(
        "/api/enrollment/previews", json={"action": "apply-trigger", "trigger_id": trigger}
    ).json()
    told = {name: preview[name] for name in ("kind", "title", "people", "enrolled", "source_added")}
    assert told == {"kind": "job role", "title": "Worker", "people": 4, "enrolled": 7, "source_added": 1}
    assert preview["text"] == (
        "Adding this assignment will enrol 4 learners to this job role except where they are enrolled already."
    )
    assert harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm").status_code == 202
    harness.settle()
    assert harness.enrolled(first_aid) == harness.enrolled(crane) == set(people)
    taken = harness.http.request("DELETE", f"/api/enrollment/triggers/{trigger}", json={"take_back": True})
    assert taken.status_code == 202
    harness.settle()
    assert (harness.enrolled(first_aid), harness.enrolled(crane)) == (set(), {people[0]})
    assert roles(harness, people[1]) == []
    local = harness.client(uuid4(), ("enrollment-manager", north))
    body = {"action": "apply-trigger", "trigger_id": trigger}
    assert local.post("/api/enrollment/previews", json=body).status_code == 403


@pytest.mark.feature("TRG-2", "ASG-9")
def test_a_preview_counts_what_comes_by_the_triggers_that_follow(
    harness: Harness, first_aid: UUID, crane: UUID
) -> None:
    people, course = harness.people(3), harness.course("Crane safety", 1)
    site = harness.audience(*people, name="Site")
    worker, driver = harness.job_role("Worker", first_aid), harness.job_role("Driver", crane)
    trigger = harness.trigger("Site", {"kind": "audience", "target_id": str(site)}, job_role_id=worker)
    harness.trigger("Drivers", {"kind": "job-role", "target_id": str(worker)}, job_role_id=driver)
    harness.trigger("Safety", {"kind": "job-role", "target_id": str(driver)}, offering_id=course)
    body = {"action": "apply-trigger", "trigger_id": trigger}
    preview = harness.http.post("/api/enrollment/previews", json=body).json()
    assert (preview["people"], preview["enrolled"]) == (3, 9)
    assert harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm").status_code == 202
    harness.settle()
    assert harness.enrolled(first_aid) == harness.enrolled(crane) == harness.enrolled(course) == set(people)


@pytest.mark.feature("TRG-3")
def test_what_the_items_of_a_qualification_close_to_a_loop_stops_the_trigger(harness: Harness, crane: UUID) -> None:
    course = harness.course("Hygiene", 1)
    trigger = harness.trigger("Again", {"kind": "completion", "target_id": str(crane)}, offering_id=course)
    told = {"code": "Crane", "title": "Crane", "description": "", "items": (course,)}
    told |= {"certificate": None, "badge": None, "price": None}
    harness.tell(harness.catalog, catalog.QualificationDescribed, crane, **told)
    harness.settle()
    assert state(harness, trigger) == ("stopped", "loop")


@pytest.mark.feature("TRG-3")
def test_one_that_would_cause_itself_is_refused_with_the_chain(harness: Harness, first_aid: UUID, crane: UUID) -> None:
    worker, driver = harness.job_role("Worker", first_aid), harness.job_role("Driver", crane)
    first = harness.trigger("Drivers", {"kind": "job-role", "target_id": str(worker)}, job_role_id=driver)
    second = harness.trigger("Aid", {"kind": "job-role", "target_id": str(driver)}, offering_id=first_aid)

    def refused(when: dict[str, object], **gives: object) -> Response:
        return harness.http.post("/api/enrollment/triggers", json={"name": "Last", "when": when, **gives})

    alone = refused({"kind": "job-role", "target_id": str(worker)}, job_role_id=str(worker))
    assert (alone.status_code, kind(alone)) == (409, "trigger-loop")
    closing = refused({"kind": "completion", "target_id": str(first_aid)}, job_role_id=str(worker))
    assert (closing.status_code, kind(closing)) == (409, "trigger-loop")
    assert closing.json()["detail"].startswith(
        "This trigger would set itself off: 'Last' leads to 'Last'. Change its condition"
    )
    other = harness.job_role("Other")
    harness.settle()
    long = refused({"kind": "completion", "target_id": str(first_aid)}, job_role_id=str(driver))
    assert long.json()["loop"][1:] == [second]
    assert "'Last' leads to 'Aid' leads to 'Last'" in long.json()["detail"]
    assert refused({"kind": "completion", "target_id": str(first_aid)}, job_role_id=str(other)).status_code == 202
    assert state(harness, first) == ("acting", None)


@pytest.mark.feature("TRG-3")
def test_what_the_catalog_closes_to_a_loop_stops_the_newest_trigger(
    harness: Harness, first_aid: UUID, crane: UUID
) -> None:
    ann = harness.person()
    worker, driver = harness.job_role("Worker", first_aid), harness.job_role("Driver")
    first = harness.trigger("Drivers", {"kind": "completion", "target_id": str(first_aid)}, job_role_id=driver)
    second = harness.trigger("Workers", {"kind": "completion", "target_id": str(crane)}, job_role_id=worker)
    harness.job_role("Driver", crane, id=driver)
    harness.settle()
    assert (state(harness, first), state(harness, second)) == (("acting", None), ("stopped", "loop"))
    told = harness.http.get(f"/api/enrollment/triggers/{second}").json()
    names = {id: harness.http.get(f"/api/enrollment/triggers/{id}").json()["name"] for id in (first, second)}
    assert (told["loop"], told["loop_names"]) == ([second, first], [names[second], names[first]])
    harness.hold(worker, ann)
    assert roles(harness, ann) == ["Worker"]


def undone(harness: Harness, batch: object) -> list[str]:
    """Undo a batch. Returns why something of it was left."""
    assert harness.http.post(f"/api/enrollment/batches/{batch}/undo").status_code == 202
    harness.settle()
    items = harness.http.get(f"/api/enrollment/batches/{batch}/irreversible").json()["items"]
    return [item["kind"] for item in items]


@pytest.mark.feature("ASG-20", "ASG-12")
def test_holding_a_job_role_is_undone_and_so_is_giving_it_up(harness: Harness, first_aid: UUID) -> None:
    ann, nurse = harness.person(), harness.job_role("Nurse", first_aid)
    harness.settle()
    holders = f"/api/enrollment/job-roles/{nurse}/holders"
    given = harness.http.post(holders, json={"people": [str(ann)]}).json()["batch"]
    harness.settle()
    taken = harness.http.delete(f"{holders}/{ann}").json()["batch"]
    harness.settle()
    assert undone(harness, given) == ["changed-since"]
    assert undone(harness, taken) == []
    assert (roles(harness, ann), harness.standing(ann, first_aid)) == (["Nurse"], "not-started")
    bob = harness.person()
    harness.settle()
    again = harness.http.post(holders, json={"people": [str(bob)]}).json()
    harness.settle()
    assert undone(harness, again["batch"]) == []
    assert (roles(harness, bob), harness.standing(bob, first_aid)) == ([], "withdrawn")


@pytest.mark.feature("ASG-20", "TRG-2")
def test_a_trigger_and_its_application_are_undone(harness: Harness, first_aid: UUID) -> None:
    people = harness.people(3)
    site, worker = harness.audience(*people, name="Site"), harness.job_role("Worker", first_aid)
    trigger = harness.trigger("Site", {"kind": "audience", "target_id": str(site)}, job_role_id=worker)
    body = {"action": "apply-trigger", "trigger_id": trigger}
    preview = harness.http.post("/api/enrollment/previews", json=body).json()
    applied = harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm").json()["batch"]
    harness.settle()
    assert harness.enrolled(first_aid) == set(people)
    assert undone(harness, applied) == []
    assert (harness.enrolled(first_aid), roles(harness, people[0])) == (set(), [])
    assert state(harness, trigger) == ("acting", None)
    harness.leave(site, people[0])
    harness.settle()
    harness.join(site, people[0])
    harness.settle()
    assert roles(harness, people[0]) == ["Worker"]
    other = harness.http.post(
        "/api/enrollment/triggers",
        json={"name": "Other", "when": {"kind": "created"}, "offering_id": str(first_aid)},
    ).json()
    harness.settle()
    new = harness.person()
    harness.settle()
    assert harness.standing(new, first_aid) == "not-started"
    assert undone(harness, other["batch"]) == []
    assert harness.standing(new, first_aid) == "withdrawn"
    assert state(harness, other["result"]["trigger_id"]) == ("stopped", "undone")


@pytest.mark.feature("ASG-8", "ASG-12")
def test_a_qualification_is_assigned_directly_too_and_named_in_the_texts(harness: Harness, first_aid: UUID) -> None:
    audience = harness.audience(harness.person(), harness.person())
    harness.settle()
    assert harness.preview(first_aid, ("audience", audience, False))["text"] == (
        "Adding this assignment will enrol 2 learners to this qualification except where they are enrolled already."
    )
    removed = harness.remove(harness.assign(first_aid, "audience", audience))
    assert removed["text"] == (
        "This will withdraw 2 learners from this qualification except where they have another assignment."
    )


@pytest.mark.feature("ASG-20", "ASG-11", "CAT-10")
def test_a_requirement_is_undone_but_what_the_catalog_said_stays(
    harness: Harness, first_aid: UUID, crane: UUID
) -> None:
    ann, nurse = harness.person(), harness.job_role("Nurse", first_aid)
    audience = harness.audience(ann)
    harness.settle()
    source = harness.assign(crane, "audience", audience, required=True)
    path = f"/api/enrollment/assignments/{source}/requirement"
    changed = harness.http.put(path, json={"required": False}).json()
    assert required(harness, ann, crane) is False
    assert undone(harness, changed["batch"]) == []
    assert required(harness, ann, crane) is True
    harness.hold(nurse, ann)
    batch = uuid4()
    told = {"code": "Nurse", "name": "Nurse", "description": ""}
    links = [{"qualification_id": first_aid, "required": False}]
    harness.tell(harness.catalog, catalog.JobRoleDescribed, nurse, batch=batch, qualifications=links, **told)
    harness.settle()
    assert required(harness, ann, first_aid) is False
    assert undone(harness, batch) == ["from-job-role"]
    assert required(harness, ann, first_aid) is False
