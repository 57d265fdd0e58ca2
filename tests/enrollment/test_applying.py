"""Groups and triggers as code (CAT-16)."""

from functools import partial
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from at_once import at_once, statuses
from enrollment.harness import Harness
from httpx import Response

from services.enrollment.application.triggers import TriggerCommands


@pytest.fixture
def yoga(harness: Harness) -> UUID:
    return harness.course("YOGA", 2)


def send(harness: Harness, *, dry_run: bool = False, key: str | None = None, **file: object) -> Response:
    harness.settle()
    headers = {"Idempotency-Key": key or str(uuid4())}
    return harness.http.post("/api/enrollment/apply", params={"dry_run": dry_run}, json=file, headers=headers)


def applied(harness: Harness, *, dry_run: bool = False, **file: object) -> list[tuple[object, ...]]:
    answer = send(harness, dry_run=dry_run, **file)
    assert answer.status_code == 200, answer.text
    harness.settle()
    items = answer.json()["result"]["items"]
    return [(i["kind"], i["code"], i["outcome"], [changed(one) for one in i["changes"]]) for i in items]


def changed(change: dict[str, object]) -> tuple[object, ...]:
    assert set(change) == {"field", "old", "new"}
    return (change["field"], change["old"], change["new"])


def kind(answer: Response) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


MORNING = {"offering": "yoga", "name": "Morning", "description": "Room 3", "allow_enrol": True}


@pytest.mark.feature("CAT-16", "GRP-1", "ASG-2")
def test_a_group_is_made_once_and_changed_where_it_differs(harness: Harness, yoga: UUID) -> None:
    told = [("name", None, "Morning"), ("description", None, "Room 3"), ("allow_enrol", None, True)]
    assert applied(harness, dry_run=True, groups=[MORNING]) == [("group", "yoga/Morning", "created", told)]
    assert "GroupDescribed" not in harness.told()
    assert applied(harness, groups=[MORNING])[0][2] == "created"
    louder = [("name", "Morning", "MORNING")]
    assert applied(harness, dry_run=True, groups=[{**MORNING, "name": "MORNING"}])[0][2:] == ("changed", louder)
    assert applied(harness, groups=[{**MORNING, "name": "MORNING"}])[0][2:] == ("changed", louder)
    assert applied(harness, groups=[MORNING])[0][2:] == ("changed", [("name", "MORNING", "Morning")])
    events = len(harness.told())
    assert applied(harness, groups=[MORNING])[0][2:] == ("unchanged", [])
    assert len(harness.told()) == events
    due = {"kind": "fixed", "on": "2099-12-31"}
    assert applied(harness, groups=[{**MORNING, "due": due, "allow_withdraw": True}])[0][3] == [
        ("allow_withdraw", False, True),
        ("due", None, due),
    ]
    (shown,) = harness.http.get("/api/enrollment/assignments", params={"offering_id": str(yoga)}).json()["items"]
    group = harness.http.get(f"/api/enrollment/groups/{shown['id']}").json()
    assert (shown["due"], group["allow_withdraw"], group["name"]) == ("2099-12-31", True, "Morning")


@pytest.mark.feature("CAT-16", "TRG-1")
def test_a_trigger_is_made_once_and_another_takes_its_place_where_it_differs(harness: Harness, yoga: UUID) -> None:
    north, nurse = harness.unit("North"), harness.job_role("NURSE", harness.qualification("AID", yoga))
    when = {"kind": "organisation", "target_id": str(north)}
    given = {"name": "North", "when": when, "offering": "YOGA", "undo": True}
    follows = {"name": "Nurses", "when": {"kind": "completion", "offering": "yoga"}, "job_role": "nurse"}
    assert [row[2] for row in applied(harness, triggers=[given, follows])] == ["created", "created"]
    assert [row[2] for row in applied(harness, triggers=[given, follows])] == ["unchanged", "unchanged"]
    ann = harness.person(north)
    harness.settle()
    assert harness.standing(ann, yoga) == "not-started"
    later = {**given, "due": {"kind": "fixed", "on": "2099-12-31"}}
    assert applied(harness, dry_run=True, triggers=[later]) == [
        ("trigger", "North", "replaced", [("due", None, {"kind": "fixed", "on": "2099-12-31"})])
    ]
    elsewhere = {**given, "offering": None, "job_role": "NURSE", "undo": False}
    assert applied(harness, dry_run=True, triggers=[elsewhere])[0][3] == [
        ("offering", "YOGA", None),
        ("job_role", None, "NURSE"),
        ("undo", True, False),
    ]
    assert [row[2] for row in applied(harness, triggers=[later])] == ["replaced"]
    assert [row[2] for row in applied(harness, triggers=[later])] == ["unchanged"]
    live = harness.http.get("/api/enrollment/triggers", params={"live": True}).json()["items"]
    assert sorted(item["name"] for item in live) == ["North", "Nurses"]
    assert harness.standing(ann, yoga) == "not-started"
    bob = harness.person(north)
    harness.settle()
    (held,) = harness.enrollments(person_id=bob, offering_id=yoga)
    assert held["due_on"] == "2099-12-31"
    assert [item["job_role_id"] for item in live if item["name"] == "Nurses"] == [str(nurse)]


@pytest.mark.feature("CAT-16", "ASG-6", "ASG-20")
@pytest.mark.usefixtures("yoga")
def test_sent_again_it_answers_as_before_and_is_one_batch(harness: Harness) -> None:
    file = {"groups": [MORNING], "triggers": [{"name": "New", "when": {"kind": "created"}, "offering": "YOGA"}]}
    first, again = (send(harness, key="once", **file).json() for _ in range(2))
    assert first == again
    harness.settle()
    listed = harness.http.get("/api/enrollment/assignments", params={"batch": first["batch"]}).json()["items"]
    assert sorted(item["type"] for item in listed) == ["group", "trigger"]


@pytest.mark.feature("CAT-16", "TRG-3", "ASG-5")
@pytest.mark.usefixtures("yoga")
def test_what_is_wrong_is_said_and_nothing_is_half_done(harness: Harness) -> None:
    trigger = {"name": "New", "when": {"kind": "created"}, "offering": "YOGA"}

    def refused(**file: object) -> tuple[int, str]:
        answer = send(harness, **file)
        return answer.status_code, kind(answer)

    nowhere = send(harness, groups=[MORNING], triggers=[{**trigger, "offering": "NOWHERE"}])
    assert (nowhere.status_code, "NOWHERE" in nowhere.json()["detail"]) == (422, True)
    assert refused(groups=[MORNING, {**MORNING, "name": "morning"}]) == (422, "invalid")
    assert refused(triggers=[trigger, trigger]) == (422, "invalid")
    assert refused(groups=[MORNING], triggers=[{**trigger, "when": {"kind": "audience"}}]) == (422, "invalid")
    assert refused(groups=[MORNING], triggers=[{"name": "None", "when": {"kind": "created"}}]) == (422, "invalid")
    loop = {"name": "Again", "when": {"kind": "completion", "offering": "YOGA"}, "offering": "YOGA"}
    assert refused(groups=[MORNING], triggers=[loop]) == (409, "trigger-loop")
    assert refused(groups=[{**MORNING, "colour": "red"}]) == (422, "invalid")
    assert {"GroupDescribed", "TriggerCreated"}.isdisjoint(harness.told())
    manager = harness.client(uuid4(), ("learning-manager", None))
    assert manager.post("/api/enrollment/apply", json={"groups": [MORNING]}).status_code == 403
    coming = {"groups": [{**MORNING, "offering": "SOON"}], "coming": ["SOON"]}
    assert applied(harness, dry_run=True, **coming)[0][2] == "created"
    assert refused(**coming) == (422, "invalid")


@pytest.mark.feature("CAT-16", "TRG-1")
@pytest.mark.usefixtures("yoga")
def test_of_files_that_find_no_trigger_at_one_moment_one_makes_it_and_the_others_are_told(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.settle()
    check, checked = TriggerCommands.check, Barrier(4)

    def together(self: TriggerCommands, *given: Any) -> None:
        check(self, *given)
        checked.wait(10)

    monkeypatch.setattr(TriggerCommands, "check", together)
    file = {"triggers": [{"name": "New", "when": {"kind": "created"}, "offering": "YOGA"}]}
    post = partial(harness.http.post, "/api/enrollment/apply", json=file)
    answers = at_once(*(partial(post, headers={"Idempotency-Key": str(uuid4())}) for _ in range(4)))
    assert sorted(statuses(answers)) == [200] + [409] * 3
    assert [kind(answer) for answer in answers if answer.status_code == 409] == ["trigger-exists"] * 3
    live = harness.http.get("/api/enrollment/triggers", params={"live": True}).json()["items"]
    assert [item["name"] for item in live] == ["New"]
