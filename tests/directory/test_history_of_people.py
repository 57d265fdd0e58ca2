"""What happened to a person and to the structure, as the directory knows it (AUD-1)."""

from typing import Any

import pytest
from directory.harness import Harness
from fastapi.testclient import TestClient


def history(http: TestClient, subject: str, id: str) -> dict[str, Any]:
    answer = http.get(f"/api/directory/history/{subject}/{id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def facts(entry: dict[str, Any]) -> dict[str, tuple[object, object]]:
    return {fact["name"]: (fact["before"], fact["value"]) for fact in entry["facts"]}


@pytest.mark.feature("AUD-1", "DIR-12")
def test_a_person_who_moved_and_left_says_from_where_to_where_and_names_nobody(harness: Harness) -> None:
    framework = harness.framework()
    north, south = harness.unit(framework, "North"), harness.unit(framework, "South")
    ada = harness.person(home=north)
    harness.post(f"/people/{ada}/move", {"organisation_id": south})
    harness.post(f"/people/{ada}/deactivate", {"why": "left"})
    told = history(harness.http, "person", ada)
    left, moved, registered = told["items"]
    assert (left["kind"], facts(left)) == ("person-deactivated", {"why": (None, "left")})
    assert (moved["kind"], facts(moved)) == ("person-moved", {"home_organisation": (north, south)})
    assert registered["kind"] == "person-registered"
    assert told["names"] == {north: "North", south: "South"}
    assert "Lind" not in str(told)


@pytest.mark.feature("AUD-1", "DIR-6")
def test_audiences_that_somebody_joined_and_left_are_in_the_history(harness: Harness) -> None:
    ada, ben = harness.person(), harness.person("Ben Roth")
    audience = harness.made("/audiences", "audience_id", name="Night shift")
    for one in (ada, ben):
        harness.post(f"/audiences/{audience}/members", {"add": [one], "remove": []})
    harness.post(f"/audiences/{audience}/members", {"add": [], "remove": [ada]})
    told = history(harness.http, "person", ada)
    assert [entry["kind"] for entry in told["items"]] == [
        "audience-members-removed",
        "audience-members-added",
        "person-registered",
    ]
    assert told["names"] == {audience: "Night shift"}


@pytest.mark.feature("AUD-1", "SEC-2")
def test_a_subject_is_told_to_those_who_may_read_it_and_as_what_it_is(harness: Harness) -> None:
    framework = harness.framework()
    north, south = harness.unit(framework, "North"), harness.unit(framework, "South")
    ada = harness.person(home=north)
    elsewhere = harness.client("auditor", south)
    assert elsewhere.get(f"/api/directory/history/person/{ada}").status_code == 404
    assert elsewhere.get(f"/api/directory/history/client/{ada}").status_code == 403
    assert history(elsewhere, "unit", ada)["items"] == []
    assert [entry["kind"] for entry in history(elsewhere, "unit", north)["items"]] == ["unit-created"]
