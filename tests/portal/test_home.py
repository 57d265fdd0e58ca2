"""The start page of administrators: what needs them, what runs, where to begin (ADM-4)."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.standin import StandIn
from portal.test_job_pages import JOB, job, listed
from portal.test_pool_pages import said

pytestmark = pytest.mark.feature("ADM-4")

COUNTS, MAILS = "/api/enrollment/counts", "/api/notifier/counts"
MAIL = {"waiting": 0, "held": 0, "sending": 0, "sent": 9, "failed": 0, "withdrawn": 0, "unknown": 0}


def counted(standin: StandIn, unknown: int = 0, **numbers: Any) -> None:
    nothing = {"exceptions": 0, "set_aside": 0, "completions": 0, "held_changes": 0, "jobs": 0}
    standin.says("GET", COUNTS, {**nothing, **numbers})
    standin.says("GET", MAILS, {**MAIL, "unknown": unknown})


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    counted(standin)
    listed(standin, [], [], None)
    browser.sign_in("site-administrator")


def test_what_needs_somebody_is_told_with_its_number_and_a_link(browser: Browser, standin: StandIn) -> None:
    counted(standin, unknown=2, exceptions=1, held_changes=3)
    standin.says("GET", "/api/approvals/counts", {"waiting": 4})
    page = browser.get("/admin")
    for words in (
        "4 requests wait for your decision",
        "1 learner is held back by an exception",
        "3 large changes wait to be released",
        "Of 2 e-mails nobody knows whether they arrived",
    ):
        assert words in said(page)
    links = {"/approvals", "/admin/exceptions?state=open", "/admin/held-changes", "/admin/mail?state=unknown"}
    assert links <= set(page.links)
    assert "Nothing needs you." not in said(page)
    assert len(standin.questions()) == 3


def test_with_nothing_to_do_it_offers_three_ways_to_begin(browser: Browser) -> None:
    page = browser.get("/admin")
    assert "Nothing needs you." in said(page)
    assert {"/admin/imports", "/admin/courses", "/admin/assign/multiple"} <= set(page.links)


def test_what_runs_is_shown_with_its_progress(browser: Browser, standin: StandIn) -> None:
    counted(standin, jobs=7)
    listed(standin, [job(standin)], [], None)
    page = browser.get("/admin")
    assert "41,200 of 100,000 learners" in said(page)
    assert "All 7 jobs" in said(page)
    assert f"/admin/jobs/{JOB}" in page.links


def test_who_cannot_answer_is_not_asked_to(browser: Browser, standin: StandIn) -> None:
    counted(standin, unknown=2, exceptions=1, held_changes=None)
    browser.sign_in("enrollment-manager")
    page = browser.get("/admin")
    assert "Nothing needs you." in said(page)
    assert not {"/admin/exceptions?state=open", "/admin/mail?state=unknown"} & set(page.links)
    assert MAILS not in {one.url.path for one in standin.asked}


@pytest.mark.parametrize("down", ["enrollment", "notifier"])
def test_a_service_that_is_down_is_not_taken_for_nothing_to_do(browser: Browser, standin: StandIn, down: str) -> None:
    standin.down.add(down)
    page = browser.get("/admin")
    assert "Some of the numbers cannot be shown at the moment." in said(page)
    assert "Nothing needs you." not in said(page)


def test_in_german(browser: Browser, standin: StandIn) -> None:
    counted(standin, exceptions=2)
    standin.me["language"] = "de"
    browser.sign_in("site-administrator")
    assert "2 Lernende werden durch eine Ausnahme zurückgehalten" in said(browser.get("/admin"))


def test_the_numbers_of_ones_organisations_are_asked_for_after_the_page_is_there(
    browser: Browser, standin: StandIn
) -> None:
    overview = "/api/enrollment/overview"
    told = {"assigned": 41_200, "overdue": 12, "due_soon": 3, "certified": 9, "expiring": 4}
    standin.says("GET", overview, standin.answer("GET", overview, day="2026-11-28", **told))
    assert "/admin/numbers" in browser.get("/admin").links
    assert 'data-from="/admin/numbers"' in browser.http.get("/admin").text
    standin.asked.clear()
    page = browser.get("/admin/numbers")
    for word in (
        "Assigned 41,200",
        "Overdue 12",
        "Due within 14 days 3",
        "Certified this month 9",
        "Expire within 60 days 4",
    ):
        assert word in said(page)
    assert len(standin.questions()) == 1
