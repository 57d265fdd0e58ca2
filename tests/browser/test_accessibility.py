"""Every page, light and dark, on a desk and on a phone: no violation of WCAG 2.2 A and AA, nothing scrolls sideways (ADM-6)."""

import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.conftest import People
from browser.pages import PAGES
from playwright.sync_api import Page

from services import portal

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SHOTS = Path(__file__).parents[2] / "build" / "screenshots"
STYLES = Path(portal.__file__).parent / "static" / "css"
AXE = Axe().axe_script
WHOLE = (("light", 1280), ("dark", 390))
"""Looks in which every rule is judged, and which are photographed."""
OTHER = {("light", 1280): ("light", 390), ("dark", 390): ("dark", 1280)}
"""After each, the same colors in the other width: the colors of what was not to be seen before."""
LOOKS = (*OTHER, *OTHER.values())
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
        for scheme, width in WHOLE:
            _look(page, scheme, width)
            page.screenshot(path=SHOTS / f"{name}-{scheme}-{width}.png", full_page=True)
            faults[f"{path} {scheme} {width}"] = _violations(page)
            page.evaluate(_MARK)
            _look(page, *OTHER[scheme, width])
            faults["{} {} {}".format(path, *OTHER[scheme, width])] = _violations(page, only_new=True)
    assert {where: found for where, found in faults.items() if found} == {}
    assert len(faults) == len(LOOKS) * len(paths)


def _look(page: Page, scheme: Any, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})


_MARK = """() => document.querySelectorAll("body *").forEach(one => one.toggleAttribute("data-seen", one.checkVisibility()))"""
_JUDGE = """async ([tags, new_ones]) => {
    const found = [...document.querySelectorAll("body *:not([data-seen])")].filter(one => one.checkVisibility());
    if (new_ones && found.length === 0) return [];
    const only = new_ones ? {type: "rule", values: ["color-contrast"]} : {type: "tag", values: tags};
    const judged = await axe.run(new_ones ? found : document, {runOnly: only, resultTypes: ["violations"]});
    return judged.violations.flatMap(one => one.nodes.map(node => `${one.id}: ${node.html.slice(0, 200)}`));
}"""


def _violations(page: Page, *, only_new: bool = False) -> list[str]:
    """Of a page into which AXE was loaded. `only_new`: the contrast of what has been hidden when the rest was marked."""
    told: list[str] = page.evaluate(_JUDGE, [TAGS, only_new])
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return told + ([f"{sideways} pixels wider than the window"] if sideways > 0 else [])


@pytest.mark.feature("ADM-6")
def test_the_width_of_a_window_changes_no_color_but_of_what_only_one_width_shows() -> None:
    """Otherwise the colors of every part would have to be judged in every width."""
    colored = set()
    for sheet in STYLES.glob("*.css"):
        for block in re.findall(r"@media \(m(?:in|ax)-width[^{]*\{((?:[^{}]*\{[^{}]*\})*)", sheet.read_text()):
            for selectors, told in re.findall(r"([^{}]+)\{([^{}]*)\}", block):
                if re.search(r"color|background|opacity|filter|mix-blend", told):
                    colored.add(selectors.strip())
    assert colored == {".phone", ".wide:not(.keep) td[data-label]::before"}


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
    assert _violations(page) == []


@pytest.mark.feature("ADM-6")
def test_the_check_finds_what_is_wrong(person: People) -> None:
    """Seen failing: a page without a label, and with grey on white."""
    visitor = person(bypass_csp=True)
    page = visitor.open("/sign-in")
    page.evaluate("document.querySelector('label').remove(); document.querySelector('h1').style.color = '#ccc'")
    page.evaluate(AXE)
    found = {told.partition(":")[0] for told in _violations(page)}
    assert {"label", "color-contrast"} <= found


@pytest.mark.feature("ADM-6")
def test_the_check_finds_what_only_another_width_shows(person: People) -> None:
    """Seen failing: grey on white where the window is narrow."""
    page = person(bypass_csp=True).open("/sign-in")
    page.evaluate(AXE)
    page.evaluate(_HIDDEN)
    assert _violations(page) == []
    page.evaluate(_MARK)
    assert _violations(page, only_new=True) == []
    _look(page, "light", 390)
    assert [told.partition(":")[0] for told in _violations(page, only_new=True)] == ["color-contrast"]


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
