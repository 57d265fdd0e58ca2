"""Triggers: what is assigned by itself when something becomes true of a person (TRG)."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from enrollment.harness import Harness
from httpx import Response

from shared.contracts import directory

Becoming = Callable[[Harness, UUID], object]


@pytest.fixture
def course(harness: Harness) -> UUID:
    return harness.course("Welcome", 2)


def kind(answer: Response) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[1]


def shown(harness: Harness, trigger: str) -> dict[str, object]:
    found: dict[str, object] = harness.http.get(f"/api/enrollment/triggers/{trigger}").json()
    return found


def apply(harness: Harness, trigger: str) -> dict[str, object]:
    """Preview, confirm, and carry it to everybody. Returns the preview."""
    body = {"action": "apply-trigger", "trigger_id": trigger}
    preview: dict[str, object] = harness.http.post("/api/enrollment/previews", json=body).json()
    answer = harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
    assert answer.status_code == 202, answer.text
    harness.settle()
    return preview


def conditions(harness: Harness) -> list[tuple[dict[str, object], Becoming]]:
    """Every kind of condition, and what makes it true of somebody."""
    north = harness.unit("North")
    ward, nurse = harness.unit("Ward", north), harness.unit("Nurse", kind="position")
    staff, basics, role = harness.audience(name="Staff"), harness.course("Basics", 1), harness.job_role("Driver")

    def complete(harness: Harness, person: UUID) -> None:
        harness.did(harness.enroll(person, basics), "steps/1/complete", harness.client(person))

    def place(kind: str, unit: UUID) -> Becoming:
        fields = {"organisation": {"organisation": unit}, "position": {"position": unit}}[kind]
        return lambda harness, person: harness.job(person, **fields)

    day = date(2026, 5, 1)
    described = {"country": "SE", "dates": {"hired": day}}
    return [
        (
            {"kind": "first-login"},
            lambda w, p: w.tell(w.directory, directory.FirstSignedIn, p, at=datetime.now(UTC)),
        ),
        ({"kind": "organisation", "target_id": str(north), "include_below": True}, lambda w, p: w.move(p, ward)),
        ({"kind": "organisation", "target_id": str(ward)}, place("organisation", ward)),
        ({"kind": "position", "target_id": str(nurse)}, place("position", nurse)),
        ({"kind": "audience", "target_id": str(staff)}, lambda w, p: w.join(staff, p)),
        ({"kind": "job-role", "target_id": str(role)}, lambda w, p: w.hold(role, p)),
        ({"kind": "completion", "target_id": str(basics)}, complete),
        (
            {"kind": "field", "field": "hired", "on_or_after": "2026-01-01", "on_or_before": "2026-12-31"},
            lambda w, p: w.tell(w.directory, directory.PersonDescribed, p, **described),
        ),
    ]


@pytest.mark.feature("TRG-1", "ASG-1")
@pytest.mark.parametrize("number", range(8))
def test_it_assigns_whomever_the_condition_becomes_true_of(harness: Harness, course: UUID, number: int) -> None:
    when, become = conditions(harness)[number]
    old, new, other = harness.person(), harness.person(), harness.person()
    harness.settle()
    become(harness, old)
    trigger = harness.trigger("Newcomers", when, offering_id=course)
    assert harness.enrolled(course) == set()
    become(harness, new)
    harness.settle()
    assert harness.enrolled(course) == {new}
    (source,) = harness.http.get("/api/enrollment/assignments", params={"type": "trigger"}).json()["items"]
    assert (source["name"], source["target_id"], source["counts"]["active"]) == ("Newcomers", trigger, 1)
    assert [e for e in harness.told(of=[new]) if e in ("TriggerFired", "LearnerAssigned")][-2:] == [
        "TriggerFired",
        "LearnerAssigned",
    ]
    (enrollment,) = harness.enrollments(person_id=new, offering_id=course)
    sources = harness.client(new).get(f"/api/enrollment/enrollments/{enrollment['id']}/sources").json()
    assert [(s["type"], s["name"], s["can_withdraw"]) for s in sources] == [("trigger", "Newcomers", False)]
    assert harness.standing(other, course) == "-"
    assert (shown(harness, trigger)["state"], shown(harness, trigger)["people"]) == ("acting", 1)


@pytest.mark.feature("TRG-1")
def test_everybody_who_is_created_from_now_on(harness: Harness, course: UUID) -> None:
    harness.people(5)
    harness.trigger("Everybody new", {"kind": "created"}, offering_id=course)
    new = harness.people(3)
    harness.settle()
    assert harness.enrolled(course) == set(new)


@pytest.mark.feature("TRG-1", "TRG-2", "ASG-10")
def test_one_that_does_not_undo_has_acted_once_and_for_all(harness: Harness, course: UUID) -> None:
    north, ann = harness.unit("North"), harness.person()
    harness.trigger("North", {"kind": "organisation", "target_id": str(north)}, offering_id=course)
    harness.move(ann, north)
    harness.settle()
    harness.move(ann, None)
    harness.settle()
    assert harness.standing(ann, course) == "not-started"
    harness.move(ann, north)
    harness.settle()
    assert harness.told(of=[ann]) == ["TriggerFired", "LearnerAssigned"]


@pytest.mark.feature("TRG-2", "ASG-10")
def test_one_that_undoes_takes_back_what_was_not_begun(harness: Harness, course: UUID) -> None:
    north, ann, bob = harness.unit("North"), harness.person(), harness.person()
    when = {"kind": "organisation", "target_id": str(north)}
    harness.trigger("North", when, offering_id=course, undo=True)
    for person in (ann, bob):
        harness.move(person, north)
    harness.settle()
    harness.begin(bob, course)
    for person in (ann, bob):
        harness.move(person, None)
    harness.settle()
    assert [harness.standing(person, course) for person in (ann, bob)] == ["withdrawn", "in-progress!"]
    harness.move(ann, north)
    harness.settle()
    assert harness.standing(ann, course) == "not-started"
    assert harness.told(of=[ann]) == [
        "TriggerFired",
        "LearnerAssigned",
        "TriggerTakenBack",
        "LearnerUnassigned",
        "LearnerWithdrawn",
        "TriggerFired",
        "LearnerAssigned",
    ]


@pytest.mark.feature("TRG-1", "ASG-7", "ASG-10")
def test_who_was_taken_out_or_is_inactive_stays_away(harness: Harness, course: UUID) -> None:
    north, ann, bob = harness.unit("North"), harness.person(), harness.person()
    trigger = harness.trigger("North", {"kind": "organisation", "target_id": str(north)}, offering_id=course, undo=True)
    for person in (ann, bob):
        harness.move(person, north)
    harness.settle()
    source = shown(harness, trigger)["assignment_id"]
    answer = harness.http.post(f"/api/enrollment/assignments/{source}/exclusions", json={"person_id": str(ann)})
    assert answer.status_code == 201
    harness.move(ann, None)
    harness.settle()
    harness.move(ann, north)
    harness.tell(harness.directory, directory.PersonDeactivated, bob, why="left")
    harness.settle()
    assert [harness.standing(person, course) for person in (ann, bob)] == ["withdrawn", "withdrawn"]
    harness.tell(harness.directory, directory.PersonReactivated, bob)
    harness.settle()
    assert harness.standing(bob, course) == "not-started"


@pytest.mark.feature("TRG-2", "ASG-8", "ASG-9")
def test_applied_to_those_who_match_today_as_previewed(harness: Harness, course: UUID) -> None:
    north = harness.unit("North")
    people, gone = harness.people(6, north), harness.person(north)
    harness.tell(harness.directory, directory.PersonDeactivated, gone, why="left")
    harness.settle()
    harness.enroll(people[0], course)
    trigger = harness.trigger("North", {"kind": "organisation", "target_id": str(north)}, offering_id=course)
    preview = apply(harness, trigger)
    assert preview["text"] == (
        "Adding this assignment will enrol 6 learners to this course except where they are enrolled already."
    )
    counts = {name: preview[name] for name in ("people", "enrolled", "source_added", "withdrawn")}
    assert counts == {"people": 6, "enrolled": 5, "source_added": 1, "withdrawn": 0}
    assert preview["emails"] == {"count": 5, "notifications": ["assigned", "completed", "withdrawn"]}
    assert harness.enrolled(course) == set(people)
    assert shown(harness, trigger)["people"] == 7
    assert apply(harness, trigger)["enrolled"] == 0
    harness.tell(harness.directory, directory.PersonReactivated, gone)
    harness.settle()
    assert harness.standing(gone, course) == "not-started"


@pytest.mark.feature("TRG-2", "ASG-9")
def test_a_preview_that_is_not_true_any_more_is_refused(harness: Harness, course: UUID) -> None:
    north = harness.unit("North")
    ann = harness.person(north)
    trigger = harness.trigger("North", {"kind": "organisation", "target_id": str(north)}, offering_id=course)
    body = {"action": "apply-trigger", "trigger_id": trigger}
    preview = harness.http.post("/api/enrollment/previews", json=body).json()
    harness.move(ann, None)
    harness.settle()
    answer = harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
    assert (answer.status_code, kind(answer)) == (409, "preview-outdated")
    assert answer.json()["preview"]["enrolled"] == 0
    harness.settle()
    assert harness.enrolled(course) == set()


@pytest.mark.feature("TRG-2")
def test_stopped_it_acts_no_more_and_what_it_gave_stays(harness: Harness, course: UUID) -> None:
    staff, ann, bob = harness.audience(name="Staff"), harness.person(), harness.person()
    trigger = harness.trigger("Staff", {"kind": "audience", "target_id": str(staff)}, offering_id=course, undo=True)
    harness.join(staff, ann)
    harness.settle()
    refused = harness.http.request("DELETE", f"/api/enrollment/triggers/{trigger}", json={"take_back": True})
    assert (refused.status_code, kind(refused)) == (409, "preview-required")
    assert harness.http.delete(f"/api/enrollment/triggers/{trigger}").status_code == 200
    harness.leave(staff, ann)
    harness.join(staff, bob)
    harness.settle()
    assert harness.enrolled(course) == {ann}
    assert (shown(harness, trigger)["state"], shown(harness, trigger)["stopped_because"]) == ("stopped", "removed")
    assert kind(harness.http.delete(f"/api/enrollment/triggers/{trigger}")) == "trigger-stopped"
    body = {"action": "apply-trigger", "trigger_id": trigger}
    assert kind(harness.http.post("/api/enrollment/previews", json=body)) == "trigger-stopped"


@pytest.mark.feature("TRG-2", "ASG-7", "ASG-8")
def test_with_its_assignment_goes_what_it_gave(harness: Harness, course: UUID) -> None:
    staff, ann, bob = harness.audience(name="Staff"), harness.person(), harness.person()
    when = {"kind": "audience", "target_id": str(staff)}
    trigger = harness.trigger("Staff", when, offering_id=course)
    harness.join(staff, ann)
    harness.settle()
    preview = harness.remove(UUID(str(shown(harness, trigger)["assignment_id"])))
    assert preview["text"] == (
        "This will withdraw 1 learners from this course except where they have another assignment."
    )
    harness.join(staff, bob)
    harness.settle()
    assert [harness.standing(person, course) for person in (ann, bob)] == ["withdrawn", "-"]
    assert shown(harness, trigger)["state"] == "stopped"
    listed = [
        harness.http.get("/api/enrollment/triggers", params={"live": live}).json()["items"] for live in (True, False)
    ]
    assert [[item["id"] for item in items] for items in listed] == [[], [trigger]]
    body = {"action": "apply-trigger", "trigger_id": trigger}
    assert kind(harness.http.post("/api/enrollment/previews", json=body)) == "trigger-stopped"
    harness.trigger("Staff", when, offering_id=course)


@pytest.mark.feature("TRG-1", "ASG-2")
def test_what_cannot_be_is_refused_with_the_reason(harness: Harness, course: UUID) -> None:
    staff = harness.audience(name="Staff")
    when = {"kind": "audience", "target_id": str(staff)}
    first = harness.trigger("Staff", when, offering_id=course)
    role = harness.job_role("Nurse")
    harness.settle()

    def refused(**body: object) -> tuple[int, str]:
        answer = harness.http.post("/api/enrollment/triggers", json={"name": "Other", "when": when, **body})
        return answer.status_code, kind(answer)

    assert refused(name="Staff", offering_id=str(course)) == (409, "trigger-exists")
    assert refused() == (422, "invalid")
    assert refused(offering_id=str(course), job_role_id=str(role)) == (422, "invalid")
    assert refused(job_role_id=str(role), due={"kind": "fixed", "on": "2027-01-01"}) == (422, "invalid")
    assert refused(job_role_id=str(uuid4())) == (404, "not-found")
    assert refused(offering_id=str(uuid4())) == (404, "not-found")
    assert refused(offering_id=str(course), when={"kind": "audience"}) == (422, "invalid")
    assert refused(offering_id=str(course), when={**when, "target_id": str(uuid4())}) == (404, "not-found")
    assert refused(offering_id=str(course), when={"kind": "position", "target_id": str(harness.unit())})[0] == 404
    again = harness.http.post(
        "/api/enrollment/triggers", json={"name": "Staff", "when": when, "offering_id": str(course)}
    )
    assert again.json()["existing"] == first
    local = harness.client(uuid4(), ("enrollment-manager", harness.unit("North")))
    body = {"name": "Mine", "when": when, "offering_id": str(course)}
    assert local.post("/api/enrollment/triggers", json=body).status_code == 403
    page = harness.http.get("/api/enrollment/triggers", params={"limit": 1}).json()
    assert ([item["id"] for item in page["items"]], page["next"]) == ([first], None)
