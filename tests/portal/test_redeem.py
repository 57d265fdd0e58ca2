"""Redeeming a training key on its page (KEY-6, U-9)."""

from typing import Any

import httpx
import pytest
from portal.conftest import Browser
from portal.html_checks import Page
from portal.standin import StandIn

pytestmark = pytest.mark.feature("KEY-6")

REDEMPTIONS = "/api/keys/redemptions"
REDEMPTION = "44444444-4444-4444-8444-444444444444"
COURSE = "33333333-3333-4333-8333-333333333333"
ENROLLMENT = "11111111-1111-4111-8111-111111111111"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
TYPED = "abcd-efgh 2345"


def redemption(standin: StandIn, **given: Any) -> dict[str, Any]:
    own = {"id": REDEMPTION, "offering_id": COURSE, "offering_title": "First aid", "state": "redeemed"}
    return standin.sample("keys", "RedemptionView", **own | {"enrollment_id": ENROLLMENT} | given)


def enter(browser: Browser, status: int, **form: str) -> Page:
    return browser.refused("/redeem", status, **{"key": KEY, "training_key": TYPED} | form)


@pytest.mark.parametrize(
    ("status", "held_by", "said"),
    [
        (201, None, "redeemed"),
        (200, None, "redeemed"),
        (201, "payment", "redeemed-payment"),
        (201, "exception", "redeemed-held"),
    ],
)
def test_a_key_leads_to_its_course_also_the_own_one_again(
    browser: Browser, standin: StandIn, status: int, held_by: str | None, said: str
) -> None:
    browser.sign_in()
    assert {one["name"] for one in browser.get("/redeem").fields} == {"training_key"}
    standin.says("POST", REDEMPTIONS, redemption(standin, held_by=held_by), status)
    led = browser.post("/redeem", key=KEY, training_key=TYPED)
    assert (led.status_code, led.headers["Location"]) == (303, f"/offerings/{COURSE}?said={said}")
    assert standin.sent("POST", REDEMPTIONS) == {"key": TYPED}
    assert standin.asked[-1].headers["Idempotency-Key"] == KEY
    assert "training key is redeemed" in " ".join(browser.get(f"/redeem?said={said}").text)


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        ("wrong", {}, "There is no such key. Compare it with what you were given, character by character."),
        ("used", {}, "This key was already used. Ask whoever gave it to you for another one."),
        ("revoked", {}, "This key was revoked. Ask whoever gave it to you for another one."),
        ("expired", {"expires": "2026-05-03T08:00:00+00:00"}, "This key expired on Sun 3 May, 10:00."),
        ("not-yet-valid", {"starts": "2027-01-03T08:00:00Z"}, "from Sun 3 January 2027, 09:00 on"),
        ("other-organisation", {}, "This key is for another organisation."),
        ("offering-inactive", {}, "This course takes nobody at present."),
        ("still-enrolled", {}, "You still have this course. Your key stays unused."),
        ("offering-unpublished", {}, "This certification takes nobody until a version of it is published."),
        ("lab-launched", {}, "Because."),
    ],
)
def test_what_is_wrong_is_said_at_the_field_by_its_cause_and_what_was_typed_stays(
    browser: Browser, standin: StandIn, kind: str, more: dict[str, Any], said: str
) -> None:
    browser.sign_in()
    standin.refuses("POST", REDEMPTIONS, 404 if kind == "wrong" else 409, kind, field="key", **more)
    page = enter(browser, 404 if kind == "wrong" else 409)
    text = " ".join(page.text)
    assert text.count(said) == 2
    assert page.title.startswith("Error: ")
    (field,) = page.fields
    assert (field["value"], field["aria-invalid"]) == (TYPED, "true")


def test_an_empty_field_asks_no_service_and_guesses_are_limited(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    assert "Enter your training key." in enter(browser, 422, training_key=" ").text
    assert standin.asked == []
    told = {"type": "urn:rollbook:problem:too-many-attempts", "title": "Too many attempts", "detail": "Wait."}
    standin.says("POST", REDEMPTIONS, lambda _: httpx.Response(429, json=told, headers={"Retry-After": "125"}))
    answer = browser.post("/redeem", key=KEY, training_key=TYPED)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "125")
    assert "You can try again in 3 minutes." in answer.text


def test_a_key_that_has_to_wait_has_a_page_that_looks_again(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    waiting = redemption(standin, state="reserved", enrollment_id=None)
    standin.says("POST", REDEMPTIONS, waiting, 202)
    led = browser.post("/redeem", key=KEY, training_key=TYPED).headers["Location"]
    assert led == f"/redeem/{REDEMPTION}"
    standin.says("GET", f"{REDEMPTIONS}/{REDEMPTION}", waiting)
    page = browser.get(led)
    assert ("First aid" in page.text, led in page.links) == (True, True)
    assert 'data-live="2"' in browser.http.get(led).text
    standin.says("GET", f"{REDEMPTIONS}/{REDEMPTION}", redemption(standin, held_by="payment"))
    done = browser.get(led)
    assert f"/offerings/{COURSE}?said=redeemed-payment" in done.links
    assert "data-done" in browser.http.get(led).text
    refused = redemption(standin, state="released", enrollment_id=None, kind="still-enrolled", detail="Still there.")
    standin.says("GET", f"{REDEMPTIONS}/{REDEMPTION}", refused)
    told = browser.get(led)
    assert "You still have this course. Your key stays unused." in told.text
    assert "/redeem" in told.links


def test_a_key_service_that_is_down_and_a_key_that_the_edge_refuses(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    standin.down.add("keys")
    assert browser.post("/redeem", key=KEY, training_key=TYPED).status_code == 502
    assert enter(browser, 422, training_key="x" * 2_000)
    browser.http.cookies.clear()
    assert browser.http.get("/redeem").headers["Location"].startswith("/sign-in?to=")


def test_in_german(browser: Browser, standin: StandIn) -> None:
    browser.sign_in(language="de")
    standin.refuses("POST", REDEMPTIONS, 409, "used", field="key")
    assert "Dieser Schlüssel wurde schon eingelöst." in " ".join(enter(browser, 409).text)
