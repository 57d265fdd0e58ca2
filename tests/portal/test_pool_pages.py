"""Pools of training keys: the list, creating and editing one (KEY-1, KEY-2)."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from portal.conftest import Browser
from portal.html_checks import Page
from portal.standin import StandIn

pytestmark = pytest.mark.feature("KEY-1")

POOL = "11111111-1111-4111-8111-111111111111"
COURSE = "22222222-2222-4222-8222-222222222222"
HEAD = "33333333-3333-4333-8333-333333333333"
POOLS, ONE = "/api/keys/pools", f"/api/keys/pools/{POOL}"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
"""Of a form: what is sent again is one command."""
TOLD: dict[str, Any] = {
    "id": POOL,
    "version": 3,
    "name": "Driving <b>autumn</b>",
    "offering_id": COURSE,
    "offering_title": "Defensive driving",
    "organisation_id": HEAD,
    "organisation_name": "Harbour Care",
    "starts": "2026-01-01T09:00:00Z",
    "expires": "2999-01-01T09:00:00Z",
    "access_days": 90,
    "share_below": True,
    "keys": {"free": 23, "sent": 5, "reserved": 1, "redeemed": 11, "revoked": 2},
}
TYPED = {"name": "Autumn", "starts": "2026-10-01T08:00", "expires": "2026-12-24T18:30", "access_days": "30"}


def pool(standin: StandIn, **changed: Any) -> dict[str, Any]:
    told = standin.answer("GET", ONE, **{**TOLD, **changed})
    standin.says("GET", ONE, told)
    standin.says("GET", POOLS, {"items": [told], "next": None})
    return told


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    pool(standin)
    course = f"/api/catalog/offerings/{COURSE}"
    standin.says("GET", course, standin.answer("GET", course, id=COURSE, access_days=120))
    item = standin.item("GET", "/api/catalog/offerings", id=COURSE, title="Defensive driving", code="DD", kind="course")
    other = {**item, "title": "Ward nurse", "kind": "certification"}
    standin.says("GET", "/api/catalog/offerings", {"items": [item, other], "next": None})
    unit = {**standin.item("GET", "/api/directory/units", id=HEAD, name="Harbour Care"), "path": ["Tidewater Group"]}
    standin.says("GET", "/api/directory/units", {"items": [unit], "next": None})
    browser.sign_in("operations-manager")


def said(page: Page) -> str:
    return " ".join(page.text)


def value(page: Page, name: str) -> str | None:
    return next(one for one in page.fields if one.get("name") == name).get("value")


@pytest.mark.feature("KEY-5")
def test_the_list_tells_course_times_and_how_many_keys_are_free_sent_and_redeemed(
    browser: Browser, standin: StandIn
) -> None:
    page = browser.get("/admin/keys")
    for word in ("Driving <b>autumn</b>", "Defensive driving", "Harbour Care", "23", "5", "11", "Open"):
        assert word in said(page)
    assert {f"/admin/keys/{POOL}/keys", "/admin/keys/new", "/admin/keys/find"} <= set(page.links)
    assert standin.questions() == ["GET /api/keys/pools"]
    browser.get("/admin/keys?q=drive&cursor=abc")
    asked = [dict(one.url.params) for one in standin.asked if one.url.path == POOLS]
    assert asked == [{}, {"q": "drive", "cursor": "abc"}]


def test_without_a_pool_the_list_leads_to_the_first_one(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", POOLS, {"items": [], "next": None})
    page = browser.get("/admin/keys")
    assert "No pool yet A pool belongs to one course." in said(page)
    assert "No pool matches" in said(browser.get("/admin/keys?q=x"))


@pytest.mark.feature("ADM-4")
def test_the_side_bar_and_home_lead_to_the_keys_for_whoever_may_see_them(browser: Browser) -> None:
    home = browser.get("/admin")
    assert {"/admin/keys", "/admin/keys/new", "/admin/keys/find"} <= set(home.links)
    browser.sign_in("enrollment-manager")
    assert not [one for one in browser.get("/admin").links if "/keys" in one]


def test_an_auditor_sees_everything_and_can_change_nothing(browser: Browser) -> None:
    browser.sign_in("auditor")
    assert "/admin/keys/new" not in browser.get("/admin").links + browser.get("/admin/keys").links
    page = browser.get(f"/admin/keys/{POOL}")
    assert "90 days" in said(page)
    assert "Their people can redeem keys, too" in said(page)
    assert not page.fields


def test_a_service_that_is_down_is_told(browser: Browser, standin: StandIn) -> None:
    standin.down.add("keys")
    assert "does not answer" in said(browser.get("/admin/keys", 502))
    standin.down = {"catalog"}
    assert value(browser.get(f"/admin/keys/{POOL}"), "access_days") == "90", "the longest access is a part of it only"


def test_the_list_is_there_in_german(browser: Browser) -> None:
    browser.sign_in("operations-manager", language="de")
    page = browser.get("/admin/keys")
    assert "Schulungsschlüssel" in said(page)
    assert "Create pool" not in said(page)


def test_a_pool_is_created_for_a_course_that_is_chosen_by_title(browser: Browser, standin: StandIn) -> None:
    standin.says("POST", POOLS, standin.answer("POST", POOLS, position="keys:4", result={"pool_id": POOL}), 201)
    page = browser.get("/admin/keys/new")
    assert "Defensive driving (DD)" in said(page)
    assert "Tidewater Group > Harbour Care" in said(page)
    assert "Ward nurse" not in said(page), "a certification has no keys"
    assert len(standin.questions()) == 2
    chosen = {"offering_id": COURSE, "organisation_id": HEAD, "share_below": "true", "do": "create", "key": KEY}
    done = browser.post("/admin/keys/new", **TYPED, **chosen)
    assert (done.status_code, urlsplit(done.headers["Location"]).path) == (303, f"/admin/keys/{POOL}/keys")
    assert standin.sent("POST", POOLS) == {
        "name": "Autumn",
        "offering_id": COURSE,
        "organisation_id": HEAD,
        "starts": "2026-10-01T08:00:00+02:00",
        "expires": "2026-12-24T18:30:00+01:00",
        "access_days": "30",
        "share_below": True,
    }
    assert standin.asked[-1].headers["Idempotency-Key"] == KEY


def test_looking_for_a_course_or_an_organisation_loses_nothing_that_was_typed(
    browser: Browser, standin: StandIn
) -> None:
    page = browser.refused("/admin/keys/new", 200, **TYPED, course="driv", organisation="harb", do="look", key=KEY)
    asked = {one.url.path: dict(one.url.params) for one in standin.asked}
    assert asked["/api/catalog/offerings"]["q"] == "driv"
    assert asked["/api/directory/units"]["name"] == "harb"
    assert {name: value(page, name) for name in TYPED} == TYPED
    standin.says("GET", "/api/catalog/offerings", {"items": [], "next": None})
    assert "No course matches" in said(browser.refused("/admin/keys/new", 200, course="x", key=KEY))


def test_a_pool_that_is_refused_says_so_at_its_field_and_keeps_the_rest(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", POOLS, 422, "invalid", field="access_days", detail="At most 20 days.")
    page = browser.refused("/admin/keys/new", 422, **TYPED, offering_id=COURSE, do="create", key=KEY)
    assert page.title.startswith("Error: ")
    field = next(one for one in page.fields if one.get("name") == "access_days")
    assert (field["aria-invalid"], field["value"]) == ("true", "30")
    standin.refuses("POST", POOLS, 422, "invalid", field="offering_id")
    assert "Choose a course." in said(browser.refused("/admin/keys/new", 422, **TYPED, do="create", key=KEY))


@pytest.mark.feature("KEY-2")
def test_a_pool_is_edited_on_the_version_that_was_read(browser: Browser, standin: StandIn) -> None:
    standin.says("PUT", ONE, standin.answer("PUT", ONE, position="keys:5"))
    page = browser.get(f"/admin/keys/{POOL}")
    assert value(page, "starts") == "2026-01-01T10:00", "in the reader's time zone"
    assert "At most 120, as the course allows." in said(page)
    assert "Make these keys available to everyone using Harbour Care" in said(page)
    done = browser.post(f"/admin/keys/{POOL}", **TYPED, version="3", key=KEY)
    assert (done.status_code, done.headers["Location"]) == (303, f"/admin/keys/{POOL}?said=saved")
    assert standin.asked[-1].headers["If-Match"] == '"3"'
    assert standin.sent("PUT", ONE)["share_below"] is False


@pytest.mark.feature("KEY-2")
def test_who_was_slower_sees_both_values_and_can_save_again(browser: Browser, standin: StandIn) -> None:
    standin.refuses("PUT", ONE, 412, "stale")
    pool(standin, version=4, name="Winter", share_below=True)
    page = browser.refused(f"/admin/keys/{POOL}", 412, **TYPED, version="3", key=KEY)
    assert value(page, "name") == "Autumn"
    for word in ("Somebody else has changed it meanwhile", "Now: Winter", "Now: 90", "Now: available to child"):
        assert word in said(page)
    html = browser.post(f"/admin/keys/{POOL}", **TYPED, version="3", key=KEY).text
    assert 'name="version" value="4"' in html
