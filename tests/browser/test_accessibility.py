"""Every page, light and dark, on a desk and on a phone: no violation of WCAG 2.2 A and AA, nothing scrolls sideways (ADM-6)."""

import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.conftest import People
from browser.pages import PAGES
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SHOTS = Path(__file__).parents[2] / "build" / "screenshots"
LOOKS = (("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390))
WHOLE = {("light", 1280), ("dark", 390)}
"""Looks that are judged by every rule; in the others only colors can differ from one of these."""
_AT_ONCE = 6
PARTS = [
    (role, pages[first : first + _AT_ONCE])
    for role in sorted({seen.role for seen in PAGES})
    for pages in [[seen.path for seen in PAGES if seen.role == role]]
    for first in range(0, len(pages), _AT_ONCE)
]


@pytest.mark.timeout(600)
@pytest.mark.feature("ADM-6")
@pytest.mark.parametrize(("role", "paths"), PARTS, ids=[f"{role or 'stranger'} {paths[0]}" for role, paths in PARTS])
def test_every_page_can_be_used_by_everybody(
    person: People, cards: dict[str, tuple[str, str]], offerings: dict[str, str], role: str, paths: list[str]
) -> None:
    """Each page is photographed too, into build/screenshots, for whoever wants to look at them all."""
    visitor = person(bypass_csp=True)
    if role:
        visitor.sign_in(cards[role])
    SHOTS.mkdir(parents=True, exist_ok=True)
    faults = {}
    for path in paths:
        page = visitor.open(re.sub(r"\{([^}]+)\}", lambda code: offerings[code[1]], path))
        name = re.sub(r"[^A-Za-z0-9]+", "-", f"{role or 'stranger'} {path}").strip("-")
        for scheme, width in LOOKS:
            faults[f"{path} {scheme} {width}"] = _faults(page, scheme, width, SHOTS / f"{name}-{scheme}-{width}.png")
    assert {where: found for where, found in faults.items() if found} == {}
    assert len(faults) == len(LOOKS) * len(paths)


def _faults(page: Page, scheme: Any, width: int, shot: Path) -> list[str]:
    """Of a page that is open, in another look."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.screenshot(path=shot, full_page=True)
    return _violations(page, None if (scheme, width) in WHOLE else ["color-contrast"])


def _violations(page: Page, rules: list[str] | None = None) -> list[str]:
    """`rules`: only these."""
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": TAGS}
    found = Axe().run(page, options={"runOnly": only})
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
