"""Groups: learners who come by themselves and leave again, and administrators who add and take out (GRP)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from httpx import Response
from world import World

from shared.contracts import catalog, directory


@pytest.fixture
def ann(world: World) -> UUID:
    return world.person()


@pytest.fixture
def course(world: World) -> UUID:
    return world.course("Yoga", 2)


def group(world: World, offering: UUID, name: str = "Morning", **more: object) -> str:
    """A group that lets learners come and go unless said otherwise."""
    world.settle()
    body = {"name": name, "description": f"{name} in room 3", "allow_enrol": True, "allow_withdraw": True, **more}
    answer = world.http.post(f"/api/enrollment/offerings/{offering}/groups", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["result"]["assignment_id"])


def join(world: World, person: UUID, id: str, *, confirm: bool = True) -> Response:
    return world.client(person).post(f"/api/enrollment/groups/{id}/join", json={"confirm": confirm})


def leave(world: World, person: UUID, id: str, *, confirm: bool = True) -> Response:
    return world.client(person).post(f"/api/enrollment/assignments/{id}/leave", json={"confirm": confirm})


def kind(answer: Response) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[1]


def sources(world: World, person: UUID, offering: UUID) -> list[dict[str, object]]:
    (found,) = world.enrollments(person_id=person, offering_id=offering)
    listed: list[dict[str, object]] = (
        world.client(person).get(f"/api/enrollment/enrollments/{found['id']}/sources").json()
    )
    return listed


@pytest.mark.feature("GRP-1", "GRP-3", "ASG-1", "CAT-5")
def test_a_learner_reads_confirms_and_enrols(world: World, course: UUID, ann: UUID) -> None:
    id = group(world, course, due={"kind": "enrollment", "amount": 2, "unit": "weeks"})
    (choice,) = world.client(ann).get(f"/api/enrollment/offerings/{course}/groups").json()
    assert (choice["name"], choice["description"], choice["member"]) == ("Morning", "Morning in room 3", False)
    assert choice["due_text"] == "2 weeks after enrollment"
    asked = join(world, ann, id, confirm=False)
    assert (asked.status_code, kind(asked)) == (409, "confirmation-needed")
    assert asked.json()["text"] == (
        "You will be enrolled on 'Yoga' by the group 'Morning'. Due: 2 weeks after enrollment."
    )
    assert world.standing(ann, course) == "-"
    joined = join(world, ann, id)
    assert (joined.status_code, joined.json()["result"]["status"]) == (200, "not-started")
    (shown,) = world.http.get("/api/enrollment/assignments", params={"type": "group"}).json()["items"]
    assert (shown["name"], shown["counts"]["active"]) == ("Morning", 1)
    assert join(world, ann, id).json()["result"]["status"] == "not-started"
    world.settle()
    assert world.told(of=[ann]) == ["GroupJoined", "LearnerAssigned"]


@pytest.mark.feature("GRP-2", "GRP-3", "GRP-7", "GRP-8", "ASG-6")
def test_several_groups_beside_other_assignments(world: World, course: UUID, ann: UUID) -> None:
    north = world.unit("North")
    world.move(ann, north)
    world.settle()
    world.assign(course, "organisation", north)
    morning = group(world, course)
    evening = group(world, course, "Evening", due={"kind": "fixed", "on": "2099-12-31"})
    listed = world.client(ann).get(f"/api/enrollment/offerings/{course}/groups").json()
    assert [(one["name"], one["due_text"]) for one in listed] == [("Evening", "2099-12-31"), ("Morning", "none")]
    assert join(world, ann, evening).is_success
    told = [(s["type"], s["name"], s["due_on"], s["can_withdraw"]) for s in sources(world, ann, course)]
    assert told == [("organisation", "North", None, False), ("group", "Evening", "2099-12-31", True)]
    members = world.http.get(f"/api/enrollment/groups/{evening}/members").json()["items"]
    assert members == [{"person_id": str(ann), "name": None, "joined_by": "learner"}]
    assert world.http.get(f"/api/enrollment/groups/{morning}/members").json()["items"] == []


@pytest.mark.feature("GRP-5", "GRP-6")
def test_withdrawing_asks_first_leaves_the_group_only_and_keeps_progress(world: World, course: UUID, ann: UUID) -> None:
    id, learner = group(world, course), world.client(ann)
    join(world, ann, id)
    (found,) = world.enrollments(person_id=ann)
    world.did(str(found["id"]), "steps/1/complete", learner)
    asked = leave(world, ann, id, confirm=False)
    assert kind(asked) == "confirmation-needed"
    assert asked.json()["text"] == ("You will be withdrawn from 'Yoga'. Progress and completions stay on record.")
    assert leave(world, ann, id).json()["result"]["status"] == "withdrawn"
    world.settle()
    assert (world.standing(ann, course), world.show(str(found["id"]))["steps"]) == ("withdrawn", [1])
    assert join(world, ann, id).json()["result"]["status"] == "not-started"

    other = group(world, course, "Evening")
    join(world, ann, other)
    assert "You stay enrolled by another assignment." in leave(world, ann, id, confirm=False).json()["text"]
    assert leave(world, ann, id).json()["result"]["status"] == "not-started"
    assert [s["name"] for s in sources(world, ann, course)] == ["Evening"]


@pytest.mark.feature("GRP-5")
def test_nobody_withdraws_where_the_group_forbids_it_or_from_what_was_not_their_own_doing(
    world: World, course: UUID, ann: UUID
) -> None:
    strict, open_ = group(world, course, allow_withdraw=False), group(world, course, "Evening")
    join(world, ann, strict)
    world.http.post(f"/api/enrollment/groups/{open_}/members", json={"people": [str(ann)]})
    world.settle()
    assert [kind(leave(world, ann, id)) for id in (strict, open_)] == ["no-withdrawal", "not-own-enrolment"]
    assert [s["can_withdraw"] for s in sources(world, ann, course)] == [False, False]
    other = world.course("Other")
    world.settle()
    world.enroll(ann, other)
    (assigned,) = world.http.get("/api/enrollment/assignments", params={"type": "individual"}).json()["items"]
    assert kind(leave(world, ann, assigned["id"])) == "not-own-enrolment"


@pytest.mark.feature("GRP-4", "ASG-18", "ASG-7", "ASG-5")
def test_administrators_add_and_take_out(world: World, course: UUID, ann: UUID) -> None:
    bob, gone, stranger = world.person(), world.person(), UUID(int=7)
    world.tell(world.directory, directory.PersonDeactivated, gone, why="left")
    id = group(world, course, allow_enrol=True)
    people = [str(p) for p in (ann, bob, gone, stranger)]
    result = world.http.post(f"/api/enrollment/groups/{id}/members", json={"people": people}).json()["result"]
    assert result["added"] == people[:2]
    assert [(r["person_id"], r["kind"]) for r in result["refused"]] == [
        (str(gone), "inactive-person"),
        (str(stranger), "unknown-person"),
    ]
    world.settle()
    assert world.enrolled(course) == {ann, bob}
    again = world.http.post(f"/api/enrollment/groups/{id}/members", json={"people": people[:1]}).json()["result"]
    assert [r["kind"] for r in again["refused"]] == ["member-already"]

    taken = world.http.request(
        "DELETE", f"/api/enrollment/groups/{id}/members/{ann}", json={"reason": "moved to another course"}
    )
    assert taken.status_code == 200
    world.settle()
    assert world.standing(ann, course) == "withdrawn"
    assert kind(join(world, ann, id)) == "excluded"
    (shown,) = world.http.get("/api/enrollment/assignments", params={"type": "group"}).json()["items"]
    assert shown["counts"] == {"active": 1, "date_pending": 0, "held": 0, "refused": 1}
    world.http.post(f"/api/enrollment/groups/{id}/members", json={"people": people[:1]})
    world.settle()
    assert world.standing(ann, course) == "not-started"


@pytest.mark.feature("ASG-18", "ENR-3")
def test_an_own_enrolment_without_a_group_ends_by_the_learner_or_an_administrator(
    world: World, course: UUID, ann: UUID
) -> None:
    world.tell(world.catalog, catalog.LearnerAccessChosen, course, access="self-enrollment")
    world.settle()
    for how in ("learner", "administrator"):
        answer = world.client(ann).post(f"/api/enrollment/offerings/{course}/enrol").json()["result"]
        assert answer["status"] == "not-started"
        if how == "learner":
            assert leave(world, ann, answer["assignment_id"]).json()["result"]["status"] == "withdrawn"
        else:
            removed = world.http.delete(f"/api/enrollment/assignments/{answer['assignment_id']}")
            assert removed.status_code == 202, removed.text
        world.settle()
        assert world.standing(ann, course) == "withdrawn"


@pytest.mark.feature("GRP-1", "CAT-3", "CAT-4", "CAT-19", "GRP-3")
def test_a_group_lets_nobody_in_where_it_or_its_offering_is_closed(world: World, course: UUID, ann: UUID) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    early, late = group(world, course, "A", opens=tomorrow), group(world, course, "B", closes=yesterday)
    shut, usual = group(world, course, "C", allow_enrol=False), group(world, course, "D")
    found = [kind(join(world, ann, id)) for id in (early, late, shut)]
    assert found == ["not-open-yet", "closed", "no-self-enrollment"]
    listed = world.client(ann).get(f"/api/enrollment/offerings/{course}/groups").json()
    assert [one["name"] for one in listed] == ["D"]
    world.tell(world.catalog, catalog.OfferingDeactivated, course)
    world.settle()
    assert kind(join(world, ann, usual)) == "offering-inactive"
    draft = world.certification("Draft", published=False)
    world.settle()
    refused = world.http.post(f"/api/enrollment/offerings/{draft}/groups", json={"name": "Nobody"})
    assert kind(refused) == "offering-unpublished"
    wrong = {"name": "E", "opens": tomorrow, "closes": yesterday}
    active = world.course("Open")
    world.settle()
    assert world.http.post(f"/api/enrollment/offerings/{active}/groups", json=wrong).status_code == 422


@pytest.mark.feature("GRP-1", "ASG-8", "ASG-7")
def test_a_group_is_edited_and_removed_with_a_preview(world: World, course: UUID, ann: UUID) -> None:
    id = group(world, course)
    join(world, ann, id)
    shown = world.http.get(f"/api/enrollment/groups/{id}")
    body = {"name": "Late morning", "description": "", "allow_enrol": False, "allow_withdraw": True}
    stale = world.http.put(f"/api/enrollment/groups/{id}", json=body, headers={"If-Match": '"1"'})
    edited = world.http.put(f"/api/enrollment/groups/{id}", json=body, headers={"If-Match": shown.headers["ETag"]})
    assert (stale.status_code, edited.status_code) == (412, 200)
    due = {**body, "due": {"kind": "fixed", "on": "2099-01-01"}}
    assert world.http.put(f"/api/enrollment/groups/{id}", json=due).status_code == 422
    assert world.http.get(f"/api/enrollment/groups/{id}").json()["name"] == "Late morning"
    preview = world.remove(UUID(id))
    assert preview["text"] == (
        "This will withdraw 1 learners from this course except where they have another assignment."
    )
    assert (preview["people"], preview["withdrawn"], world.standing(ann, course)) == (1, 1, "withdrawn")
    assert world.http.get(f"/api/enrollment/groups/{id}").status_code == 404
    assert kind(join(world, ann, id)) == "not-found"


@pytest.mark.feature("GRP-4", "SEC-2")
def test_managers_of_one_organisation_add_only_their_own_people(world: World, course: UUID, ann: UUID) -> None:
    north, south = world.unit("North"), world.unit("South")
    mine, other = world.person(north), world.person(south)
    id = group(world, course)
    manager = world.client(UUID(int=5), ("enrollment-manager", north))
    result = manager.post(f"/api/enrollment/groups/{id}/members", json={"people": [str(mine), str(other)]}).json()
    assert result["result"]["added"] == [str(mine)]
    world.settle()
    join(world, ann, id)
    seen = manager.get(f"/api/enrollment/groups/{id}/members").json()["items"]
    assert [one["person_id"] for one in seen] == [str(mine)]
    made = manager.post(f"/api/enrollment/offerings/{course}/groups", json={"name": "Mine"})
    assert made.status_code == 403
    out = manager.request("DELETE", f"/api/enrollment/groups/{id}/members/{ann}")
    assert out.status_code == 404


@pytest.mark.feature("CAT-5", "CAT-6", "CAT-7", "GRP-3")
def test_a_group_on_a_hidden_offering_or_outside_the_audiences_is_not_there(world: World, ann: UUID) -> None:
    hidden, chosen = world.course("Hidden"), world.course("Chosen")
    audience = world.audience()
    world.tell(world.catalog, catalog.LearnerAccessChosen, hidden, access="hidden")
    world.tell(world.catalog, catalog.VisibilityChosen, chosen, audiences=(audience,))
    for offering in (hidden, chosen):
        id = group(world, offering)
        assert world.client(ann).get(f"/api/enrollment/offerings/{offering}/groups").status_code == 404
        assert (join(world, ann, id).status_code, world.standing(ann, offering)) == (404, "-")
    world.join(audience, ann)
    world.settle()
    (choice,) = world.client(ann).get(f"/api/enrollment/offerings/{chosen}/groups").json()
    assert join(world, ann, choice["assignment_id"]).json()["result"]["status"] == "not-started"
