"""Who is on an offering, and a completion by hand (ADM-1, ENR-12)."""

from typing import Any

import httpx
import pytest
from portal.conftest import Browser
from portal.html_checks import Page
from portal.standin import StandIn

pytestmark = pytest.mark.feature("ADM-1")

OFFERING = "11111111-1111-4111-8111-111111111111"
ANN = "33333333-3333-4333-8333-333333333333"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
HEAD, SEARCH = f"/api/catalog/offerings/{OFFERING}", "/api/reporting/membership/search"
COUNT, LOOKUP, RECORD = "/api/reporting/membership/count", "/api/directory/people/lookup", "/api/enrollment/completions"
PAGE = f"/admin/offerings/{OFFERING}/learners"


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", HEAD, standin.answer("GET", HEAD, id=OFFERING, title="First aid", kind="course", code="FA"))
    row = {
        "person_id": ANN,
        "first_name": "Ann",
        "last_name": "<b>Ek</b>",
        "home_organisation": "Harbour Care",
        "assignment_type": "organisation",
        "assignment_name": "Day Shift",
        "state": "in-progress",
        "due_on": "2027-01-31",
    }
    found(standin, standin.item("POST", SEARCH, **row))
    standin.says("POST", COUNT, {"total": 1284})
    browser.sign_in("enrollment-manager")


def found(standin: StandIn, *rows: dict[str, Any], next: str | None = None) -> None:
    standin.says("POST", SEARCH, standin.answer("POST", SEARCH, items=list(rows), next=next))


def said(page: Page) -> str:
    return " ".join(page.text)


def test_learners_have_status_due_date_and_what_assigned_them(browser: Browser, standin: StandIn) -> None:
    page = browser.get(PAGE)
    for word in (
        "Ann <b>Ek</b>",
        "Harbour Care",
        "In progress",
        "31 January",
        "Organisation : Day Shift",
        "1,284 rows",
    ):
        assert word.replace(" :", ":") in said(page).replace(" :", ":"), word
    links = {f"/admin/offerings/{OFFERING}/add/individuals", f"/admin/offerings/{OFFERING}/import", PAGE}
    assert links <= set(page.links)
    assert sorted(standin.questions()) == sorted([f"GET {HEAD}", f"POST {SEARCH}", f"POST {COUNT}"])
    assert standin.sent("POST", SEARCH)["offering_id"] == OFFERING
    browser.sign_in("auditor")
    assert not links & set(browser.get(PAGE).links) - {PAGE}


def test_a_name_is_sealed_before_it_is_in_an_address(browser: Browser, standin: StandIn) -> None:
    answer = browser.post(PAGE, name="Ann", state="in-progress")
    address = answer.headers["Location"]
    assert address.startswith(f"{PAGE}?s=")
    assert "Ann" not in address
    found(standin, next="abc")
    page = browser.get(address)
    sent = standin.sent("POST", SEARCH)
    assert (sent["name"], sent["state"]) == ("Ann", ["in-progress"])
    assert "Nobody matches" in said(page)
    assert {one.get("name"): one.get("value") for one in page.fields}["name"] == "Ann"
    assert browser.post(PAGE, name="", state="").headers["Location"] == PAGE


def test_the_next_page_keeps_the_question(browser: Browser, standin: StandIn) -> None:
    found(standin, standin.item("POST", SEARCH, person_id=ANN), next="abc")
    address = browser.post(PAGE, name="Ann").headers["Location"]
    (onward,) = [one for one in browser.get(address).links if "cursor=abc" in one]
    assert onward.startswith(address)
    browser.get(onward)
    assert standin.sent("POST", SEARCH)["cursor"] == "abc"


def test_without_learners_the_page_leads_to_the_first_one(browser: Browser, standin: StandIn) -> None:
    found(standin)
    assert "Nobody yet" in said(browser.get(PAGE))


def test_a_report_that_is_behind_or_down_takes_only_its_part(browser: Browser, standin: StandIn) -> None:
    def answered(request: Any) -> Any:
        return behind if b"at_least" in request.content else standin.answer("POST", SEARCH, items=[], next=None)

    problem = {"type": "urn:rollbook:problem:not-yet", "title": "-", "status": 503, "detail": "-", "instance": "/"}
    behind = httpx.Response(503, json=problem)
    standin.says("POST", SEARCH, answered)
    assert "does not show it yet" in said(browser.get(f"{PAGE}?at_least=enrollment:9&said=saved"))
    standin.down.add("reporting")
    page = browser.get(PAGE)
    assert "cannot be shown at the moment" in said(page)
    assert "First aid" in said(page)


@pytest.mark.feature("ENR-12")
def test_a_completion_is_recorded_by_hand(browser: Browser, standin: StandIn) -> None:
    assert f"{PAGE}/{ANN}/completion" in browser.get(PAGE).links
    person = standin.sample("directory", "PersonItem", id=ANN, first_name="Ann", last_name="Ek")
    standin.says("POST", LOOKUP, {"items": [person], "named": [], "erased": []})
    assert "Ann Ek" in said(browser.get(f"{PAGE}/{ANN}/completion"))
    standin.says("POST", RECORD, standin.answer("POST", RECORD, position="enrollment:9"), 201)
    typed = {"key": KEY, "completed_on": "2026-01-31", "valid_until": "", "evidence": "On paper."}
    answer = browser.post(f"{PAGE}/{ANN}/completion", **typed)
    assert answer.headers["Location"] == f"{PAGE}?at_least=enrollment%3A9&said=completion-recorded"
    assert standin.sent("POST", RECORD) == {
        "person_id": ANN,
        "offering_id": OFFERING,
        "completed_on": "2026-01-31",
        "valid_until": None,
        "evidence": "On paper.",
    }
    standin.refuses("POST", RECORD, 422, "invalid", field="completed_on")
    page = browser.refused(f"{PAGE}/{ANN}/completion", 422, **typed)
    field = next(one for one in page.fields if one.get("name") == "completed_on")
    assert (field["aria-invalid"], field["value"]) == ("true", "2026-01-31")
    browser.sign_in("operations-manager")
    assert f"{PAGE}/{ANN}/completion" not in browser.get(PAGE).links


def test_in_german(browser: Browser) -> None:
    browser.sign_in("enrollment-manager", language="de")
    assert "Personen zuweisen" in said(browser.get(PAGE))
