"""The profile of an organisation, inherited from above."""

from uuid import uuid4

import pytest
from directory.harness import Harness
from httpx import Response

RECORD = ("record_assignment_types", "record_assignment_names")
NOBODY = dict.fromkeys(("access_days", "anonymous_registration", "key_field", "time_zone", "contact", *RECORD))


def put(harness: Harness, unit: str, headers: dict[str, str] | None = None, **body: object) -> Response:
    return harness.http.put(f"/api/directory/units/{unit}/profile", json=body, headers=headers or {})


@pytest.mark.feature("DIR-7")
def test_a_child_inherits_what_it_does_not_set(harness: Harness) -> None:
    framework = harness.framework()
    top = harness.unit(framework, "Top")
    middle = harness.unit(framework, "Middle", top)
    low = harness.unit(framework, "Low", middle)
    fresh = harness.get(f"/units/{low}/profile").json()
    assert fresh["holds"] == {
        "access_days": 180,
        "anonymous_registration": False,
        "key_field": False,
        "time_zone": "UTC",
        "contact": None,
        "record_assignment_types": False,
        "record_assignment_names": False,
    }
    assert (fresh["set"], fresh["origin"]) == (NOBODY, NOBODY)
    assert put(harness, top, access_days=90, key_field=True, time_zone="Europe/Zurich").status_code == 200
    assert put(harness, middle, access_days=30, anonymous_registration=True, key_field=False).status_code == 200
    found = harness.get(f"/units/{low}/profile").json()
    assert found["set"] == NOBODY
    assert found["holds"] == {
        "access_days": 30,
        "anonymous_registration": True,
        "key_field": False,
        "time_zone": "Europe/Zurich",
        "contact": None,
        "record_assignment_types": False,
        "record_assignment_names": False,
    }
    assert found["origin"] == {
        "access_days": middle,
        "anonymous_registration": middle,
        "key_field": middle,
        "time_zone": top,
        "contact": None,
        "record_assignment_types": None,
        "record_assignment_names": None,
    }
    put(harness, middle)
    assert harness.get(f"/units/{low}/profile").json()["holds"]["access_days"] == 90
    harness.post(f"/units/{low}/move", {"parent_id": None})
    assert harness.get(f"/units/{low}/profile").json()["holds"]["access_days"] == 180


@pytest.mark.feature("DIR-7")
def test_a_profile_is_replaced_whole_and_the_same_one_is_no_event(harness: Harness) -> None:
    unit = harness.unit(harness.framework(), "Top")
    first = harness.get(f"/units/{unit}/profile").headers["ETag"]
    assert put(harness, unit, {"If-Match": first}, access_days=90).status_code == 200
    assert put(harness, unit, {"If-Match": first}, access_days=60).status_code == 412
    put(harness, unit, access_days=90)
    assert harness.events().count("OrganisationProfiled") == 1
    put(harness, unit, key_field=True)
    assert harness.get(f"/units/{unit}/profile").json()["set"] == {**NOBODY, "key_field": True}
    assert harness.http.delete(f"/api/directory/units/{unit}").status_code == 200


@pytest.mark.feature("DIR-7")
def test_positions_unknown_zones_and_other_organisations_are_refused(harness: Harness) -> None:
    position = harness.unit(harness.framework("position", "ranks"), "Fitter")
    refused = put(harness, position, access_days=1)
    assert (refused.status_code, refused.json()["field"]) == (422, "unit_id")
    framework = harness.framework()
    north, south = harness.unit(framework, "North"), harness.unit(framework, "South")
    assert put(harness, north, time_zone="Mars/Olympus").json()["field"] == "time_zone"
    assert put(harness, north, access_days=0).status_code == 422
    elsewhere = harness.client("site-administrator", south)
    path = f"/api/directory/units/{north}/profile"
    assert elsewhere.get(path).status_code == 404
    assert elsewhere.put(path, json={"access_days": 3}).status_code == 404


CONTACT = {"name": "Ada Lind", "email": "training@example.org", "telephone": "+46 8 123", "text": "Room 4, 9 to 11"}


@pytest.mark.feature("LRN-3")
def test_people_see_whom_to_ask_as_the_nearest_organisation_says(harness: Harness) -> None:
    framework = harness.framework()
    top = harness.unit(framework, "Top")
    low = harness.unit(framework, "Low", top)
    learner = harness.person("Bo Ek", low)
    own = harness.signed_in(learner)
    told = own.get("/api/directory/me/holding").json()
    assert (told["contact"], told["organisation"], told["access_days"]) == (None, {"id": low, "name": "Low"}, 180)
    assert put(harness, top, contact=CONTACT, access_days=90, time_zone="Europe/Zurich").status_code == 200
    told = own.get("/api/directory/me/holding").json()
    assert (told["contact"], told["access_days"], told["time_zone"]) == (CONTACT, 90, "Europe/Zurich")
    put(harness, low, contact={"telephone": "112"})
    told = own.get("/api/directory/me/holding").json()
    assert told["contact"] == {"name": "", "email": None, "telephone": "112", "text": ""}, "never mixed of two"
    profile = harness.get(f"/units/{low}/profile").json()
    assert (profile["origin"]["contact"], profile["origin"]["access_days"]) == (low, top)
    refused = harness.signed_in(str(uuid4())).get("/api/directory/me/holding")
    assert refused.status_code == 404
    assert harness.signed_in(harness.person("No Home")).get("/api/directory/me/holding").json()["organisation"] is None


@pytest.mark.feature("LRN-5", "DIR-7")
def test_an_organisation_says_which_columns_the_record_of_learning_of_its_people_has(harness: Harness) -> None:
    framework = harness.framework()
    top = harness.unit(framework, "Top")
    low = harness.unit(framework, "Low", top)
    own = harness.signed_in(harness.person("Bo Ek", low))

    def holds() -> list[bool]:
        told = own.get("/api/directory/me/holding").json()
        return [told[name] for name in RECORD]

    assert holds() == [False, False]
    put(harness, top, record_assignment_types=True, record_assignment_names=True)
    assert holds() == [True, True]
    put(harness, low, record_assignment_names=False)
    assert holds() == [True, False]
    assert harness.events().count("OrganisationProfiled") == 2


@pytest.mark.feature("LRN-3", "DIR-7")
def test_strangers_see_the_contact_where_they_may_register(harness: Harness) -> None:
    unit = harness.unit(harness.framework(), "Top")
    put(harness, unit, contact=CONTACT)
    options = harness.http.get("/api/directory/sign-in-options", params={"organisation": "Top"}).json()
    assert options["contact"] is None
    put(harness, unit, contact=CONTACT, anonymous_registration=True)
    options = harness.http.get("/api/directory/sign-in-options", params={"organisation": "Top"}).json()
    assert options["contact"] == CONTACT


@pytest.mark.feature("DIR-12")
def test_a_contact_is_in_no_event_and_gone_when_it_is_replaced_or_its_organisation_removed(harness: Harness) -> None:
    unit = harness.unit(harness.framework(), "Top")
    put(harness, unit, contact=CONTACT)
    put(harness, unit, contact=CONTACT)
    assert harness.events().count("OrganisationProfiled") == 1, "the same again is no event"
    put(harness, unit, contact=CONTACT, access_days=5)
    put(harness, unit, contact={"telephone": "112"})
    assert kept(harness) == ['{"name":"","email":null,"telephone":"112","text":""}']
    with harness.database.connection() as conn:
        bodies = [str(row) for row in conn.execute("SELECT convert_from(body, 'UTF8'), meta FROM events")]
    assert not [body for body in bodies if "Lind" in body or "112" in body]
    assert harness.http.delete(f"/api/directory/units/{unit}").status_code == 200
    assert kept(harness) == []


@pytest.mark.feature("DIR-7")
def test_a_contact_says_how_to_ask(harness: Harness) -> None:
    unit = harness.unit(harness.framework(), "Top")
    for contact, field in (({"name": "Ada"}, "contact"), ({"email": "nowhere"}, "contact.email")):
        refused = put(harness, unit, contact=contact)
        assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert put(harness, unit, contact={"telephone": "1\n2"}).status_code == 422


def kept(harness: Harness) -> list[str]:
    with harness.database.connection() as conn:
        return [str(text) for (text,) in conn.execute("SELECT text FROM personal_text")]
