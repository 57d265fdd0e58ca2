"""Due dates in a calendar program: a learner makes the address by the keyboard, with a script and without (NTF-8)."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.conftest import Cards, People
from browser.test_accessibility import TAGS
from e2e.running import Running
from icalendar import Calendar
from playwright.sync_api import expect


@pytest.mark.feature("NTF-8", "ADM-6")
@pytest.mark.parametrize(("scripts", "width"), [(True, 1280), (True, 390), (False, 390)], ids=str)
def test_a_learner_makes_replaces_and_ends_the_address_by_keyboard(
    person: People, cards: Cards, company: Running, scripts: bool, width: int
) -> None:
    visitor = person(scripts=scripts, width=width, bypass_csp=True)
    page = visitor.sign_in(cards["learner"])
    told = []
    for button in ("Make address", "Replace address"):
        visitor.open("/me")
        page.get_by_role("button", name=button).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Your private address")).to_be_visible()
        told.append(page.get_by_label("Address of the calendar").input_value())
        assert page.url == f"{visitor.url}/me/calendar"
        if scripts:
            assert Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response["violations"] == []
            assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    first, second = told
    link = page.get_by_role("link", name="Open in my calendar program").get_attribute("href")
    assert link == second.replace("http:", "webcal:")
    program = page.context.browser.new_context() if page.context.browser else page.context
    read = program.request.get(second)
    assert (read.status, read.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    shown = [str(one["SUMMARY"]) for one in Calendar.from_ical(read.body()).walk("VEVENT")]
    assert "Due: Safe workplace" in shown
    assert program.request.get(first).status == 404

    visitor.open("/me")
    assert second not in page.content()
    page.get_by_role("button", name="End address").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your calendar address has ended.")).to_be_visible()
    expect(page.get_by_role("button", name="Make address")).to_be_visible()
    assert program.request.get(second).status == 404
    secrets = [re.sub(r".*/|\.ics$", "", one) for one in told]
    assert [len(one) for one in secrets] == [32, 32]
    assert company.said
    assert not [line for line in company.said if any(one in line for one in secrets)]
