"""Who decides on requests is configured on the offering, stage by stage (CAT-13)."""

from typing import Any
from uuid import uuid4

import pytest
from catalog.test_catalog import COURSE, create, kind_of
from fastapi.testclient import TestClient

MANAGER = {"kind": "manager"}
STAGES = {
    "access": [
        {"approvers": [MANAGER], "needs": "any"},
        {
            "approvers": [
                {"kind": "role", "role": "enrollment-manager"},
                {"kind": "person", "person_id": str(uuid4())},
            ],
            "needs": "all",
        },
    ],
    "later_due_date": [],
    "completion": [{"approvers": [{"kind": "role", "role": "approver"}], "needs": "any"}],
    "ask_again_days": 30,
    "escalation_days": 3,
}


def configured(http: TestClient, id: str) -> Any:
    return http.get(f"/api/catalog/offerings/{id}").json()["approvals"]


@pytest.mark.feature("CAT-13", "APR-4")
def test_approvers_are_configured_in_stages_and_shown(http: TestClient) -> None:
    id = create(http, **COURSE)
    assert configured(http, id) == {
        "access": [],
        "later_due_date": [],
        "completion": [],
        "ask_again_days": 0,
        "escalation_days": None,
    }
    answer = http.put(f"/api/catalog/offerings/{id}/approvals", json=STAGES)
    assert answer.status_code == 200, answer.text
    assert configured(http, id) == STAGES
    assert answer.json()["result"]["version"] == 2
    again = http.put(f"/api/catalog/offerings/{id}/approvals", json=STAGES)
    assert again.json()["result"]["version"] == 2, "nothing is recorded where nothing changes"


@pytest.mark.feature("CAT-13")
@pytest.mark.parametrize(
    ("access", "said"),
    [
        ([{"approvers": []}], "at least 1 item"),
        ([{"approvers": [{"kind": "role", "role": "pope"}]}], "no permission role 'pope'"),
        ([{"approvers": [{"kind": "person"}]}], "a person needs person_id"),
        ([{"approvers": [{"kind": "manager", "role": "approver"}]}], "neither has anything else"),
        ([{"approvers": [MANAGER, MANAGER]}], "more than once"),
        ([{"approvers": [MANAGER]}] * 11, "at most 10"),
    ],
)
def test_a_stage_that_nobody_could_pass_is_refused(http: TestClient, access: Any, said: str) -> None:
    id = create(http, **COURSE)
    answer = http.put(f"/api/catalog/offerings/{id}/approvals", json={"access": access})
    assert answer.status_code == 422
    assert said in answer.text
    assert configured(http, id)["access"] == []


@pytest.mark.feature("CAT-13", "CAT-16")
def test_approvers_stand_in_the_file(http: TestClient) -> None:
    file = {"offerings": [{**COURSE, "approvals": STAGES}]}
    applied = http.post("/api/catalog/apply", json=file).json()["result"]["items"]
    assert applied[0]["outcome"] == "created"
    id = http.get("/api/catalog/offerings", params={"q": COURSE["code"]}).json()["items"][0]["id"]
    assert configured(http, id) == STAGES
    file["offerings"][0]["approvals"] = {**STAGES, "ask_again_days": 31}
    changed = http.post("/api/catalog/apply", params={"dry_run": True}, json=file).json()["result"]["items"][0]
    assert changed["changes"] == [{"field": "approvals.ask_again_days", "old": 30, "new": 31}]


def test_only_whoever_edits_the_catalog_may(http: TestClient) -> None:
    id = create(http, **COURSE)
    nobody = http.put(f"/api/catalog/offerings/{id}/approvals", json=STAGES, headers={"Authorization": "Bearer no"})
    assert kind_of(nobody) == (401, "unauthenticated")
