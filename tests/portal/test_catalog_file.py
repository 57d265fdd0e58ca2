"""A file of the catalog: the difference first, then it is applied (CAT-16)."""

from typing import Any

import httpx
import pytest
from portal.conftest import OWN, Browser
from portal.html_checks import Page, checked
from portal.offerings_told import KEY, said
from portal.standin import StandIn

pytestmark = pytest.mark.feature("CAT-16", "ADM-1")

HERE, APPLY = "/admin/catalog/apply", "/api/catalog/apply"
FILE = "offerings:\n  - {kind: course, code: FIRE, title: Fire <b>}\n"
ITEMS: list[dict[str, Any]] = [
    {
        "kind": "course",
        "code": "FIRE",
        "outcome": "changed",
        "changes": [
            {"field": "title", "old": "Fire", "new": "Fire <b>"},
            {"field": "active", "old": True, "new": False},
        ],
    },
    {"kind": "course", "code": "LIFT", "outcome": "unchanged", "changes": []},
]


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    says(standin, ITEMS)
    browser.sign_in("learning-manager")


def says(standin: StandIn, items: list[dict[str, Any]]) -> None:
    standin.says("POST", APPLY, standin.answer("POST", APPLY, position=None, result={"items": items}))


def sent_file(browser: Browser, content: bytes, status: int = 200) -> tuple[Page, httpx.Response]:
    answer = browser.http.post(f"{HERE}/difference", files={"file": ("catalog.yaml", content)}, headers=OWN)
    assert answer.status_code == status, answer.text[:1000]
    return checked(answer.text), answer


def hidden(answer: httpx.Response, name: str) -> str:
    return answer.text.split(f'name="{name}" value="')[1].split('"')[0]


def test_a_file_shows_its_difference_and_is_applied_as_it_was_shown(browser: Browser, standin: StandIn) -> None:
    assert [one["type"] for one in browser.get(HERE).fields] == ["file"]
    page, answer = sent_file(browser, FILE.encode())
    for word in ("2 entries in the file, 1 of them different.", "FIRE", "Fire <b>", "true", "false", "Apply"):
        assert word in said(page)
    assert "LIFT" not in said(page)
    looked = standin.last("POST", APPLY)
    assert (looked.content, looked.url.params["dry_run"]) == (FILE.encode(), "true")
    done = browser.post(HERE, content=FILE, shown=hidden(answer, "shown"), key=KEY)
    assert (done.status_code, done.headers["Location"]) == (303, f"{HERE}?said=applied")
    last = standin.asked[-1]
    assert (last.content, last.url.params["dry_run"], last.headers["Idempotency-Key"]) == (FILE.encode(), "false", KEY)


def test_a_catalog_that_changed_meanwhile_is_shown_again_and_nothing_is_applied(
    browser: Browser, standin: StandIn
) -> None:
    _, answer = sent_file(browser, FILE.encode())
    says(standin, [{**ITEMS[0], "changes": ITEMS[0]["changes"][:1]}])
    page = browser.refused(HERE, 409, content=FILE, shown=hidden(answer, "shown"), key=KEY)
    assert "The catalog has changed meanwhile. Nothing was applied." in said(page)
    assert {one.url.params["dry_run"] for one in standin.asked if one.url.path == APPLY} == {"true"}


def test_a_file_that_makes_no_difference_has_nothing_to_apply(browser: Browser, standin: StandIn) -> None:
    says(standin, ITEMS[1:])
    page, _ = sent_file(browser, FILE.encode())
    assert "The catalog is as the file says." in said(page)
    assert "Apply" not in page.text


def test_what_cannot_be_read_or_belongs_elsewhere_is_told(browser: Browser, standin: StandIn) -> None:
    assert "Choose a file." in said(sent_file(browser, b"  ", 422)[0])
    assert "not a text file" in said(sent_file(browser, b"\xff\xfe\x00", 422)[0])
    standin.refuses("POST", APPLY, 422, "invalid", field="groups")
    assert "rollbook apply FILE" in said(sent_file(browser, FILE.encode(), 422)[0])
    standin.refuses("POST", APPLY, 422, "invalid", field="offerings.0.title", detail="offerings.0.title: too long.")
    page, _ = sent_file(browser, FILE.encode(), 422)
    assert "offerings.0.title: too long." in said(page)
    assert page.title.startswith("Error: ")
    standin.down.add("catalog")
    sent_file(browser, FILE.encode(), 502)


def test_only_who_edits_the_catalog_has_the_form(browser: Browser) -> None:
    browser.sign_in("auditor")
    assert not browser.get(HERE).fields
    browser.sign_in("learning-manager", language="de")
    assert "Unterschied zeigen" in said(browser.get(HERE))
