"""Who sees an offering: said in the catalog, which itself shows it to administrators only (CAT-6, CAT-7)."""

from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from issuer import Issuer

COURSE = {"kind": "course", "code": "FIRE-01", "title": "Fire safety"}


def create(http: TestClient) -> str:
    answer = http.post("/api/catalog/offerings", json=COURSE)
    assert answer.status_code == 201, answer.text
    return f"/api/catalog/offerings/{answer.json()['result']['id']}"


@pytest.mark.feature("CAT-7")
def test_the_audiences_that_see_an_offering_are_chosen_on_it(http: TestClient) -> None:
    path, audiences = create(http), sorted(str(uuid4()) for _ in range(2))
    assert http.get(path).json()["visibility"] == {"audiences": []}
    tag = http.get(path).headers["ETag"]
    for _ in range(2):
        assert http.put(f"{path}/visibility", json={"audiences": audiences}).status_code == 200
    shown = http.get(path)
    assert (sorted(shown.json()["visibility"]["audiences"]), shown.headers["ETag"]) == (audiences, '"2"')
    stale = http.put(f"{path}/visibility", json={"audiences": []}, headers={"If-Match": tag})
    assert stale.status_code == 412
    assert http.put(f"{path}/visibility", json={"audiences": []}).status_code == 200
    assert http.get(path).json()["visibility"] == {"audiences": []}


@pytest.mark.feature("CAT-7", "CAT-16")
def test_a_file_names_the_audiences_too(http: TestClient) -> None:
    audience = uuid4()
    file = f"offerings: [{{kind: course, code: A, title: A, audiences: ['{audience}']}}]"
    applied = http.post("/api/catalog/apply", content=file).json()["result"]["items"]
    assert {"field": "audiences", "old": None, "new": [str(audience)]} in applied[0]["changes"]
    again = http.post("/api/catalog/apply", content=file).json()["result"]["items"]
    assert again[0]["outcome"] == "unchanged"


@pytest.mark.feature("CAT-6", "CAT-7", "SEC-4")
@pytest.mark.parametrize(
    ("role", "status"), [("learner", 403), ("approver", 403), ("auditor", 200), ("sales-manager", 200)]
)
def test_only_administrators_and_auditors_read_the_catalog(
    http: TestClient, issuer: Issuer, role: str, status: int
) -> None:
    path, headers = create(http), issuer.headers(uuid4(), (role, None))
    for address in (path, "/api/catalog/offerings"):
        answer = http.get(address, headers=headers)
        assert answer.status_code == status
        if status == 403:
            assert "GET /api/enrollment/offerings" in answer.json()["detail"]
