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
AXE = Axe().axe_script
LOOKS = (("light", 1280), ("dark", 390), ("light", 390), ("dark", 1280))
WHOLE = LOOKS[:2]
"""Looks in which every rule is judged; in the others, only the contrast of colors can differ."""
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
        page.evaluate(AXE)
        for look in LOOKS:
            _take(page, *look)
            where = "{} {} {}".format(path, *look)
            page.screenshot(path=SHOTS / "{}-{}-{}.png".format(name, *look), full_page=True)
            rules = _violations(page) if look in WHOLE else []
            faults[where] = rules + _contrast(page, _judged) + _sideways(page)
    assert {where: found for where, found in faults.items() if found} == {}
    assert len(faults) == len(LOOKS) * len(paths)


def _take(page: Page, scheme: Any, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})


_judged: set[str] = set()
"""Text whose contrast is known, on any page and in any look: its color, size and weight, and everything behind it."""

_RULES = """async tags => {
    const rules = {"color-contrast": {enabled: false}};
    const judged = await axe.run(document, {runOnly: {type: "tag", values: tags}, rules, resultTypes: ["violations"]});
    return judged.violations.flatMap(one => one.nodes.map(node => `${one.id}: ${node.html.slice(0, 200)}`));
}"""
_CONTRAST = """async judged => {
    const known = new Set(judged), fresh = new Map(), behind = new Map([[null, ""]]);
    const what_is_behind = one => {
        if (!behind.has(one)) {
            const style = getComputedStyle(one);
            const own = [style.backgroundColor, style.backgroundImage, style.opacity, style.filter, style.position].join(" ");
            const above = what_is_behind(one.parentElement);
            behind.set(one, own === "rgba(0, 0, 0, 0) none 1 none static" ? above : above + "/" + own);
        }
        return behind.get(one);
    };
    for (const one of document.querySelectorAll("body *")) {
        if (!one.checkVisibility()) continue;
        const style = getComputedStyle(one);
        const looks = [style.color, style.fontSize, style.fontWeight, style.textShadow, what_is_behind(one)].join(" ");
        if (!known.has(looks)) fresh.set(one, looks);
    }
    if (fresh.size === 0) return [[], []];
    const only = {type: "rule", values: ["color-contrast"]};
    const found = await axe.run([...fresh.keys()], {runOnly: only, resultTypes: ["violations"]});
    const told = found.violations.flatMap(one => one.nodes.map(node => `${one.id}: ${node.html.slice(0, 200)}`));
    return [told, [...new Set(fresh.values())]];
}"""


def _violations(page: Page) -> list[str]:
    """Of a page into which AXE was loaded: every rule but the contrast of colors."""
    told: list[str] = page.evaluate(_RULES, TAGS)
    return told


def _contrast(page: Page, judged: set[str]) -> list[str]:
    """What is hard to read, of text that looks like none that was `judged`; then it is. This is what takes axe its time."""
    told, fresh = page.evaluate(_CONTRAST, list(judged))
    judged |= set(fresh)
    return list(told)


def _sideways(page: Page) -> list[str]:
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{wider} pixels wider than the window"] if wider > 0 else []


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
    page.evaluate(AXE)
    assert _violations(page) + _contrast(page, set()) + _sideways(page) == []


@pytest.mark.feature("ADM-6")
def test_the_check_finds_what_is_wrong(person: People) -> None:
    """Seen failing: a page without a label, and with grey on white."""
    visitor = person(bypass_csp=True)
    page = visitor.open("/sign-in")
    page.evaluate("document.querySelector('label').remove(); document.querySelector('h1').style.color = '#ccc'")
    page.evaluate(AXE)
    found = {told.partition(":")[0] for told in _violations(page) + _contrast(page, set())}
    assert {"label", "color-contrast"} <= found


@pytest.mark.feature("ADM-6")
def test_the_check_finds_what_only_another_look_shows(person: People) -> None:
    """Seen failing: grey on white where the window is narrow, the same text on another ground, and what shines through."""
    page = person(bypass_csp=True).open("/sign-in")
    page.evaluate(AXE)
    page.evaluate(_HIDDEN)
    judged: set[str] = set()
    assert _contrast(page, judged) == []
    known = len(judged)
    assert known > 5
    assert _contrast(page, judged) == []
    assert len(judged) == known
    _take(page, "light", 390)
    assert [told.partition(":")[0] for told in _contrast(page, judged)] == ["color-contrast"]
    for style in ("background: #333", "opacity: .3"):
        page.evaluate("style => document.querySelector('h1').style = style", style)
        assert [told.partition(":")[0] for told in _contrast(page, judged)] == ["color-contrast"], style


_HIDDEN = """() => {
    document.head.insertAdjacentHTML("beforeend",
        "<style>.odd { display: none; color: #ccc } @media (width < 40rem) { .odd { display: block } }</style>");
    document.querySelector("main").insertAdjacentHTML("beforeend", "<p class='odd'>Hard to read</p>");
}"""


def test_text_of_twice_the_size_and_a_narrow_window_hide_nothing(person: People) -> None:
    visitor = person(width=320)
    for path in ("/sign-in", "/no-such-page"):
        page = visitor.open(path)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, path
