"""Triggers: what each waits for and assigns, creating, applying to those who match today, stopping, and loops (TRG-1 to TRG-3)."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.standin import StandIn
from portal.test_pool_pages import KEY, said, value

pytestmark = pytest.mark.feature("TRG-1")

TRIGGER = "33333333-3333-4333-8333-333333333333"
COURSE = "22222222-2222-4222-8222-222222222222"
UNIT = "11111111-1111-4111-8111-111111111111"
PREVIEW = "44444444-4444-4444-8444-444444444444"
JOB = "55555555-5555-4555-8555-555555555555"
TRIGGERS, ONE = "/api/enrollment/triggers", f"/api/enrollment/triggers/{TRIGGER}"
PREVIEWS = "/api/enrollment/previews"
PAGE = f"/admin/triggers/{TRIGGER}"


def trigger(standin: StandIn, **changed: Any) -> None:
    told = {
        "id": TRIGGER,
        "name": "New <b>nurses</b>",
        "when": {"kind": "organisation", "target_id": UNIT, "include_below": True},
        "target_name": "Day Shift",
        "offering_id": COURSE,
        "offering_title": "Safe workplace",
        "state": "acting",
        "people": 1_284,
    }
    found = standin.answer("GET", ONE, **{**told, **changed})
    standin.says("GET", ONE, found)
    standin.says("GET", TRIGGERS, {"items": [found], "next": "abc"})


def previewed(standin: StandIn) -> dict[str, Any]:
    told = {"id": PREVIEW, "people": 12, "enrolled": 9, "source_added": 3, "warnings": ["Much too soon."]}
    return standin.answer("POST", PREVIEWS, **told, emails={"count": 9, "notifications": []})


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    trigger(standin)
    unit = {**standin.item("GET", "/api/directory/units", id=UNIT, name="Day Shift"), "path": ["Harbour Care"]}
    standin.says("GET", "/api/directory/units", {"items": [unit], "next": None})
    offering = standin.item("GET", "/api/catalog/offerings", id=COURSE, title="Safe workplace")
    standin.says("GET", "/api/catalog/offerings", {"items": [offering], "next": None})
    role = standin.item("GET", "/api/catalog/job-roles", id=JOB, name="Nurse")
    standin.says("GET", "/api/catalog/job-roles", {"items": [role], "next": None})
    browser.sign_in("site-administrator")


def test_each_trigger_tells_when_it_acts_and_what_it_assigns(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/admin/triggers")
    for words in (
        "New <b>nurses</b>",
        "A person joins an organisation: Day Shift and everything below",
        "Safe workplace",
        "1,284",
        "Acts",
    ):
        assert words in said(page), words
    assert {PAGE, "/admin/triggers/new", "/admin/triggers?cursor=abc"} <= set(page.links)
    standin.says("GET", TRIGGERS, {"items": [], "next": None})
    page = browser.get("/admin/triggers")
    assert "No trigger yet" in said(page)
    assert "/admin/triggers/new?kind=first-login" in page.links
    browser.sign_in("auditor")
    assert "/admin/triggers/new" not in browser.get("/admin/triggers").links


def test_one_is_created_from_choices_and_looking_keeps_what_was_typed(browser: Browser, standin: StandIn) -> None:
    form = {"name": "Nurses", "kind": "organisation", "sought": "day", "what": "safe", "include_below": "true"}
    page = browser.refused("/admin/triggers/new", 200, **form, do="look")
    assert "Harbour Care > Day Shift" in said(page)
    assert (value(page, "name"), value(page, "sought")) == ("Nurses", "day")
    assert len(standin.questions()) == 3
    made = standin.answer("POST", TRIGGERS, position="enrollment:4", result={"trigger_id": TRIGGER, "jobs": [JOB]})
    standin.says("POST", TRIGGERS, made, 202)
    chosen = {"target_id": UNIT, "gives": f"offering:{COURSE}", "undo": "true", "do": "create", "key": KEY}
    led = browser.post("/admin/triggers/new", **form, **chosen)
    assert led.headers["Location"] == f"{PAGE}?said=trigger-created"
    assert standin.sent("POST", TRIGGERS) == {
        "name": "Nurses",
        "when": {"kind": "organisation", "target_id": UNIT, "include_below": True},
        "offering_id": COURSE,
        "undo": True,
    }
    assert standin.asked[-1].headers["Idempotency-Key"] == KEY


def test_a_date_field_and_a_job_role(browser: Browser, standin: StandIn) -> None:
    made = standin.answer("POST", TRIGGERS, position="enrollment:4", result={"trigger_id": TRIGGER})
    standin.says("POST", TRIGGERS, made, 202)
    assert {"field", "on_or_after"} <= {
        str(one.get("name")) for one in browser.get("/admin/triggers/new?kind=field").fields
    }
    form = {"name": "Hired", "kind": "field", "field": "hired", "on_or_after": "2026-01-01", "gives": f"job-role:{JOB}"}
    browser.post("/admin/triggers/new", **form, do="create", key=KEY)
    assert standin.sent("POST", TRIGGERS) == {
        "name": "Hired",
        "when": {"kind": "field", "field": "hired", "on_or_after": "2026-01-01"},
        "job_role_id": JOB,
        "undo": False,
    }


@pytest.mark.feature("TRG-3")
def test_a_name_that_is_taken_and_a_loop_are_told_in_the_form(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", TRIGGERS, 409, "trigger-exists", field="name")
    form = {"name": "Nurses", "kind": "created", "gives": f"offering:{COURSE}", "do": "create", "key": KEY}
    page = browser.refused("/admin/triggers/new", 409, **form)
    assert next(one for one in page.fields if one.get("name") == "name")["aria-invalid"] == "true"
    assert value(page, "name") == "Nurses"
    standin.refuses("POST", TRIGGERS, 409, "trigger-loop", field="when", detail="It would set itself off: A, B.")
    page = browser.refused("/admin/triggers/new", 409, **form)
    assert "It would set itself off: A, B." in said(page)


@pytest.mark.feature("TRG-3")
def test_the_chain_of_one_that_was_stopped_is_drawn(browser: Browser, standin: StandIn) -> None:
    loop = {"loop": [TRIGGER, COURSE], "loop_names": ["Workers", "Drivers"]}
    trigger(standin, state="stopped", stopped_because="loop", **loop)
    page = browser.get(PAGE)
    assert "Stopped: a loop" in said(page)
    assert "Workers sets off Drivers sets off Workers again, without end" in said(page)
    assert f"/admin/triggers/{COURSE}" in page.links
    assert not page.fields


@pytest.mark.feature("TRG-2")
def test_it_is_applied_to_those_who_match_today_after_a_preview(browser: Browser, standin: StandIn) -> None:
    found = previewed(standin)
    standin.says("POST", PREVIEWS, found, 201)
    led = browser.post(f"{PAGE}/preview", key=KEY)
    assert led.headers["Location"] == f"{PAGE}?preview={PREVIEW}"
    assert standin.sent("POST", PREVIEWS) == {"action": "apply-trigger", "trigger_id": TRIGGER}
    standin.says("GET", f"{PREVIEWS}/{PREVIEW}", found)
    page = browser.get(led.headers["Location"])
    for words in ("12 people match today", "Newly enrolled: 9", "E-mails: 9", "Much too soon."):
        assert words in said(page), words
    confirm = f"{PREVIEWS}/{PREVIEW}/confirm"
    done = standin.answer("POST", confirm, position="enrollment:4", result={"jobs": [JOB]})
    standin.says("POST", confirm, done, 202)
    assert f"/admin/previews/{PREVIEW}" in browser.get(f"{PAGE}?preview={PREVIEW}").links
    applied = browser.post(f"{PAGE}/apply", preview=PREVIEW, key=KEY)
    assert applied.headers["Location"] == f"/admin/jobs/{JOB}"


@pytest.mark.feature("TRG-2")
def test_a_preview_that_is_outdated_leads_to_the_new_one(browser: Browser, standin: StandIn) -> None:
    newer = {**previewed(standin), "id": COURSE}
    standin.refuses("POST", f"{PREVIEWS}/{PREVIEW}/confirm", 409, "preview-outdated", preview=newer)
    led = browser.post(f"{PAGE}/apply", preview=PREVIEW, key=KEY)
    assert led.headers["Location"] == f"{PAGE}?preview={COURSE}&said=preview-outdated"


def test_it_is_stopped_and_a_refusal_is_told_with_what_was_typed(browser: Browser, standin: StandIn) -> None:
    trigger(standin, offering_id=None, offering_title=None, job_role_id=JOB, job_role_name="Nurse")
    standin.says("DELETE", ONE, standin.answer("DELETE", ONE, position="enrollment:4"))
    led = browser.post(f"{PAGE}/stop", reason="over", take_back="true", key=KEY)
    assert led.headers["Location"] == f"{PAGE}?said=trigger-stopped"
    assert standin.sent("DELETE", ONE) == {"reason": "over", "take_back": True}
    standin.refuses("DELETE", ONE, 409, "trigger-stopped")
    page = browser.refused(f"{PAGE}/stop", 409, reason="over", key=KEY)
    assert "This trigger was stopped meanwhile." in said(page)
    assert value(page, "reason") == "over"


def test_who_only_reads_changes_nothing_and_german(browser: Browser, standin: StandIn) -> None:
    browser.sign_in("auditor")
    assert not browser.get(PAGE).fields
    standin.me["language"] = "de"
    browser.sign_in("site-administrator")
    assert "Wenn eine Person in eine Organisation kommt: Day Shift" in said(browser.get(PAGE))
