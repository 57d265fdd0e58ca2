"""Job roles in the catalog, over HTTP and in a file (CAT-10, CAT-16)."""

from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from issuer import Issuer

OFFERINGS, ROLES = "/api/catalog/offerings", "/api/catalog/job-roles"
FILE = """
offerings:
  - {kind: course, code: HYGIENE, title: Hand hygiene}
  - {kind: qualification, code: WARD, title: Ward, items: [HYGIENE]}
job_roles:
  - {code: NURSE, name: Nurse, qualifications: [{qualification: ward}]}
"""


@pytest.fixture
def ward(http: TestClient) -> str:
    applied = http.post("/api/catalog/apply", content=FILE.split("job_roles", maxsplit=1)[0])
    assert applied.status_code == 200, applied.text
    return next(o["id"] for o in http.get(OFFERINGS).json()["items"] if o["code"] == "WARD")


def nurse(*links: tuple[str, bool], **more: str) -> dict[str, object]:
    linked = [{"qualification_id": id, "required": required} for id, required in links]
    return {"code": "NURSE", "name": "Nurse", "description": "On a ward", "qualifications": linked, **more}


@pytest.mark.feature("CAT-10")
def test_a_job_role_links_qualifications_until_it_is_removed(http: TestClient, ward: str) -> None:
    created = http.post(ROLES, json=nurse())
    assert created.status_code == 201, created.text
    path = created.headers["Location"]
    shown = http.get(path)
    assert (shown.json()["qualifications"], shown.headers["ETag"]) == ([], '"1"')
    for _ in range(2):
        assert http.put(path, json=nurse((ward, False))).status_code == 200
    shown = http.get(path)
    assert {key: shown.json()[key] for key in nurse()} == nurse((ward, False))
    assert shown.json()["version"] == 2
    assert shown.headers["ETag"] == '"2"'
    assert http.put(path, json=nurse(), headers={"If-Match": '"1"'}).status_code == 412
    assert [r["qualifications"] for r in http.get(ROLES).json()["items"]] == [[ward]]
    assert http.delete(path).status_code == 200
    assert (http.get(path).status_code, http.get(ROLES).json()["items"]) == (404, [])
    assert http.delete(path).status_code == 404
    assert http.post(ROLES, json=nurse()).status_code == 201


@pytest.mark.feature("CAT-10")
def test_links_and_codes_that_cannot_be_are_refused(http: TestClient, ward: str) -> None:
    course = next(o["id"] for o in http.get(OFFERINGS).json()["items"] if o["code"] == "HYGIENE")
    for links in ([(course, True)], [(str(uuid4()), True)], [(ward, True), (ward, False)]):
        assert http.post(ROLES, json=nurse(*links)).status_code == 422
    assert http.post(ROLES, json=nurse()).status_code == 201
    again = http.post(ROLES, json=nurse(code="nurse"))
    assert (again.status_code, again.json()["type"].rpartition(":")[2]) == (409, "code-taken")


@pytest.mark.feature("CAT-10")
def test_the_same_command_twice_makes_one_job_role(http: TestClient) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first, second = (http.post(ROLES, json=nurse(), headers=key) for _ in range(2))
    assert first.json() == second.json()
    assert len(http.get(ROLES).json()["items"]) == 1


@pytest.mark.feature("CAT-10", "SEC-4")
def test_job_roles_are_listed_page_by_page_for_those_who_may(http: TestClient, issuer: Issuer) -> None:
    for name in ("beta", "Alpha", "gamma"):
        assert http.post(ROLES, json=nurse(code=name, name=name)).status_code == 201
    names, cursor = [], None
    while True:
        page = http.get(ROLES, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        names += [role["name"] for role in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert names == ["Alpha", "beta", "gamma"]
    assert [r["name"] for r in http.get(ROLES, params={"q": "ALP"}).json()["items"]] == ["Alpha"]
    learner, auditor = (issuer.headers(uuid4(), (role, None)) for role in ("learner", "auditor"))
    assert http.get(ROLES, headers=learner).status_code == 403
    assert http.get(ROLES, headers=auditor).status_code == 200
    assert http.post(ROLES, json=nurse(), headers=auditor).status_code == 403


@pytest.mark.feature("CAT-10", "CAT-16")
def test_a_file_holds_job_roles_too(http: TestClient) -> None:
    dry = http.post("/api/catalog/apply?dry_run=true", content=FILE).json()["result"]["items"]
    assert [item["outcome"] for item in dry] == ["created", "created", "created"]
    assert http.get(ROLES).json()["items"] == []
    assert http.post("/api/catalog/apply", content=FILE).status_code == 200
    ward = next(o["id"] for o in http.get(OFFERINGS).json()["items"] if o["code"] == "WARD")
    (role,) = http.get(ROLES).json()["items"]
    assert (role["code"], role["qualifications"]) == ("NURSE", [ward])
    again = http.post("/api/catalog/apply", content=FILE).json()["result"]["items"]
    assert {item["outcome"] for item in again} == {"unchanged"}
    wrong = http.post("/api/catalog/apply", content=FILE.replace("qualification: ward", "qualification: HYGIENE"))
    assert (wrong.status_code, wrong.json()["field"]) == (422, "job_roles")
