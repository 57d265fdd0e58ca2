"""Asking for access and for a later due date, and what became of it (APR-1, APR-3, DUE-9)."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.standin import StandIn

pytestmark = pytest.mark.feature("APR-3")

REQUESTS = "/api/approvals/requests"
REQUEST = "66666666-6666-4666-8666-666666666666"
OFFERING = "33333333-3333-4333-8333-333333333333"
ENROLLMENT = "11111111-1111-4111-8111-111111111111"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
STAGES = f"/api/approvals/offerings/{OFFERING}/stages"
STANDING = f"/api/enrollment/offerings/{OFFERING}/standing"
ITEM: dict[str, Any] = {
    "id": REQUEST,
    "kind": "access",
    "status": "open",
    "outcome": "none",
    "stage": 1,
    "stages": 2,
    "offering_id": OFFERING,
    "offering": "First aid",
    "reason": "New on <b>the ward</b>",
    "asked_at": "2026-11-24T08:00:00Z",
    "escalates_at": "2026-12-04T08:00:00Z",
}


def listed(standin: StandIn, *items: dict[str, Any], next: str | None = None) -> None:
    found = [standin.sample("approvals", "RequestItem", **ITEM | one) for one in items]
    standin.says("GET", REQUESTS, {"items": found, "next": next, "total": None})


def whole(standin: StandIn, *history: dict[str, Any], **given: Any) -> None:
    entries = [standin.sample("approvals", "HistoryEntry", at="2026-11-24T08:00:00Z", **one) for one in history]
    detail = {"approvers": ["Max Manager"], "history": entries}
    standin.says("GET", f"{REQUESTS}/{REQUEST}", standin.sample("approvals", "RequestDetail", **ITEM | detail | given))


def stands(standin: StandIn, **given: Any) -> None:
    own = {"id": ENROLLMENT, "offering_id": OFFERING, "offering_title": "First aid", "offering_kind": "course"}
    standin.says("GET", STANDING, standin.sample("enrollment", "EnrollmentItem", **own | given))


def stages(standin: StandIn, *given: dict[str, Any]) -> None:
    one = {"approvers": ["Max Manager"], "needs": "any", "nobody_found": False, "escalates_after_days": 3}
    standin.says("GET", STAGES, [standin.sample("approvals", "StageView", **one | more) for more in given or ({},)])


@pytest.fixture
def may_ask(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    listed(standin)
    stages(standin)
    stands(standin, status="not-enrolled", next_action="request-access")
    made = standin.sample("approvals", "Receipt", position="approvals:3", result={"id": REQUEST, "status": "open"})
    standin.says("POST", REQUESTS, made, 201)


def test_the_own_requests_with_what_became_of_each(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    outcomes = [("approved", "pending"), ("approved", "fulfilled"), ("approved", "refused"), ("approved", "ended")]
    outcomes += [("open", "none"), ("denied", "none"), ("withdrawn", "none"), ("closed", "none")]
    later = {"kind": "later-due-date", "due_on": "2027-02-28"}
    listed(standin, later, *({"status": status, "outcome": outcome} for status, outcome in outcomes), next="abc")
    page = browser.get("/requests")
    said = {"Later date: Sun 28 February 2027", "Waits for a decision", "Denied", "Cancelled by you", "Closed"}
    said |= {"Approved", "Approved, being carried out", "Approved, but not possible", "Approved, over by now"}
    assert said <= set(page.text)
    assert {f"/requests/{REQUEST}", "/requests?cursor=abc"} <= set(page.links)
    assert dict(standin.last("GET", REQUESTS).url.params) == {"mine": "true"}


def test_who_asked_for_nothing_is_told_where_one_asks(browser: Browser, standin: StandIn) -> None:
    browser.sign_in(language="de")
    listed(standin)
    assert "Sie haben nichts beantragt" in browser.get("/requests").text
    standin.down.add("approvals")
    browser.get("/requests", 502)


@pytest.mark.feature("APR-8")
def test_one_request_says_who_decides_until_when_and_what_happened(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    whole(
        standin,
        {"what": "AccessRequested", "reason": "New on <b>the ward</b>"},
        {"what": "StageOpened", "stage": 1, "people": ["Ina Lead"]},
        {"what": "StageApproved", "by": "Ina Lead", "on_behalf_of": "Ada Head", "reason": "Go on."},
        {"what": "StageOpened", "stage": 2, "people": ["Max Manager"]},
        {"what": "RequestEscalated", "stage": 2},
        {"what": "RequestDenied", "by": "Max Manager", "reason": "Not this year."},
        {"what": "RequestClosed", "detail": "enrolled-otherwise"},
        {"what": "RequestRefused", "detail": "Nobody can come."},
        {"what": "DecisionRefused", "by": "Eve Late", "detail": "approve: already-decided"},
        stage=2,
    )
    text = " ".join(browser.get(f"/requests/{REQUEST}").text)
    for line in (
        "Decides: Max Manager. Stage 2 of 2.",
        "If nobody has decided by Fri 4 December, 09:00, site administrators may decide too.",
        "New on <b>the ward</b>",
        "Stage 1 waits for Ina Lead.",
        "Ina Lead approved for Ada Head.",
        "Go on.",
        "Max Manager denied it.",
        "Not this year.",
        "It was closed: you were enrolled by another way.",
        "It was approved, but could not be carried out. Nobody can come.",
        "Eve Late tried to decide, but it was decided already.",
    ):
        assert line in text, line


def test_a_request_of_one_stage_does_not_count_stages(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    whole(standin, {"what": "StageOpened", "stage": 1, "people": ["Ina Lead"]}, stages=1, escalated=True)
    text = " ".join(browser.get(f"/requests/{REQUEST}").text)
    assert "It waits for Ina Lead." in text
    assert "Stage" not in text
    assert "Nobody decided in time, so site administrators may decide too." in text


def test_an_open_one_can_be_cancelled_and_what_was_decided_meanwhile_is_said(
    browser: Browser, standin: StandIn
) -> None:
    browser.sign_in()
    whole(standin)
    cancel = f"/requests/{REQUEST}/cancel"
    assert cancel in browser.http.get(f"/requests/{REQUEST}").text
    standin.says("DELETE", f"{REQUESTS}/{REQUEST}", standin.sample("approvals", "Receipt", position="approvals:4"))
    led = browser.post(cancel, key=KEY)
    assert led.headers["Location"] == f"/requests/{REQUEST}?said=request-cancelled"
    whole(standin, status="denied")
    assert cancel not in browser.http.get(f"/requests/{REQUEST}").text
    standin.refuses("DELETE", f"{REQUESTS}/{REQUEST}", 409, "not-open", detail="It was decided already.")
    assert "It was decided already." in browser.refused(cancel, 409, key=KEY).text
    whole(standin, kind="completion")
    assert cancel not in browser.http.get(f"/requests/{REQUEST}").text


@pytest.mark.feature("APR-1")
@pytest.mark.usefixtures("may_ask")
def test_who_asks_for_access_is_told_who_decides_and_by_when(browser: Browser, standin: StandIn) -> None:
    several = {"approvers": ["Ina Lead", "Max Manager"], "needs": "all"}
    stages(standin, several, {**several, "needs": "any"}, {"approvers": ["Sina Site"], "nobody_found": True}, {})
    page = browser.get(f"/offerings/{OFFERING}/request")
    text = " ".join(page.text)
    assert "All of these: Ina Lead, Max Manager" in text
    assert "One of these: Ina Lead, Max Manager" in text
    assert "Sina Site (site administration, since nobody else is there)" in text
    assert "If nobody has decided after 3 days, site administrators may decide too." in text
    assert len(standin.questions()) <= 4
    sent = browser.post(f"/offerings/{OFFERING}/request", key=KEY, reason=" New on the ward ")
    assert (sent.status_code, sent.headers["Location"]) == (303, f"/requests/{REQUEST}?said=requested")
    assert standin.sent("POST", REQUESTS) == {"kind": "access", "offering_id": OFFERING, "reason": "New on the ward"}
    assert standin.asked[-1].headers["Idempotency-Key"] == KEY


@pytest.mark.usefixtures("may_ask")
def test_whoever_has_an_open_request_sees_that_one_instead_of_a_form(browser: Browser, standin: StandIn) -> None:
    listed(standin, {})
    whole(standin)
    for path in (f"/offerings/{OFFERING}/request", f"/offerings/{OFFERING}/later-date"):
        standin.asked.clear()
        page = browser.get(path)
        assert {"You have asked already", "New on <b>the ward</b>"} <= set(page.text)
        assert "Decides: Max Manager." in " ".join(page.text)
        assert (page.fields, f"/requests/{REQUEST}" in page.links) == ([], True)
        assert len(standin.questions()) <= 4


@pytest.mark.usefixtures("may_ask")
def test_where_there_is_nothing_to_ask_for_the_page_says_so(browser: Browser, standin: StandIn) -> None:
    stands(standin, status="in-progress", next_action="continue-training")
    assert "There is nothing to ask for here" in browser.get(f"/offerings/{OFFERING}/request").text
    assert "This training has no due date." in browser.get(f"/offerings/{OFFERING}/later-date").text
    standin.refuses("GET", STANDING, 404, "not-found")
    browser.get(f"/offerings/{OFFERING}/request", 404)


@pytest.mark.usefixtures("may_ask")
def test_a_refused_request_comes_back_with_what_was_typed(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", REQUESTS, 409, "asked-too-soon", detail="You can ask again from 2027-01-01 on.")
    page = browser.refused(f"/offerings/{OFFERING}/request", 409, key=KEY, reason="Please <b>")
    assert "You can ask again from 2027-01-01 on." in page.text
    assert "Please <b>" in page.text
    assert page.title.startswith("Error: ")


@pytest.mark.feature("DUE-9")
@pytest.mark.usefixtures("may_ask")
def test_a_later_date_is_asked_for_with_a_day_and_a_reason(browser: Browser, standin: StandIn) -> None:
    stands(standin, status="in-progress", due_on="2099-01-31")
    page = browser.get(f"/offerings/{OFFERING}/later-date")
    assert "Sat 31 January 2099" in page.text
    assert next(one for one in page.fields if one["name"] == "due_on")["min"] == "2099-02-01"
    form = {"key": KEY, "enrollment_id": ENROLLMENT, "due_on": "2099-02-28", "reason": "Ill for a month"}
    sent = browser.post(f"/offerings/{OFFERING}/later-date", **form)
    assert sent.headers["Location"] == f"/requests/{REQUEST}?said=requested"
    told = {"kind": "later-due-date", "enrollment_id": ENROLLMENT, "due_on": "2099-02-28", "reason": "Ill for a month"}
    assert standin.sent("POST", REQUESTS) == told
    for field in ("due_on", "reason"):
        standin.refuses("POST", REQUESTS, 422, "invalid", field=field)
        back = browser.refused(f"/offerings/{OFFERING}/later-date", 422, **form)
        assert next(one for one in back.fields if one["name"] == field)["aria-invalid"] == "true"
        assert next(one for one in back.fields if one["name"] == "due_on")["value"] == "2099-02-28"


@pytest.mark.usefixtures("may_ask")
def test_an_overdue_training_can_be_asked_about_from_today_on(browser: Browser, standin: StandIn) -> None:
    stands(standin, status="in-progress", due_on="2020-01-31")
    least = next(one for one in browser.get(f"/offerings/{OFFERING}/later-date").fields if one["name"] == "due_on")[
        "min"
    ]
    assert str(least) > "2026-01-01"


@pytest.mark.usefixtures("may_ask")
def test_without_approvals_nothing_is_asked_and_the_rest_of_the_page_is_there(
    browser: Browser, standin: StandIn
) -> None:
    standin.down.add("approvals")
    page = browser.get(f"/offerings/{OFFERING}/request")
    assert "First aid" in page.text
    assert "Requests cannot be sent now: approvals do not answer." in " ".join(page.text)
    assert page.fields == []
