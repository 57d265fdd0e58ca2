"""The ledger of e-mails: to whom, why, what became of each, and a person's word on those in doubt (NTF-4)."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.standin import PERSON, StandIn
from portal.test_pool_pages import KEY, said

from services.notifier.domain import State
from services.portal.api.admin import mail_ledger

pytestmark = pytest.mark.feature("NTF-4")

MAIL = "12121212-1212-4212-8212-121212121212"
LEDGER, COUNTS, MESSAGE = "/api/notifier/ledger", "/api/notifier/counts", f"/api/notifier/messages/{MAIL}"
PAGE = f"/admin/mail/{MAIL}"


def entry(standin: StandIn, **changed: Any) -> dict[str, Any]:
    told = {
        "message_id": MAIL,
        "template": "due-soon",
        "person_id": str(PERSON),
        "offering_id": str(PERSON),
        "offering_title": "Safe <b>workplace</b>",
        "state": "unknown",
        "reason": "no-answer",
        "answer_code": 250,
        "answer": "queued",
        "attempts": 2,
    }
    return standin.item("GET", LEDGER, **{**told, **changed})


def message(standin: StandIn, **changed: Any) -> None:
    row = entry(standin, **changed)
    decision = {"action": "retry", "actor": str(PERSON), "batch": MAIL, "decided_at": "2026-11-28T09:00:00Z"}
    told = {"id": MAIL, "state": row["state"], "revision": 7, "rows": [row], "decisions": [decision]}
    standin.says("GET", MESSAGE, standin.answer("GET", MESSAGE, **told))


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    lookup = "/api/directory/people/lookup"
    ada = standin.item("POST", "/api/directory/people/search", id=str(PERSON), first_name="Ada", last_name="Lind")
    standin.says("POST", lookup, standin.answer("POST", lookup, items=[ada]))
    standin.says("GET", LEDGER, {"items": [entry(standin)], "next": "abc"})
    standin.says("GET", COUNTS, dict.fromkeys(mail_ledger.STATES, 0) | {"unknown": 2, "sent": 1_000})
    message(standin)
    browser.sign_in("site-administrator")


def test_every_reason_tells_to_whom_it_is_about_what_and_what_became_of_it(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/admin/mail")
    for words in (
        "Ada Lind",
        "Due soon",
        "Safe <b>workplace</b>",
        "the connection was lost before the mail server answered",
        "Of 2 e-mails nobody knows whether they arrived.",
        "Sent (1,000)",
    ):
        assert words in said(page), words
    assert {PAGE, "/admin/mail?state=unknown"} <= set(page.links)
    assert len(standin.questions()) == 3


def test_the_list_is_narrowed_by_state_and_kind(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/admin/mail?state=unknown&template=due-soon")
    browser.get(next(one for one in page.links if "cursor=abc" in one))
    asked = [dict(one.url.params) for one in standin.asked if one.url.path == LEDGER]
    narrowed = {"state": "unknown", "template": "due-soon"}
    assert asked == [narrowed, {**narrowed, "cursor": "abc"}]


def test_every_state_that_there_is_can_be_chosen() -> None:
    assert set(mail_ledger.STATES) == set(State)


@pytest.mark.parametrize(
    ("action", "path", "body"),
    [
        ("resend", f"{MESSAGE}/resend", None),
        ("sent", f"{MESSAGE}/settle", {"outcome": "sent"}),
        ("failed", f"{MESSAGE}/settle", {"outcome": "failed"}),
    ],
)
def test_one_of_unknown_fate_is_settled_or_sent_again_on_the_state_that_was_seen(
    browser: Browser, standin: StandIn, action: str, path: str, body: dict[str, str] | None
) -> None:
    page = browser.get(PAGE)
    for words in ("Ada Lind", "250 queued", "It arrived", "Send again", "Tried again: Ada Lind"):
        assert words in said(page), words
    assert len(standin.questions()) == 2
    standin.says("POST", path, standin.answer("POST", path, position="notifier:4"))
    led = browser.post(PAGE, action=action, revision="7", key=KEY)
    assert led.headers["Location"] == f"{PAGE}?said=saved"
    assert standin.asked[-1].headers["If-Match"] == '"7"'
    assert standin.asked[-1].headers["Idempotency-Key"] == KEY
    assert (standin.sent("POST", path) if body else None) == body


def test_a_failed_one_is_tried_again_and_a_sent_one_needs_nothing(browser: Browser, standin: StandIn) -> None:
    message(standin, state="failed", reason="tried-too-often")
    assert "Try again" in said(browser.get(PAGE))
    retry = f"{MESSAGE}/retry"
    standin.says("POST", retry, standin.answer("POST", retry, position="notifier:4"))
    assert browser.post(PAGE, action="retry", revision="7", key=KEY).status_code == 303
    message(standin, state="sent", reason=None)
    assert "Try again" not in said(browser.get(PAGE))


def test_who_is_slower_is_told_and_sees_how_it_stands_now(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", f"{MESSAGE}/resend", 412, "stale")
    page = browser.refused(PAGE, 412, action="resend", revision="6", key=KEY)
    assert "Something has become of this e-mail since you looked." in said(page)


def test_who_only_reads_decides_nothing(browser: Browser) -> None:
    browser.sign_in("auditor")
    assert "It arrived" not in said(browser.get(PAGE))


def test_nothing_unknown_and_services_that_are_down_are_told(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", LEDGER, {"items": [], "next": None})
    assert "Nothing is unknown" in said(browser.get("/admin/mail?state=unknown"))
    assert "No e-mail matches" in said(browser.get("/admin/mail?state=sent"))
    assert "No e-mail yet" in said(browser.get("/admin/mail"))
    standin.says("GET", LEDGER, {"items": [entry(standin)], "next": None})
    standin.down.add("directory")
    assert "Names cannot be shown at the moment." in said(browser.get("/admin/mail"))


def test_in_german(browser: Browser, standin: StandIn) -> None:
    standin.me["language"] = "de"
    browser.sign_in("site-administrator")
    assert "Bald fällig" in said(browser.get("/admin/mail"))
