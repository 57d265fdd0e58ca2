"""Assigning over HTTP: the ways to assign, previews, idempotency, removal."""

from uuid import UUID, uuid4

import pytest
from enrollment.harness import Harness

from shared.store import RetentionWorker


@pytest.mark.feature("ASG-1", "ASG-4", "ASG-5")
def test_people_are_assigned_one_by_one_and_refused_ones_are_listed_with_the_reason(harness: Harness) -> None:
    course, certification = harness.course(), harness.certification()
    ann, bo, stranger = harness.person(), harness.person(), uuid4()
    harness.settle()
    body = {"offerings": [str(course), str(certification)], "people": [str(ann), str(bo), str(stranger)]}
    answer = harness.http.post("/api/enrollment/assignments", json=body)
    harness.settle()
    assert answer.status_code == 202
    result = answer.json()["result"]
    assert {(c["target_id"], c["offering_id"]) for c in result["created"]} == {
        (str(p), str(o)) for p in (ann, bo) for o in (course, certification)
    }
    assert [(r["person_id"], r["kind"]) for r in result["refused"]] == [(str(stranger), "unknown-person")] * 2
    assert harness.enrolled(course) == harness.enrolled(certification) == {ann, bo}


@pytest.mark.feature("ASG-6")
def test_the_same_command_again_returns_the_first_answer_and_other_content_is_refused(harness: Harness) -> None:
    course, ann, bo = harness.course(), harness.person(), harness.person()
    harness.settle()
    body = {"offerings": [str(course)], "people": [str(ann)]}
    key = {"Idempotency-Key": "command-1"}
    first = harness.http.post("/api/enrollment/assignments", json=body, headers=key)
    harness.settle()
    again = harness.http.post("/api/enrollment/assignments", json=body, headers=key)
    assert again.json() == first.json()
    other = harness.http.post("/api/enrollment/assignments", json={**body, "people": [str(bo)]}, headers=key)
    assert other.status_code == 409
    assert other.json()["type"].endswith("command-id-reused")
    assert other.json()["field"] == "Idempotency-Key"
    assert harness.told().count("LearnerAssigned") == 1


@pytest.mark.feature("ASG-6")
def test_a_second_assignment_is_added_to_the_sources_of_the_enrollment(harness: Harness) -> None:
    course, ann = harness.course(), harness.person()
    audience = harness.audience(ann)
    harness.settle()
    first = harness.assign(course, "audience", audience)
    individual = harness.http.post(
        "/api/enrollment/assignments", json={"offerings": [str(course)], "people": [str(ann)]}
    ).json()["result"]["created"][0]["assignment_id"]
    harness.settle()
    (enrollment,) = harness.enrollments(person_id=ann)
    assert enrollment["term"] == 1
    assert set(enrollment["assignments"]) == {str(first), individual}  # type: ignore[call-overload]


@pytest.mark.feature("ASG-2")
def test_the_same_target_twice_leads_to_the_existing_assignment(harness: Harness) -> None:
    course, ann = harness.course(), harness.person()
    audience = harness.audience(ann)
    harness.settle()
    existing = harness.assign(course, "audience", audience)
    listed = harness.http.get("/api/enrollment/assignments", params={"target_id": str(audience)}).json()["items"]
    assert [one["offering_title"] for one in listed] == ["Fire safety"], "where an audience is assigned, by title"
    body = {
        "action": "assign",
        "offering_id": str(course),
        "targets": [{"type": "audience", "target_id": str(audience)}],
    }
    answer = harness.http.post("/api/enrollment/previews", json=body)
    assert (answer.status_code, answer.json()["existing"]) == (409, [str(existing)])


@pytest.mark.feature("ASG-1", "ASG-2", "ASG-3", "ASG-8", "ASG-9")
def test_several_organisations_in_one_command_with_an_exact_preview(harness: Harness) -> None:
    certification = harness.certification()
    north = harness.unit("North")
    ward, south = harness.unit("Ward", north), harness.unit("South")
    in_ward, in_south = harness.people(3, ward), harness.people(2, south)
    both = in_south[0]
    harness.job(both, organisation=ward)
    harness.settle()
    harness.http.post(
        "/api/enrollment/assignments", json={"offerings": [str(certification)], "people": [str(in_ward[0])]}
    )
    harness.settle()
    preview = harness.preview(certification, ("organisation", north, True), ("organisation", south, False))
    assert preview["text"] == (
        "Adding these assignments will enrol 5 learners to this certification except where they are enrolled already."
    )
    assert (preview["people"], preview["enrolled"], preview["source_added"]) == (5, 4, 1)
    assert preview["emails"] == {"count": 4, "notifications": ["assigned", "completed", "withdrawn"]}
    answer = harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
    assert len(answer.json()["result"]["created"]) == 2
    harness.settle()
    assert harness.enrolled(certification) == {*in_ward, *in_south}
    assert harness.told().count("LearnerAssigned") == 1 + 5 + 1


@pytest.mark.feature("ASG-9")
def test_confirming_is_refused_with_a_new_preview_when_the_facts_have_changed(harness: Harness) -> None:
    course, ann, bo = harness.course(), harness.person(), harness.person()
    audience = harness.audience(ann)
    harness.settle()
    preview = harness.preview(course, ("audience", audience, False))
    harness.join(audience, bo)
    harness.settle()
    refused = harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("preview-outdated")
    newer = refused.json()["preview"]
    assert newer["people"] == 2
    assert harness.told() == []
    assert harness.http.post(f"/api/enrollment/previews/{newer['id']}/confirm").status_code == 202
    harness.settle()
    assert harness.enrolled(course) == {ann, bo}


@pytest.mark.feature("ASG-1", "ASG-3")
def test_a_manager_brings_the_direct_team_or_everybody_below_and_leads_by_all_current_jobs(harness: Harness) -> None:
    direct, everybody = harness.course("Direct"), harness.course("Everybody")
    boss, lead, worker, borrowed = (harness.person() for _ in range(4))
    top = harness.job(boss)
    middle = harness.job(lead, manager_job=top, manager=boss)
    harness.job(worker, manager_job=middle, manager=lead)
    harness.job(borrowed, temporary_manager_job=top, temporary_manager=boss, temporary_until="2999-12-31")
    harness.settle()
    harness.assign(direct, "manager", boss)
    harness.assign(everybody, "manager", boss, below=True)
    assert harness.enrolled(direct) == {lead, borrowed}
    assert harness.enrolled(everybody) == {lead, worker, borrowed}


@pytest.mark.feature("ASG-3", "ASG-10")
def test_when_the_last_job_of_a_manager_ends_the_team_drops_out_and_the_assignment_stays(harness: Harness) -> None:
    course = harness.course()
    boss, begun, idle = harness.person(), harness.person(), harness.person()
    top = harness.job(boss)
    for person in (begun, idle):
        harness.job(person, manager_job=top, manager=boss)
    harness.settle()
    assignment = harness.assign(course, "manager", boss)
    harness.begin(begun, course)
    harness.end_job(boss, top)
    harness.settle()
    assert (harness.standing(begun, course), harness.standing(idle, course)) == ("in-progress!", "withdrawn")
    assert harness.http.get(f"/api/enrollment/assignments/{assignment}").json()["live"] is True


@pytest.mark.feature("ASG-1")
def test_positions_bring_those_who_hold_them_today(harness: Harness) -> None:
    course = harness.course()
    nurse = harness.unit("Nurse", kind="position")
    head = harness.unit("Head nurse", nurse, kind="position")
    now, later, past, above = (harness.person() for _ in range(4))
    harness.job(now, position=nurse)
    harness.job(later, position=nurse, starts="2999-01-01")
    harness.job(past, position=nurse, ends="2000-01-01")
    harness.job(above, position=head)
    harness.settle()
    harness.assign(course, "position", nurse)
    assert harness.enrolled(course) == {now}


@pytest.mark.feature("ASG-7", "ASG-8")
def test_a_learner_who_is_in_two_audiences_stays_enrolled_when_one_assignment_is_removed(harness: Harness) -> None:
    certification = harness.certification()
    both, only = harness.person(), harness.person()
    first, second = harness.audience(both, only), harness.audience(both, name="Drivers")
    harness.settle()
    removed = harness.assign(certification, "audience", first)
    harness.assign(certification, "audience", second)
    preview = harness.remove(removed)
    assert preview["text"] == (
        "This will withdraw 2 learners from this certification except where they have another assignment."
    )
    assert (preview["withdrawn"], preview["source_removed"]) == (1, 1)
    assert harness.enrolled(certification) == {both}
    assert harness.told(of=[only])[-2:] == ["LearnerUnassigned", "LearnerWithdrawn"]


@pytest.mark.feature("ASG-7")
def test_who_was_taken_out_by_hand_does_not_come_back_by_a_rule_until_allowed_again(harness: Harness) -> None:
    course, ann = harness.course(), harness.person()
    audience = harness.audience(ann)
    harness.settle()
    assignment = harness.assign(course, "audience", audience)
    path = f"/api/enrollment/assignments/{assignment}/exclusions"
    body = {"person_id": str(ann), "reason": "Ann is on leave"}
    assert harness.http.post(path, json=body).status_code == 201
    harness.leave(audience, ann)
    harness.settle()
    harness.join(audience, ann)
    harness.settle()
    assert harness.standing(ann, course) == "withdrawn"
    learners = harness.http.get(f"/api/enrollment/assignments/{assignment}/learners").json()["items"]
    assert [(one["person_id"], one["excluded"]) for one in learners] == [(str(ann), True)]
    assert harness.http.delete(f"{path}/{ann}").status_code == 200
    harness.settle()
    (enrollment,) = harness.enrollments(person_id=ann)
    assert (enrollment["status"], enrollment["term"]) == ("not-started", 2)


@pytest.mark.feature("ASG-7")
def test_a_reason_is_kept_apart_from_the_events(harness: Harness) -> None:
    course, ann = harness.course(), harness.person()
    harness.settle()
    created = harness.http.post(
        "/api/enrollment/assignments", json={"offerings": [str(course)], "people": [str(ann)]}
    ).json()["result"]["created"][0]["assignment_id"]
    harness.settle()
    path = f"/api/enrollment/assignments/{created}"
    answer = harness.http.request("DELETE", path, json={"reason": "Ann Example asked for it"})
    harness.settle()
    assert answer.status_code == 202
    assert harness.standing(ann, course) == "withdrawn"
    with harness.database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM events WHERE body LIKE '%%Example%%'").fetchone() == (0,)
        assert conn.execute("SELECT text FROM personal_text").fetchone() == ("Ann Example asked for it",)


@pytest.mark.feature("ASG-17", "ASG-16")
def test_the_assignments_of_an_offering_show_type_name_due_date_and_four_counts(harness: Harness) -> None:
    course, ann, bo = harness.course(), harness.person(), harness.person()
    audience = harness.audience(ann, bo)
    harness.settle()
    assignment = harness.assign(course, "audience", audience)
    harness.http.post(f"/api/enrollment/assignments/{assignment}/exclusions", json={"person_id": str(bo)})
    (item,) = harness.http.get("/api/enrollment/assignments", params={"offering_id": str(course)}).json()["items"]
    assert (item["type"], item["name"], item["due"]) == ("audience", "First aiders", "none")
    assert item["counts"] == {"active": 1, "date_pending": 0, "held": 0, "refused": 1}
    assert {one["person_id"] for one in harness.http.get(item["learners"]).json()["items"]} == {str(ann), str(bo)}


@pytest.mark.feature("ASG-16")
def test_assignments_are_paged_by_cursor(harness: Harness) -> None:
    course, people = harness.course(), harness.people(5)
    harness.settle()
    body = {"offerings": [str(course)], "people": [str(p) for p in people]}
    harness.http.post("/api/enrollment/assignments", json=body)
    seen: list[UUID] = []
    params: dict[str, str] = {"limit": "2"}
    while True:
        page = harness.http.get("/api/enrollment/assignments", params=params).json()
        seen += [UUID(item["target_id"]) for item in page["items"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert sorted(seen) == sorted(people)


def test_commands_and_previews_are_forgotten_after_the_set_time_and_not_before(harness: Harness) -> None:
    course, ann = harness.course(), harness.person()
    audience = harness.audience(ann)
    harness.settle()
    preview = harness.preview(course, ("audience", audience, False))
    key = {"Idempotency-Key": "kept"}
    harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm", headers=key)
    harness.settle()
    forgetting = next(worker for worker in harness.service.workers if isinstance(worker, RetentionWorker))
    assert set(forgetting.step().values()) == {0}
    with harness.database.connection() as conn:
        conn.execute("UPDATE command SET recorded_at = now() - interval '31 days'")
        conn.execute("UPDATE plan SET created_at = now() - interval '31 days'")
    nothing = dict.fromkeys(("payment notices", "ended calendar addresses", "attempts", "known-addresses"), 0)
    assert forgetting.step() == {"commands": 1, "people of previews": 1, "previews": 1, **nothing}
    assert harness.http.get(f"/api/enrollment/previews/{preview['id']}").status_code == 404
    assert harness.enrolled(course) == {ann}


@pytest.mark.feature("ASG-6", "ASG-7")
def test_removing_again_with_the_same_command_id_returns_the_first_answer(harness: Harness) -> None:
    course, ann = harness.course(), harness.person()
    harness.settle()
    body = {"offerings": [str(course)], "people": [str(ann)]}
    created = harness.http.post("/api/enrollment/assignments", json=body).json()["result"]["created"][0][
        "assignment_id"
    ]
    harness.settle()
    path, headers = f"/api/enrollment/assignments/{created}", {"Idempotency-Key": "remove-1", "If-Match": '"1"'}
    first = harness.http.delete(path, headers=headers)
    harness.settle()
    again = harness.http.delete(path, headers=headers)
    assert (again.status_code, again.json()) == (200, first.json())
    assert harness.told().count("AssignmentRemoved") == 1


@pytest.mark.feature("ASG-7", "DIR-12")
def test_why_a_rule_is_removed_is_said_when_confirming_and_kept_apart(harness: Harness) -> None:
    course, ann = harness.course(), harness.person()
    audience = harness.audience(ann)
    harness.settle()
    assignment = harness.assign(course, "audience", audience)
    asked = {"action": "remove", "assignment_ids": [str(assignment)]}
    refused = harness.http.post("/api/enrollment/previews", json={**asked, "reason": "Ann Example left"})
    assert (refused.status_code, refused.json()["field"]) == (422, "remove.reason")
    preview = harness.http.post("/api/enrollment/previews", json=asked).json()
    harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm", json={"reason": "Ann Example left"})
    harness.settle()
    with harness.database.connection() as conn:
        assert conn.execute("SELECT text FROM personal_text").fetchall() == [("Ann Example left",)]
        assert conn.execute("SELECT count(*) FROM plan WHERE request::text LIKE '%%Example%%'").fetchone() == (0,)
    assert harness.standing(ann, course) == "withdrawn"
