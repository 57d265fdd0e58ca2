"""Groups: learners who come by themselves and leave again, and administrators who add and take out (GRP)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from enrollment.harness import Harness
from fastapi.testclient import TestClient
from httpx import Response

from shared.contracts import catalog, directory


@pytest.fixture
def ann(harness: Harness) -> UUID:
    return harness.person()


@pytest.fixture
def course(harness: Harness) -> UUID:
    return harness.course("Yoga", 2)


def group(harness: Harness, offering: UUID, name: str = "Morning", **more: object) -> str:
    """A group that lets learners come and go unless said otherwise."""
    harness.settle()
    body = {"name": name, "description": f"{name} in room 3", "allow_enrol": True, "allow_withdraw": True, **more}
    answer = harness.http.post(f"/api/enrollment/offerings/{offering}/groups", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["result"]["assignment_id"])


def join(harness: Harness, person: UUID, id: str, *, confirm: bool = True) -> Response:
    return harness.client(person).post(f"/api/enrollment/groups/{id}/join", json={"confirm": confirm})


def leave(harness: Harness, person: UUID, id: str, *, confirm: bool = True) -> Response:
    return harness.client(person).post(f"/api/enrollment/assignments/{id}/leave", json={"confirm": confirm})


def kind(answer: Response) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[1]


def sources(harness: Harness, person: UUID, offering: UUID) -> list[dict[str, object]]:
    (found,) = harness.enrollments(person_id=person, offering_id=offering)
    listed: list[dict[str, object]] = (
        harness.client(person).get(f"/api/enrollment/enrollments/{found['id']}/sources").json()
    )
    return listed


@pytest.mark.feature("GRP-1", "GRP-3", "ASG-1", "CAT-5")
def test_a_learner_reads_confirms_and_enrols(harness: Harness, course: UUID, ann: UUID) -> None:
    id = group(harness, course, due={"kind": "enrollment", "amount": 2, "unit": "weeks"})
    (choice,) = harness.client(ann).get(f"/api/enrollment/offerings/{course}/groups").json()
    assert (choice["name"], choice["description"], choice["member"]) == ("Morning", "Morning in room 3", False)
    assert choice["due_text"] == "2 weeks after enrollment"
    asked = join(harness, ann, id, confirm=False)
    assert (asked.status_code, kind(asked)) == (409, "confirmation-required")
    assert asked.json()["text"] == (
        "You will be enrolled in 'Yoga' through the group 'Morning'. Due: 2 weeks after enrollment."
    )
    assert harness.standing(ann, course) == "-"
    joined = join(harness, ann, id)
    assert (joined.status_code, joined.json()["result"]["status"]) == (200, "not-started")
    (shown,) = harness.http.get("/api/enrollment/assignments", params={"type": "group"}).json()["items"]
    assert (shown["name"], shown["counts"]["active"]) == ("Morning", 1)
    assert join(harness, ann, id).json()["result"]["status"] == "not-started"
    harness.settle()
    assert harness.told(of=[ann]) == ["GroupJoined", "LearnerAssigned"]


@pytest.mark.feature("GRP-2", "GRP-3", "GRP-7", "GRP-8", "ASG-6")
def test_several_groups_beside_other_assignments(harness: Harness, course: UUID, ann: UUID) -> None:
    north = harness.unit("North")
    harness.move(ann, north)
    harness.settle()
    harness.assign(course, "organisation", north)
    morning = group(harness, course)
    evening = group(harness, course, "Evening", due={"kind": "fixed", "on": "2099-12-31"})
    listed = harness.client(ann).get(f"/api/enrollment/offerings/{course}/groups").json()
    assert [(one["name"], one["due_text"]) for one in listed] == [("Evening", "2099-12-31"), ("Morning", "none")]
    assert join(harness, ann, evening).status_code == 200
    told = [(s["type"], s["name"], s["due_on"], s["can_withdraw"]) for s in sources(harness, ann, course)]
    assert told == [("organisation", "North", None, False), ("group", "Evening", "2099-12-31", True)]
    members = harness.http.get(f"/api/enrollment/groups/{evening}/members").json()["items"]
    assert members == [{"person_id": str(ann), "name": None, "joined_by": "learner"}]
    assert harness.http.get(f"/api/enrollment/groups/{morning}/members").json()["items"] == []


@pytest.mark.feature("GRP-5", "GRP-6")
def test_withdrawing_asks_first_leaves_the_group_only_and_keeps_progress(
    harness: Harness, course: UUID, ann: UUID
) -> None:
    id, learner = group(harness, course), harness.client(ann)
    join(harness, ann, id)
    (found,) = harness.enrollments(person_id=ann)
    harness.did(str(found["id"]), "steps/1/complete", learner)
    asked = leave(harness, ann, id, confirm=False)
    assert kind(asked) == "confirmation-required"
    assert asked.json()["text"] == (
        "You will be withdrawn from the group 'Morning' of 'Yoga'. You will not be on this course any more. "
        "What you have completed stays."
    )
    told = asked.json()
    assert (told["group"], told["stays"], told["within_certification"]) == ("Morning", [], False)
    assert leave(harness, ann, id).json()["result"]["status"] == "withdrawn"
    harness.settle()
    assert (harness.standing(ann, course), harness.show(str(found["id"]))["steps"]) == ("withdrawn", [1])
    assert join(harness, ann, id).json()["result"]["status"] == "not-started"

    other = group(harness, course, "Evening")
    join(harness, ann, other)
    told = leave(harness, ann, id, confirm=False).json()
    assert "Your other assignments stay: Evening (group)." in told["text"]
    assert told["stays"] == [{"type": "group", "name": "Evening"}]
    assert leave(harness, ann, id).json()["result"]["status"] == "not-started"
    assert [s["name"] for s in sources(harness, ann, course)] == ["Evening"]


@pytest.mark.feature("GRP-5")
def test_nobody_withdraws_where_the_group_forbids_it_or_from_what_was_not_their_own_doing(
    harness: Harness, course: UUID, ann: UUID
) -> None:
    strict, open_ = group(harness, course, allow_withdraw=False), group(harness, course, "Evening")
    join(harness, ann, strict)
    harness.http.post(f"/api/enrollment/groups/{open_}/members", json={"people": [str(ann)]})
    harness.settle()
    assert [kind(leave(harness, ann, id)) for id in (strict, open_)] == ["no-withdrawal", "not-own-enrollment"]
    assert [s["can_withdraw"] for s in sources(harness, ann, course)] == [False, False]
    other = harness.course("Other")
    harness.settle()
    harness.enroll(ann, other)
    (assigned,) = harness.http.get("/api/enrollment/assignments", params={"type": "individual"}).json()["items"]
    assert kind(leave(harness, ann, assigned["id"])) == "not-own-enrollment"


@pytest.mark.feature("GRP-4", "ASG-18", "ASG-7", "ASG-5")
def test_administrators_add_and_take_out(harness: Harness, course: UUID, ann: UUID) -> None:
    bob, gone, stranger = harness.person(), harness.person(), UUID(int=7)
    harness.tell(harness.directory, directory.PersonDeactivated, gone, why="left")
    id = group(harness, course, allow_enrol=True)
    people = [str(p) for p in (ann, bob, gone, stranger)]
    result = harness.http.post(f"/api/enrollment/groups/{id}/members", json={"people": people}).json()["result"]
    assert result["added"] == people[:2]
    assert [(r["person_id"], r["kind"]) for r in result["refused"]] == [
        (str(gone), "inactive-person"),
        (str(stranger), "unknown-person"),
    ]
    harness.settle()
    assert harness.enrolled(course) == {ann, bob}
    again = harness.http.post(f"/api/enrollment/groups/{id}/members", json={"people": people[:1]}).json()["result"]
    assert [r["kind"] for r in again["refused"]] == ["member-already"]

    taken = harness.http.request(
        "DELETE", f"/api/enrollment/groups/{id}/members/{ann}", json={"reason": "moved to another course"}
    )
    assert taken.status_code == 200
    harness.settle()
    assert harness.standing(ann, course) == "withdrawn"
    assert kind(join(harness, ann, id)) == "excluded"
    (shown,) = harness.http.get("/api/enrollment/assignments", params={"type": "group"}).json()["items"]
    assert shown["counts"] == {"active": 1, "date_pending": 0, "held": 0, "refused": 1}
    harness.http.post(f"/api/enrollment/groups/{id}/members", json={"people": people[:1]})
    harness.settle()
    assert harness.standing(ann, course) == "not-started"


@pytest.mark.feature("ASG-18", "ENR-3")
def test_an_own_enrollment_without_a_group_ends_by_the_learner_or_an_administrator(
    harness: Harness, course: UUID, ann: UUID
) -> None:
    harness.tell(harness.catalog, catalog.LearnerAccessChosen, course, access="self-enrollment")
    harness.settle()
    for how in ("learner", "administrator"):
        answer = harness.client(ann).post(f"/api/enrollment/offerings/{course}/enrol").json()["result"]
        assert answer["status"] == "not-started"
        if how == "learner":
            assert leave(harness, ann, answer["assignment_id"]).json()["result"]["status"] == "withdrawn"
        else:
            removed = harness.http.delete(f"/api/enrollment/assignments/{answer['assignment_id']}")
            assert removed.status_code == 202, removed.text
        harness.settle()
        assert harness.standing(ann, course) == "withdrawn"


@pytest.mark.feature("GRP-1", "CAT-3", "CAT-4", "CAT-19", "GRP-3")
def test_a_group_lets_nobody_in_where_it_or_its_offering_is_closed(harness: Harness, course: UUID, ann: UUID) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    early, late = group(harness, course, "A", opens=tomorrow), group(harness, course, "B", closes=yesterday)
    shut, usual = group(harness, course, "C", allow_enrol=False), group(harness, course, "D")
    found = [kind(join(harness, ann, id)) for id in (early, late, shut)]
    assert found == ["not-open-yet", "closed", "no-self-enrollment"]
    listed = harness.client(ann).get(f"/api/enrollment/offerings/{course}/groups").json()
    assert [one["name"] for one in listed] == ["D"]
    harness.tell(harness.catalog, catalog.OfferingDeactivated, course)
    harness.settle()
    assert kind(join(harness, ann, usual)) == "offering-inactive"
    draft = harness.certification("Draft", published=False)
    harness.settle()
    refused = harness.http.post(f"/api/enrollment/offerings/{draft}/groups", json={"name": "Nobody"})
    assert kind(refused) == "offering-unpublished"
    wrong = {"name": "E", "opens": tomorrow, "closes": yesterday}
    active = harness.course("Open")
    harness.settle()
    assert harness.http.post(f"/api/enrollment/offerings/{active}/groups", json=wrong).status_code == 422


@pytest.mark.feature("GRP-1", "ASG-8", "ASG-7")
def test_a_group_is_edited_and_removed_with_a_preview(harness: Harness, course: UUID, ann: UUID) -> None:
    id = group(harness, course)
    join(harness, ann, id)
    shown = harness.http.get(f"/api/enrollment/groups/{id}")
    body = {"name": "Late morning", "description": "", "allow_enrol": False, "allow_withdraw": True}
    stale = harness.http.put(f"/api/enrollment/groups/{id}", json=body, headers={"If-Match": '"1"'})
    edited = harness.http.put(f"/api/enrollment/groups/{id}", json=body, headers={"If-Match": shown.headers["ETag"]})
    assert (stale.status_code, edited.status_code) == (412, 200)
    due = {**body, "due": {"kind": "fixed", "on": "2099-01-01"}}
    assert harness.http.put(f"/api/enrollment/groups/{id}", json=due).status_code == 422
    assert harness.http.get(f"/api/enrollment/groups/{id}").json()["name"] == "Late morning"
    preview = harness.remove(UUID(id))
    assert preview["text"] == (
        "This will withdraw 1 learners from this course except where they have another assignment."
    )
    assert (preview["people"], preview["withdrawn"], harness.standing(ann, course)) == (1, 1, "withdrawn")
    assert harness.http.get(f"/api/enrollment/groups/{id}").status_code == 404
    assert kind(join(harness, ann, id)) == "not-found"


@pytest.mark.feature("GRP-4", "SEC-2")
def test_managers_of_one_organisation_add_only_their_own_people(harness: Harness, course: UUID, ann: UUID) -> None:
    north, south = harness.unit("North"), harness.unit("South")
    mine, other = harness.person(north), harness.person(south)
    id = group(harness, course)
    manager = harness.client(UUID(int=5), ("enrollment-manager", north))
    result = manager.post(f"/api/enrollment/groups/{id}/members", json={"people": [str(mine), str(other)]}).json()
    assert result["result"]["added"] == [str(mine)]
    harness.settle()
    join(harness, ann, id)
    seen = manager.get(f"/api/enrollment/groups/{id}/members").json()["items"]
    assert [one["person_id"] for one in seen] == [str(mine)]
    made = manager.post(f"/api/enrollment/offerings/{course}/groups", json={"name": "Mine"})
    assert made.status_code == 403
    out = manager.request("DELETE", f"/api/enrollment/groups/{id}/members/{ann}")
    assert out.status_code == 404


@pytest.mark.feature("CAT-5", "CAT-6", "CAT-7", "GRP-3")
def test_a_group_on_a_hidden_offering_or_outside_the_audiences_is_not_there(harness: Harness, ann: UUID) -> None:
    hidden, chosen = harness.course("Hidden"), harness.course("Chosen")
    audience = harness.audience()
    harness.tell(harness.catalog, catalog.LearnerAccessChosen, hidden, access="hidden")
    harness.tell(harness.catalog, catalog.VisibilityChosen, chosen, audiences=(audience,))
    for offering in (hidden, chosen):
        id = group(harness, offering)
        assert harness.client(ann).get(f"/api/enrollment/offerings/{offering}/groups").status_code == 404
        assert (join(harness, ann, id).status_code, harness.standing(ann, offering)) == (404, "-")
    harness.join(audience, ann)
    harness.settle()
    (choice,) = harness.client(ann).get(f"/api/enrollment/offerings/{chosen}/groups").json()
    assert join(harness, ann, choice["assignment_id"]).json()["result"]["status"] == "not-started"


@pytest.mark.feature("GRP-4", "SEC-2")
def test_a_group_tells_how_many_came_were_added_and_wait_as_far_as_one_may_see(
    harness: Harness, course: UUID, ann: UUID
) -> None:
    north, south = harness.unit("North"), harness.unit("South")
    bob, cid = harness.person(north), harness.person(south)
    id = group(harness, course)
    assert join(harness, ann, id).status_code == 200
    harness.http.post(f"/api/enrollment/groups/{id}/members", json={"people": [str(bob), str(cid)]})
    harness.settle()

    def numbers(by: TestClient) -> tuple[int, int, int]:
        found = by.get(f"/api/enrollment/groups/{id}")
        assert found.headers["ETag"] == f'"{found.json()["revision"]}"'
        return found.json()["joined"], found.json()["added"], found.json()["held"]

    assert numbers(harness.http) == (1, 2, 0)
    assert numbers(harness.client(uuid4(), ("enrollment-manager", north))) == (0, 1, 0)
    late = group(harness, course, "Late", due={"kind": "field", "field": "nowhere", "amount": 1, "unit": "days"})
    harness.http.post(f"/api/enrollment/groups/{late}/members", json={"people": [str(cid)]})
    harness.settle()
    found = harness.http.get(f"/api/enrollment/groups/{late}").json()
    assert (found["added"], found["held"]) == (1, 1)
