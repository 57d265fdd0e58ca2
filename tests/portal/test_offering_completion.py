"""The learners of an offering by completion, and what was asked for about it (ADM-1, DUE-8, ENR-12, APR-8)."""

import pytest
from portal.conftest import Browser
from portal.offerings_told import AT, ID, KEY, ONE, offering, said
from portal.standin import StandIn

pytestmark = pytest.mark.feature("ADM-1")

ANN, ENROLLED = "33333333-3333-4333-8333-333333333333", "44444444-4444-4444-8444-444444444444"
LIST, SCORES, LOOKUP = "/api/enrollment/enrollments", "/api/enrollment/scores", "/api/directory/people/lookup"
WHOLE = f"{LIST}/{ENROLLED}"
REQUESTS = "/api/approvals/requests"
PAGE, OF_ONE = f"{AT}/completion", f"{AT}/completion/{ENROLLED}"
COMPLETED = {
    "id": ENROLLED,
    "person_id": ANN,
    "offering_id": ID,
    "status": "completed",
    "term": 1,
    "due_on": "2027-01-31",
    "due_by_hand": True,
    "completed_version": 3,
    "completed_at": "2026-11-02T10:00:00Z",
    "serial": "RB-7Q2K",
}


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    offering(standin, kind="certification")
    standin.says("GET", LIST, {"items": [standin.item("GET", LIST, **COMPLETED)], "next": None})
    standin.says("GET", WHOLE, standin.answer("GET", WHOLE, **COMPLETED))
    score = standin.item("GET", SCORES, enrollment_id=ENROLLED, score=84, passed=True)
    standin.says("GET", SCORES, [score])
    ann = standin.sample("directory", "PersonItem", id=ANN, first_name="Ann", last_name="<b>Ek</b>")
    standin.says("POST", LOOKUP, {"items": [ann], "named": [], "erased": []})
    browser.sign_in("site-administrator")


def test_a_row_has_due_date_completion_version_score_and_certificate(browser: Browser, standin: StandIn) -> None:
    page = browser.get(PAGE)
    for word in ("Ann <b>Ek</b>", "Completed", "31 January 2027", "(set by hand)", "84 %", "passed", "RB-7Q2K"):
        assert word in said(page), word
    assert {"/verify/RB-7Q2K", f"/admin/people/{ANN}", OF_ONE, PAGE} <= set(page.links)
    assert sorted(standin.questions()) == sorted([f"GET {ONE}", f"GET {LIST}", f"POST {LOOKUP}", f"GET {SCORES}"])
    browser.sign_in("auditor")
    assert OF_ONE not in browser.get(PAGE).links


def test_completed_ones_can_be_shown_alone_and_nobody_is_told(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", LIST, {"items": [], "next": None})
    assert "Nobody has begun" in said(browser.get(PAGE))
    assert "Nobody matches" in said(browser.get(f"{PAGE}?shown=completed"))
    assert dict(standin.last("GET", LIST).url.params)["completed"] == "true"


def test_names_and_results_that_are_not_known_now_take_only_their_part(browser: Browser, standin: StandIn) -> None:
    standin.down.add("directory")
    page = browser.get(PAGE)
    assert "Names cannot be shown" in said(page)
    assert "RB-7Q2K" in said(page)


@pytest.mark.feature("DUE-8")
def test_a_due_date_is_set_with_a_reason(browser: Browser, standin: StandIn) -> None:
    begun = {**COMPLETED, "status": "in-progress", "completed_at": None, "completed_version": None, "serial": None}
    standin.says("GET", WHOLE, standin.answer("GET", WHOLE, **begun))
    assert "Take the completion back" not in said(browser.get(OF_ONE))
    due = f"{WHOLE}/due"
    standin.says("PUT", due, standin.answer("PUT", due, position="enrollment:9"))
    typed = {"key": KEY, "do": "due", "due_on": "2027-02-28", "reason": "Was ill"}
    answer = browser.post(OF_ONE, **typed)
    assert answer.headers["Location"] == f"{OF_ONE}?said=due-date-set"
    assert standin.sent("PUT", due) == {"due_on": "2027-02-28", "reason": "Was ill"}
    standin.refuses("PUT", due, 422, "invalid", field="due_on")
    page = browser.refused(OF_ONE, 422, **typed)
    fields = {one["name"]: one for one in page.fields if one.get("name") == "due_on"}
    assert (fields["due_on"]["value"], fields["due_on"]["aria-invalid"]) == ("2027-02-28", "true")
    assert "Was ill" in said(page)


@pytest.mark.feature("ENR-12")
def test_a_completion_is_taken_back_and_a_certificate_is_revoked_with_reasons(
    browser: Browser, standin: StandIn
) -> None:
    assert {"Take the completion back", "Revoke the certificate"} <= set(browser.get(OF_ONE).text)
    back, revoke = f"{WHOLE}/completion/take-back", "/api/enrollment/certificates/RB-7Q2K/revoke"
    for path, do, told in ((back, "take-back", "completion-taken-back"), (revoke, "revoke", "certificate-revoked")):
        standin.says("POST", path, standin.answer("POST", path, position="enrollment:9"))
        answer = browser.post(OF_ONE, key=KEY, do=do, reason="Wrong person")
        assert answer.headers["Location"].endswith(f"said={told}")
        assert standin.sent("POST", path) == {"reason": "Wrong person"}
    standin.refuses("POST", back, 403, "forbidden", permission="review")
    browser.refused(OF_ONE, 403, key=KEY, do="take-back", reason="Wrong person")
    browser.sign_in("operations-manager")
    assert "Take the completion back" not in said(browser.get(OF_ONE))


@pytest.mark.feature("APR-8")
def test_requests_about_the_offering_are_listed_open_and_decided(browser: Browser, standin: StandIn) -> None:
    waiting = {"id": KEY, "kind": "access", "status": "open", "person": "Ann Ek", "reason": "New truck"}
    standin.says(
        "GET", REQUESTS, {"items": [standin.item("GET", REQUESTS, **waiting, approvers=["Max M"])], "next": "abc"}
    )
    page = browser.get(f"{AT}/approvals")
    for word in ("Ann Ek", "New truck", "Waits for a decision", "Max M"):
        assert word in said(page), word
    assert {f"/approvals/{KEY}", f"{AT}/approvals?cursor=abc"} <= set(page.links)
    assert sorted(standin.questions()) == sorted([f"GET {ONE}", f"GET {REQUESTS}"])
    standin.says("GET", REQUESTS, {"items": [], "next": None})
    assert "No request" in said(browser.get(f"{AT}/approvals"))
    assert "No request in this state" in said(browser.get(f"{AT}/approvals?status=denied"))
    assert dict(standin.last("GET", REQUESTS).url.params)["status"] == "denied"
    standin.down.add("approvals")
    assert "cannot be shown at the moment" in said(browser.get(f"{AT}/approvals"))


def test_in_german(browser: Browser) -> None:
    browser.sign_in("site-administrator", language="de")
    assert "Abschluss" in said(browser.get(PAGE))
