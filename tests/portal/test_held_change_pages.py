"""Changes that wait to be released: what each would do, and the release (ASG-21)."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.standin import StandIn
from portal.test_pool_pages import KEY, said

pytestmark = pytest.mark.feature("ASG-21")

BATCH = "77777777-7777-4777-8777-777777777777"
COURSE = "22222222-2222-4222-8222-222222222222"
HELD = "/api/enrollment/held-changes"
PREVIEW, RELEASE = f"{HELD}/{BATCH}/preview", f"{HELD}/{BATCH}/release"
PAGE = f"/admin/held-changes/{BATCH}"


def held(standin: StandIn, **changed: Any) -> None:
    told = {"batch": BATCH, "feed": "import", "state": "held", "enrolled": 1_284, "withdrawn": 3, "people": 1_290}
    standin.says("GET", HELD, {"items": [standin.item("GET", HELD, **{**told, **changed})], "next": "abc"})


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    held(standin)
    numbers = {"enrolled": 1_000, "withdrawn": 2, "held_by_exceptions": 5}
    found = standin.item("GET", PREVIEW, offering_id=COURSE, offering_title="Safe <b>workplace</b>", **numbers)
    other = {**found, "offering_title": "Welding", "enrolled": 284}
    standin.says("GET", PREVIEW, [found, other])
    browser.sign_in("site-administrator")


def test_each_change_tells_its_numbers_and_leads_to_its_preview(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/admin/held-changes")
    for words in ("Import of the directory", "1,284", "1,290", "Held"):
        assert words in said(page)
    assert {PAGE, "/admin/held-changes?cursor=abc"} <= set(page.links)
    standin.says("GET", HELD, {"items": [], "next": None})
    assert "No change is held" in said(browser.get("/admin/held-changes"))


def test_the_preview_tells_by_offering_what_releasing_does_now(browser: Browser, standin: StandIn) -> None:
    page = browser.get(PAGE)
    for words in ("Safe <b>workplace</b> 1,000 2 5", "Would be enrolled 1,284", "Would be withdrawn 4"):
        assert words in said(page)
    assert len(standin.questions()) == 2
    asked = next(dict(one.url.params) for one in standin.asked if one.url.path == HELD)
    assert asked == {"batch": BATCH}


def test_it_is_released_with_a_reason(browser: Browser, standin: StandIn) -> None:
    standin.says("POST", RELEASE, standin.answer("POST", RELEASE, position="enrollment:4"))
    led = browser.post(f"{PAGE}/release", reason="the new site", key=KEY)
    assert led.headers["Location"] == "/admin/held-changes?said=released"
    assert standin.sent("POST", RELEASE) == {"reason": "the new site"}
    assert standin.asked[-1].headers["Idempotency-Key"] == KEY
    assert "The change is released." in said(browser.get("/admin/held-changes?said=released"))


def test_a_refusal_is_told_in_place_with_what_was_typed(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", RELEASE, 403, "forbidden", detail="You need the permission 'resolve'.")
    page = browser.refused(f"{PAGE}/release", 403, reason="the new site", key=KEY)
    assert "You need the permission 'resolve'." in said(page)
    assert next(one for one in page.fields if one.get("name") == "reason")["value"] == "the new site"
    standin.refuses("POST", RELEASE, 404, "not-found")
    led = browser.post(f"{PAGE}/release", key=KEY)
    assert led.headers["Location"] == "/admin/held-changes?said=released-meanwhile"


def test_who_only_reads_sees_no_button_and_a_change_that_is_coming_in_says_so(
    browser: Browser, standin: StandIn
) -> None:
    browser.sign_in("auditor")
    page = browser.get(PAGE)
    assert "Site administrators release it." in said(page)
    assert not page.fields
    browser.sign_in("site-administrator")
    held(standin, state="open")
    page = browser.get(PAGE)
    assert "The change is still coming in." in said(page)
    assert [one for one in page.fields if one.get("name") == "reason"]


def test_what_is_not_there_any_more_and_who_may_not_see_it_are_told_so(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", HELD, {"items": [], "next": None})
    assert "It was released, or was never held." in said(browser.get(PAGE, 404))
    standin.refuses("GET", HELD, 403, "forbidden")
    assert "only those who may read everything see it" in said(browser.get("/admin/held-changes", 403))


def test_in_german(browser: Browser, standin: StandIn) -> None:
    standin.me["language"] = "de"
    browser.sign_in("site-administrator")
    assert "Würden eingeschrieben" in said(browser.get(PAGE))
