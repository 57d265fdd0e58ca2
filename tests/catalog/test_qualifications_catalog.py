"""Qualifications in the catalog: their items, and the warning about those that learners do not see (CAT-9, CAT-11)."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

OFFERINGS = "/api/catalog/offerings"


def create(http: TestClient, code: str, kind: str = "course", **more: Any) -> str:
    answer = http.post(OFFERINGS, json={"kind": kind, "code": code, "title": code, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["result"]["id"])


@pytest.mark.feature("CAT-9")
def test_a_qualification_lists_courses_and_certifications(http: TestClient) -> None:
    items = [create(http, "A", minimum_minutes=30), create(http, "B", "certification", minimum_minutes=45)]
    fields = {"description": "Both", "certificate": "Fitter", "badge": "Fitter"}
    id = create(http, "FITTER", "qualification", items=items, **fields)
    shown = http.get(f"{OFFERINGS}/{id}").json()
    assert {key: shown[key] for key in ("kind", "items", *fields)} == {
        "kind": "qualification",
        "items": items,
        **fields,
    }
    assert (shown["open"], shown["minimum_minutes"], shown["versions"]) == (True, 75, [])
    for path, body in (
        ("notifications", {"on": []}),
        ("completion", {"review": True}),
        ("visibility", {"audiences": []}),
    ):
        assert http.put(f"{OFFERINGS}/{id}/{path}", json=body).status_code == 200
    edit = {"kind": "qualification", "code": "FITTER", "title": "Fitter", "items": items[:1]}
    assert http.put(f"{OFFERINGS}/{id}", json=edit).status_code == 200
    assert http.get(f"{OFFERINGS}/{id}").json()["items"] == items[:1]
    steps = {"steps": [{"kind": "task", "title": "None"}]}
    assert http.put(f"{OFFERINGS}/{id}/versions/1", json=steps).status_code == 409


@pytest.mark.feature("CAT-9")
def test_items_that_cannot_be_are_refused(http: TestClient) -> None:
    course = create(http, "A")
    other = create(http, "Q", "qualification", items=[course])
    for items in ([], [str(uuid4())], [other], [course, course]):
        body = {"kind": "qualification", "code": "X", "title": "X", "items": items}
        assert http.post(OFFERINGS, json=body).status_code == 422
    assert [o["code"] for o in http.get(OFFERINGS).json()["items"]] == ["A", "Q"]


@pytest.mark.feature("CAT-11")
def test_an_edit_warns_of_items_that_learners_do_not_see(http: TestClient) -> None:
    seen, inactive, hidden = (create(http, code) for code in "ABC")
    unpublished = create(http, "D", "certification")
    http.delete(f"{OFFERINGS}/{inactive}/active")
    http.put(f"{OFFERINGS}/{hidden}/admission", json={"access": "hidden"})
    body = {"kind": "qualification", "code": "X", "title": "X", "items": [seen, inactive, hidden, unpublished]}
    result = http.post(OFFERINGS, json=body).json()["result"]
    assert [(w["code"], w["reason"]) for w in result["warnings"]] == [
        ("B", "inactive"),
        ("C", "hidden"),
        ("D", "unpublished"),
    ]
    edited = http.put(f"{OFFERINGS}/{result['id']}", json={**body, "items": [seen]}).json()["result"]
    assert "warnings" not in edited


@pytest.mark.feature("CAT-9", "CAT-16")
def test_a_file_names_items_by_code_also_those_that_it_creates(http: TestClient) -> None:
    create(http, "OLD")
    file = "offerings: [{kind: qualification, code: Q, title: Q, items: [old, NEW]}, {kind: course, code: NEW, title: New}]"
    applied = http.post("/api/catalog/apply", content=file)
    assert [item["outcome"] for item in applied.json()["result"]["items"]] == ["created", "created"]
    found = {o["code"]: o["id"] for o in http.get(OFFERINGS).json()["items"]}
    assert http.get(f"{OFFERINGS}/{found['Q']}").json()["items"] == [found["OLD"], found["NEW"]]
    again = http.post("/api/catalog/apply", content=file).json()["result"]["items"]
    assert [item["outcome"] for item in again] == ["unchanged", "unchanged"]
    wrong = http.post("/api/catalog/apply", content=file.replace("NEW]", "NOWHERE]"))
    assert (wrong.status_code, "NOWHERE" in wrong.json()["detail"]) == (422, True)
