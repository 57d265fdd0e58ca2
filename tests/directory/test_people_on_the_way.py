"""A person created on the way to an assignment, by whoever assigns there (DIR-2)."""

import pytest
from directory.harness import Harness
from fastapi.testclient import TestClient

PASSWORD = "correct horse battery"
ADA = {"first_name": "Ada", "last_name": "Lind", "email": "ada@example.org"}
WHOLE = {**ADA, "password": PASSWORD, "country": "SE"}


@pytest.mark.feature("DIR-2")
def test_an_administrator_creates_person_and_account_in_one_command(harness: Harness) -> None:
    headers = {"Idempotency-Key": "one"}
    created = harness.http.post("/api/directory/people", json=WHOLE, headers=headers)
    assert created.status_code == 201, created.text
    assert harness.http.post("/api/directory/people", json=WHOLE, headers=headers).json() == created.json()
    signed_in = harness.http.post("/api/directory/token", data={"username": ADA["email"], "password": PASSWORD})
    assert signed_in.status_code == 200
    short = harness.post("/people", {**WHOLE, "email": "bo@example.org", "password": "short"})
    assert (short.status_code, short.json()["field"]) == (422, "password")
    assert harness.post("/people", {**ADA, "email": "bo@example.org"}).status_code == 201


@pytest.mark.feature("DIR-2", "SEC-1", "SEC-2")
def test_whoever_assigns_in_an_organisation_creates_people_there_with_all_five_fields(harness: Harness) -> None:
    framework = harness.framework()
    north, south = harness.unit(framework, "North"), harness.unit(framework, "South")
    ward = harness.unit(framework, "Ward", north)
    manager: TestClient = harness.client("sales-manager", north)

    def create(**body: object) -> tuple[int, object]:
        answer = manager.post("/api/directory/people", json={**WHOLE, "home_organisation": ward, **body})
        return answer.status_code, answer.json().get("field")

    for missing in ("first_name", "last_name", "email", "password", "country"):
        assert create(**{missing: None}) == (422, missing)
    assert create(home_organisation=south) == (404, "home_organisation")
    assert create(home_organisation=None)[0] == 403
    for further in ({"external_id": "1"}, {"user_name": "ada"}, {"dates": {"hired": "2026-01-01"}}):
        assert create(**further) == (403, next(iter(further)))
    assert harness.events().count("PersonRegistered") == 0
    assert create() == (201, None)
    refused = harness.client("auditor").post("/api/directory/people", json=WHOLE)
    assert (refused.status_code, refused.json()["permission"]) == (403, "manage-directory")
