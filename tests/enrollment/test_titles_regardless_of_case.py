"""Titles and codes regardless of case and of composed letters, as learners browse and as a file names them (CAT-6, CAT-16)."""

from uuid import UUID, uuid4

import pytest
from enrollment.harness import Harness
from fastapi.testclient import TestClient

from services.enrollment.main import PACKAGE
from shared.database import migrate

OFFERINGS = "/api/enrollment/offerings"
FOUND = [
    ("ΠΑΡΑΔΟΤΕΑ ΟΔΟΣ", "οδος"),
    ("Cafe\u0301 au lait", "CAFÉ"),
    ("Café au lait", "cafe\u0301"),
    ("Große Fahrt", "GROSSE"),
]


def titles(learner: TestClient, **params: str) -> list[str]:
    """What browsing gives, one on each page."""
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = learner.get(OFFERINGS, params={**params, "limit": "1", **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        found += [card["title"] for card in answer.json()["items"]]
        assert len(found) < 20
        cursor = answer.json()["next"]
    return found


@pytest.mark.feature("CAT-6", "LRN-1")
@pytest.mark.parametrize(("kept", "typed"), FOUND)
def test_an_offering_is_found_however_its_title_was_typed(harness: Harness, kept: str, typed: str) -> None:
    harness.course("Other", 1, code="OTHER")
    harness.course(kept, 1, code="WANTED")
    learner = harness.client(harness.person())
    harness.settle()
    assert titles(learner, q=typed) == [kept]
    assert titles(learner, q="wAnT") == [kept]


IN_ORDER = [("οδος α", "ΟΔΟΣ Β"), ("E\u0301clair", "éclair two"), ("Straße", "STRASSE 2"), ("alpha", "Beta")]
TITLES = ["İzmir", *(title for pair in IN_ORDER for title in reversed(pair))]


@pytest.mark.feature("CAT-6", "LRN-1")
def test_page_by_page_each_comes_once_and_in_the_order_of_the_folded_title(harness: Harness) -> None:
    for number, title in enumerate(TITLES):
        harness.course(title, 1, code=f"C{number}")
    learner = harness.client(harness.person())
    harness.settle()
    listed = titles(learner)
    assert sorted(listed) == sorted(TITLES)
    assert [(first, second) for first, second in IN_ORDER if listed.index(first) < listed.index(second)] == IN_ORDER


@pytest.mark.feature("CAT-16", "GRP-1")
def test_a_file_finds_again_a_group_however_its_name_was_typed(harness: Harness) -> None:
    harness.course("Yoga", 1, code="Yoga-1")
    harness.job_role("Nurse-1", harness.qualification("AID", harness.course("Help", 1)))
    harness.settle()

    def outcomes(name: str) -> list[str]:
        follows = {"name": "N", "when": {"kind": "completion", "offering": "yOGA-1"}, "job_role": "NURSE-1"}
        file = {"groups": [{"offering": "yOGA-1", "name": name}], "triggers": [follows]}
        answer = harness.http.post("/api/enrollment/apply", json=file, headers={"Idempotency-Key": str(uuid4())})
        assert answer.status_code == 200, answer.text
        harness.settle()
        return [item["outcome"] for item in answer.json()["result"]["items"]]

    assert outcomes("ΠΡΩΙ ΟΔΟΣ") == ["created", "created"]
    assert outcomes("πρωι οδος") == ["changed", "unchanged"]
    assert outcomes("Cafe\u0301") == ["created", "unchanged"]
    assert outcomes("Café") == ["changed", "unchanged"]


@pytest.mark.feature("CAT-16", "GRP-1")
def test_names_that_differ_in_case_only_are_one_group_in_a_file(harness: Harness) -> None:
    harness.course("Yoga", 1, code="YOGA")
    harness.settle()
    file = {"groups": [{"offering": "YOGA", "name": "ΟΔΟΣ"}, {"offering": "yoga", "name": "οδος"}]}
    answer = harness.http.post("/api/enrollment/apply", json=file)
    assert (answer.status_code, answer.json()["field"]) == (422, "groups")


@pytest.mark.feature("CAT-6", "CAT-16", "GRP-1")
def test_what_an_earlier_version_wrote_is_folded_when_the_database_is_migrated(harness: Harness) -> None:
    course = harness.course("ΠΑΡΑΔΟΤΕΑ ΟΔΟΣ", 1, code="Odos")
    harness.job_role("Porter", harness.qualification("AID", course))
    learner = harness.client(harness.person())
    harness.settle()
    _group(harness, course, "Cafe\u0301")
    with harness.database.transaction() as conn:
        conn.execute("UPDATE offering_fact SET title_folded = NULL, code_folded = NULL")
        conn.execute("UPDATE job_role_fact SET name_folded = NULL, code_folded = NULL")
    assert titles(learner, q="οδος") == []
    migrate(harness.database.conninfo, PACKAGE)
    assert titles(learner, q="οδος") == ["ΠΑΡΑΔΟΤΕΑ ΟΔΟΣ"]
    follows = {"name": "Porters", "when": {"kind": "completion", "offering": "oDOS"}, "job_role": "pORTER"}
    file = {"groups": [{"offering": "oDOS", "name": "CAFÉ"}], "triggers": [follows]}
    answer = harness.http.post("/api/enrollment/apply", json=file, params={"dry_run": True})
    assert [item["outcome"] for item in answer.json()["result"]["items"]] == ["changed", "created"]


def _group(harness: Harness, offering: UUID, name: str) -> None:
    answer = harness.http.post(f"/api/enrollment/offerings/{offering}/groups", json={"name": name})
    assert answer.status_code == 201, answer.text
