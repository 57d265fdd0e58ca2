"""Groups and triggers as code (CAT-16)."""

from uuid import UUID, uuid4

import pytest
from httpx import Response
from world import World


@pytest.fixture
def yoga(world: World) -> UUID:
    return world.course("YOGA", 2)


def send(world: World, *, dry_run: bool = False, key: str | None = None, **file: object) -> Response:
    world.settle()
    headers = {"Idempotency-Key": key or str(uuid4())}
    return world.http.post("/api/enrollment/apply", params={"dry_run": dry_run}, json=file, headers=headers)


def applied(world: World, *, dry_run: bool = False, **file: object) -> list[tuple[object, ...]]:
    answer = send(world, dry_run=dry_run, **file)
    assert answer.status_code == 200, answer.text
    world.settle()
    items = answer.json()["result"]["items"]
    return [(i["kind"], i["code"], i["outcome"], [changed(one) for one in i["changes"]]) for i in items]


def changed(change: dict[str, object]) -> tuple[object, ...]:
    assert set(change) == {"field", "old", "new"}
    return (change["field"], change["old"], change["new"])


def kind(answer: Response) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


MORNING = {"offering": "yoga", "name": "Morning", "description": "Room 3", "allow_enrol": True}


@pytest.mark.feature("CAT-16", "GRP-1", "ASG-2")
def test_a_group_is_made_once_and_changed_where_it_differs(world: World, yoga: UUID) -> None:
    told = [("name", None, "Morning"), ("description", None, "Room 3"), ("allow_enrol", None, True)]
    assert applied(world, dry_run=True, groups=[MORNING]) == [("group", "yoga/Morning", "created", told)]
    assert "GroupDescribed" not in world.told()
    assert applied(world, groups=[MORNING])[0][2] == "created"
    louder = [("name", "Morning", "MORNING")]
    assert applied(world, dry_run=True, groups=[{**MORNING, "name": "MORNING"}])[0][2:] == ("changed", louder)
    assert applied(world, groups=[{**MORNING, "name": "MORNING"}])[0][2:] == ("changed", louder)
    assert applied(world, groups=[MORNING])[0][2:] == ("changed", [("name", "MORNING", "Morning")])
    events = len(world.told())
    assert applied(world, groups=[MORNING])[0][2:] == ("unchanged", [])
    assert len(world.told()) == events
    due = {"kind": "fixed", "on": "2099-12-31"}
    assert applied(world, groups=[{**MORNING, "due": due, "allow_withdraw": True}])[0][3] == [
        ("allow_withdraw", False, True),
        ("due", None, due),
    ]
    (shown,) = world.http.get("/api/enrollment/assignments", params={"offering_id": str(yoga)}).json()["items"]
    group = world.http.get(f"/api/enrollment/groups/{shown['id']}").json()
    assert (shown["due"], group["allow_withdraw"], group["name"]) == ("2099-12-31", True, "Morning")


@pytest.mark.feature("CAT-16", "TRG-1")
def test_a_trigger_is_made_once_and_another_takes_its_place_where_it_differs(world: World, yoga: UUID) -> None:
    north, nurse = world.unit("North"), world.job_role("NURSE", world.qualification("AID", yoga))
    when = {"kind": "organisation", "target_id": str(north)}
    given = {"name": "North", "when": when, "offering": "YOGA", "undo": True}
    follows = {"name": "Nurses", "when": {"kind": "completion", "offering": "yoga"}, "job_role": "nurse"}
    assert [row[2] for row in applied(world, triggers=[given, follows])] == ["created", "created"]
    assert [row[2] for row in applied(world, triggers=[given, follows])] == ["unchanged", "unchanged"]
    ann = world.person(north)
    world.settle()
    assert world.standing(ann, yoga) == "not-started"
    later = {**given, "due": {"kind": "fixed", "on": "2099-12-31"}}
    assert applied(world, dry_run=True, triggers=[later]) == [
        ("trigger", "North", "replaced", [("due", None, {"kind": "fixed", "on": "2099-12-31"})])
    ]
    elsewhere = {**given, "offering": None, "job_role": "NURSE", "undo": False}
    assert applied(world, dry_run=True, triggers=[elsewhere])[0][3] == [
        ("offering", "YOGA", None),
        ("job_role", None, "NURSE"),
        ("undo", True, False),
    ]
    assert [row[2] for row in applied(world, triggers=[later])] == ["replaced"]
    assert [row[2] for row in applied(world, triggers=[later])] == ["unchanged"]
    live = world.http.get("/api/enrollment/triggers", params={"live": True}).json()["items"]
    assert sorted(item["name"] for item in live) == ["North", "Nurses"]
    assert world.standing(ann, yoga) == "not-started"
    bob = world.person(north)
    world.settle()
    (held,) = world.enrollments(person_id=bob, offering_id=yoga)
    assert held["due_on"] == "2099-12-31"
    assert [item["job_role_id"] for item in live if item["name"] == "Nurses"] == [str(nurse)]


@pytest.mark.feature("CAT-16", "ASG-6", "ASG-20")
@pytest.mark.usefixtures("yoga")
def test_sent_again_it_answers_as_before_and_is_one_batch(world: World) -> None:
    file = {"groups": [MORNING], "triggers": [{"name": "New", "when": {"kind": "created"}, "offering": "YOGA"}]}
    first, again = (send(world, key="once", **file).json() for _ in range(2))
    assert first == again
    world.settle()
    listed = world.http.get("/api/enrollment/assignments", params={"batch": first["batch"]}).json()["items"]
    assert sorted(item["type"] for item in listed) == ["group", "trigger"]


@pytest.mark.feature("CAT-16", "TRG-3", "ASG-5")
@pytest.mark.usefixtures("yoga")
def test_what_is_wrong_is_said_and_nothing_is_half_done(world: World) -> None:
    trigger = {"name": "New", "when": {"kind": "created"}, "offering": "YOGA"}

    def refused(**file: object) -> tuple[int, str]:
        answer = send(world, **file)
        return answer.status_code, kind(answer)

    nowhere = send(world, groups=[MORNING], triggers=[{**trigger, "offering": "NOWHERE"}])
    assert (nowhere.status_code, "NOWHERE" in nowhere.json()["detail"]) == (422, True)
    assert refused(groups=[MORNING, {**MORNING, "name": "morning"}]) == (422, "invalid")
    assert refused(triggers=[trigger, trigger]) == (422, "invalid")
    assert refused(groups=[MORNING], triggers=[{**trigger, "when": {"kind": "audience"}}]) == (422, "invalid")
    assert refused(groups=[MORNING], triggers=[{"name": "None", "when": {"kind": "created"}}]) == (422, "invalid")
    loop = {"name": "Again", "when": {"kind": "completion", "offering": "YOGA"}, "offering": "YOGA"}
    assert refused(groups=[MORNING], triggers=[loop]) == (409, "trigger-loop")
    assert refused(groups=[{**MORNING, "colour": "red"}]) == (422, "invalid")
    assert {"GroupDescribed", "TriggerCreated"}.isdisjoint(world.told())
    manager = world.client(uuid4(), ("learning-manager", None))
    assert manager.post("/api/enrollment/apply", json={"groups": [MORNING]}).status_code == 403
    coming = {"groups": [{**MORNING, "offering": "SOON"}], "coming": ["SOON"]}
    assert applied(world, dry_run=True, **coming)[0][2] == "created"
    assert refused(**coming) == (422, "invalid")
