"""Badges and how they are shared (ENR-11)."""

import pytest
from portal.conftest import Browser
from portal.standin import StandIn

pytestmark = pytest.mark.feature("ENR-11")

ACHIEVEMENTS = "/api/enrollment/achievements"
SHARE = "https://rollbook.example/verify/RB-1"


def test_a_badge_has_an_address_to_copy_and_plain_links_to_share_it(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    badge = standin.sample(
        "enrollment",
        "Achievement",
        badge="First aider & <b>more</b>",
        title="First aid",
        serial="RB-1",
        share=SHARE,
        earned_on="2026-11-23",
    )
    standin.says("GET", ACHIEVEMENTS, {"items": [badge], "next": "abc"})
    page = browser.get("/achievements")
    assert {"First aider & <b>more</b>", "First aid", "Mon 23 November"} <= set(page.text)
    html = browser.http.get("/achievements").text
    assert f'data-copy="{SHARE}"' in html
    shared = [one for one in page.links if "verify%2FRB-1" in one or "verify/RB-1" in one]
    assert SHARE in shared
    hosts = (
        "https://www.linkedin.com/",
        "https://x.com/",
        "https://www.facebook.com/",
        "mailto:?subject=First%20aider%20%26",
    )
    assert [sum(one.startswith(host) for one in shared) for host in hosts] == [1, 1, 1, 1]
    assert "/achievements?cursor=abc" in page.links
    browser.get("/achievements?cursor=abc")
    assert standin.last("GET", ACHIEVEMENTS).url.params["cursor"] == "abc"


def test_without_a_badge_the_page_says_how_one_comes(browser: Browser, standin: StandIn) -> None:
    browser.sign_in(language="de")
    standin.says("GET", ACHIEVEMENTS, {"items": [], "next": None})
    page = browser.get("/achievements")
    assert "Noch keine Auszeichnung" in page.text
    assert "/training" in page.links
    standin.down.add("enrollment")
    browser.get("/achievements", 502)
