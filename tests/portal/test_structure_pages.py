"""Organisations and positions: trees, what is created, renamed, moved and deleted in them, and the profile of an organisation."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.html_checks import Page
from portal.standin import StandIn

pytestmark = pytest.mark.feature("DIR-3", "DIR-4")

LEGAL = "11111111-1111-4111-8111-111111111111"
TIDE = "22222222-2222-4222-8222-222222222222"
HARBOUR = "33333333-3333-4333-8333-333333333333"
NURSE = "44444444-4444-4444-8444-444444444444"
JOBS = "55555555-5555-4555-8555-555555555555"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
UNITS, FRAMEWORKS = "/api/directory/units", "/api/directory/frameworks"
ONE, HERE = f"{UNITS}/{HARBOUR}", f"/admin/structure/units/{HARBOUR}"
CONTACT = {"name": "Training office", "email": "office@example.org", "telephone": "", "text": "Room <2>"}


def said(page: Page) -> str:
    return " ".join(page.text)


def value(page: Page, name: str) -> str | None:
    return next(one for one in page.fields if one.get("name") == name).get("value")


def unit(standin: StandIn, **changed: Any) -> dict[str, Any]:
    given = {
        "id": HARBOUR,
        "version": 4,
        "kind": "organisation",
        "framework_id": LEGAL,
        "parent_id": TIDE,
        "name": "Harbour <b>Care</b>",
        "external_id": "HC",
        "children": 3,
        "path": ["Tidewater"],
        "people": 12,
        "people_below": 1240,
    }
    told = standin.sample("directory", "UnitView", **{**given, **changed})
    standin.says("GET", f"{UNITS}/{told['id']}", told)
    standin.says("GET", UNITS, {"items": [told], "next": None})
    return told


def profile(standin: StandIn, id: str = HARBOUR, **changed: Any) -> None:
    given = {
        "version": 4,
        "set": {"access_days": 90},
        "holds": {
            "access_days": 90,
            "anonymous_registration": False,
            "key_field": True,
            "time_zone": "Europe/Oslo",
            "contact": CONTACT,
        },
        "origin": {
            "access_days": HARBOUR,
            "anonymous_registration": None,
            "key_field": TIDE,
            "time_zone": TIDE,
            "contact": TIDE,
        },
    }
    path = f"{UNITS}/{id}/profile"
    standin.says("GET", path, standin.answer("GET", path, **{**given, **changed}))


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    framework = standin.sample("directory", "FrameworkView", id=LEGAL, kind="organisation", name="Legal entities")
    standin.says("GET", FRAMEWORKS, [framework])
    unit(standin, id=TIDE, name="Tidewater", parent_id=None, path=[], version=2)
    unit(standin)
    profile(standin)
    profile(standin, TIDE)
    browser.sign_in("site-administrator")


def receipt(standin: StandIn, method: str, path: str, status: int = 200, **result: Any) -> None:
    standin.says(method, path, standin.answer(method, path, position="directory:9", result=result), status)


def asked_of(standin: StandIn, path: str) -> dict[str, str]:
    return dict(next(one for one in reversed(standin.asked) if one.url.path == path).url.params)


def test_the_top_of_the_first_framework_is_shown_with_numbers_of_people(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/admin/structure/organisations")
    for word in ("Legal entities", "Harbour <b>Care</b>", "12 / 1,240", "Tidewater", "HC"):
        assert word in said(page)
    assert {HERE, f"/admin/structure/organisations?unit={HARBOUR}"} <= set(page.links)
    assert asked_of(standin, UNITS) == {"framework_id": LEGAL, "top": "true", "count": "true"}
    assert len(standin.questions()) <= 4


def test_a_unit_is_opened_one_level_at_a_time_with_its_path(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", UNITS, {"items": [], "next": None})
    page = browser.get(f"/admin/structure/organisations?unit={HARBOUR}")
    assert asked_of(standin, UNITS) == {"parent_id": HARBOUR, "count": "true"}
    assert "› Tidewater › Harbour <b>Care</b>" in said(page)
    assert "Nothing is below it" in said(page)
    assert f"/admin/structure/organisations?unit={TIDE}" in page.links, "up"
    assert f"/admin/structure/organisations/new?framework={LEGAL}&parent={HARBOUR}" in page.links
    assert len(standin.questions()) <= 4


def test_a_search_goes_over_all_frameworks_and_carries_paths(browser: Browser, standin: StandIn) -> None:
    told = unit(standin)
    standin.says("GET", UNITS, {"items": [told], "next": "more"})
    page = browser.get("/admin/structure/organisations?q=day+shift&framework=")
    assert asked_of(standin, UNITS) == {"name": "day shift", "kind": "organisation", "count": "true"}
    assert "Tidewater" in said(page)
    assert "/admin/structure/organisations?q=day+shift&cursor=more" in page.links
    standin.says("GET", UNITS, {"items": [], "next": None})
    assert "Nothing matches" in said(browser.get("/admin/structure/organisations?q=x"))


def test_without_a_framework_the_page_leads_to_the_import_and_to_the_first_one(
    browser: Browser, standin: StandIn
) -> None:
    standin.says("GET", FRAMEWORKS, [])
    page = browser.get("/admin/structure/positions")
    assert "No framework yet" in said(page)
    assert {"/admin/imports", "/admin/structure/positions/new?what=framework"} <= set(page.links)


def test_a_framework_is_created(browser: Browser, standin: StandIn) -> None:
    browser.get("/admin/structure/positions/new?what=framework")
    receipt(standin, "POST", FRAMEWORKS, 201, framework_id=JOBS)
    typed = {"key": KEY, "what": "framework", "name": "Jobs", "external_id": "J"}
    done = browser.post("/admin/structure/positions/new", **typed)
    assert done.headers["Location"] == f"/admin/structure/positions?framework={JOBS}&said=framework-created"
    assert standin.sent("POST", FRAMEWORKS) == {"kind": "position", "name": "Jobs", "external_id": "J"}
    standin.refuses("POST", FRAMEWORKS, 409, "taken", field="external_id")
    page = browser.refused("/admin/structure/positions/new", 409, **typed)
    assert said(page).count("This external id is taken. Choose another one.") == 2
    assert value(page, "name") == "Jobs"


def test_an_organisation_is_created_below_another_one(browser: Browser, standin: StandIn) -> None:
    assert browser.get(f"/admin/structure/organisations/new?framework={LEGAL}&parent=nothing", 404)
    page = browser.get(f"/admin/structure/organisations/new?framework={LEGAL}&parent={HARBOUR}")
    assert "Tidewater > Harbour <b>Care</b>" in said(page)
    receipt(standin, "POST", UNITS, 201, unit_id=NURSE)
    typed = {"key": KEY, "what": "unit", "name": "Day", "external_id": "D", "framework": LEGAL, "parent": HARBOUR}
    done = browser.post("/admin/structure/organisations/new", **typed)
    assert done.headers["Location"] == f"/admin/structure/units/{NURSE}?said=unit-created"
    assert standin.sent("POST", UNITS) == {
        "framework_id": LEGAL,
        "parent_id": HARBOUR,
        "name": "Day",
        "external_id": "D",
    }
    assert standin.asked[-1].headers["Idempotency-Key"] == KEY
    browser.post("/admin/structure/organisations/new", **{**typed, "parent": ""})
    assert standin.sent("POST", UNITS)["parent_id"] is None


@pytest.mark.feature("DIR-7")
def test_an_organisation_tells_where_each_value_of_its_profile_comes_from(browser: Browser, standin: StandIn) -> None:
    tide = unit(standin, id=TIDE, name="Tidewater")
    standin.says("GET", UNITS, {"items": [tide], "next": None})
    page = browser.get(HERE)
    for word in ("90 (set here)", "No (nobody sets it)", "Europe/Oslo (inherited from Tidewater )", "Training office"):
        assert word in said(page)
    assert f"/admin/structure/units/{TIDE}" in page.links
    assert len(standin.questions()) <= 4


def test_a_position_has_no_profile(browser: Browser, standin: StandIn) -> None:
    unit(standin, id=NURSE, kind="position", name="Nurse")
    page = browser.get(f"/admin/structure/units/{NURSE}")
    assert "What holds for its people" not in said(page)
    assert len(standin.questions()) == 1


def test_a_unit_is_renamed_on_the_version_that_was_read(browser: Browser, standin: StandIn) -> None:
    receipt(standin, "PATCH", ONE, unit_id=HARBOUR)
    done = browser.post(f"{HERE}/name", key=KEY, version="4", name="Harbour")
    assert done.headers["Location"] == f"{HERE}?said=saved"
    assert standin.sent("PATCH", ONE) == {"name": "Harbour"}
    assert standin.asked[-1].headers["If-Match"] == '"4"'
    standin.refuses("PATCH", ONE, 412, "stale")
    page = browser.refused(f"{HERE}/name", 412, key=KEY, version="3", name="Harbour")
    assert "Somebody else has changed it meanwhile" in said(page)
    assert value(page, "name") == "Harbour"


def test_a_unit_is_moved_to_a_place_that_is_found_by_name(browser: Browser, standin: StandIn) -> None:
    tern = unit(standin, id=NURSE, name="Tern Rail", path=["Tidewater"])
    standin.says("GET", UNITS, {"items": [tern], "next": None})
    page = browser.get(f"{HERE}/move?q=tern")
    assert asked_of(standin, UNITS) == {
        "name": "tern",
        "kind": "organisation",
        "framework_id": LEGAL,
        "count": "false",
    }
    assert {"top", NURSE} <= {one.get("value") for one in page.fields}
    receipt(standin, "POST", f"{ONE}/move", unit_id=HARBOUR)
    done = browser.post(f"{HERE}/move", key=KEY, version="4", parent=NURSE, do="move")
    assert done.headers["Location"] == f"{HERE}?said=unit-moved"
    assert standin.sent("POST", f"{ONE}/move") == {"parent_id": NURSE}
    assert standin.asked[-1].headers["If-Match"] == '"4"'
    browser.post(f"{HERE}/move", key=KEY, version="4", parent="top", do="move")
    assert standin.sent("POST", f"{ONE}/move") == {"parent_id": None}
    standin.refuses("POST", f"{ONE}/move", 409, "unit-cycle", field="parent_id")
    assert "below itself" in said(browser.refused(f"{HERE}/move", 409, key=KEY, parent=NURSE, q="tern", do="move"))


def test_deleting_says_what_stands_against_it(browser: Browser, standin: StandIn) -> None:
    page = browser.get(f"{HERE}/delete")
    assert "3 units below it" in said(page)
    assert "12 people in it" in said(page)
    assert "version" not in [one.get("name") for one in page.fields], "no form"
    unit(standin, children=0, people=0)
    browser.get(f"{HERE}/delete")
    standin.refuses("DELETE", ONE, 409, "unit-in-use", people=1, children=2)
    page = browser.refused(f"{HERE}/delete", 409, key=KEY, version="4")
    assert "It still has 1 person. Move that person first." in said(page)
    assert "2 units are still below it." in said(page)
    standin.refuses("DELETE", ONE, 409, "unit-has-assignments", assignments=2)
    assert "It still has 2 assignments." in said(browser.refused(f"{HERE}/delete", 409, key=KEY, version="4"))
    receipt(standin, "DELETE", ONE, unit_id=HARBOUR)
    done = browser.post(f"{HERE}/delete", key=KEY, version="4")
    assert done.headers["Location"] == f"/admin/structure/organisations?unit={TIDE}&said=unit-deleted"


@pytest.mark.feature("DIR-7", "LRN-3")
def test_the_profile_is_edited_with_the_contact_on_the_version_that_was_read(
    browser: Browser, standin: StandIn
) -> None:
    page = browser.get(f"{HERE}/profile")
    assert value(page, "access_days") == "90"
    assert value(page, "contact_name") == "", "it is inherited, not set here"
    assert "Empty: Europe/Oslo, as the organisation above." in said(page)
    assert "There it is Training office." in said(page)
    assert len(standin.questions()) <= 4
    receipt(standin, "PUT", f"{ONE}/profile", unit_id=HARBOUR)
    typed = {"access_days": "30", "key_field": "no", "contact_telephone": "+47 1", "contact_text": "Room 3"}
    typed |= {"record_assignment_types": "yes"}
    done = browser.post(f"{HERE}/profile", key=KEY, version="4", **typed)
    assert done.headers["Location"] == f"{HERE}?said=saved"
    assert standin.sent("PUT", f"{ONE}/profile") == {
        "access_days": "30",
        "anonymous_registration": None,
        "key_field": False,
        "time_zone": None,
        "contact": {"name": "", "email": None, "telephone": "+47 1", "text": "Room 3"},
        "record_assignment_types": True,
        "record_assignment_names": None,
    }
    assert standin.asked[-1].headers["If-Match"] == '"4"'
    browser.post(f"{HERE}/profile", key=KEY, version="4", access_days="30")
    assert standin.sent("PUT", f"{ONE}/profile")["contact"] is None, "as the organisation above"


@pytest.mark.feature("DIR-7")
def test_who_was_slower_sees_both_values_of_a_profile(browser: Browser, standin: StandIn) -> None:
    profile(standin, version=7)
    standin.refuses("PUT", f"{ONE}/profile", 412, "stale")
    page = browser.refused(f"{HERE}/profile", 412, key=KEY, version="4", access_days="30")
    assert "Now: 90" in said(page)
    assert value(page, "access_days") == "30"
    standin.refuses("PUT", f"{ONE}/profile", 422, "invalid", field="contact")
    page = browser.refused(f"{HERE}/profile", 422, key=KEY, version="4", contact_name="Office")
    assert said(page).count("Say how to ask") == 2
    assert value(page, "contact_name") == "Office"


def test_readers_see_everything_and_can_change_nothing(browser: Browser) -> None:
    browser.sign_in("auditor")
    assert {"/admin/structure/organisations", "/admin/structure/positions"} <= set(browser.get("/admin").links)
    assert not [one for one in browser.get("/admin/structure/organisations").links if "/new" in one]
    page = browser.get(HERE)
    assert {one.get("name") for one in page.fields} <= {"q"}, "the search of all pages alone"
    assert not [one for one in page.links if one.startswith(f"{HERE}/")]


def test_a_directory_that_is_down_is_told(browser: Browser, standin: StandIn) -> None:
    standin.down.add("directory")
    assert "does not answer" in said(browser.get("/admin/structure/organisations", 502))


def test_the_trees_are_there_in_german(browser: Browser) -> None:
    browser.sign_in("site-administrator", language="de")
    assert "Organisation anlegen" in said(browser.get("/admin/structure/organisations"))
    assert "Externe Kennung" in said(browser.get(HERE))
