"""Signing in, going where one was going, and coming back, in a real browser: with and without scripts, and by keyboard."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from browser.conftest import Cards, People
from e2e.running import Running


@pytest.mark.feature("SEC-3", "ADM-6")
@pytest.mark.parametrize("scripts", [True, False])
def test_a_link_from_elsewhere_leads_through_the_sign_in_to_its_page(
    person: People, cards: Cards, scripts: bool
) -> None:
    visitor = person(scripts=scripts)
    page = visitor.open("/admin/reports/membership?state=completed")
    page.get_by_label("User name").fill(cards["auditor"][0])
    page.get_by_label("Password").fill(cards["auditor"][1])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/admin/reports/membership?state=completed")
    assert page.get_by_role("combobox", name="State").input_value() == "completed"


@pytest.mark.feature("ADM-6")
def test_everything_at_the_sign_in_is_done_by_keyboard(person: People, cards: Cards) -> None:
    visitor = person()
    page = visitor.open("/sign-in")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.evaluate("window.stays = true")
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)  # in which nothing may happen
    assert page.evaluate("[document.activeElement.id, window.stays]") == ["main", True], "the page was loaded again"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "user_name"
    page.keyboard.type(cards["site administrator"][0])
    page.keyboard.press("Tab")
    page.keyboard.type(cards["site administrator"][1])
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin")


@pytest.mark.feature("SEC-3")
@pytest.mark.parametrize("scripts", [True, False])
def test_what_was_typed_when_the_session_ended_is_still_sent(person: People, cards: Cards, scripts: bool) -> None:
    visitor = person(scripts=scripts)
    page = visitor.sign_in(cards["site administrator"])
    visitor.open("/admin/assignments")
    page.get_by_label("Last name").fill("Nwosu")
    visitor.context.clear_cookies()
    page.get_by_role("button", name="Find").click()
    page.get_by_role("heading", name="Sign in again").wait_for()
    page.get_by_label("User name").fill(cards["site administrator"][0])
    page.get_by_label("Password").fill(cards["site administrator"][1])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Send it now").click()
    page.wait_for_url("**/admin/assignments?s=*")
    assert page.get_by_label("Last name").input_value() == "Nwosu"


def test_the_menus_open_one_at_a_time_and_close_with_escape(person: People, cards: Cards) -> None:
    visitor = person()
    page = visitor.sign_in(cards["learner"])
    more, who = page.locator("details.more summary"), page.locator("details.who:not(.more) summary")
    more.click()
    who.click()
    assert page.locator("details.who[open]").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("details.who[open]").count() == 0
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_german_is_chosen_in_the_foot_of_a_page(person: People) -> None:
    visitor = person()
    page = visitor.open("/sign-in")
    page.get_by_role("button", name="Deutsch").click()
    page.get_by_role("heading", name="Anmelden").wait_for()
    assert page.evaluate("document.documentElement.lang") == "de"


def test_many_pages_at_once_do_not_take_the_threads_of_the_services_that_they_ask(
    company: Running, cards: Cards
) -> None:
    """In one process pages and services share their threads: all of these would wait for each other until they gave up."""
    with httpx.Client(base_url=company.url, headers={"Sec-Fetch-Site": "same-origin"}, timeout=60.0) as visitor:
        visitor.post("/sign-in", data={"user_name": cards["learner"][0], "password": cards["learner"][1]})
        with ThreadPoolExecutor(60) as many:
            answers = list(many.map(lambda _: visitor.get("/"), range(60)))
    assert [answer.status_code for answer in answers] == [200] * 60
    assert [answer for answer in answers if "cannot be shown now" in answer.text] == []
