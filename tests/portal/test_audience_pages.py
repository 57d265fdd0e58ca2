"""Audiences: the list, a fixed one with its members, one by a rule, and deleting (DIR-6)."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from portal.conftest import Browser
from portal.html_checks import Page
from portal.standin import StandIn

pytestmark = pytest.mark.feature("DIR-6")

AUDIENCE = "11111111-1111-4111-8111-111111111111"
HARBOUR = "22222222-2222-4222-8222-222222222222"
NURSE = "33333333-3333-4333-8333-333333333333"
CHIDI = "44444444-4444-4444-8444-444444444444"
COURSE = "55555555-5555-4555-8555-555555555555"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
AUDIENCES = "/api/directory/audiences"
ONE = f"{AUDIENCES}/{AUDIENCE}"
HERE = f"/admin/audiences/{AUDIENCE}"
RULE = {
    "organisations": [{"unit": HARBOUR, "include_below": True}],
    "positions": [{"unit": NURSE, "include_below": False}],
    "countries": ["SE"],
    "fields": [{"field": "licence", "on_or_after": "2026-01-01", "on_or_before": None}],
}


def said(page: Page) -> str:
    return " ".join(page.text)


def audience(standin: StandIn, **changed: Any) -> None:
    given = {"id": AUDIENCE, "version": 4, "name": "First <b>aiders</b>", "members": 1, "external_id": "FA"}
    told = standin.answer("GET", ONE, **{**given, **changed})
    standin.says("GET", ONE, told)
    standin.says("GET", AUDIENCES, {"items": [told], "next": None})


def person(standin: StandIn, **changed: Any) -> dict[str, Any]:
    given = {"id": CHIDI, "first_name": "Chidi", "last_name": "Adeyemi", "home_organisation_name": "Harbour Care"}
    return standin.sample("directory", "PersonItem", **{**given, **changed})


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    audience(standin)
    standin.says("GET", f"{ONE}/members", {"items": [person(standin)], "next": "more"})
    use = standin.item("GET", "/api/enrollment/assignments", offering_id=COURSE, offering_title="First aid")
    standin.says("GET", "/api/enrollment/assignments", {"items": [use], "next": None})
    units = [
        standin.sample(
            "directory", "UnitView", id=HARBOUR, kind="organisation", name="Harbour Care", path=["Tidewater"]
        ),
        standin.sample("directory", "UnitView", id=NURSE, kind="position", name="Nurse"),
    ]
    standin.says("GET", "/api/directory/units", {"items": units, "next": None})
    standin.says("GET", "/api/directory/fields", [{"name": "licence", "people": 7}])
    standin.says("POST", f"{AUDIENCES}/rule-preview", {"people": 1284})
    standin.says("POST", "/api/directory/people/search", {"items": [person(standin)], "next": None, "total": None})
    browser.sign_in("site-administrator")


def receipt(standin: StandIn, method: str, path: str, status: int = 200, **result: Any) -> None:
    standin.says(method, path, standin.answer(method, path, position="directory:9", result=result), status)


def test_the_list_tells_how_members_come_and_how_many_there_are(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/admin/audiences")
    for word in ("First <b>aiders</b>", "Fixed", "1"):
        assert word in said(page)
    assert {HERE, "/admin/audiences/new"} <= set(page.links)
    assert standin.questions() == [f"GET {AUDIENCES}"]
    browser.get("/admin/audiences?q=aid&cursor=abc")
    asked = [dict(one.url.params) for one in standin.asked if one.url.path == AUDIENCES]
    assert asked == [{}, {"name": "aid", "cursor": "abc"}]


def test_an_empty_list_leads_to_the_first_audience(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", AUDIENCES, {"items": [], "next": None})
    assert "No audience yet" in said(browser.get("/admin/audiences"))
    assert "No audience matches" in said(browser.get("/admin/audiences?q=x"))


def test_a_fixed_audience_shows_its_members_and_where_it_is_assigned(browser: Browser, standin: StandIn) -> None:
    page = browser.get(HERE)
    for word in ("Chidi Adeyemi", "Harbour Care", "1 member", "First aid", "A fixed list"):
        assert word in said(page)
    assert {f"{HERE}?cursor=more", f"/admin/people/{CHIDI}", f"/admin/offerings/{COURSE}/assignments"} <= set(
        page.links
    )
    assert f"{HERE}/rule" not in page.links
    assert len(standin.questions()) <= 4


@pytest.mark.feature("DIR-9")
def test_people_are_looked_for_by_name_which_is_in_no_address_and_added(browser: Browser, standin: StandIn) -> None:
    answer = browser.post(f"{HERE}/find", first_name="Chidi", last_name="")
    assert answer.status_code == 303
    assert "Chidi" not in answer.headers["Location"]
    standin.asked.clear()
    page = browser.get(answer.headers["Location"])
    assert standin.sent("POST", "/api/directory/people/search")["first_name"] == "Chidi"
    assert len(standin.questions()) <= 4
    assert CHIDI in [one.get("value") for one in page.fields]
    receipt(standin, "POST", f"{ONE}/members", joined=1, left=0)
    done = browser.post(f"{HERE}/members", key=KEY, person=CHIDI, do="add")
    assert (done.status_code, done.headers["Location"]) == (303, f"{HERE}?said=members-added")
    assert standin.sent("POST", f"{ONE}/members") == {"add": [CHIDI], "remove": []}
    assert standin.asked[-1].headers["Idempotency-Key"] == KEY


def test_a_member_is_removed(browser: Browser, standin: StandIn) -> None:
    receipt(standin, "POST", f"{ONE}/members", joined=0, left=1)
    done = browser.post(f"{HERE}/members", key=KEY, person=CHIDI, do="remove")
    assert done.headers["Location"].endswith("said=members-removed")
    assert standin.sent("POST", f"{ONE}/members") == {"add": [], "remove": [CHIDI]}
    assert browser.post(f"{HERE}/members", key=KEY, do="remove").headers["Location"].endswith("said=nobody-ticked")


def test_a_refused_change_is_told_in_place(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", f"{ONE}/members", 404, "not-found", field="add", detail="There is no such person.")
    page = browser.refused(f"{HERE}/members", 404, key=KEY, person=CHIDI, do="add")
    assert page.title.startswith("Error:")
    assert "There is no such person." in said(page)


def test_a_rule_is_told_in_words(browser: Browser, standin: StandIn) -> None:
    audience(standin, rule=RULE)
    page = browser.get(HERE)
    for word in (
        "Tidewater > Harbour Care",
        "with everything below",
        "Nurse",
        "Sweden",
        "licence",
        "from Thu 1 January",
    ):
        assert word in said(page)
    assert f"{HERE}/rule" in page.links
    assert "Add people" not in said(page), "the rule says who is in it"
    assert len(standin.questions()) <= 4


def test_a_new_rule_is_counted_as_it_is_written_and_nothing_typed_is_lost(browser: Browser, standin: StandIn) -> None:
    typed = {
        "key": KEY,
        "name": "Nurses",
        "kind": "rule",
        "organisation": HARBOUR,
        "below": HARBOUR,
        "country": ["SE", "", "DE"],
        "field": "licence",
        "since": "2026-01-01",
        "until": "",
        "sought": "nur",
        "do": "count",
    }
    page = browser.refused("/admin/audiences/new", 200, **typed)
    assert "1,284 people match now" in said(page)
    assert standin.sent("POST", f"{AUDIENCES}/rule-preview") == {
        "organisations": [{"unit": HARBOUR, "include_below": True}],
        "positions": [],
        "countries": ["SE", "DE"],
        "fields": [{"field": "licence", "on_or_after": "2026-01-01", "on_or_before": None}],
    }
    assert len(standin.questions()) <= 4
    ticked = {(one.get("name"), one.get("value")) for one in page.fields if "checked" in one}
    assert {("organisation", HARBOUR), ("below", HARBOUR), ("country", "SE"), ("country", "DE")} <= ticked
    assert ("name", "Nurses") in {(one.get("name"), one.get("value")) for one in page.fields}
    assert ("position", NURSE) in {(one.get("name"), one.get("value")) for one in page.fields}, "found, to be ticked"


def test_an_audience_is_created_fixed_or_with_a_rule(browser: Browser, standin: StandIn) -> None:
    receipt(standin, "POST", AUDIENCES, 201, audience_id=AUDIENCE)
    done = browser.post("/admin/audiences/new", key=KEY, name="Aiders", kind="fixed", do="create", country="SE")
    assert (done.status_code, urlsplit(done.headers["Location"]).path) == (303, HERE)
    assert standin.sent("POST", AUDIENCES) == {"name": "Aiders", "rule": None}
    browser.post("/admin/audiences/new", key=KEY, name="Swedes", kind="rule", do="create", country="SE")
    assert standin.sent("POST", AUDIENCES)["rule"]["countries"] == ["SE"]


def test_a_name_that_is_taken_is_said_at_the_field(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", AUDIENCES, 409, "taken", field="name")
    page = browser.refused("/admin/audiences/new", 409, key=KEY, name="Aiders", kind="rule", do="create", country="SE")
    assert said(page).count("An audience with this name exists already. Choose another one.") == 2
    assert page.title.startswith("Error:")


def test_a_rule_without_a_condition_is_not_counted_and_not_taken(browser: Browser, standin: StandIn) -> None:
    page = browser.refused("/admin/audiences/new", 200, name="All", kind="rule", do="count")
    assert "No condition yet." in said(page)
    assert f"POST {AUDIENCES}/rule-preview" not in standin.questions()
    standin.refuses("POST", AUDIENCES, 422, "invalid", field="rule")
    page = browser.refused("/admin/audiences/new", 422, key=KEY, name="All", kind="rule", do="create")
    assert "Give the rule a condition" in said(page)


def test_the_rule_is_changed_on_the_version_that_was_read(browser: Browser, standin: StandIn) -> None:
    audience(standin, rule=RULE)
    page = browser.get(f"{HERE}/rule")
    assert "1,284 people match now" in said(page)
    assert len(standin.questions()) <= 4
    receipt(standin, "PUT", f"{ONE}/rule", audience_id=AUDIENCE)
    done = browser.post(f"{HERE}/rule", key=KEY, version="4", position=NURSE, do="save")
    assert done.headers["Location"] == f"{HERE}?said=rule-saved"
    assert standin.asked[-1].headers["If-Match"] == '"4"'
    assert standin.sent("PUT", f"{ONE}/rule")["positions"] == [{"unit": NURSE, "include_below": False}]


def test_who_was_slower_keeps_what_was_entered_and_can_save_again(browser: Browser, standin: StandIn) -> None:
    audience(standin, rule=RULE, version=9)
    standin.refuses("PUT", f"{ONE}/rule", 412, "stale")
    answer = browser.post(f"{HERE}/rule", key=KEY, version="4", country="DE", do="save")
    assert answer.status_code == 412
    assert "Somebody else has changed it meanwhile" in answer.text
    assert 'name="version" value="9"' in answer.text
    assert 'name="country" value="DE" checked' in answer.text


def test_deleting_asks_first_and_says_what_stands_against_it(browser: Browser, standin: StandIn) -> None:
    page = browser.get(f"{HERE}/delete")
    assert "still assigned" in said(page)
    assert "First aid" in said(page)
    standin.says("GET", "/api/enrollment/assignments", {"items": [], "next": None})
    assert "Its 1 member leaves it." in said(browser.get(f"{HERE}/delete"))
    standin.refuses("DELETE", ONE, 409, "audience-has-assignments", assignments=2)
    page = browser.refused(f"{HERE}/delete", 409, key=KEY, version="4")
    assert "This audience is still assigned to 2 offerings." in said(page)
    receipt(standin, "DELETE", ONE, audience_id=AUDIENCE)
    done = browser.post(f"{HERE}/delete", key=KEY, version="4")
    assert done.headers["Location"] == "/admin/audiences?said=audience-deleted"
    assert standin.asked[-1].headers["If-Match"] == '"4"'


def test_an_auditor_can_change_nothing_and_strangers_of_the_directory_have_no_link(browser: Browser) -> None:
    browser.sign_in("auditor")
    assert "/admin/audiences" in browser.get("/admin").links
    assert "/admin/audiences/new" not in browser.get("/admin/audiences").links
    page = browser.get(HERE)
    assert {one.get("name") for one in page.fields} <= {"q"}, "the search of all pages alone"
    assert f"{HERE}/delete" not in page.links


def test_without_enrollment_the_rest_is_shown(browser: Browser, standin: StandIn) -> None:
    standin.down.add("enrollment")
    page = browser.get(HERE)
    assert "The assignments cannot be shown at the moment." in said(page)
    assert "Chidi Adeyemi" in said(page)
    standin.down = {"directory"}
    browser.get(HERE, 502)


def test_an_audience_is_there_in_german(browser: Browser) -> None:
    browser.sign_in("site-administrator", language="de")
    assert "Zielgruppe" in said(browser.get("/admin/audiences"))
    assert "1 Mitglied" in said(browser.get(HERE))
