"""The profile of an organisation, inherited from above."""

import pytest
from httpx import Response
from town import Town

NOBODY = {"access_days": None, "anonymous_registration": None, "key_field": None, "time_zone": None}


def put(town: Town, unit: str, headers: dict[str, str] | None = None, **body: object) -> Response:
    return town.http.put(f"/api/directory/units/{unit}/profile", json=body, headers=headers or {})


@pytest.mark.feature("DIR-7")
def test_a_child_inherits_what_it_does_not_set(town: Town) -> None:
    framework = town.framework()
    top = town.unit(framework, "Top")
    middle = town.unit(framework, "Middle", top)
    low = town.unit(framework, "Low", middle)
    fresh = town.get(f"/units/{low}/profile").json()
    assert fresh["holds"] == {
        "access_days": 180,
        "anonymous_registration": False,
        "key_field": False,
        "time_zone": "UTC",
    }
    assert (fresh["set"], fresh["origin"]) == (NOBODY, NOBODY)
    assert put(town, top, access_days=90, key_field=True, time_zone="Europe/Zurich").status_code == 200
    assert put(town, middle, access_days=30, anonymous_registration=True, key_field=False).status_code == 200
    found = town.get(f"/units/{low}/profile").json()
    assert found["set"] == NOBODY
    assert found["holds"] == {
        "access_days": 30,
        "anonymous_registration": True,
        "key_field": False,
        "time_zone": "Europe/Zurich",
    }
    assert found["origin"] == {
        "access_days": middle,
        "anonymous_registration": middle,
        "key_field": middle,
        "time_zone": top,
    }
    put(town, middle)
    assert town.get(f"/units/{low}/profile").json()["holds"]["access_days"] == 90
    town.post(f"/units/{low}/move", {"parent_id": None})
    assert town.get(f"/units/{low}/profile").json()["holds"]["access_days"] == 180


@pytest.mark.feature("DIR-7")
def test_a_profile_is_replaced_whole_and_the_same_one_is_no_event(town: Town) -> None:
    unit = town.unit(town.framework(), "Top")
    first = town.get(f"/units/{unit}/profile").headers["ETag"]
    assert put(town, unit, {"If-Match": first}, access_days=90).status_code == 200
    assert put(town, unit, {"If-Match": first}, access_days=60).status_code == 412
    put(town, unit, access_days=90)
    assert town.events().count("OrganisationProfiled") == 1
    put(town, unit, key_field=True)
    assert town.get(f"/units/{unit}/profile").json()["set"] == {**NOBODY, "key_field": True}
    assert town.http.delete(f"/api/directory/units/{unit}").status_code == 200


@pytest.mark.feature("DIR-7")
def test_positions_unknown_zones_and_other_organisations_are_refused(town: Town) -> None:
    position = town.unit(town.framework("position", "ranks"), "Fitter")
    refused = put(town, position, access_days=1)
    assert (refused.status_code, refused.json()["field"]) == (422, "unit_id")
    framework = town.framework()
    north, south = town.unit(framework, "North"), town.unit(framework, "South")
    assert put(town, north, time_zone="Mars/Olympus").json()["field"] == "time_zone"
    assert put(town, north, access_days=0).status_code == 422
    elsewhere = town.client("site-administrator", south)
    path = f"/api/directory/units/{north}/profile"
    assert elsewhere.get(path).status_code == 404
    assert elsewhere.put(path, json={"access_days": 3}).status_code == 404
