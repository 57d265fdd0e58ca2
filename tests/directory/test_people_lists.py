"""People in lists: where they work, who leads them, how many they lead; and who the people are that other services name."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from directory.harness import Harness, OpenHarness
from fastapi.testclient import TestClient

from services.directory.main import build
from shared.service_client import ServiceClient
from shared.store import RetentionWorker

SECRET = "what services authenticate with, in tests"

TODAY = datetime.now(UTC).date()


class Company:
    """North with a chief, her two team leaders, three people below one of them; South with a nurse who reports to North."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        framework = harness.framework()
        self.north, self.south = harness.unit(framework, "North"), harness.unit(framework, "South")
        self.nurse = harness.unit(harness.framework("position", "ranks"), "Nurse")
        self.jobs: dict[str, str] = {}
        self.people: dict[str, str] = {}
        self.add("Cia Chief", self.north, None)
        self.add("Leo Lead", self.north, "Cia")
        self.add("Lia Lead", self.north, "Cia")
        self.add("Ann A", self.north, "Leo")
        self.add("Ben B", self.north, "Leo")
        self.add("Dan D", self.north, "Ann")
        self.add("Eve E", self.south, "Leo")

    def add(self, name: str, home: str, manager: str | None) -> None:
        first = name.split(maxsplit=1)[0]
        person = self.harness.person(name, home, country="SE" if first == "Eve" else "DE")
        more = {"manager_job": self.jobs[manager]} if manager else {}
        self.jobs[first] = self.harness.job(person, position=self.nurse, **more)
        self.people[first] = person

    def found(self, **asked: object) -> list[str]:
        return [one["first_name"] for one in self.items(**asked)]

    def items(self, **asked: object) -> list[dict[str, Any]]:
        answer = self.harness.post("/people/search", asked)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])


@pytest.fixture
def company(harness: Harness) -> Company:
    return Company(harness)


@pytest.mark.feature("ADM-3", "DIR-9")
def test_a_list_shows_position_manager_and_last_sign_in(company: Company) -> None:
    ann = company.people["Ann"]
    company.harness.http.put(f"/api/directory/people/{ann}/password", json={"password": "correct horse battery"})
    form = {"grant_type": "password", "username": "ann.a@example.org", "password": "correct horse battery"}
    (item,) = company.items(first_name="Ann")
    assert item["last_sign_in"] is None
    assert company.harness.http.post("/api/directory/token", data=form).status_code == 200
    (item,) = company.items(first_name="Ann")
    assert (item["position"], item["position_name"]) == (company.nurse, "Nurse")
    assert (item["manager"], item["manager_name"]) == (company.people["Leo"], "Leo Lead")
    assert abs(datetime.fromisoformat(item["last_sign_in"]) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.feature("ADM-3")
def test_position_and_manager_are_those_of_the_first_job_that_is_current(company: Company) -> None:
    harness = company.harness
    person = harness.person("Ova Old", company.north)
    over = {"position": company.nurse, "starts": "2020-01-01", "ends": f"{TODAY - timedelta(days=1)}"}
    harness.job(person, "old", **over)
    assert company.items(first_name="Ova")[0]["position"] is None
    harness.job(person, "new", position=company.nurse, manager_job=company.jobs["Cia"])
    assert company.items(first_name="Ova")[0]["manager_name"] == "Cia Chief"


@pytest.mark.feature("SEC-2", "ADM-3")
def test_a_manager_outside_the_own_organisations_has_no_name(company: Company) -> None:
    of_south = company.harness.client("enrollment-manager", company.south)
    (eve,) = of_south.post("/api/directory/people/search", json={}).json()["items"]
    assert (eve["first_name"], eve["manager"], eve["manager_name"]) == ("Eve", company.people["Leo"], None)
    (leo,) = company.items(first_name="Leo", leads=True)
    (seen,) = (
        company.harness.client("enrollment-manager", company.north)
        .get("/api/directory/people", params={"leads": "true", "manager": company.people["Cia"]})
        .json()["items"][:1]
    )
    assert (leo["direct_team"], leo["team"]) == (3, 4)
    assert (seen["direct_team"], seen["team"]) == (2, 3), "those of South are not counted"


@pytest.mark.feature("ADM-3", "ASG-4")
def test_a_search_tells_how_many_match_when_it_is_asked(company: Company) -> None:
    asked = {"organisation": company.north}
    first = company.harness.http.post("/api/directory/people/search?limit=2", json={**asked, "count": True}).json()
    assert (len(first["items"]), first["total"]) == (2, 6)
    following = {**asked, "count": True, "cursor": first["next"]}
    assert company.harness.post("/people/search", following).json()["total"] == 6
    assert company.harness.post("/people/search", asked).json()["total"] is None
    assert company.harness.get("/people", count="true", country="SE").json()["total"] == 1
    of_south = company.harness.client("auditor", company.south)
    assert of_south.post("/api/directory/people/search", json={"count": True}).json()["total"] == 1


@pytest.mark.feature("ASG-3", "DIR-9")
def test_people_are_found_by_who_leads_them_and_whether_they_lead(company: Company) -> None:
    leo, cia = company.people["Leo"], company.people["Cia"]
    assert company.found(manager=leo) == ["Ann", "Ben", "Eve"]
    assert company.found(manager=leo, team="below") == ["Ann", "Ben", "Dan", "Eve"]
    assert sorted(company.found(manager=cia, team="below")) == ["Ann", "Ben", "Dan", "Eve", "Leo", "Lia"]
    assert company.found(leads=True) == ["Ann", "Cia", "Leo"]
    assert company.found(leads=False, manager=cia) == ["Lia"]
    assert company.found(country="SE") == ["Eve"]
    company.harness.post(f"/people/{company.people['Dan']}/deactivate")
    assert company.found(leads=True) == ["Cia", "Leo"], "whoever leads only somebody inactive leads nobody"


@pytest.mark.feature("ASG-3")
def test_temporary_management_counts_until_its_last_day(company: Company) -> None:
    lia, dan = company.people["Lia"], company.people["Dan"]
    change = {
        "external_id": "1",
        "manager_job": company.jobs["Ann"],
        "temporary_manager_job": company.jobs["Lia"],
        "temporary_until": f"{TODAY + timedelta(days=1)}",
    }
    answer = company.harness.http.put(f"/api/directory/people/{dan}/jobs/{company.jobs['Dan']}", json=change)
    assert answer.status_code == 200, answer.text
    assert company.found(manager=lia) == ["Dan"]
    (seen,) = company.items(first_name="Lia", leads=True)
    assert (seen["direct_team"], seen["team"]) == (1, 1)
    assert company.items(first_name="Lia")[0]["team"] is None


@pytest.mark.feature("ADM-3", "SEC-2")
def test_ids_become_people_as_far_as_the_caller_may_know(company: Company) -> None:
    harness, people = company.harness, company.people
    ids = [people["Ann"], people["Eve"], str(uuid4())]
    found = harness.post("/people/lookup", {"ids": ids}).json()
    assert {one["first_name"] for one in found["items"]} == {"Ann", "Eve"}
    assert (found["named"], found["erased"]) == ([], [])
    of_south = harness.client("enrollment-manager", company.south)
    found = of_south.post("/api/directory/people/lookup", json={"ids": ids}).json()
    assert ([one["first_name"] for one in found["items"]], found["named"]) == (["Eve"], [])
    assert harness.post("/people/lookup", {"ids": [people["Ann"]] * 501}).status_code == 422


@pytest.mark.feature("LRN-8", "SEC-2")
def test_a_learner_knows_the_names_of_those_who_are_above_and_of_nobody_else(company: Company) -> None:
    harness, people = company.harness, company.people
    for who, role, where in (
        ("Lia", "enrollment-manager", company.north),
        ("Ben", "learner", company.north),
        ("Eve", "enrollment-manager", company.south),
    ):
        harness.post(f"/people/{people[who]}/roles", {"role": role, "organisation": where})
    everybody = {"ids": list(people.values())}
    found = harness.signed_in(people["Dan"]).post("/api/directory/people/lookup", json=everybody).json()
    assert [one["first_name"] for one in found["items"]] == ["Dan"]
    assert {one["first_name"] for one in found["named"]} == {"Ann", "Leo", "Cia", "Lia"}
    assert set(found["named"][0]) == {"id", "first_name", "last_name"}
    harness.post(f"/people/{people['Eve']}/roles", {"role": "site-administrator"})
    found = harness.signed_in(people["Dan"]).post("/api/directory/people/lookup", json=everybody).json()
    assert "Eve" in {one["first_name"] for one in found["named"]}


@pytest.mark.feature("ADM-3")
def test_those_whose_data_is_gone_are_told_apart_from_those_who_are_unknown(open_harness: OpenHarness) -> None:
    harness = open_harness()
    unit = harness.unit(harness.framework(), "Ward")
    harness.http.put(f"/api/directory/units/{unit}/profile", json={"anonymous_registration": True, "key_field": True})
    gone = str(uuid4())
    body = {"first_name": "Bo", "last_name": "Ek", "email": "bo@example.org", "country": "SE", "organisation": "Ward"}
    new = {**body, "person_id": gone, "password": "correct horse battery"}
    assert harness.post("/registrations", new).status_code == 201
    assert harness.http.delete(f"/api/directory/registrations/{gone}").status_code == 200
    found = harness.post("/people/lookup", {"ids": [gone, str(uuid4())]}).json()
    assert found == {"items": [], "named": [], "erased": [gone]}


@pytest.mark.feature("DIR-1", "DUE-1")
def test_the_date_fields_in_use_are_told_within_the_scope(company: Company) -> None:
    harness, people = company.harness, company.people
    assert harness.get("/fields").json() == []
    for who, dates in (("Ann", ["licence"]), ("Ben", ["licence", "passport"]), ("Eve", ["visa"])):
        change = {"dates": dict.fromkeys(dates, "2027-01-31")}
        harness.http.patch(f"/api/directory/people/{people[who]}", json=change)
    assert harness.get("/fields").json() == [
        {"name": "licence", "people": 2},
        {"name": "passport", "people": 1},
        {"name": "visa", "people": 1},
    ]
    of_south = harness.client("auditor", company.south)
    assert of_south.get("/api/directory/fields").json() == [{"name": "visa", "people": 1}]
    assert harness.client("learner").get("/api/directory/fields").status_code == 403


@pytest.mark.feature("ASG-4", "ADM-3")
def test_a_selection_of_all_that_match_stays_as_it_was_counted(company: Company) -> None:
    harness, north = company.harness, company.north
    made = harness.post("/people/selection", {"organisation": north}).json()
    assert (made["total"], len(made["people"])) == (6, 6)
    assert abs(datetime.fromisoformat(made["counted_at"]) - datetime.now(UTC)) < timedelta(minutes=1)
    company.add("Fay F", north, "Leo")
    again = harness.get(f"/people/selection/{made['selection_id']}").json()
    assert {**again, "people": set(again["people"])} == {**made, "people": set(made["people"])}
    chosen = harness.post("/people/search", {"selection": made["selection_id"], "count": True}).json()
    assert (chosen["total"], "Fay" in [one["first_name"] for one in chosen["items"]]) == (6, False)
    assert company.found(selection=made["selection_id"], first_name="ann") == ["Ann"]


@pytest.mark.feature("ASG-4", "SEC-2")
def test_a_selection_is_for_whoever_made_it(company: Company) -> None:
    made = company.harness.post("/people/selection", {}).json()["selection_id"]
    other = company.harness.signed_in(company.people["Cia"], "site-administrator")
    for refused in (
        other.get(f"/api/directory/people/selection/{made}"),
        other.post("/api/directory/people/search", json={"selection": made}),
        other.get("/api/directory/people", params={"selection": made}),
    ):
        assert (refused.status_code, refused.json()["type"]) == (404, "urn:rollbook:problem:selection-ended")
    learner = company.harness.client("learner")
    assert learner.get(f"/api/directory/people/selection/{made}").status_code == 403


@pytest.mark.feature("ASG-4")
def test_a_selection_ends_after_its_time_and_is_forgotten(open_harness: OpenHarness) -> None:
    harness = open_harness(selection_seconds=60.0)
    harness.person()
    made = harness.post("/people/selection", {}).json()["selection_id"]
    with harness.database.connection() as conn:
        conn.execute("UPDATE selection SET counted_at = now() - interval '61 seconds'")
        assert harness.get(f"/people/selection/{made}").status_code == 404
        assert harness.post("/people/search", {"selection": made}).status_code == 404
        retention = next(one for one in harness.service.workers if isinstance(one, RetentionWorker))
        retention.step()
        assert conn.execute("SELECT count(*) FROM selected_person").fetchone() == (0,)


@pytest.mark.feature("ASG-4")
def test_more_people_than_may_be_selected_are_refused(open_harness: OpenHarness) -> None:
    harness = open_harness(selection_limit=1)
    harness.person("Ann Berg")
    harness.person("Ben Berg")
    refused = harness.post("/people/selection", {})
    assert (refused.status_code, refused.json()["limit"]) == (422, 1)
    with harness.database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM selection").fetchone() == (0,)


@pytest.mark.feature("ASG-4")
def test_a_selection_of_more_than_one_command_may_have_is_read_in_pages_by_enrollment_alone(
    open_harness: OpenHarness,
) -> None:
    harness = open_harness(assignment_rows_limit=2, service_secret=SECRET)
    people = {harness.person(f"{name} Berg") for name in ("Ann", "Ben", "Cia")}
    made = harness.post("/people/selection", {}).json()
    assert (made["total"], made["people"]) == (3, None)
    path = f"/api/directory/people/selection/{made['selection_id']}/people"
    reader = {"of": str(harness.administrator), "limit": 2}
    assert harness.http.get(path, params=reader).status_code == 403
    service = build(harness.settings)
    enrollment = ServiceClient(TestClient(service.app), "rollbook-enrollment", SECRET)
    first = enrollment.send("GET", f"{path}?{urlencode(reader)}").json()
    assert (first["total"], len(first["items"])) == (3, 2)
    second = enrollment.send("GET", f"{path}?{urlencode({**reader, 'cursor': first['next']})}").json()
    assert second["next"] is None
    assert {one["person_id"] for one in (*first["items"], *second["items"])} == people
    another = enrollment.send("GET", f"{path}?{urlencode({'of': uuid4()})}")
    assert (another.status_code, another.json()["type"]) == (404, "urn:rollbook:problem:selection-ended")
    service.close()
