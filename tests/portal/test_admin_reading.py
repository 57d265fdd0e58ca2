"""What administrators read: caught e-mails, and the system."""

import pytest
from portal.conftest import Browser
from portal.standin import StandIn

from shared.suite import SERVICES


@pytest.fixture(autouse=True)
def answers(standin: StandIn) -> None:
    standin.says("GET", "/api/notifier/caught", {"items": [], "next": None})


def test_caught_emails_say_when_there_is_none_yet(browser: Browser) -> None:
    browser.sign_in("auditor")
    assert "No e-mail yet" in browser.get("/admin/mail/caught").text


def test_the_system_shows_what_runs_and_each_api(browser: Browser, standin: StandIn) -> None:
    browser.sign_in("site-administrator")
    standin.down.add("notifier")
    page = browser.get("/admin/system")
    assert page.text.count("ready") == len(SERVICES) - 1
    assert page.text.count("not ready") == 1
    standin.down.clear()
    for service in SERVICES:
        page = browser.get(f"/admin/system/api/{service}")
        assert f"/api/{service}/openapi.json" in page.links
        assert f'data-api="/api/{service}/openapi.json"' in browser.http.get(f"/admin/system/api/{service}").text
    assert browser.http.get("/admin/system/api/nothing").status_code == 404


@pytest.mark.parametrize("path", ["/admin", "/admin/system", "/admin/reports", "/admin/assignments"])
def test_strangers_are_led_to_the_sign_in(browser: Browser, standin: StandIn, path: str) -> None:
    assert browser.http.get(path).headers["Location"].startswith("/sign-in?to=")
    assert standin.asked == []


def test_the_side_bar_shows_what_a_role_may_do(browser: Browser) -> None:
    browser.sign_in("learning-manager")
    links = browser.get("/admin").links
    assert "/admin/assignments" in links
    assert "/admin/mail/caught" not in links
    assert "/admin/reports" not in links
