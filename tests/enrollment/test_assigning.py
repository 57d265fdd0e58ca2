"""Assigning over HTTP: the ways to assign, previews, idempotency, removal."""

from uuid import UUID, uuid4

import pytest
from world import World

from shared.store import Forgetting


@pytest.mark.feature("ASG-1", "ASG-4", "ASG-5")
def test_people_are_assigned_one_by_one_and_refused_ones_are_listed_with_the_reason(world: World) -> None:
    course, certification = world.course(), world.certification()
    ann, bo, stranger = world.person(), world.person(), uuid4()
    world.settle()
    body = {"offerings": [str(course), str(certification)], "people": [str(ann), str(bo), str(stranger)]}
    answer = world.http.post("/api/enrollment/assignments", json=body)
    world.settle()
    assert answer.status_code == 202
    result = answer.json()["result"]
    assert {(c["target_id"], c["offering_id"]) for c in result["created"]} == {
        (str(p), str(o)) for p in (ann, bo) for o in (course, certification)
    }
    assert [(r["person_id"], r["kind"]) for r in result["refused"]] == [(str(stranger), "unknown-person")] * 2
    assert world.enrolled(course) == world.enrolled(certification) == {ann, bo}


@pytest.mark.feature("ASG-6")
def test_the_same_command_again_returns_the_first_answer_and_other_content_is_refused(world: World) -> None:
    course, ann, bo = world.course(), world.person(), world.person()
    world.settle()
    body = {"offerings": [str(course)], "people": [str(ann)]}
    key = {"Idempotency-Key": "command-1"}
    first = world.http.post("/api/enrollment/assignments", json=body, headers=key)
    world.settle()
    again = world.http.post("/api/enrollment/assignments", json=body, headers=key)
    assert again.json() == first.json()
    other = world.http.post("/api/enrollment/assignments", json={**body, "people": [str(bo)]}, headers=key)
    assert other.status_code == 409
    assert other.json()["type"].endswith("command-id-reused")
    assert other.json()["field"] == "Idempotency-Key"
    assert world.told().count("LearnerAssigned") == 1


@pytest.mark.feature("ASG-6")
def test_a_second_assignment_is_added_to_the_sources_of_the_enrollment(world: World) -> None:
    course, ann = world.course(), world.person()
    audience = world.audience(ann)
    world.settle()
    first = world.assign(course, "audience", audience)
    individual = world.http.post(
        "/api/enrollment/assignments", json={"offerings": [str(course)], "people": [str(ann)]}
    ).json()["result"]["created"][0]["assignment_id"]
    world.settle()
    (enrollment,) = world.enrollments(person_id=ann)
    assert enrollment["term"] == 1
    assert set(enrollment["assignments"]) == {str(first), individual}  # type: ignore[call-overload]


@pytest.mark.feature("ASG-2")
def test_the_same_target_twice_leads_to_the_existing_assignment(world: World) -> None:
    course, ann = world.course(), world.person()
    audience = world.audience(ann)
    world.settle()
    existing = world.assign(course, "audience", audience)
    body = {
        "action": "assign",
        "offering_id": str(course),
        "targets": [{"type": "audience", "target_id": str(audience)}],
    }
    answer = world.http.post("/api/enrollment/previews", json=body)
    assert (answer.status_code, answer.json()["existing"]) == (409, [str(existing)])


@pytest.mark.feature("ASG-1", "ASG-2", "ASG-3", "ASG-8", "ASG-9")
def test_several_organisations_in_one_command_with_an_exact_preview(world: World) -> None:
    certification = world.certification()
    north = world.unit("North")
    ward, south = world.unit("Ward", north), world.unit("South")
    in_ward, in_south = world.people(3, ward), world.people(2, south)
    both = in_south[0]
    world.job(both, organisation=ward)
    world.settle()
    world.http.post(
        "/api/enrollment/assignments", json={"offerings": [str(certification)], "people": [str(in_ward[0])]}
    )
    world.settle()
    preview = world.preview(certification, ("organisation", north, True), ("organisation", south, False))
    assert preview["text"] == (
        "Adding these assignments will enrol 5 learners to this certification except where they are enrolled already."
    )
    assert (preview["people"], preview["enrolled"], preview["source_added"]) == (5, 4, 1)
    assert preview["emails"] == {"count": 4, "notifications": ["assigned", "completed", "withdrawn"]}
    answer = world.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
    assert len(answer.json()["result"]["created"]) == 2
    world.settle()
    assert world.enrolled(certification) == {*in_ward, *in_south}
    assert world.told().count("LearnerAssigned") == 1 + 5 + 1


@pytest.mark.feature("ASG-9")
def test_confirming_is_refused_with_a_new_preview_when_the_facts_have_changed(world: World) -> None:
    course, ann, bo = world.course(), world.person(), world.person()
    audience = world.audience(ann)
    world.settle()
    preview = world.preview(course, ("audience", audience, False))
    world.join(audience, bo)
    world.settle()
    refused = world.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("preview-outdated")
    newer = refused.json()["preview"]
    assert newer["people"] == 2
    assert world.told() == []
    assert world.http.post(f"/api/enrollment/previews/{newer['id']}/confirm").status_code == 202
    world.settle()
    assert world.enrolled(course) == {ann, bo}


@pytest.mark.feature("ASG-1", "ASG-3")
def test_a_manager_brings_the_direct_team_or_everybody_below_and_leads_by_all_current_jobs(world: World) -> None:
    direct, everybody = world.course("Direct"), world.course("Everybody")
    boss, lead, worker, borrowed = (world.person() for _ in range(4))
    top = world.job(boss)
    middle = world.job(lead, manager_job=top, manager=boss)
    world.job(worker, manager_job=middle, manager=lead)
    world.job(borrowed, temporary_manager_job=top, temporary_manager=boss, temporary_until="2999-12-31")
    world.settle()
    world.assign(direct, "manager", boss)
    world.assign(everybody, "manager", boss, below=True)
    assert world.enrolled(direct) == {lead, borrowed}
    assert world.enrolled(everybody) == {lead, worker, borrowed}


@pytest.mark.feature("ASG-3", "ASG-10")
def test_when_the_last_job_of_a_manager_ends_the_team_drops_out_and_the_assignment_stays(world: World) -> None:
    course = world.course()
    boss, begun, idle = world.person(), world.person(), world.person()
    top = world.job(boss)
    for person in (begun, idle):
        world.job(person, manager_job=top, manager=boss)
    world.settle()
    assignment = world.assign(course, "manager", boss)
    world.begin(begun, course)
    world.end_job(boss, top)
    world.settle()
    assert (world.standing(begun, course), world.standing(idle, course)) == ("in-progress!", "withdrawn")
    assert world.http.get(f"/api/enrollment/assignments/{assignment}").json()["live"] is True


@pytest.mark.feature("ASG-1")
def test_positions_bring_those_who_hold_them_today(world: World) -> None:
    course = world.course()
    nurse = world.unit("Nurse", kind="position")
    head = world.unit("Head nurse", nurse, kind="position")
    now, later, past, above = (world.person() for _ in range(4))
    world.job(now, position=nurse)
    world.job(later, position=nurse, starts="2999-01-01")
    world.job(past, position=nurse, ends="2000-01-01")
    world.job(above, position=head)
    world.settle()
    world.assign(course, "position", nurse)
    assert world.enrolled(course) == {now}


@pytest.mark.feature("ASG-7", "ASG-8")
def test_a_learner_who_is_in_two_audiences_stays_enrolled_when_one_assignment_is_removed(world: World) -> None:
    certification = world.certification()
    both, only = world.person(), world.person()
    first, second = world.audience(both, only), world.audience(both, name="Drivers")
    world.settle()
    removed = world.assign(certification, "audience", first)
    world.assign(certification, "audience", second)
    preview = world.remove(removed)
    assert preview["text"] == (
        "This will withdraw 2 learners from this certification except where they have another assignment."
    )
    assert (preview["withdrawn"], preview["source_removed"]) == (1, 1)
    assert world.enrolled(certification) == {both}
    assert world.told(of=[only])[-2:] == ["LearnerUnassigned", "LearnerWithdrawn"]


@pytest.mark.feature("ASG-7")
def test_who_was_taken_out_by_hand_does_not_come_back_by_a_rule_until_allowed_again(world: World) -> None:
    course, ann = world.course(), world.person()
    audience = world.audience(ann)
    world.settle()
    assignment = world.assign(course, "audience", audience)
    path = f"/api/enrollment/assignments/{assignment}/exclusions"
    body = {"person_id": str(ann), "reason": "Ann is on leave"}
    assert world.http.post(path, json=body).status_code == 201
    world.leave(audience, ann)
    world.settle()
    world.join(audience, ann)
    world.settle()
    assert world.standing(ann, course) == "withdrawn"
    learners = world.http.get(f"/api/enrollment/assignments/{assignment}/learners").json()["items"]
    assert [(one["person_id"], one["excluded"]) for one in learners] == [(str(ann), True)]
    assert world.http.delete(f"{path}/{ann}").status_code == 200
    world.settle()
    (enrollment,) = world.enrollments(person_id=ann)
    assert (enrollment["status"], enrollment["term"]) == ("not-started", 2)


@pytest.mark.feature("ASG-7")
def test_a_reason_is_kept_apart_from_the_events(world: World) -> None:
    course, ann = world.course(), world.person()
    world.settle()
    created = world.http.post(
        "/api/enrollment/assignments", json={"offerings": [str(course)], "people": [str(ann)]}
    ).json()["result"]["created"][0]["assignment_id"]
    world.settle()
    path = f"/api/enrollment/assignments/{created}"
    answer = world.http.request("DELETE", path, json={"reason": "Ann Example asked for it"})
    world.settle()
    assert answer.status_code == 202
    assert world.standing(ann, course) == "withdrawn"
    with world.database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM events WHERE body LIKE '%%Example%%'").fetchone() == (0,)
        assert conn.execute("SELECT text FROM personal_text").fetchone() == ("Ann Example asked for it",)


@pytest.mark.feature("ASG-17", "ASG-16")
def test_the_assignments_of_an_offering_show_type_name_due_date_and_four_counts(world: World) -> None:
    course, ann, bo = world.course(), world.person(), world.person()
    audience = world.audience(ann, bo)
    world.settle()
    assignment = world.assign(course, "audience", audience)
    world.http.post(f"/api/enrollment/assignments/{assignment}/exclusions", json={"person_id": str(bo)})
    (item,) = world.http.get("/api/enrollment/assignments", params={"offering_id": str(course)}).json()["items"]
    assert (item["type"], item["name"], item["due"]) == ("audience", "First aiders", "none")
    assert item["counts"] == {"active": 1, "date_pending": 0, "held": 0, "refused": 1}
    assert {one["person_id"] for one in world.http.get(item["learners"]).json()["items"]} == {str(ann), str(bo)}


@pytest.mark.feature("ASG-16")
def test_assignments_are_paged_by_cursor(world: World) -> None:
    course, people = world.course(), world.people(5)
    world.settle()
    body = {"offerings": [str(course)], "people": [str(p) for p in people]}
    world.http.post("/api/enrollment/assignments", json=body)
    seen: list[UUID] = []
    params: dict[str, str] = {"limit": "2"}
    while True:
        page = world.http.get("/api/enrollment/assignments", params=params).json()
        seen += [UUID(item["target_id"]) for item in page["items"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert sorted(seen) == sorted(people)


def test_commands_and_previews_are_forgotten_after_the_set_time_and_not_before(world: World) -> None:
    course, ann = world.course(), world.person()
    audience = world.audience(ann)
    world.settle()
    preview = world.preview(course, ("audience", audience, False))
    key = {"Idempotency-Key": "kept"}
    world.http.post(f"/api/enrollment/previews/{preview['id']}/confirm", headers=key)
    world.settle()
    forgetting = next(worker for worker in world.service.workers if isinstance(worker, Forgetting))
    assert set(forgetting.step().values()) == {0}
    with world.database.connection() as conn:
        conn.execute("UPDATE command SET recorded_at = now() - interval '31 days'")
        conn.execute("UPDATE plan SET created_at = now() - interval '31 days'")
    assert forgetting.step() == {"commands": 1, "people of previews": 1, "previews": 1, "payment notices": 0}
    assert world.http.get(f"/api/enrollment/previews/{preview['id']}").status_code == 404
    assert world.enrolled(course) == {ann}


@pytest.mark.feature("ASG-6", "ASG-7")
def test_removing_again_with_the_same_command_id_returns_the_first_answer(world: World) -> None:
    course, ann = world.course(), world.person()
    world.settle()
    body = {"offerings": [str(course)], "people": [str(ann)]}
    created = world.http.post("/api/enrollment/assignments", json=body).json()["result"]["created"][0]["assignment_id"]
    world.settle()
    path, headers = f"/api/enrollment/assignments/{created}", {"Idempotency-Key": "remove-1", "If-Match": '"1"'}
    first = world.http.delete(path, headers=headers)
    world.settle()
    again = world.http.delete(path, headers=headers)
    assert (again.status_code, again.json()) == (200, first.json())
    assert world.told().count("AssignmentRemoved") == 1


@pytest.mark.feature("ASG-7", "DIR-12")
def test_why_a_rule_is_removed_is_said_when_confirming_and_kept_apart(world: World) -> None:
    course, ann = world.course(), world.person()
    audience = world.audience(ann)
    world.settle()
    assignment = world.assign(course, "audience", audience)
    asked = {"action": "remove", "assignment_ids": [str(assignment)]}
    refused = world.http.post("/api/enrollment/previews", json={**asked, "reason": "Ann Example left"})
    assert (refused.status_code, refused.json()["field"]) == (422, "remove.reason")
    preview = world.http.post("/api/enrollment/previews", json=asked).json()
    world.http.post(f"/api/enrollment/previews/{preview['id']}/confirm", json={"reason": "Ann Example left"})
    world.settle()
    with world.database.connection() as conn:
        assert conn.execute("SELECT text FROM personal_text").fetchall() == [("Ann Example left",)]
        assert conn.execute("SELECT count(*) FROM plan WHERE request::text LIKE '%%Example%%'").fetchone() == (0,)
    assert world.standing(ann, course) == "withdrawn"
