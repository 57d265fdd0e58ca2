"""The dashboard, and what a card says in each state (LRN-2, ENR-1)."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.learning import ENROLLMENT, OFFERING, card
from portal.standin import StandIn

pytestmark = pytest.mark.feature("LRN-2")

PARTS = [
    {"number": 1, "kind": "content", "title": "Read this", "offering_id": None, "state": "done"},
    {"number": 2, "kind": "lab", "title": "Try it", "offering_id": None, "state": "open"},
]


def answers(standin: StandIn, *cards: dict[str, Any], total: int | None = None, badges: int = 0) -> None:
    page = {"items": list(cards), "next": None, "total": len(cards) if total is None else total}
    standin.says("GET", "/api/enrollment/mine", page)
    earned = [standin.sample("enrollment", "Achievement", badge=f"Badge {n}") for n in range(badges)]
    standin.says("GET", "/api/enrollment/achievements", {"items": earned, "next": None})


def test_the_five_most_relevant_a_key_field_rewards_and_the_way_to_the_rest(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    answers(standin, *(card(standin, n) for n in range(5)), total=9, badges=2)
    page = browser.get("/")
    assert [f"Fire safety {n}" in page.text for n in range(5)] == [True] * 5
    assert "4 more in Current training" in page.text
    assert {"Badge 0", "Badge 1", "Rewards"} <= set(page.text)
    assert {one["name"] for one in page.fields} == {"training_key"}
    assert {"/training", "/achievements"} <= set(page.links)
    asked = next(one for one in standin.asked if one.url.path == "/api/enrollment/mine")
    assert dict(asked.url.params) == {"view": "relevant", "limit": "5"}
    assert len(standin.questions()) <= 4


def test_it_updates_every_five_minutes_until_somebody_stops_that(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    answers(standin)
    assert 'data-live="300"' in browser.http.get("/").text
    assert "data-live" not in browser.http.get("/?refresh=false").text


def test_nothing_is_asked_and_there_is_somewhere_to_go(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    answers(standin)
    page = browser.get("/")
    assert {"Nothing is asked of you", "Badges that you earn appear here."} <= set(page.text)
    assert "/browse" in page.links
    assert any(one.get("name") == "training_key" for one in page.fields)


def test_a_part_that_cannot_be_had_leaves_the_rest(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    answers(standin, badges=1)
    standin.refuses("GET", "/api/enrollment/mine", 503, "behind")
    page = browser.get("/")
    assert {"Badge 0", "Your trainings cannot be shown now. Try again in a moment."} <= set(page.text)
    standin.down.add("enrollment")
    assert "Your rewards cannot be shown now. Try again in a moment." in browser.get("/").text


STATES: list[tuple[dict[str, Any], dict[str, Any], str | None, str | None]] = [
    ({"status": "not-enrolled", "next_action": "enrol"}, {}, None, "Enrol"),
    ({"status": "not-enrolled", "next_action": "request-access"}, {}, None, "Request Access"),
    (
        {"status": "not-enrolled", "next_action": "purchase"},
        {"price": {"amount": "49.50", "currency": "EUR"}},
        None,
        "Purchase (€49.50)",
    ),
    ({"status": "not-enrolled", "next_action": None, "requested": True}, {}, "Access Requested", None),
    ({"status": "held", "next_action": None}, {}, "Awaiting Administrator", None),
    ({"status": "awaiting-payment", "next_action": "purchase"}, {}, "Awaiting payment", "Purchase"),
    ({"status": "not-started", "next_action": "begin-training"}, {}, "Not started", "Begin Training"),
    ({"status": "in-progress", "next_action": "continue-training"}, {}, "In progress", "Continue Training"),
    ({"status": "in-progress", "next_action": "take-exam"}, {}, "In progress", "Take Exam"),
    (
        {"status": "in-progress", "next_action": "continue-training"},
        {"overdue": True, "overdue_days": 3},
        "Overdue by 3 days",
        "Continue Training",
    ),
    ({"status": "not-started", "next_action": "begin-training"}, {"overdue": True}, "Overdue", "Begin Training"),
    (
        {"status": "in-progress", "next_action": "continue-training", "returned_because": "The form is missing."},
        {},
        "Returned",
        "Continue Training",
    ),
    ({"status": "pending-approval", "next_action": None}, {}, "Awaiting Approval", None),
    (
        {"status": "completed", "next_action": "download-certificate", "serial": "ABC"},
        {},
        "Certified",
        "Download Certificate",
    ),
    ({"status": "completed", "next_action": None}, {}, "Certified", None),
    ({"status": "access-expired", "next_action": None}, {}, "Access expired", None),
    ({"status": "certification-expired", "next_action": "enrol"}, {}, "Certification expired", "Enrol"),
    ({"status": "withdrawn", "next_action": "enrol"}, {}, "Withdrawn", "Enrol"),
    ({"status": "cancelled", "next_action": None}, {}, "Cancelled", None),
]
ACTIONS = ("Enrol", "Purchase", "Request Access", "Begin Training", "Continue Training", "Take Exam", "Download")


@pytest.mark.feature("ENR-1", "LRN-1")
@pytest.mark.parametrize(("standing", "given", "chip", "action"), STATES)
def test_a_card_has_the_chip_of_its_state_and_one_button_or_none(
    browser: Browser,
    standin: StandIn,
    standing: dict[str, Any],
    given: dict[str, Any],
    chip: str | None,
    action: str | None,
) -> None:
    browser.sign_in()
    answers(standin, card(standin, stands=standing, **given))
    page = browser.get("/")
    chips = {"Access Requested", "Overdue", "Overdue by 3 days", "Returned", "Certified", "Not started", "In progress"}
    chips |= {"Awaiting Administrator", "Awaiting payment", "Awaiting Approval", "Access expired", "Withdrawn"}
    chips |= {"Certification expired", "Cancelled"}
    assert [one for one in page.text if one in chips] == ([chip] if chip else [])
    assert [one for one in page.text if one.startswith(ACTIONS) and one != "Enrollment details"] == (
        [action] if action else []
    )


def test_what_a_card_tells_about_due_dates_progress_and_why(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    standing = {"status": "in-progress", "next_action": "continue-training", "next_step": 2, "due_on": "2099-12-07"}
    by = {"assignment_id": ENROLLMENT, "type": "organisation", "name": "Day Shift"}
    answers(standin, card(standin, stands=standing, parts=PARTS, done=1, assigned_to=by))
    page = browser.get("/")
    assert {"1 of 2 steps", "assigned to Day Shift", "Mon 7 December 2099"} <= set(page.text)
    assert {f"/offerings/{OFFERING[:-2]}00/{path}" for path in ("why", "details", "later-date")} <= set(page.links)
    html = browser.http.get("/").text
    assert f'action="/offerings/{OFFERING[:-2]}00/launch/2" target="_blank"' in html


def test_a_card_of_what_one_may_not_open_any_more_leads_nowhere(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    answers(standin, card(standin, stands={"status": "withdrawn", "next_action": None}, visible=False))
    assert not [one for one in browser.get("/").links if one.startswith("/offerings/")]


def test_a_card_in_german(browser: Browser, standin: StandIn) -> None:
    browser.sign_in(language="de")
    standing = {"status": "in-progress", "next_action": "continue-training", "due_on": "2020-12-07"}
    answers(standin, card(standin, stands=standing, overdue=True, overdue_days=1), total=3)
    page = browser.get("/")
    assert {"Seit 1 Tag überfällig", "Schulung fortsetzen", "2 weitere unter „Aktuelle Schulungen“"} <= set(page.text)
