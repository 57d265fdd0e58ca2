"""The private calendar address on the profile page (NTF-8)."""

import pytest
from portal.conftest import Browser
from portal.standin import PERSON, StandIn

pytestmark = pytest.mark.feature("NTF-8")

ADDRESS = "/api/enrollment/calendar-address"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
PRIVATE = "https://learn.example/api/enrollment/calendars/0123456789abcdef0123456789abcdef.ics"


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", "/api/directory/me/holding", standin.sample("directory", "Holding"))
    standin.says("GET", f"/api/directory/people/{PERSON}/sign-ins", {"items": [], "next": None})
    browser.sign_in()


def made(standin: StandIn, address: str | None) -> None:
    standin.says("POST", ADDRESS, standin.sample("enrollment", "CalendarReceipt", address=address), 201)


def test_who_has_none_can_make_one_and_sees_it_once(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/me")
    assert "Make address" in page.text
    assert "Replace address" not in page.text
    made(standin, PRIVATE)
    answer = browser.post("/me/calendar", key=KEY)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert standin.sent("POST", ADDRESS) == {"language": "en"}
    assert standin.last("POST", ADDRESS).headers["Idempotency-Key"] == KEY
    assert f'value="{PRIVATE}"' in answer.text
    assert f'data-copy="{PRIVATE}"' in answer.text
    assert 'href="webcal://learn.example/api/enrollment/calendars/0123456789abcdef0123456789abcdef.ics"' in answer.text
    shown = browser.refused("/me/calendar", 200, key=KEY)
    assert {"Google Calendar", "Outlook", "Apple Calendar", "Thunderbird", "Your private address"} <= set(shown.text)
    again = browser.http.get("/me/calendar")
    assert (again.status_code, again.headers["Location"]) == (303, "/me")


def test_a_form_sent_again_does_not_show_it_again(browser: Browser, standin: StandIn) -> None:
    made(standin, None)
    page = browser.refused("/me/calendar", 200, key=KEY)
    assert "This address was made already, and it was shown then." in " ".join(page.text)
    assert "webcal:" not in browser.post("/me/calendar", key=KEY).text


def test_who_has_one_can_replace_and_end_it(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", ADDRESS, {"made_at": "2026-11-27T07:05:00Z"})
    page = browser.get("/me")
    assert {"Replace address", "End address", "Fri 27 November, 08:05"} <= set(page.text)
    assert "Make address" not in page.text
    assert len(set(standin.questions())) <= 4
    standin.says("DELETE", ADDRESS, standin.sample("enrollment", "Receipt"))
    ended = browser.post("/me/calendar/end", key=KEY)
    assert (ended.status_code, ended.headers["Location"]) == (303, "/me?said=calendar-ended")
    assert standin.last("DELETE", ADDRESS).headers["Idempotency-Key"] == KEY
    assert "Your calendar address has ended. Nothing is there any more." in browser.get("/me?said=calendar-ended").text


def test_refusals_and_a_service_that_is_down_are_told_on_the_profile(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", ADDRESS, 409, "inactive")
    page = browser.refused("/me/calendar", 409, key=KEY)
    assert "Your account is not active. Ask your training administrator." in page.text
    standin.refuses("GET", ADDRESS, 503, "unavailable")
    assert "Your calendar address cannot be shown now." in " ".join(browser.get("/me").text)


def test_the_page_is_german_for_whoever_reads_german(browser: Browser, standin: StandIn) -> None:
    standin.me["language"] = "de"
    browser.sign_in()
    made(standin, PRIVATE)
    page = browser.refused("/me/calendar", 200, key=KEY)
    assert (page.lang, standin.sent("POST", ADDRESS)) == ("de", {"language": "de"})
    assert "Fristen in Ihrem Kalender" in page.text
