"""Long jobs: what runs, what ran, one with its progress (ADM-5)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from portal.conftest import Browser
from portal.standin import PERSON, StandIn
from portal.test_pool_pages import said

pytestmark = pytest.mark.feature("ADM-5")

JOB = "55555555-5555-4555-8555-555555555555"
COURSE = "22222222-2222-4222-8222-222222222222"
JOBS, ONE = "/api/enrollment/jobs", f"/api/enrollment/jobs/{JOB}"
LOOKUP = "/api/directory/people/lookup"


def job(standin: StandIn, **changed: Any) -> dict[str, Any]:
    told = {
        "id": JOB,
        "kind": "expansion",
        "state": "running",
        "done": 41_200,
        "total": 100_000,
        "offering_id": COURSE,
        "offering_title": "Safe <b>workplace</b>",
        "started_by": str(PERSON),
        "assignments": 5,
        "targets": [{"type": "organisation", "name": name} for name in ("Day Shift", "Night Shift", "Field", "Office")],
        "created_at": (datetime.now(UTC) - timedelta(minutes=2)).isoformat(),
    }
    found = standin.answer("GET", ONE, **{**told, **changed})
    standin.says("GET", ONE, found)
    return found


def listed(standin: StandIn, running: list[dict[str, Any]], over: list[dict[str, Any]], following: str | None) -> None:
    def answer(request: Any) -> dict[str, Any]:
        if request.url.params.get("state") == "open":
            return {"items": running, "next": None}
        return {"items": [*running, *over], "next": following}

    standin.says("GET", JOBS, answer)


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    ada = standin.item("POST", "/api/directory/people/search", id=str(PERSON), first_name="Ada", last_name="Lind")
    standin.says("POST", LOOKUP, standin.answer("POST", LOOKUP, items=[ada]))
    standin.says("GET", f"{ONE}/refusals", {"items": [], "next": None})
    browser.sign_in("enrollment-manager")


def test_a_running_job_tells_how_far_it_is_for_whom_and_that_one_may_leave(browser: Browser, standin: StandIn) -> None:
    job(standin)
    page = browser.get(f"/admin/jobs/{JOB}")
    words = (
        "Safe <b>workplace</b>",
        "41,200 of 100,000 learners",
        "You can leave this page",
        "Ada Lind",
        "3 minutes left",
    )
    for one in (*words, "Day Shift, Night Shift, Field and 2 more", "learners a minute"):
        assert one in said(page), one
    assert len(standin.questions()) == 3
    html = browser.http.get(f"/admin/jobs/{JOB}").text
    assert 'data-live="2"' in html
    assert "data-done" not in html


def test_a_job_whose_length_is_not_known_says_since_when_it_works(browser: Browser, standin: StandIn) -> None:
    job(standin, total=None, done=0, state="running", started_by=None)
    page = browser.get(f"/admin/jobs/{JOB}")
    assert "Working, since" in said(page)
    assert "Rollbook itself" in said(page)
    assert "left" not in said(page)
    assert len(standin.questions()) == 2


def test_a_finished_job_tells_its_result_and_leads_to_it(browser: Browser, standin: StandIn) -> None:
    job(standin, state="finished", done=1, total=1, finished_at="2026-11-28T09:00:00Z")
    page = browser.get(f"/admin/jobs/{JOB}")
    assert "Done: 1 learner." in said(page)
    assert f"/admin/offerings/{COURSE}/assignments" in page.links
    assert f"/admin/reports/membership?offering_id={COURSE}" in page.links
    assert "data-done" in browser.http.get(f"/admin/jobs/{JOB}").text


def test_a_failed_job_says_why_and_that_it_does_not_go_on_by_itself(browser: Browser, standin: StandIn) -> None:
    job(standin, state="failed", error="KeyError in expansion")
    page = browser.get(f"/admin/jobs/{JOB}")
    assert "KeyError in expansion" in said(page)
    assert "It does not go on by itself" in said(page)


def test_the_list_has_what_runs_and_what_is_over_page_by_page(browser: Browser, standin: StandIn) -> None:
    running = job(standin)
    done = {**running, "id": COURSE, "state": "finished", "kind": "trigger", "trigger_name": "New people"}
    listed(standin, [running], [done], "abc")
    page = browser.get("/admin/jobs?mine=true")
    for words in ("41,200 of 100,000 learners", "Trigger New people begins", "Done", "Ada Lind"):
        assert words in said(page)
    assert said(page).count("Safe <b>workplace</b>") == 1
    assert "/admin/jobs?mine=true&cursor=abc" in page.links
    assert len(standin.questions()) == 3
    asked = [dict(one.url.params) for one in standin.asked if one.url.path == JOBS]
    assert sorted(asked, key=str) == sorted(
        [{"mine": "true", "state": "open", "limit": "50"}, {"mine": "true", "limit": "50"}], key=str
    )
    standin.down.add("directory")
    assert "Names cannot be shown at the moment." in said(browser.get("/admin/jobs"))


def test_without_jobs_it_says_so(browser: Browser, standin: StandIn) -> None:
    listed(standin, [], [], None)
    assert "Nothing is running" in said(browser.get("/admin/jobs"))
    listed(standin, [], [job(standin, state="finished")], None)
    assert "Nothing is running. The last ones are below." in said(browser.get("/admin/jobs"))
    standin.me["language"] = "de"
    browser.sign_in("enrollment-manager")
    assert "Jetzt läuft nichts. Die letzten stehen unten." in said(browser.get("/admin/jobs"))


@pytest.mark.feature("ASG-4", "ASG-9")
def test_a_job_of_a_selection_leads_to_its_preview_and_says_when_nothing_was_done(
    browser: Browser, standin: StandIn
) -> None:
    seen = "66666666-6666-4666-8666-666666666666"
    about = {"offering_id": None, "preview_id": seen, "preview_title": "Yoga", "targets": [], "assignments": 0}
    job(standin, kind="preview", **about)
    assert "Preview: assign people to Yoga" in said(browser.get(f"/admin/jobs/{JOB}"))
    job(standin, kind="preview", state="finished", finished_at=datetime.now(UTC).isoformat(), result={}, **about)
    assert f"/admin/previews/{seen}" in browser.get(f"/admin/jobs/{JOB}").links
    over = {"state": "finished", "finished_at": datetime.now(UTC).isoformat(), "result": {"outdated": seen}}
    job(standin, kind="assign-selection", **over, **about)
    page = browser.get(f"/admin/jobs/{JOB}")
    assert "Nothing was done: the facts have changed since the preview." in said(page)
    assert f"/admin/previews/{seen}" in page.links


def test_the_frame_asks_for_what_runs_after_the_page_is_there_and_a_page_says_it_without_a_script(
    browser: Browser, standin: StandIn
) -> None:
    other = {**job(standin), "id": COURSE, "done": 0, "total": None}
    listed(standin, [job(standin), other], [], None)
    html = browser.http.get("/admin/jobs").text
    assert 'data-from="/admin/jobs/running"' in html
    standin.asked.clear()
    page = browser.get("/admin/jobs/running")
    assert "2 jobs are running: 41,200 of 100,000" in said(page)
    assert len(standin.questions()) == 1
    listed(standin, [], [], None)
    assert (
        'id="pill" data-live="15" data-from="/admin/jobs/running" data-done>'
        in browser.http.get("/admin/jobs/running").text
    )
    browser.sign_in("learner")
    assert "data-from" not in browser.http.get("/").text


@pytest.mark.feature("ASG-5")
def test_who_was_not_assigned_is_listed_with_the_reason_page_by_page_and_as_a_file(
    browser: Browser, standin: StandIn
) -> None:
    job(standin, state="finished", finished_at=datetime.now(UTC).isoformat())
    refused = standin.item("GET", f"{ONE}/refusals", person_id=COURSE, name="Maja <i>Ekdahl</i>", offering_title="Yoga")
    rows = [{**refused, "kind": "already-assigned"}, {**refused, "name": None, "kind": "odd", "detail": "It was odd."}]
    standin.says("GET", f"{ONE}/refusals", {"items": rows, "next": "more"})
    standin.asked.clear()
    page = browser.get(f"/admin/jobs/{JOB}")
    for word in ("Not assigned", "Maja <i>Ekdahl</i>", "Yoga", "has this very assignment already", "It was odd."):
        assert word in said(page)
    assert {f"/admin/jobs/{JOB}?cursor=more", f"/admin/jobs/{JOB}/refused.csv"} <= set(page.links)
    assert len(standin.questions()) <= 4
    told = httpx.Response(200, text="person,offering", headers={"Content-Type": "text/csv"})
    standin.says("GET", f"{ONE}/refusals.csv", lambda _: told)
    answer = browser.http.get(f"/admin/jobs/{JOB}/refused.csv")
    assert (answer.text, answer.headers["Content-Type"]) == ("person,offering", "text/csv")
    standin.says("GET", f"{ONE}/refusals", {"items": [], "next": None})
    assert "Not assigned" not in said(browser.get(f"/admin/jobs/{JOB}"))
