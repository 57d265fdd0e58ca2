"""Titles, names and codes regardless of case and of composed letters (CAT-1, CAT-10): one folding for search, order and keys."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from test_catalog import create, kind_of

from services.catalog.application.offerings import Catalog
from services.catalog.main import PACKAGE
from shared.database import migrate

OFFERINGS, ROLES = "/api/catalog/offerings", "/api/catalog/job-roles"
FOUND = pytest.mark.parametrize(
    ("kept", "typed"),
    [
        ("ΠΑΡΑΔΟΤΕΑ ΟΔΟΣ", "οδος"),
        ("Cafe\u0301 au lait", "CAFÉ"),
        ("Café au lait", "cafe\u0301"),
        ("Große Fahrt", "GROSSE"),
    ],
)


def every(http: TestClient, path: str, name: str, **params: str) -> list[str]:
    """What a list gives, one on each page."""
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = http.get(path, params={**params, "limit": "1", **({"cursor": cursor} if cursor else {})}).json()
        found += [item[name] for item in page["items"]]
        assert len(found) < 20
        cursor = page["next"]
    return found


@pytest.mark.feature("CAT-1")
@FOUND
def test_an_offering_is_found_however_its_title_was_typed(http: TestClient, kept: str, typed: str) -> None:
    create(http, kind="course", code="OTHER", title="Other")
    create(http, kind="course", code="WANTED", title=kept)
    assert every(http, OFFERINGS, "code", q=typed) == ["WANTED"]
    assert every(http, OFFERINGS, "code", q="wAnT") == ["WANTED"]


@pytest.mark.feature("CAT-10")
@FOUND
def test_a_job_role_is_found_however_its_name_was_typed(http: TestClient, kept: str, typed: str) -> None:
    for code, name in (("OTHER", "Other"), ("WANTED", kept)):
        assert http.post(ROLES, json={"code": code, "name": name}).status_code == 201
    assert every(http, ROLES, "code", q=typed) == ["WANTED"]
    assert every(http, ROLES, "code", q="wAnT") == ["WANTED"]


IN_ORDER = [("οδος α", "ΟΔΟΣ Β"), ("E\u0301clair", "éclair two"), ("Straße", "STRASSE 2"), ("alpha", "Beta")]
TITLES = ["İzmir", *(title for pair in IN_ORDER for title in reversed(pair))]


@pytest.mark.feature("CAT-1", "CAT-10")
def test_page_by_page_each_comes_once_and_in_the_order_of_the_folded_title(http: TestClient) -> None:
    for number, title in enumerate(TITLES):
        create(http, kind="course", code=f"C{number}", title=title)
        assert http.post(ROLES, json={"code": f"R{number}", "name": title}).status_code == 201
    for path, name in ((OFFERINGS, "title"), (ROLES, "name")):
        listed = every(http, path, name)
        assert sorted(listed) == sorted(TITLES)
        assert [(first, second) for first, second in IN_ORDER if listed.index(first) < listed.index(second)] == IN_ORDER


@pytest.mark.feature("CAT-1", "CAT-10", "CAT-16")
def test_a_code_is_one_in_any_case_for_a_command_and_for_a_file(http: TestClient) -> None:
    id = create(http, kind="course", code="Kilo-1", title="Kilo")
    assert kind_of(http.post(OFFERINGS, json={"kind": "course", "code": "kILO-1", "title": "x"})) == (409, "code-taken")
    assert http.post(ROLES, json={"code": "Kilo-1", "name": "Kilo"}).status_code == 201
    assert kind_of(http.post(ROLES, json={"code": "kilo-1", "name": "x"})) == (409, "code-taken")
    file = {
        "offerings": [{"kind": "course", "code": "KILO-1", "title": "Kilo"}],
        "job_roles": [{"code": "KILO-1", "name": "Kilo"}],
    }
    answer = http.post("/api/catalog/apply", json=file)
    assert [item["outcome"] for item in answer.json()["result"]["items"]] == ["changed", "changed"]
    (shown,) = http.get(OFFERINGS).json()["items"]
    assert (shown["id"], shown["code"]) == (id, "KILO-1")
    aid = {"kind": "qualification", "code": "AID", "title": "Aid", "items": ["kilo-1", "KILO-1"]}
    answer = http.post("/api/catalog/apply", json={"offerings": [aid]})
    (made,) = [change["new"] for change in answer.json()["result"]["items"][0]["changes"] if change["field"] == "items"]
    assert made == ["KILO-1"]


@pytest.mark.feature("CAT-1", "CAT-10")
def test_what_an_earlier_version_wrote_is_folded_when_the_database_is_migrated(http: TestClient) -> None:
    create(http, kind="course", code="Odos", title="ΠΑΡΑΔΟΤΕΑ ΟΔΟΣ")
    http.post(ROLES, json={"code": "Odos", "name": "Cafe\u0301"})
    assert isinstance(http.app, FastAPI)
    catalog = http.app.state.services[Catalog].database
    with catalog.transaction() as conn:
        conn.execute("UPDATE offering SET title_folded = NULL, code_folded = NULL")
        conn.execute("UPDATE job_role SET name_folded = NULL, code_folded = NULL")
    assert every(http, OFFERINGS, "code", q="οδος") == []
    migrate(catalog.conninfo, PACKAGE)
    assert every(http, OFFERINGS, "code", q="οδος") == ["Odos"]
    assert every(http, ROLES, "code", q="CAFÉ") == ["Odos"]
    assert kind_of(http.post(OFFERINGS, json={"kind": "course", "code": "oDOS", "title": "x"})) == (409, "code-taken")
    assert kind_of(http.post(ROLES, json={"code": "oDOS", "name": "x"})) == (409, "code-taken")
