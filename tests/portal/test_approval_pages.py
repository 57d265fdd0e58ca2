"""The pages of whoever decides: the queue, a request, many at once, delegation (APR-1 to APR-8)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from portal.conftest import Browser
from portal.html_checks import Page, checked
from portal.standin import PERSON, StandIn

QUEUE, REQUESTS = "/api/approvals/queue", "/api/approvals/requests"
ONE, TWO = str(UUID(int=1)), str(UUID(int=2))
WHO = str(UUID(int=7))
ASKED = (datetime.now(UTC) - timedelta(days=4)).isoformat()
ROW = {
    "id": ONE,
    "kind": "access",
    "status": "open",
    "stage": 1,
    "stages": 1,
    "person_id": WHO,
    "person": "Chidi Adeyemi",
    "offering": "First aid",
    "reason": "New on the <ward>",
    "asked_at": ASKED,
    "approvers": ["Zoë Álvarez", "Max Okafor"],
}
LEARNER = {
    "organisation": "Harbour Care",
    "managers": ["Ann Macleod"],
    "state": None,
    "valid_until": None,
    "under_way": 2,
    "overdue": 1,
}


def listed(standin: StandIn, *rows: dict[str, Any], total: int | None = None) -> None:
    items = [standin.item("GET", QUEUE, **{**ROW, **row}) for row in rows]

    def told(request: httpx.Request) -> Any:
        wanted = request.url.params.get_list("ids")
        return {"items": [one for one in items if not wanted or one["id"] in wanted], "next": None, "total": total}

    standin.says("GET", QUEUE, told)


def one(standin: StandIn, **changed: Any) -> None:
    told = {**ROW, "may_decide": True, "learner": LEARNER, "earlier": [], "history": [], **changed}
    standin.says("GET", f"{REQUESTS}/{ONE}", standin.answer("GET", f"{REQUESTS}/{ONE}", **told))


def happened(what: str, by: str = "Max Okafor", **more: Any) -> dict[str, Any]:
    told = {"at": ASKED, "what": what, "by_id": str(uuid4()), "by": by}
    return {**told, **more}


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    browser.sign_in(time_zone="UTC")
    standin.says("GET", REQUESTS, {"items": [], "next": None})
    standin.says("POST", "/api/directory/people/lookup", {"items": [], "named": [], "erased": []})
    standin.says("GET", "/api/approvals/delegation", {"mine": None, "for_others": []})
    listed(standin)
    one(standin)


def said(page: Page) -> str:
    return " ".join(page.text)


def asked(standin: StandIn) -> httpx.QueryParams:
    """What was asked of the queue last."""
    return next(one.url.params for one in reversed(standin.asked) if one.url.path == QUEUE)


@pytest.mark.feature("APR-1", "APR-3", "APR-5", "APR-7")
def test_the_queue_tells_who_asks_for_what_since_when_and_what_is_special(browser: Browser, standin: StandIn) -> None:
    later = {"id": TWO, "kind": "later-due-date", "due_on": "2027-02-28", "current_due_on": "2027-01-31"}
    listed(
        standin,
        {"stages": 2, "escalated": True, "denied_before": 1, "asked_before": 2, "for_people": ["Dora Delegate"]},
        {**later, "person": "Caio Barbosa"},
        {"id": str(UUID(int=3)), "kind": "completion", "reason": None},
        total=3,
    )
    page = browser.get("/approvals")
    text = said(page)
    for words in ("Chidi Adeyemi", "New on the <ward>", "4 days", "Stage 1 of 2", "Escalated", "Asked before: denied"):
        assert words in text
    assert "For Dora Delegate" in text
    assert "Sun 31 January 2027" in text
    assert "Every step is done." in text
    assert f"/approvals/{ONE}" in page.links
    assert [one["value"] for one in page.fields if one.get("name") == "request"] == [ONE, TWO, str(UUID(int=3))]
    assert len(standin.questions()) <= 4
    browser.get("/approvals?kind=access")
    assert asked(standin)["kind"] == "access"


@pytest.mark.feature("APR-5")
def test_own_requests_are_listed_with_who_decides_and_no_button(browser: Browser, standin: StandIn) -> None:
    own = standin.item("GET", REQUESTS, **{**ROW, "person_id": str(PERSON), "approvers": ["Ann Macleod"]})
    standin.says("GET", REQUESTS, {"items": [own], "next": None})
    page = browser.get("/approvals")
    assert "Yours: Ann Macleod decides." in said(page)
    assert [one for one in page.fields if one.get("name") == "request"] == []
    assert f"/requests/{ONE}" in page.links
    standin.refuses("GET", REQUESTS, 503, "unavailable")
    assert "What you have asked for yourself cannot be shown now." in said(browser.get("/approvals"))


@pytest.mark.feature("APR-1")
def test_an_empty_queue_says_where_the_decided_ones_are(browser: Browser, standin: StandIn) -> None:
    text = said(browser.get("/approvals"))
    assert "Nothing waits for you" in text
    assert "What you decided is under Decided." in text
    assert "You have decided nothing yet" in said(browser.get("/approvals?state=decided"))
    assert "Nothing of this kind" in said(browser.get("/approvals?kind=completion"))
    listed(standin, {"status": "denied", "decided_at": ASKED})
    decided = browser.get("/approvals?state=decided")
    assert "Denied" in decided.text
    assert asked(standin)["state"] == "decided"


@pytest.mark.feature("APR-1", "APR-2", "APR-3", "APR-4", "APR-8")
def test_a_request_shows_everything_to_decide_by_and_two_buttons_of_equal_weight(
    browser: Browser, standin: StandIn
) -> None:
    earlier = standin.item("GET", REQUESTS, **{**ROW, "id": TWO, "status": "denied", "decided_at": ASKED})
    history = [happened("AccessRequested", "Chidi Adeyemi", reason="New on the <ward>")]
    price = {"amount": "40.00", "currency": "EUR"}
    one(standin, stages=2, price=price, earlier=[earlier], history=history)
    person = standin.answer("POST", "/api/directory/people/lookup")
    item = {
        "id": WHO,
        "first_name": "Chidi",
        "last_name": "Adeyemi",
        "email": "c@example.org",
        "user_name": "c",
        "external_id": None,
        "active": True,
        "home_organisation": None,
        "home_organisation_name": None,
        "position": None,
        "position_name": "Nurse",
        "manager": None,
        "manager_name": None,
        "last_sign_in": None,
    }
    standin.says("POST", "/api/directory/people/lookup", {**person, "items": [item], "named": [], "erased": []})
    page = browser.get(f"/approvals/{ONE}")
    text = said(page)
    for words in ("Harbour Care", "Nurse", "Ann Macleod", "Never enrolled", "2 offerings under way, 1 of them overdue"):
        assert words in text
    assert "New on the <ward>" in text
    assert "After this stage 1 more has to approve. Only then:" in text
    assert "The price of €40.00 has to be paid before the training begins." in text
    assert "Zoë Álvarez, Max Okafor" in text
    assert "Chidi Adeyemi asked." in text
    assert f"/approvals/{TWO}" in page.links
    assert len(standin.questions()) <= 4
    html = browser.http.get(f"/approvals/{ONE}").text
    buttons = re.findall(r'<button class="([^"]+)" name="decision" value="(approve|deny)">', html)
    assert [value for _, value in buttons] == ["approve", "deny"]
    assert len({style for style, _ in buttons}) == 1


@pytest.mark.feature("APR-7", "ENR-5")
def test_a_completion_shows_its_steps_with_the_best_result(browser: Browser, standin: StandIn) -> None:
    enrollment = str(uuid4())
    steps = f"/api/enrollment/enrollments/{enrollment}/steps"
    one(standin, kind="completion", enrollment_id=enrollment, reason=None)
    step = {"title": "Exam", "kind": "exam", "completed": True, "attempts_total": 2, "best_score": 84, "pass_mark": 80}
    standin.says("GET", steps, [standin.item("GET", steps, **step)])
    text = said(browser.get(f"/approvals/{ONE}"))
    assert "Best result 84 % in 2 attempts" in text
    assert "“First aid” is completed for Chidi Adeyemi." in text
    assert len(standin.questions()) <= 4
    standin.refuses("GET", steps, 403, "forbidden")
    assert "The steps" not in said(browser.get(f"/approvals/{ONE}"))
    standin.down |= {"enrollment", "directory"}
    text = said(browser.get(f"/approvals/{ONE}"))
    assert "The steps cannot be shown now." in text
    assert "The position cannot be shown now." in text


@pytest.mark.feature("APR-2")
@pytest.mark.parametrize(
    ("decision", "status", "word"), [("approve", "approved", "Approved."), ("deny", "denied", "Denied.")]
)
def test_a_decision_is_sent_once_and_the_queue_says_so(
    browser: Browser, standin: StandIn, decision: str, status: str, word: str
) -> None:
    address = f"{REQUESTS}/{ONE}/decision"
    standin.says("POST", address, {"position": "approvals:9", "batch": str(uuid4()), "result": {"status": status}})
    key = str(uuid4())
    done = browser.post(f"/approvals/{ONE}", decision=decision, reason=" Go on. ", key=key)
    assert done.headers["Location"] == f"/approvals?said={status}"
    assert standin.sent("POST", address) == {"decision": decision, "reason": "Go on."}
    assert standin.asked[-1].headers["Idempotency-Key"] == key
    assert word in browser.get(done.headers["Location"]).text


@pytest.mark.feature("APR-2")
def test_a_denial_without_a_reason_comes_back_with_the_error_at_the_field(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", f"{REQUESTS}/{ONE}/decision", 422, "invalid", field="reason")
    page = browser.refused(f"/approvals/{ONE}", 422, decision="deny", reason="", key=str(uuid4()))
    assert page.title.startswith("Error: ")
    assert page.text.count("Enter a reason: whoever asked sees it.") == 2
    standin.down.add("approvals")
    assert browser.post(f"/approvals/{ONE}", decision="deny", reason="x", key=str(uuid4())).status_code == 502


@pytest.mark.feature("APR-6", "APR-8")
def test_a_decision_taken_meanwhile_is_a_fact_and_no_error(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", f"{REQUESTS}/{ONE}/decision", 409, "already-decided")
    done = browser.post(f"/approvals/{ONE}", decision="approve", key=str(uuid4()))
    assert (done.status_code, done.headers["Location"]) == (303, f"/approvals/{ONE}?said=decided-meanwhile")
    history = [happened("RequestDenied", reason="No."), happened("DecisionRefused", "Zoë Álvarez")]
    one(standin, status="denied", decided_at=ASKED, may_decide=False, approvers=[], history=history)
    page = browser.get(done.headers["Location"])
    assert "Somebody else was faster. Nothing was changed by you." in page.text
    assert "Max Okafor denied this request on" in said(page)
    assert "There is a problem" not in page.text
    assert [field for field in page.fields if field.get("name") == "reason"] == []


@pytest.mark.feature("APR-5")
def test_an_own_request_has_no_buttons(browser: Browser, standin: StandIn) -> None:
    one(standin, person_id=str(PERSON), may_decide=False)
    page = browser.get(f"/approvals/{ONE}")
    assert "This is your own request. Somebody else decides." in page.text
    assert page.fields == []


@pytest.mark.feature("APR-6", "DIR-9")
def test_many_are_confirmed_by_kind_and_told_line_by_line(browser: Browser, standin: StandIn) -> None:
    listed(standin, {}, {"id": TWO, "kind": "completion", "person": "Maja Ekdahl"})
    gone = str(UUID(int=3))
    page = browser.get(f"/approvals/decide?decision=approve&request={ONE}&request={TWO}&request={gone}")
    text = said(page)
    assert "Approve 2 requests" in page.text
    assert "1 request for access" in text
    assert "1 completion" in text
    assert "1 that you selected does not wait for you any more." in text
    assert len(standin.questions()) <= 4
    decided = [
        {"request_id": ONE, "status": "approved"},
        {
            "request_id": TWO,
            "refused": "already-decided",
            "detail": "Max Okafor denied this request.",
            "request_status": "denied",
            "decided_by_name": "Max Okafor",
            "decided_at": "2026-11-28T14:03:00+00:00",
        },
    ]
    standin.says("POST", "/api/approvals/decisions", {"decided": decided})
    done = browser.post(
        "/approvals/decide", decision="approve", request=[ONE, TWO], reason="All of you.", key=str(uuid4())
    )
    assert standin.sent("POST", "/api/approvals/decisions") == {
        "requests": [ONE, TWO],
        "decision": "approve",
        "reason": "All of you.",
    }
    location = done.headers["Location"]
    assert (done.status_code, urlsplit(location).path) == (303, "/approvals/decided")
    assert "Chidi" not in location
    result = said(browser.get(location))
    assert "1 of 2 requests are decided as you said." in result
    assert "Maja Ekdahl" in result
    assert re.search(r"by Max Okafor, Sat 28 November( 2026)?, 14:03: denied", result), result
    assert browser.http.get("/approvals/decided?s=forged").headers["Location"] == "/approvals?state=decided"


@pytest.mark.feature("APR-6")
def test_many_denials_need_one_reason_and_none_is_decided_without(browser: Browser, standin: StandIn) -> None:
    listed(standin, {})
    page = browser.refused("/approvals/decide", 422, decision="deny", request=[ONE], reason=" ", key=str(uuid4()))
    assert page.text.count("Enter a reason: whoever asked sees it.") == 2
    assert not [path for path in standin.questions() if path.startswith("POST /api/approvals")]
    assert browser.http.get("/approvals/decide?decision=deny").headers["Location"] == "/approvals?said=none-chosen"
    assert "Nothing is left to decide" in browser.get(f"/approvals/decide?decision=deny&request={TWO}").text


@pytest.mark.feature("APR-5", "DIR-9")
def test_a_delegate_is_sought_by_name_which_is_in_no_address(browser: Browser, standin: StandIn) -> None:
    assert "You decide yourself." in browser.get("/approvals/delegation").text
    found = {"items": [{"id": WHO, "name": "Dora Delegate", "organisation": "Branch"}], "next": None}
    standin.says("POST", "/api/approvals/delegates/search", found)
    sought = browser.post("/approvals/delegation/search", first_name="Dóra", last_name="")
    location = sought.headers["Location"]
    assert "Dóra" not in location
    page = browser.get(location)
    assert standin.sent("POST", "/api/approvals/delegates/search") == {"first_name": "Dóra", "last_name": ""}
    assert "Dora Delegate" in page.text
    s = parse_qs(urlsplit(location).query)["s"][0]
    standin.says("PUT", "/api/approvals/delegation", {"position": "approvals:9", "batch": str(uuid4()), "result": None})
    form = {"s": s, "to": WHO, "starts": "2026-12-01", "ends": "2026-12-24", "key": str(uuid4())}
    assert browser.post("/approvals/delegation", **form).headers["Location"].startswith("/approvals/delegation?")
    assert standin.sent("PUT", "/api/approvals/delegation") == {"to": WHO, "starts": "2026-12-01", "ends": "2026-12-24"}
    standin.refuses("PUT", "/api/approvals/delegation", 422, "invalid", field="ends", detail="The last day is before.")
    refused = browser.refused("/approvals/delegation", 422, **form)
    assert refused.text.count("The last day is before.") == 2
    assert next(field for field in refused.fields if field.get("name") == "ends")["value"] == "2026-12-24"
    assert "checked" in next(field for field in refused.fields if field.get("name") == "to")
    without = browser.refused("/approvals/delegation", 422, **{**form, "to": ""})
    assert "Choose a person." in without.text


@pytest.mark.feature("APR-5")
def test_a_delegation_is_shown_and_ended_and_so_is_whom_one_decides_for(browser: Browser, standin: StandIn) -> None:
    days = {"starts": "2026-12-01", "ends": "2026-12-24"}
    mine = {"person_id": str(PERSON), "person": "Zoë Álvarez", "to_id": WHO, "to": "Dora Delegate", **days}
    other = {"person_id": WHO, "person": "Max Okafor", "to_id": str(PERSON), "to": "Zoë Álvarez", **days}
    standin.says("GET", "/api/approvals/delegation", {"mine": mine, "for_others": [other]})
    text = said(browser.get("/approvals/delegation"))
    assert "Dora Delegate decides for you from" in text
    assert "Max Okafor: from" in text
    standin.says(
        "DELETE", "/api/approvals/delegation", {"position": "approvals:9", "batch": str(uuid4()), "result": None}
    )
    done = browser.post("/approvals/delegation/end", key=str(uuid4()))
    assert done.headers["Location"] == "/approvals/delegation?said=delegation-ended"
    standin.refuses("POST", "/api/approvals/delegates/search", 403, "forbidden", detail="Only people who decide.")
    found = browser.http.post(
        "/approvals/delegation/search", data={"last_name": "Dele"}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert "Only people who decide." in browser.get(found.headers["Location"]).text


def test_approvers_read_german(browser: Browser, standin: StandIn) -> None:
    browser.sign_in(language="de")
    listed(standin, {"escalated": True})
    page = browser.get("/approvals")
    assert (page.lang, "Genehmigungen" in page.text) == ("de", True)
    assert "Ihre Entscheidung" in browser.get(f"/approvals/{ONE}").text


@pytest.mark.parametrize("path", ["/approvals", f"/approvals/{ONE}", f"/approvals/decide?decision=deny&request={ONE}"])
def test_where_approvals_is_down_the_page_says_so(browser: Browser, standin: StandIn, path: str) -> None:
    standin.down.add("approvals")
    answer = browser.http.get(path)
    assert answer.status_code == 502
    assert "A part of Rollbook does not answer" in checked(answer.text).text
