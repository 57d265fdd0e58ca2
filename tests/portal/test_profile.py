"""The own profile (DIR-1)."""

from typing import Any

import httpx
import pytest
from portal.conftest import Browser
from portal.standin import PERSON, StandIn

pytestmark = pytest.mark.feature("DIR-1")

ME = "/api/directory/me"
SIGN_INS = f"/api/directory/people/{PERSON}/sign-ins"
PASSWORD = f"/api/directory/people/{PERSON}/password"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
OWN = {"email": "zoe@example.org", "user_name": "zoe", "home_organisation_name": "Harbour Care"}


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", f"{ME}/holding", standin.sample("directory", "Holding", time_zone="Europe/Zurich"))
    standin.says("GET", SIGN_INS, {"items": [{"at": "2026-11-27T07:05:00Z"}], "next": None})
    standin.says("PATCH", ME, standin.sample("directory", "Receipt", position="directory:9"))
    browser.sign_in(**OWN)


def field(page: Any, name: str) -> dict[str, Any]:
    return next(one for one in page.fields if one.get("name") == name)


def test_it_shows_what_the_organisation_keeps_and_what_one_may_change(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/me")
    assert {"Zoë Álvarez", "zoe@example.org", "zoe", "Harbour Care", "Fri 27 November, 08:05"} <= set(page.text)
    assert "email" not in {one.get("name") for one in page.fields}
    assert field(page, "time_zone")["value"] == "Europe/Berlin"
    html = browser.http.get("/me").text
    assert '<option value="en" selected>English</option>' in html
    assert '<option value="Pacific/Auckland">' in html
    assert "Empty: Europe/Zurich, as your organisation says." in " ".join(page.text)
    assert len(set(standin.questions())) <= 4


def test_another_language_shows_at_once(browser: Browser, standin: StandIn) -> None:
    saved = browser.post("/me", language="de", time_zone="America/Lima", key=KEY)
    assert (saved.status_code, saved.headers["Location"]) == (303, "/me?said=saved")
    assert standin.sent("PATCH", ME) == {"language": "de", "time_zone": "America/Lima"}
    page = browser.get("/me")
    assert page.lang == "de"
    assert "Fr., 27. November, 02:05" in page.text
    browser.post("/me", language="", time_zone="", key=KEY)
    assert standin.sent("PATCH", ME) == {"language": None, "time_zone": None}
    assert browser.get("/me").lang == "en"


def test_a_language_that_pages_do_not_have_is_kept(browser: Browser, standin: StandIn) -> None:
    standin.me["language"] = "fr-CA"
    assert '<option value="fr-CA" selected>' in browser.http.get("/me").text


def test_a_time_zone_that_there_is_not_is_said_at_its_field(browser: Browser, standin: StandIn) -> None:
    standin.refuses("PATCH", ME, 422, "invalid", field="time_zone")
    page = browser.refused("/me", 422, language="de", time_zone="Atlantis", key=KEY)
    assert page.text.count("There is no such time zone. Choose one from the list.") == 2
    assert (field(page, "time_zone")["value"], field(page, "time_zone")["aria-invalid"]) == ("Atlantis", "true")
    assert page.title.startswith("Error: ")
    assert page.lang == "en"


@pytest.mark.feature("SEC-3")
def test_the_own_password_changes_with_the_present_one_and_one_stays_signed_in(
    browser: Browser, standin: StandIn
) -> None:
    standin.says("PUT", PASSWORD, None, 204)
    form = {"present_password": "right", "new_password": "right"}
    changed = browser.post("/me/password", **form)
    assert (changed.status_code, changed.headers["Location"]) == (303, "/me?said=password-changed")
    assert standin.sent("PUT", PASSWORD) == {"password": "right", "present_password": "right"}
    assert standin.sent("POST", "/api/directory/token")["username"] == "zoe"
    assert "rollbook=" in changed.headers["Set-Cookie"]
    assert "Your password is changed." in browser.get("/me?said=password-changed").text


def test_who_cannot_be_signed_in_anew_signs_in_by_hand(browser: Browser, standin: StandIn) -> None:
    standin.says("PUT", PASSWORD, None, 204)
    standin.refuses("POST", "/api/directory/token", 429, "too-many-attempts")
    led = browser.post("/me/password", present_password="right", new_password="a much longer one")
    assert led.headers["Location"] == "/sign-in?said=password-changed"


def test_a_wrong_present_password_is_said_at_its_field_and_no_password_comes_back(
    browser: Browser, standin: StandIn
) -> None:
    standin.refuses("PUT", PASSWORD, 422, "wrong-password", field="present_password")
    page = browser.refused("/me/password", 422, present_password="wrong", new_password="a much longer one")
    assert page.text.count("This is not your present password.") == 2
    assert (field(page, "present_password")["value"], field(page, "new_password")["value"]) == ("", "")
    standin.refuses("PUT", PASSWORD, 422, "invalid", field="password", detail="At least 12 characters.")
    short = browser.refused("/me/password", 422, present_password="right", new_password="short")
    assert field(short, "new_password")["aria-invalid"] == "true"
    assert "At least 12 characters." in short.text
    told = {"type": "urn:rollbook:problem:too-many-attempts", "title": "Too many", "detail": "Wait."}
    standin.says("PUT", PASSWORD, lambda _: httpx.Response(429, json=told, headers={"Retry-After": "60"}))
    limited = browser.post("/me/password", present_password="wrong", new_password="a much longer one")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "60")


def test_sign_ins_that_cannot_be_had_are_told_so(browser: Browser, standin: StandIn) -> None:
    standin.refuses("GET", SIGN_INS, 503, "unavailable")
    standin.refuses("GET", f"{ME}/holding", 503, "unavailable")
    assert "Your sign-ins cannot be shown now." in " ".join(browser.get("/me").text)
