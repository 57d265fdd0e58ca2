"""Whom to ask (LRN-3)."""

import pytest
from portal.conftest import Browser
from portal.standin import StandIn

pytestmark = pytest.mark.feature("LRN-3", "DIR-7")

HOLDING = "/api/directory/me/holding"
ORGANISATION = {"id": "55555555-5555-4555-8555-555555555555", "name": "Harbour Care"}


def test_a_page_names_whom_to_ask_with_everything_that_is_known(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    contact = {
        "name": "Training office",
        "email": "training+help@example.org",
        "telephone": "+49 30 1234",
        "text": "Mon to Fri, 8 to 16",
    }
    standin.says("GET", HOLDING, standin.sample("directory", "Holding", organisation=ORGANISATION, contact=contact))
    page = browser.get("/contact")
    assert {"Training office", "Harbour Care", "Mon to Fri, 8 to 16", "+49 30 1234"} <= set(page.text)
    assert {"mailto:training%2Bhelp@example.org", "tel:%2B49301234"} <= {one.replace("%40", "@") for one in page.links}
    assert standin.questions() == [f"GET {HOLDING}"]


def test_what_nobody_entered_is_left_out(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    contact = {"name": "", "email": None, "telephone": "", "text": "Room 7"}
    standin.says("GET", HOLDING, standin.sample("directory", "Holding", organisation=ORGANISATION, contact=contact))
    page = browser.get("/contact")
    assert {"Harbour Care", "Room 7"} <= set(page.text)
    assert not [one for one in page.links if one.startswith(("mailto:", "tel:"))]


def test_where_nobody_is_named_one_asks_the_manager(browser: Browser, standin: StandIn) -> None:
    browser.sign_in(language="de")
    standin.says("GET", HOLDING, standin.sample("directory", "Holding", organisation=ORGANISATION, contact=None))
    assert "Fragen Sie Ihre Führungskraft." in " ".join(browser.get("/contact").text)
    standin.refuses("GET", HOLDING, 404, "not-found")
    browser.get("/contact")
    standin.down.add("directory")
    browser.get("/contact", 502)
