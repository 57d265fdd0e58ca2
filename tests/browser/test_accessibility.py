"""Every page, light and dark, on a desk and on a phone: no violation of WCAG 2.2 A and AA, nothing scrolls sideways (ADM-6)."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.conftest import People, Person
from browser.pages import PAGES, Seen
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SHOTS = Path(__file__).parents[2] / "build" / "screenshots"
LOOKS = (("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390))


@pytest.mark.feature("ADM-6")
@pytest.mark.parametrize(("scheme", "width"), LOOKS, ids=str)
@pytest.mark.parametrize("role", sorted({seen.role for seen in PAGES}), ids=lambda role: role or "stranger")
def test_every_page_can_be_used_by_everybody(
    person: People, cards: dict[str, tuple[str, str]], offerings: dict[str, str], role: str, scheme: str, width: int
) -> None:
    """Each page is photographed too, into build/screenshots, for whoever wants to look at them all."""
    visitor = person(scheme=scheme, width=width, bypass_csp=True)
    if role:
        visitor.sign_in(cards[role])
    seen = [one for one in PAGES if one.role == role]
    faults = {one.path: found for one in seen if (found := _faults(visitor, one, offerings, f"{scheme}-{width}"))}
    assert faults == {}


def _faults(visitor: Person, seen: Seen, offerings: dict[str, str], look: str) -> list[str]:
    page = visitor.open(re.sub(r"\{([^}]+)\}", lambda code: offerings[code[1]], seen.path))
    SHOTS.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9]+", "-", f"{seen.role or 'stranger'} {seen.path}").strip("-")
    page.screenshot(path=SHOTS / f"{name}-{look}.png", full_page=True)
    return _violations(page)


def _violations(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}})
    told = [f"{one['id']}: {node['html'][:200]}" for one in found.response["violations"] for node in one["nodes"]]
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return told + ([f"{sideways} pixels wider than the window"] if sideways > 0 else [])


@pytest.mark.feature("ADM-6")
@pytest.mark.parametrize(("scheme", "width"), LOOKS, ids=str)
def test_the_documentation_of_an_api_can_be_read_by_everybody(
    person: People, cards: dict[str, tuple[str, str]], scheme: str, width: int
) -> None:
    """It is written by a script, which the policy of its page has to allow."""
    within_policy = person(scheme=scheme, width=width)
    within_policy.sign_in(cards["auditor"])
    within_policy.open("/admin/system/api/keys").locator(".opblock").first.wait_for()
    visitor = person(scheme=scheme, width=width, bypass_csp=True)
    visitor.sign_in(cards["auditor"])
    page = visitor.open("/admin/system/api/keys")
    page.get_by_text("/api/keys/pools", exact=True).first.wait_for()
    page.locator(".opblock-summary-control").first.click()
    page.get_by_role("heading", name="Responses").or_(page.get_by_text("Responses", exact=True)).first.wait_for()
    page.screenshot(path=SHOTS / f"api-open-{scheme}-{width}.png", full_page=True)
    assert _violations(page) == []


@pytest.mark.feature("ADM-6")
def test_the_check_finds_what_is_wrong(person: People) -> None:
    """Seen failing: a page without a label, and with grey on white."""
    visitor = person(bypass_csp=True)
    page = visitor.open("/sign-in")
    page.evaluate("document.querySelector('label').remove(); document.querySelector('h1').style.color = '#ccc'")
    found = {
        one["id"]
        for one in Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response["violations"]
    }
    assert {"label", "color-contrast"} <= found


def test_text_of_twice_the_size_and_a_narrow_window_hide_nothing(person: People) -> None:
    visitor = person(width=320)
    for path in ("/sign-in", "/no-such-page"):
        page = visitor.open(path)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, path
