"""Find assignments, and the page of one (ASG-16)."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from portal.conftest import Browser
from portal.standin import StandIn

pytestmark = pytest.mark.feature("ASG-16")

ENROLLMENT = "11111111-1111-4111-8111-111111111111"
ASSIGNMENT = "22222222-2222-4222-8222-222222222222"
FOUND: dict[str, Any] = {
    "number": 7,
    "enrollment_id": ENROLLMENT,
    "assignment_id": ASSIGNMENT,
    "first_name": "Zoë",
    "last_name": "<b>Lovelace</b>",
    "offering_title": "Fire safety",
    "offering_kind": "course",
    "type_label": "Audience",
    "name": "Drivers",
    "created_at": "2026-11-23T05:00:00Z",
    "ended_at": None,
    "status": "active",
    "state": "not-started",
}
OWN: dict[str, Any] = {
    "assignment_id": ASSIGNMENT,
    "access_until": "2027-05-01",
    "default_until": "2027-05-22",
    "editable": True,
    "cancellable": True,
    "override": False,
    "why_not": None,
}
LATE = {**OWN, "cancellable": False, "why_not": "It can be cancelled within 24 hours."}
CANCEL = f"/api/enrollment/enrollments/{ENROLLMENT}/assignments/{ASSIGNMENT}/cancel"
ACCESS = f"/api/enrollment/enrollments/{ENROLLMENT}/assignments/{ASSIGNMENT}/access"
HOLDING = f"/api/enrollment/enrollments/{ENROLLMENT}/assignments"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
"""Of a form: what is sent again is one command."""


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    found(standin)
    own(standin, OWN)
    receipt = standin.answer("POST", CANCEL, position="enrollment:9")
    for method, path in (("POST", CANCEL), ("PUT", ACCESS)):
        standin.says(method, path, receipt)
    offering = standin.item("GET", "/api/catalog/offerings", title="Fire safety")
    standin.says("GET", "/api/catalog/offerings", {"items": [offering], "next": None})
    browser.sign_in("operations-manager")


def found(standin: StandIn, **changed: Any) -> None:
    item = standin.answer("GET", "/api/reporting/learner-assignments/7", **{**FOUND, **changed})
    standin.says("GET", "/api/reporting/learner-assignments/7", item)
    standin.says("POST", "/api/reporting/learner-assignments/search", {"items": [item], "next": "abc"})


def own(standin: StandIn, *held: dict[str, Any]) -> None:
    standin.says("GET", HOLDING, [standin.item("GET", HOLDING, **one) for one in held])


@pytest.mark.feature("DIR-9")
def test_names_are_never_in_an_address_and_what_is_empty_narrows_nothing(browser: Browser, standin: StandIn) -> None:
    led = browser.post("/admin/assignments", last_name="love", type="audience", status="", first_name="")
    address = led.headers["Location"]
    assert (led.status_code, "love" in address) == (303, False)
    page = browser.get(address)
    assert standin.sent("POST", "/api/reporting/learner-assignments/search") == {
        "last_name": "love",
        "type": ["audience"],
    }
    assert "Zoë <b>Lovelace</b>" in page.text
    assert next(one for one in page.fields if one.get("name") == "last_name")["value"] == "love"
    following = next(one for one in page.links if "cursor=abc" in one)
    browser.get(following)
    sought = {"last_name": "love", "type": ["audience"], "cursor": "abc"}
    assert standin.sent("POST", "/api/reporting/learner-assignments/search") == sought
    assert all("love" not in str(one.url) for one in standin.asked)


def test_an_offering_is_found_by_its_title_and_chosen_where_several_match(browser: Browser, standin: StandIn) -> None:
    """A catalog may have more offerings than a choice could list."""
    search, offerings = "/api/reporting/learner-assignments/search", "/api/catalog/offerings"
    first = standin.item("GET", offerings, title="Fire safety", code="F1")
    second = {**first, "id": ENROLLMENT, "title": "Fire drill", "code": "F2"}
    standin.says("GET", offerings, {"items": [first, second], "next": None})
    page = browser.get(browser.post("/admin/assignments", offering="fire").headers["Location"])
    assert {"Which offering", "Until then it does not narrow the list."} <= set(page.text)
    assert standin.sent("POST", search) == {}
    assert standin.asked[-2].url.params["q"] == "fire"
    browser.get(browser.post("/admin/assignments", offering="fire", offering_id=ENROLLMENT).headers["Location"])
    assert standin.sent("POST", search) == {"offering_id": ENROLLMENT}
    standin.says("GET", offerings, {"items": [first], "next": None})
    browser.get(browser.post("/admin/assignments", offering="fire", offering_id=ENROLLMENT).headers["Location"])
    assert standin.sent("POST", search) == {"offering_id": first["id"]}
    standin.says("GET", offerings, {"items": [], "next": None})
    standin.asked.clear()
    page = browser.get(browser.post("/admin/assignments", offering="nowhere").headers["Location"])
    assert {"There is none of this name.", "No assignment matches"} <= set(page.text)
    assert f"POST {search}" not in standin.questions()


def test_a_question_that_is_too_old_or_forged_is_the_empty_one(browser: Browser, standin: StandIn) -> None:
    browser.get("/admin/assignments?s=forged")
    assert standin.sent("POST", "/api/reporting/learner-assignments/search") == {}


def test_status_offers_cancelled_where_it_can_be_cancelled(browser: Browser, standin: StandIn) -> None:
    assert "readonly" not in browser.http.get("/admin/assignments/7").text
    assert "Cancelled" in browser.get("/admin/assignments/7").text
    done = browser.post("/admin/assignments/7/status", status="cancelled", reason=" Error ", key=KEY)
    address = urlsplit(done.headers["Location"])
    assert (done.status_code, address.path) == (303, "/admin/assignments/7")
    assert parse_qs(address.query) == {"at_least": ["enrollment:9"], "said": ["saved"]}
    assert standin.sent("POST", CANCEL) == {"reason": "Error", "override": False}
    assert next(one for one in standin.asked if one.url.path == CANCEL).headers["Idempotency-Key"] == KEY


def test_a_status_that_stays_changes_nothing(browser: Browser, standin: StandIn) -> None:
    kept = browser.post("/admin/assignments/7/status", status="active", key=KEY)
    assert (kept.status_code, kept.headers["Location"], standin.asked) == (303, "/admin/assignments/7", [])


def test_status_is_read_only_with_the_reason_where_it_cannot_be_cancelled(browser: Browser, standin: StandIn) -> None:
    own(standin, LATE)
    page = browser.get("/admin/assignments/7")
    assert next(one for one in page.fields if one.get("id") == "f-status")["value"] == "Active"
    assert "It can be cancelled within 24 hours." in page.text
    assert "Cancelled" not in page.text


@pytest.mark.feature("ASG-15")
def test_who_may_override_is_told_why_not_and_has_to_give_a_reason(browser: Browser, standin: StandIn) -> None:
    own(standin, {**LATE, "override": True})
    page = browser.get("/admin/assignments/7")
    assert "It can be cancelled within 24 hours." in page.text
    assert "required" in next(one for one in page.fields if one.get("name") == "reason")
    form = {"status": "cancelled", "reason": "Twice.", "key": KEY, "override": "true"}
    assert browser.post("/admin/assignments/7/status", **form).status_code == 303
    assert standin.sent("POST", CANCEL) == {"reason": "Twice.", "override": True}


def test_what_is_refused_is_said_on_the_page_and_can_be_sent_again(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", CANCEL, 409, "conflict", title="Not possible now", detail="A lab was launched.")
    refused = browser.refused("/admin/assignments/7/status", 409, status="cancelled", key=KEY)
    assert "Not possible now. A lab was launched." in refused.text
    assert refused.title.startswith("Error: ")
    assert "Cancelled" in refused.text


@pytest.mark.feature("ASG-14")
def test_access_ends_earlier_and_is_not_offered_to_who_may_not(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/admin/assignments/7")
    assert next(one for one in page.fields if one.get("name") == "access_until")["max"] == "2027-05-01"
    assert "By default, access ends on Sat 22 May 2027." in " ".join(page.text)
    assert browser.post("/admin/assignments/7/access", access_until="2027-01-01", key=KEY).status_code == 303
    assert standin.sent("PUT", ACCESS) == {"access_until": "2027-01-01"}
    both = {"access_until": "2027-05-01", "access_days": "30", "key": KEY}
    assert browser.post("/admin/assignments/7/access", **both).status_code == 303
    assert standin.sent("PUT", ACCESS) == {"access_days": "30"}
    own(standin, {**LATE, "editable": False})
    assert "access_until" not in browser.http.get("/admin/assignments/7").text


def test_one_that_ended_shows_what_became_of_it_and_asks_enrollment_nothing(browser: Browser, standin: StandIn) -> None:
    found(standin, status="cancelled", ended_at="2026-11-24T05:00:00Z")
    page = browser.get("/admin/assignments/7")
    assert next(one for one in page.fields if one.get("id") == "f-status")["value"] == "Cancelled"
    assert "Tue 24 November, 06:00" in page.text
    assert standin.questions() == ["GET /api/reporting/learner-assignments/7"]


@pytest.mark.feature("RPT-6")
def test_a_page_that_is_behind_says_that_the_change_was_recorded(browser: Browser, standin: StandIn) -> None:
    item = standin.answer("GET", "/api/reporting/learner-assignments/7", **FOUND)
    late = {"type": "urn:rollbook:problem:unavailable", "title": "Not yet", "detail": "Ask again."}
    standin.says(
        "GET",
        "/api/reporting/learner-assignments/7",
        lambda request: httpx.Response(503, json=late) if "at_least" in request.url.params else item,
    )
    assert re.search(
        "Recorded. This page does not show it yet",
        " ".join(browser.get("/admin/assignments/7?at_least=enrollment:9").text),
    )
    own(standin)
    assert "This assignment was just removed. Reload this page in a moment." in browser.get("/admin/assignments/7").text


def test_incomplete_forms_and_strangers_are_turned_away(browser: Browser, standin: StandIn) -> None:
    incomplete = browser.refused("/admin/assignments/7/status", 422, status="cancelled")
    assert "Field required" in " ".join(incomplete.text)
    browser.http.cookies.clear()
    assert browser.post("/admin/assignments/7/status", status="cancelled", key=KEY).status_code == 401
    assert standin.asked == []
