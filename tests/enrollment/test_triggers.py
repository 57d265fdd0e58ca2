"""Triggers: what is assigned by itself when something becomes true of a person (TRG)."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from httpx import Response
from world import World

from shared.contracts import directory

Becoming = Callable[[World, UUID], object]


@pytest.fixture
def course(world: World) -> UUID:
    return world.course("Welcome", 2)


def kind(answer: Response) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[1]


def shown(world: World, trigger: str) -> dict[str, object]:
    found: dict[str, object] = world.http.get(f"/api/enrollment/triggers/{trigger}").json()
    return found


def apply(world: World, trigger: str) -> dict[str, object]:
    """Preview, confirm, and carry it to everybody. Returns the preview."""
    body = {"action": "apply-trigger", "trigger_id": trigger}
    preview: dict[str, object] = world.http.post("/api/enrollment/previews", json=body).json()
    answer = world.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
    assert answer.status_code == 202, answer.text
    world.settle()
    return preview


def conditions(world: World) -> list[tuple[dict[str, object], Becoming]]:
    """Every kind of condition, and what makes it true of somebody."""
    north = world.unit("North")
    ward, nurse = world.unit("Ward", north), world.unit("Nurse", kind="position")
    staff, basics, role = world.audience(name="Staff"), world.course("Basics", 1), world.job_role("Driver")

    def complete(world: World, person: UUID) -> None:
        world.did(world.enroll(person, basics), "steps/1/complete", world.client(person))

    def place(kind: str, unit: UUID) -> Becoming:
        fields = {"organisation": {"organisation": unit}, "position": {"position": unit}}[kind]
        return lambda world, person: world.job(person, **fields)

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
def test_it_assigns_whomever_the_condition_becomes_true_of(world: World, course: UUID, number: int) -> None:
    when, become = conditions(world)[number]
    old, new, other = world.person(), world.person(), world.person()
    world.settle()
    become(world, old)
    trigger = world.trigger("Newcomers", when, offering_id=course)
    assert world.enrolled(course) == set()
    become(world, new)
    world.settle()
    assert world.enrolled(course) == {new}
    (source,) = world.http.get("/api/enrollment/assignments", params={"type": "trigger"}).json()["items"]
    assert (source["name"], source["target_id"], source["counts"]["active"]) == ("Newcomers", trigger, 1)
    assert [e for e in world.told(of=[new]) if e in ("TriggerFired", "LearnerAssigned")][-2:] == [
        "TriggerFired",
        "LearnerAssigned",
    ]
    (enrollment,) = world.enrollments(person_id=new, offering_id=course)
    sources = world.client(new).get(f"/api/enrollment/enrollments/{enrollment['id']}/sources").json()
    assert [(s["type"], s["name"], s["can_withdraw"]) for s in sources] == [("trigger", "Newcomers", False)]
    assert world.standing(other, course) == "-"
    assert (shown(world, trigger)["state"], shown(world, trigger)["people"]) == ("acting", 1)


@pytest.mark.feature("TRG-1")
def test_everybody_who_is_created_from_now_on(world: World, course: UUID) -> None:
    world.people(5)
    world.trigger("Everybody new", {"kind": "created"}, offering_id=course)
    new = world.people(3)
    world.settle()
    assert world.enrolled(course) == set(new)


@pytest.mark.feature("TRG-1", "TRG-2", "ASG-10")
def test_one_that_does_not_undo_has_acted_once_and_for_all(world: World, course: UUID) -> None:
    north, ann = world.unit("North"), world.person()
    world.trigger("North", {"kind": "organisation", "target_id": str(north)}, offering_id=course)
    world.move(ann, north)
    world.settle()
    world.move(ann, None)
    world.settle()
    assert world.standing(ann, course) == "not-started"
    world.move(ann, north)
    world.settle()
    assert world.told(of=[ann]) == ["TriggerFired", "LearnerAssigned"]


@pytest.mark.feature("TRG-2", "ASG-10")
def test_one_that_undoes_takes_back_what_was_not_begun(world: World, course: UUID) -> None:
    north, ann, bob = world.unit("North"), world.person(), world.person()
    when = {"kind": "organisation", "target_id": str(north)}
    world.trigger("North", when, offering_id=course, undo=True)
    for person in (ann, bob):
        world.move(person, north)
    world.settle()
    world.begin(bob, course)
    for person in (ann, bob):
        world.move(person, None)
    world.settle()
    assert [world.standing(person, course) for person in (ann, bob)] == ["withdrawn", "in-progress!"]
    world.move(ann, north)
    world.settle()
    assert world.standing(ann, course) == "not-started"
    assert world.told(of=[ann]) == [
        "TriggerFired",
        "LearnerAssigned",
        "TriggerTakenBack",
        "LearnerUnassigned",
        "LearnerWithdrawn",
        "TriggerFired",
        "LearnerAssigned",
    ]


@pytest.mark.feature("TRG-1", "ASG-7", "ASG-10")
def test_who_was_taken_out_or_is_inactive_stays_away(world: World, course: UUID) -> None:
    north, ann, bob = world.unit("North"), world.person(), world.person()
    trigger = world.trigger("North", {"kind": "organisation", "target_id": str(north)}, offering_id=course, undo=True)
    for person in (ann, bob):
        world.move(person, north)
    world.settle()
    source = shown(world, trigger)["assignment_id"]
    answer = world.http.post(f"/api/enrollment/assignments/{source}/exclusions", json={"person_id": str(ann)})
    assert answer.status_code == 201
    world.move(ann, None)
    world.settle()
    world.move(ann, north)
    world.tell(world.directory, directory.PersonDeactivated, bob, why="left")
    world.settle()
    assert [world.standing(person, course) for person in (ann, bob)] == ["withdrawn", "withdrawn"]
    world.tell(world.directory, directory.PersonReactivated, bob)
    world.settle()
    assert world.standing(bob, course) == "not-started"


@pytest.mark.feature("TRG-2", "ASG-8", "ASG-9")
def test_applied_to_those_who_match_today_as_previewed(world: World, course: UUID) -> None:
    north = world.unit("North")
    people, gone = world.people(6, north), world.person(north)
    world.tell(world.directory, directory.PersonDeactivated, gone, why="left")
    world.settle()
    world.enroll(people[0], course)
    trigger = world.trigger("North", {"kind": "organisation", "target_id": str(north)}, offering_id=course)
    preview = apply(world, trigger)
    assert preview["text"] == (
        "Adding this assignment will enrol 6 learners to this course except where they are enrolled already."
    )
    counts = {name: preview[name] for name in ("people", "enrolled", "source_added", "withdrawn")}
    assert counts == {"people": 6, "enrolled": 5, "source_added": 1, "withdrawn": 0}
    assert preview["emails"] == {"count": 5, "notifications": ["assigned", "completed", "withdrawn"]}
    assert world.enrolled(course) == set(people)
    assert shown(world, trigger)["people"] == 7
    assert apply(world, trigger)["enrolled"] == 0
    world.tell(world.directory, directory.PersonReactivated, gone)
    world.settle()
    assert world.standing(gone, course) == "not-started"


@pytest.mark.feature("TRG-2", "ASG-9")
def test_a_preview_that_is_not_true_any_more_is_refused(world: World, course: UUID) -> None:
    north = world.unit("North")
    ann = world.person(north)
    trigger = world.trigger("North", {"kind": "organisation", "target_id": str(north)}, offering_id=course)
    body = {"action": "apply-trigger", "trigger_id": trigger}
    preview = world.http.post("/api/enrollment/previews", json=body).json()
    world.move(ann, None)
    world.settle()
    answer = world.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
    assert (answer.status_code, kind(answer)) == (409, "preview-outdated")
    assert answer.json()["preview"]["enrolled"] == 0
    world.settle()
    assert world.enrolled(course) == set()


@pytest.mark.feature("TRG-2")
def test_stopped_it_acts_no_more_and_what_it_gave_stays(world: World, course: UUID) -> None:
    staff, ann, bob = world.audience(name="Staff"), world.person(), world.person()
    trigger = world.trigger("Staff", {"kind": "audience", "target_id": str(staff)}, offering_id=course, undo=True)
    world.join(staff, ann)
    world.settle()
    refused = world.http.request("DELETE", f"/api/enrollment/triggers/{trigger}", json={"take_back": True})
    assert (refused.status_code, kind(refused)) == (409, "preview-needed")
    assert world.http.delete(f"/api/enrollment/triggers/{trigger}").status_code == 200
    world.leave(staff, ann)
    world.join(staff, bob)
    world.settle()
    assert world.enrolled(course) == {ann}
    assert (shown(world, trigger)["state"], shown(world, trigger)["stopped_because"]) == ("stopped", "removed")
    assert kind(world.http.delete(f"/api/enrollment/triggers/{trigger}")) == "trigger-stopped"
    body = {"action": "apply-trigger", "trigger_id": trigger}
    assert kind(world.http.post("/api/enrollment/previews", json=body)) == "trigger-stopped"


@pytest.mark.feature("TRG-2", "ASG-7", "ASG-8")
def test_with_its_assignment_goes_what_it_gave(world: World, course: UUID) -> None:
    staff, ann, bob = world.audience(name="Staff"), world.person(), world.person()
    when = {"kind": "audience", "target_id": str(staff)}
    trigger = world.trigger("Staff", when, offering_id=course)
    world.join(staff, ann)
    world.settle()
    preview = world.remove(UUID(str(shown(world, trigger)["assignment_id"])))
    assert preview["text"] == (
        "This will withdraw 1 learners from this course except where they have another assignment."
    )
    world.join(staff, bob)
    world.settle()
    assert [world.standing(person, course) for person in (ann, bob)] == ["withdrawn", "-"]
    assert shown(world, trigger)["state"] == "stopped"
    listed = [
        world.http.get("/api/enrollment/triggers", params={"live": live}).json()["items"] for live in (True, False)
    ]
    assert [[item["id"] for item in items] for items in listed] == [[], [trigger]]
    body = {"action": "apply-trigger", "trigger_id": trigger}
    assert kind(world.http.post("/api/enrollment/previews", json=body)) == "trigger-stopped"
    world.trigger("Staff", when, offering_id=course)


@pytest.mark.feature("TRG-1", "ASG-2")
def test_what_cannot_be_is_refused_with_the_reason(world: World, course: UUID) -> None:
    staff = world.audience(name="Staff")
    when = {"kind": "audience", "target_id": str(staff)}
    first = world.trigger("Staff", when, offering_id=course)
    role = world.job_role("Nurse")
    world.settle()

    def refused(**body: object) -> tuple[int, str]:
        answer = world.http.post("/api/enrollment/triggers", json={"name": "Other", "when": when, **body})
        return answer.status_code, kind(answer)

    assert refused(name="Staff", offering_id=str(course)) == (409, "trigger-exists")
    assert refused() == (422, "invalid")
    assert refused(offering_id=str(course), job_role_id=str(role)) == (422, "invalid")
    assert refused(job_role_id=str(role), due={"kind": "fixed", "on": "2027-01-01"}) == (422, "invalid")
    assert refused(job_role_id=str(uuid4())) == (404, "not-found")
    assert refused(offering_id=str(uuid4())) == (404, "not-found")
    assert refused(offering_id=str(course), when={"kind": "audience"}) == (422, "invalid")
    assert refused(offering_id=str(course), when={**when, "target_id": str(uuid4())}) == (404, "not-found")
    assert refused(offering_id=str(course), when={"kind": "position", "target_id": str(world.unit())})[0] == 404
    again = world.http.post(
        "/api/enrollment/triggers", json={"name": "Staff", "when": when, "offering_id": str(course)}
    )
    assert again.json()["existing"] == first
    local = world.client(uuid4(), ("enrollment-manager", world.unit("North")))
    body = {"name": "Mine", "when": when, "offering_id": str(course)}
    assert local.post("/api/enrollment/triggers", json=body).status_code == 403
    page = world.http.get("/api/enrollment/triggers", params={"limit": 1}).json()
    assert ([item["id"] for item in page["items"]], page["next"]) == ([first], None)
