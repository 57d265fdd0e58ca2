"""What a command did, and undoing it (ASG-20)."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.html_checks import Page
from portal.standin import StandIn

from shared.notification_choice import NOTIFICATIONS

pytestmark = pytest.mark.feature("ASG-20")

BATCH = "11111111-1111-4111-8111-111111111111"
UNDOING = "22222222-2222-4222-8222-222222222222"
COURSE = "33333333-3333-4333-8333-333333333333"
ANN = "44444444-4444-4444-8444-444444444444"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
ONE = f"/api/enrollment/batches/{BATCH}"
FORECAST = "/api/notifier/forecast"
LOOKUP = "/api/directory/people/lookup"


def batch(standin: StandIn, **changed: Any) -> None:
    did = [
        {"what": what, "offering_id": COURSE, "offering_title": "Safe <b>workplace</b>", "number": number}
        for what, number in (("assignments-created", 1), ("learners-assigned", 1284))
    ]
    told = {
        "id": BATCH,
        "actor_id": ANN,
        "actor_name": "Ngozi Nwosu",
        "began_at": "2026-11-28T09:00:00Z",
        "did": did,
        "undo_until": "2026-12-28T09:00:00Z",
        "undoable": True,
    }
    standin.says("GET", ONE, standin.answer("GET", ONE, **{**told, **changed}))


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    batch(standin)
    preview = {
        "would": [{"what": "assignments-removed", "number": 1}, {"what": "learners-unassigned", "number": 1284}],
        "stays": [{"kind": "training-begun", "why": "Because.", "number": 7}],
    }
    standin.says("GET", f"{ONE}/undo", preview)
    item = {
        "occasion": "withdrawn",
        "to": "learners",
        "emails": 1284,
        "off": None,
        "fewer": False,
        "days": [],
        "on": [],
    }
    standin.says("GET", FORECAST, [standin.sample("notifier", "ForecastItem", **item)])
    browser.sign_in("enrollment-manager")


def said(page: Page) -> str:
    return " ".join(page.text)


def test_a_batch_tells_what_it_did_by_whom_and_until_when_it_can_be_undone(browser: Browser, standin: StandIn) -> None:
    page = browser.get(f"/admin/batches/{BATCH}")
    for word in ("Ngozi Nwosu", "Safe <b>workplace</b>", "Learners assigned", "1,284", "28 December"):
        assert word in said(page), word
    assert f"/admin/batches/{BATCH}/undo" in page.links
    assert standin.questions() == [f"GET {ONE}"]


def test_before_undoing_one_reads_what_would_be_reversed_and_what_stays(browser: Browser, standin: StandIn) -> None:
    page = browser.get(f"/admin/batches/{BATCH}/undo")
    for word in ("Assignments removed", "1,284", "This would stay", "7", "The training was begun, so it stays."):
        assert word in said(page), word
    assert len(standin.questions()) == 3
    standin.says("POST", f"{ONE}/undo", standin.answer("POST", f"{ONE}/undo", position="enrollment:9"))
    answer = browser.post(f"/admin/batches/{BATCH}/undo", key=KEY, reason=" the wrong course ")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/admin/batches/{BATCH}?said=undone")
    assert standin.sent("POST", f"{ONE}/undo") == {"reason": "the wrong course"}
    assert standin.asked[-1].headers["Idempotency-Key"] == KEY


@pytest.mark.feature("NTF-3")
@pytest.mark.parametrize(("choice", "sent"), [("send", "send"), ("hold", "hold"), ("silence", "silence")])
def test_undoing_names_the_e_mails_that_would_go_and_they_are_sent_held_or_silenced(
    browser: Browser, standin: StandIn, choice: str, sent: str
) -> None:
    page = browser.get(f"/admin/batches/{BATCH}/undo")
    assert "Withdrawn Learners 1,284 at most At once" in said(page)
    assert [dict(one.url.params) for one in standin.asked if one.url.path == FORECAST] == [{"withdrawn": "1284"}]
    standin.says("POST", f"{ONE}/undo", standin.answer("POST", f"{ONE}/undo", position="enrollment:9"))
    assert browser.post(f"/admin/batches/{BATCH}/undo", key=KEY, emails=choice).status_code == 303
    assert standin.asked[-1].headers.get(NOTIFICATIONS) == sent
    standin.refuses("POST", f"{ONE}/undo", 403, "forbidden")
    page = browser.refused(f"/admin/batches/{BATCH}/undo", 403, key=KEY, emails=choice)
    assert [one["value"] for one in page.fields if one.get("name") == "emails" and "checked" in one] == [choice]
    standin.down.add("notifier")
    assert "Which e-mails would go cannot be shown" in said(browser.get(f"/admin/batches/{BATCH}/undo"))


def test_an_undone_batch_lists_what_was_left_and_whose_it_is(browser: Browser, standin: StandIn) -> None:
    batch(
        standin,
        undoable=False,
        why_not="undone",
        undone={"batch": UNDOING, "actor_id": ANN, "at": "2026-11-28T10:00:00Z"},
    )
    left = standin.item("GET", f"{ONE}/irreversible", kind="training-begun", why="Because.", person_id=ANN)
    standin.says("GET", f"{ONE}/irreversible", {"items": [left], "next": "abc"})
    person = standin.sample("directory", "PersonItem", id=ANN, first_name="Ann", last_name="Ek")
    standin.says("POST", LOOKUP, {"items": [person], "named": [], "erased": []})
    page = browser.get(f"/admin/batches/{BATCH}?said=undone")
    for word in ("It is undone.", "It was undone on", "Ann Ek", "The training was begun, so it stays."):
        assert word in said(page), word
    assert {f"/admin/batches/{UNDOING}", f"/admin/batches/{BATCH}?cursor=abc"} <= set(page.links)
    assert f"/admin/batches/{BATCH}/undo" not in page.links
    assert len(standin.questions()) == 3
    standin.down.add("directory")
    assert "Names cannot be shown at the moment." in said(browser.get(f"/admin/batches/{BATCH}"))


def test_whoever_may_not_undo_reads_why_and_a_refusal_comes_back_with_the_reason(
    browser: Browser, standin: StandIn
) -> None:
    standin.refuses("POST", f"{ONE}/undo", 403, "forbidden")
    page = browser.refused(f"/admin/batches/{BATCH}/undo", 403, key=KEY, reason="by mistake")
    assert page.title.startswith("Error:")
    assert next(one for one in page.fields if one.get("name") == "reason")["value"] == "by mistake"
    batch(standin, undoable=False, why_not="beyond-scope", why_not_text="Ask.")
    for path in ("", "/undo"):
        page = browser.get(f"/admin/batches/{BATCH}{path}")
        assert "outside your organisations" in said(page)
        assert not [one for one in page.fields if one.get("name") == "reason"]


def test_without_the_preview_the_page_says_so(browser: Browser, standin: StandIn) -> None:
    standin.refuses("GET", f"{ONE}/undo", 503, "not-yet")
    assert "cannot be shown at the moment" in said(browser.get(f"/admin/batches/{BATCH}/undo"))
    standin.refuses("GET", ONE, 404, "not-found")
    browser.get(f"/admin/batches/{BATCH}", 404)


def test_the_line_about_a_command_leads_to_what_it_did(browser: Browser) -> None:
    assert f"/admin/batches/{BATCH}" in browser.get(f"/admin?said=saved&batch={BATCH}").links
    assert f"/admin/batches/{BATCH}" not in browser.get(f"/admin?batch={BATCH}").links


def test_in_german(browser: Browser) -> None:
    browser.sign_in("enrollment-manager", language="de")
    assert "Was das Rückgängigmachen bewirken würde" in said(browser.get(f"/admin/batches/{BATCH}/undo"))
