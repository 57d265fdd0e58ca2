"""Browse: cards, a search, filters, pages, and what is there when nothing is (LRN-1)."""

import pytest
from portal.conftest import Browser
from portal.learning import card
from portal.standin import StandIn

pytestmark = pytest.mark.feature("LRN-1")
BROWSE = "/api/enrollment/offerings"


def finds(standin: StandIn, many: int, following: str | None = None) -> None:
    items = [card(standin, n, stands={"status": "not-enrolled", "next_action": "enrol"}) for n in range(many)]
    standin.says("GET", BROWSE, {"items": items, "next": following, "total": 12})


def test_cards_with_their_one_action_the_number_and_the_next_page(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    finds(standin, 3, "abc")
    page = browser.get("/browse?q=fire&kind=course&state=open")
    assert {"12 offerings", "Fire safety 2", "Enrol", "Clear"} <= set(page.text)
    (asked,) = [one for one in standin.asked if one.url.path == BROWSE]
    assert dict(asked.url.params) == {"q": "fire", "kind": "course", "state": "open", "count": "true"}
    assert "/browse?q=fire&kind=course&state=open&cursor=abc" in page.links
    browser.get("/browse?q=fire&cursor=abc")
    assert len(standin.questions()) == 2


def test_what_is_not_a_choice_narrows_nothing(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    finds(standin, 1)
    browser.get("/browse?kind=everything&state=&free=perhaps")
    (asked,) = [one for one in standin.asked if one.url.path == BROWSE]
    assert dict(asked.url.params) == {"count": "true"}


def test_nothing_matches_and_nothing_is_there_are_two_things(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    finds(standin, 0)
    page = browser.get("/browse?q=zzz")
    assert {"Nothing matches", "Clear the filters"} <= set(page.text)
    assert "Nothing to browse yet" in browser.get("/browse").text


def test_strangers_sign_in_first_and_come_back_with_their_search(browser: Browser) -> None:
    answer = browser.http.get("/browse?q=fire")
    assert (answer.status_code, answer.headers["Location"].startswith("/sign-in?to=")) == (303, True)


def test_without_the_service_the_page_says_what_to_do(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    standin.down.add("enrollment")
    assert "A part of Rollbook does not answer" in browser.get("/browse", 502).text
