"""What people see and change of themselves."""

import pytest
from directory.harness import Harness

from shared.auth import ROLES


@pytest.mark.feature("DIR-1")
def test_people_choose_their_own_language_and_time_zone_and_nothing_else(harness: Harness) -> None:
    person = harness.person("Ada Lind", language="en")
    own = harness.signed_in(person)
    assert own.patch("/api/directory/me", json={"language": "de-CH"}).status_code == 200
    assert own.patch("/api/directory/me", json={"time_zone": "Europe/Zurich"}).status_code == 200
    told = own.get("/api/directory/me").json()
    assert (told["language"], told["time_zone"], told["first_name"]) == ("de-CH", "Europe/Zurich", "Ada")
    own.patch("/api/directory/me", json={"first_name": "Eve", "time_zone": None})
    told = own.get("/api/directory/me").json()
    assert (told["language"], told["time_zone"], told["first_name"]) == ("de-CH", None, "Ada")


@pytest.mark.feature("DIR-1")
def test_an_unknown_zone_and_what_is_no_language_are_refused(harness: Harness) -> None:
    person = harness.person()
    own = harness.signed_in(person)
    refused = own.patch("/api/directory/me", json={"time_zone": "Mars/Olympus"})
    assert (refused.status_code, refused.json()["field"]) == (422, "time_zone")
    assert own.patch("/api/directory/me", json={"language": "no language"}).status_code == 422
    by_another = harness.http.patch(f"/api/directory/people/{person}", json={"time_zone": "Mars/Olympus"})
    assert by_another.status_code == 422


@pytest.mark.feature("DIR-1")
def test_the_same_change_sent_again_happens_once_and_an_old_version_is_refused(harness: Harness) -> None:
    own = harness.signed_in(harness.person())
    version = own.get("/api/directory/me").headers["ETag"]
    again = {"Idempotency-Key": "language"}
    first, second = (own.patch("/api/directory/me", json={"language": "de"}, headers=again) for _ in range(2))
    assert first.json() == second.json()
    stale = own.patch("/api/directory/me", json={"language": "fr"}, headers={"If-Match": version})
    assert stale.status_code == 412


@pytest.mark.feature("SEC-2")
def test_one_sees_what_one_may_do_now_by_organisation_whatever_the_token_says(harness: Harness) -> None:
    framework = harness.framework()
    north, south = harness.unit(framework, "North"), harness.unit(framework, "South")
    person = harness.person("Ada Lind", north)
    own = harness.signed_in(person, "site-administrator")
    assert own.get("/api/directory/me").json()["permissions"] == []
    harness.post(f"/people/{person}/roles", {"role": "sales-manager", "organisation": south})
    harness.post(f"/people/{person}/roles", {"role": "enrollment-manager", "organisation": south})
    harness.post(f"/people/{person}/roles", {"role": "approver", "organisation": north})
    harness.post(f"/people/{person}/roles", {"role": "auditor"})
    told = own.get("/api/directory/me").json()
    assert told["home_organisation_name"] == "North"
    assert told["permissions"] == [
        {"organisation": None, "organisation_name": None, "permissions": sorted(ROLES["auditor"])},
        {"organisation": south, "organisation_name": "South", "permissions": sorted(ROLES["enrollment-manager"])},
    ]
    assert {"role": "approver", "organisation": north, "organisation_name": "North"} in told["roles"]
    of_north = harness.client("site-administrator", north).get(f"/api/directory/people/{person}").json()["roles"]
    assert [role["organisation_name"] for role in of_north] == ["North", None, None, None], (
        "names within the scope only"
    )
    harness.post(f"/people/{person}/deactivate")
    assert own.get("/api/directory/me").json()["permissions"] == []
