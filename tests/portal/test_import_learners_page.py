"""Learners from a spreadsheet: rules, check, import (IMP-1 to IMP-5)."""

from typing import Any

import httpx
import pytest
from enrollment.sheets import xlsx
from portal.conftest import OWN, Browser
from portal.html_checks import Page, checked
from portal.standin import StandIn

pytestmark = pytest.mark.feature("IMP-5")

OFFERING = "11111111-1111-4111-8111-111111111111"
BATCH = "44444444-4444-4444-8444-444444444444"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
HEAD = f"/api/catalog/offerings/{OFFERING}"
IMPORT = f"/api/enrollment/offerings/{OFFERING}/learners/import"
PAGE = f"/admin/offerings/{OFFERING}/import"
FILE = xlsx(["E-mail", "ann@example.org", "nobody@example.org", "ann@example.org"])
"""As a spreadsheet program writes it."""
ROWS = [
    {"row": 2, "outcome": "assigned"},
    {"row": 3, "outcome": "unknown", "detail": "-"},
    {"row": 4, "outcome": "duplicate", "detail": "-"},
]


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", HEAD, standin.answer("GET", HEAD, id=OFFERING, title="First aid", kind="course", code="FA"))
    browser.sign_in("enrollment-manager")


def told(standin: StandIn, rows: list[dict[str, Any]], *, dry_run: bool) -> None:
    counts = {
        outcome: sum(row["outcome"] == outcome for row in rows) for outcome in ("assigned", "unknown", "duplicate")
    }
    result = {"dry_run": dry_run, "heading": 1, "limit": 100, "counts": counts, "rows": rows, "jobs": []}
    position = None if dry_run else "enrollment:9"
    standin.says("POST", IMPORT, standin.answer("POST", IMPORT, position=position, batch=BATCH, result=result))


def send(browser: Browser, do: str, file: bytes = FILE) -> httpx.Response:
    files = {"file": ("learners.xlsx", file, "application/octet-stream")}
    return browser.http.post(PAGE, data={"key": KEY, "do": do}, files=files, headers=OWN)


def said(page: Page) -> str:
    return " ".join(page.text)


@pytest.mark.feature("IMP-1", "IMP-3", "IMP-4")
def test_the_rules_are_on_the_page_before_a_file_is_chosen(browser: Browser, standin: StandIn) -> None:
    page = browser.get(PAGE)
    for word in (
        "one column of e-mail addresses",
        "no account is created",
        "An address counts once",
        "first 100 entries",
    ):
        assert word in said(page), word
    assert "Import " not in {one.get("value") for one in page.fields}
    assert standin.questions() == [f"GET {HEAD}"]


@pytest.mark.feature("IMP-2", "IMP-3")
def test_checking_says_what_the_file_would_do_row_by_row_and_changes_nothing(
    browser: Browser, standin: StandIn
) -> None:
    told(standin, ROWS, dry_run=True)
    answer = send(browser, "check")
    assert answer.status_code == 200
    page = checked(answer.text)
    for word in (
        "1 learner would be assigned",
        "Row 1 is taken as a heading",
        "2 rows are left out",
        "Import 1 learner",
    ):
        assert word in said(page), word
    for row in ("3 nobody with this address", "4 appears more than once in the file"):
        assert row in said(page), row
    (asked,) = [one for one in standin.asked if one.url.path == IMPORT]
    assert (dict(asked.url.params), asked.content) == ({"dry_run": "true"}, FILE)
    assert asked.headers["Content-Type"].endswith("spreadsheetml.sheet")


@pytest.mark.feature("IMP-4")
def test_importing_leads_to_the_learners_or_lists_what_was_left_out(browser: Browser, standin: StandIn) -> None:
    told(standin, ROWS, dry_run=False)
    page = checked(send(browser, "import").text)
    for word in ("1 learner was assigned.", "2 rows are left out"):
        assert word in said(page), word
    assert f"/admin/batches/{BATCH}" in page.links
    (asked,) = [one for one in standin.asked if one.url.path == IMPORT]
    assert (dict(asked.url.params), asked.headers["Idempotency-Key"]) == ({}, KEY)
    told(standin, ROWS[:1], dry_run=False)
    learners = f"/admin/offerings/{OFFERING}/learners"
    saved = f"at_least=enrollment%3A9&said=learners-imported&batch={BATCH}"
    assert send(browser, "import").headers["Location"] == f"{learners}?{saved}"


@pytest.mark.feature("IMP-1")
def test_a_file_that_is_none_and_no_file_at_all_are_refused_at_the_field(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", IMPORT, 422, "spreadsheet-format")
    answer = send(browser, "check", b"a,b,c")
    page = checked(answer.text)
    assert (answer.status_code, page.title.startswith("Error:")) == (422, True)
    assert "Because." in said(page)
    answer = browser.http.post(PAGE, data={"key": KEY, "do": "check"}, headers=OWN)
    assert answer.status_code == 422
    assert "Choose a file." in said(checked(answer.text))
    standin.down.add("enrollment")
    assert send(browser, "check").status_code == 502


def test_in_german(browser: Browser) -> None:
    browser.sign_in("enrollment-manager", language="de")
    assert "Lernende importieren" in said(browser.get(PAGE))
