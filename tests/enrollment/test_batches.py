"""What a command did, in numbers; whether it can be undone, and by whom (ASG-20, SEC-2)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from enrollment.client import MANAGER
from enrollment.harness import Harness
from fastapi.testclient import TestClient

BATCHES = "/api/enrollment/batches"


class Firm:
    """North with Ann and Bob, South with Cid; a course; a manager of North."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.north, self.south = harness.unit("North"), harness.unit("South")
        self.ann, self.bob, self.cid = (harness.person(home) for home in (self.north, self.north, self.south))
        self.course = harness.course("Yoga", 2)
        harness.settle()
        self.manager_id = uuid4()
        self.manager = harness.client(self.manager_id, (MANAGER, self.north))

    def assign(self, by: TestClient, *people: UUID) -> str:
        """Assign the course to these people. Returns the batch."""
        body = {"offerings": [str(self.course)], "people": [str(one) for one in people]}
        answer = by.post("/api/enrollment/assignments", json=body)
        assert answer.status_code == 202, answer.text
        self.harness.settle()
        return str(answer.json()["batch"])

    def assign_organisation(self, by: TestClient, organisation: UUID) -> str:
        targets = [{"type": "organisation", "target_id": str(organisation)}]
        body = {"action": "assign", "offering_id": str(self.course), "targets": targets}
        preview = by.post("/api/enrollment/previews", json=body).json()
        answer = by.post(f"/api/enrollment/previews/{preview['id']}/confirm")
        assert answer.status_code == 202, answer.text
        self.harness.settle()
        return str(answer.json()["batch"])


@pytest.fixture
def firm(harness: Harness) -> Firm:
    return Firm(harness)


def show(by: TestClient, batch: str) -> dict[str, Any]:
    answer = by.get(f"{BATCHES}/{batch}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def numbers(batch: Mapping[str, Any]) -> dict[str, int]:
    return {one["what"]: one["number"] for one in batch["did"]}


def foreseen(by: TestClient, batch: str) -> tuple[dict[str, int], dict[str, int]]:
    answer = by.get(f"{BATCHES}/{batch}/undo")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return {one["what"]: one["number"] for one in told["would"]}, {one["kind"]: one["number"] for one in told["stays"]}


@pytest.mark.feature("ASG-20")
def test_a_batch_tells_what_it_did_in_numbers_by_offering_and_until_when_it_can_be_undone(firm: Firm) -> None:
    batch = firm.assign_organisation(firm.manager, firm.north)
    found = show(firm.manager, batch)
    assert (found["id"], found["actor_id"], found["reason_code"]) == (batch, str(firm.manager_id), "command")
    assert numbers(found) == {"assignments-created": 1, "learners-assigned": 2}
    assert {(one["offering_id"], one["offering_title"]) for one in found["did"]} == {(str(firm.course), "Yoga")}
    began, until = (datetime.fromisoformat(found[name]) for name in ("began_at", "undo_until"))
    assert until - began == timedelta(days=30)
    assert (found["undoable"], found["why_not"], found["undone"]) == (True, None, None)


@pytest.mark.feature("ASG-20")
def test_what_undoing_would_do_is_told_before_and_changes_nothing(firm: Firm) -> None:
    batch = firm.assign_organisation(firm.manager, firm.north)
    firm.harness.begin(firm.bob, firm.course)
    before = firm.harness.told()
    assert foreseen(firm.manager, batch) == (
        {"assignments-removed": 1, "learners-unassigned": 2},
        {"training-begun": 1},
    )
    assert firm.harness.told() == before
    assert firm.manager.post(f"{BATCHES}/{batch}/undo").status_code == 202
    firm.harness.settle()
    kept = firm.manager.get(f"{BATCHES}/{batch}/irreversible").json()["items"]
    assert [(one["kind"], one["person_id"]) for one in kept] == [("training-begun", str(firm.bob))]


@pytest.mark.feature("ASG-20")
def test_what_was_changed_since_or_recorded_by_people_is_told_to_stay(firm: Firm) -> None:
    http, group = firm.harness.http, {"name": "Morning", "allow_enrol": True}
    made = http.post(f"/api/enrollment/offerings/{firm.course}/groups", json=group).json()
    id = made["result"]["assignment_id"]
    added = http.post(f"/api/enrollment/groups/{id}/members", json={"people": [str(firm.ann)]}).json()["batch"]
    firm.harness.settle()
    assert foreseen(http, added) == ({"members-removed": 1, "learners-unassigned": 1}, {})
    http.request("DELETE", f"/api/enrollment/groups/{id}/members/{firm.ann}")
    firm.harness.settle()
    assert foreseen(http, added) == ({}, {"changed-since": 1})
    completed = {"person_id": str(firm.ann), "offering_id": str(firm.course), "completed_on": "2020-01-01"}
    by_hand = http.post("/api/enrollment/completions", json=completed).json()["batch"]
    assert foreseen(http, by_hand)[1] == {"not-an-assignment": 1}
    assert (show(http, by_hand)["undoable"], show(http, by_hand)["why_not"]) == (False, "nothing")


@pytest.mark.feature("ASG-20")
def test_an_undone_batch_says_by_which_one_until_that_is_undone_itself(firm: Firm) -> None:
    batch = firm.assign(firm.manager, firm.ann)
    undo = firm.manager.post(f"{BATCHES}/{batch}/undo").json()["batch"]
    firm.harness.settle()
    assert firm.harness.standing(firm.ann, firm.course) == "withdrawn"
    found = show(firm.manager, batch)
    assert (found["undoable"], found["why_not"], found["undone"]["batch"]) == (False, "undone", undo)
    assert found["undone"]["actor_id"] == str(firm.manager_id)
    assert numbers(show(firm.manager, undo))["assignments-removed"] == 1
    assert firm.manager.post(f"{BATCHES}/{undo}/undo").status_code == 202
    firm.harness.settle()
    assert (show(firm.manager, batch)["undone"], show(firm.manager, undo)["why_not"]) == (None, "undone")


@pytest.mark.feature("ASG-20", "SEC-2")
def test_a_manager_undoes_what_lies_within_the_own_organisations(firm: Firm) -> None:
    by_another = firm.assign(firm.harness.http, firm.ann, firm.bob)
    assert show(firm.manager, by_another)["undoable"]
    answer = firm.manager.post(f"{BATCHES}/{by_another}/undo", json={"reason": "the wrong course"})
    assert (answer.status_code, answer.json()["result"]["assignments_removed"]) == (202, 2)
    firm.harness.settle()
    assert {firm.harness.standing(one, firm.course) for one in (firm.ann, firm.bob)} == {"withdrawn"}


@pytest.mark.feature("ASG-20", "SEC-2", "SEC-4")
def test_a_batch_that_reaches_beyond_is_refused_and_one_elsewhere_is_not_there(firm: Firm) -> None:
    both = firm.assign(firm.harness.http, firm.ann, firm.cid)
    theirs = firm.assign_organisation(firm.harness.http, firm.south)
    before = firm.harness.told()
    refused = firm.manager.post(f"{BATCHES}/{both}/undo")
    assert (refused.status_code, refused.json()["permission"]) == (403, "assign")
    assert "Ask a site administrator" in refused.json()["detail"]
    for what in ("undo", "irreversible", ""):
        path = f"{BATCHES}/{theirs}/{what}".rstrip("/")
        assert firm.manager.get(path).status_code == 404, path
    assert firm.manager.get(f"{BATCHES}/{both}").status_code == 404
    assert firm.manager.post(f"{BATCHES}/{theirs}/undo").status_code == 404
    assert firm.manager.post(f"{BATCHES}/{uuid4()}/undo").status_code == 404
    assert firm.harness.told() == before


@pytest.mark.feature("ASG-20", "SEC-2", "SEC-4")
def test_an_own_batch_whose_learners_have_moved_away_is_shown_with_whom_to_ask(firm: Firm) -> None:
    own = firm.assign(firm.manager, firm.ann, firm.bob)
    firm.harness.move(firm.bob, firm.south)
    firm.harness.settle()
    found = show(firm.manager, own)
    assert (found["undoable"], found["why_not"]) == (False, "beyond-scope")
    assert "Ask a site administrator" in found["why_not_text"]
    assert firm.manager.post(f"{BATCHES}/{own}/undo").status_code == 403
    auditor = firm.harness.client(uuid4(), ("auditor", None))
    assert (show(auditor, own)["undoable"], show(auditor, own)["why_not"]) == (False, "permission")
    assert auditor.post(f"{BATCHES}/{own}/undo").status_code == 403
    assert show(firm.harness.http, own)["undoable"]


@pytest.mark.feature("ASG-20", "SEC-2")
def test_an_assignment_that_can_reach_anybody_is_undone_by_whoever_may_assign_everywhere(firm: Firm) -> None:
    audience = firm.harness.audience(firm.ann)
    firm.harness.settle()
    firm.harness.assign(firm.course, "audience", audience)
    item = firm.harness.http.get("/api/enrollment/assignments", params={"type": "audience"}).json()["items"][0]
    refused = firm.manager.post(f"{BATCHES}/{item['batch']}/undo")
    assert (refused.status_code, refused.json()["permission"]) == (403, "assign")


@pytest.mark.feature("ASG-20", "SEC-2")
def test_batches_are_listed_by_who_made_them_the_newest_first(firm: Firm) -> None:
    mine = [firm.assign(firm.manager, firm.ann), firm.assign(firm.manager, firm.bob)]
    firm.assign(firm.harness.http, firm.cid)
    firm.harness.do(firm.harness.enrollments(person_id=firm.ann)[0]["id"], "begin", by=firm.harness.client(firm.ann))

    def listed(by: TestClient, **query: object) -> list[str]:
        answer = by.get(BATCHES, params={key: str(value) for key, value in query.items()})
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]]

    assert listed(firm.manager) == listed(firm.harness.http, actor=firm.manager_id) == mine[::-1]
    assert len(listed(firm.harness.http)) == 3
    first = firm.manager.get(BATCHES, params={"limit": 1}).json()
    assert [one["id"] for one in first["items"]] == mine[1:]
    (item,) = first["items"]
    assert (item["actor_id"], item["did"], item["reason_code"]) == (
        str(firm.manager_id),
        "assignments-created",
        "command",
    )
    assert listed(firm.manager, cursor=first["next"]) == mine[:1]
    later = show(firm.manager, mine[1])["began_at"]
    assert listed(firm.manager, since=later) == mine[1:]
    assert firm.manager.get(BATCHES, params={"actor": str(firm.harness.administrator)}).status_code == 403
