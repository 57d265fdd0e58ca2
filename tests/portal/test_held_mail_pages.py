"""E-mails that are held: what of each command, and a person's word on it (NTF-3)."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.standin import PERSON, StandIn
from portal.test_pool_pages import KEY, said

pytestmark = pytest.mark.feature("NTF-3")

BATCH = "77777777-7777-4777-8777-777777777777"
HELD, ONE = "/api/notifier/held", f"/api/notifier/held/{BATCH}"
PAGE = f"/admin/mail/held/{BATCH}"


def held(standin: StandIn, **changed: Any) -> dict[str, Any]:
    occasions = [{"template": "assigned", "emails": 1_200}, {"template": "exceptions", "emails": 2}]
    told = {"batch": BATCH, "emails": 1_202, "occasions": occasions, "held_by": str(PERSON), "ordered": None}
    told |= {"offering_id": str(PERSON), "offering_title": "Safe <b>workplace</b>", "since": "2026-11-28T09:00:00Z"}
    return standin.item("GET", HELD, **{**told, **changed})


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    lookup = "/api/directory/people/lookup"
    ada = standin.item("POST", "/api/directory/people/search", id=str(PERSON), first_name="Ada", last_name="Lind")
    standin.says("POST", lookup, standin.answer("POST", lookup, items=[ada]))
    standin.says("GET", HELD, {"items": [held(standin)], "next": "abc"})
    standin.says("GET", ONE, held(standin))
    browser.sign_in("operations-manager")


def test_what_is_held_of_each_command_is_listed_with_who_said_so(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/admin/mail/held")
    for words in ("1,202", "Assigned (1,200), Exceptions to answer (2)", "Safe <b>workplace</b>", "Ada Lind"):
        assert words in said(page), words
    assert {PAGE, "/admin/mail/held?cursor=abc"} <= set(page.links)
    assert len(standin.questions()) == 2
    standin.says("GET", HELD, {"items": [held(standin, ordered="drop")], "next": None})
    assert "Being dropped" in said(browser.get("/admin/mail/held"))
    standin.says("GET", HELD, {"items": [], "next": None})
    assert "No e-mail is held" in said(browser.get("/admin/mail/held"))


@pytest.mark.parametrize(
    ("action", "word", "told"),
    [
        ("release", "emails-released", "The e-mails are being released."),
        ("drop", "emails-dropped", "The e-mails are being dropped."),
    ],
)
def test_it_is_released_or_dropped_after_the_numbers_were_seen(
    browser: Browser, standin: StandIn, action: str, word: str, told: str
) -> None:
    page = browser.get(PAGE)
    for words in ("Released, 1,202 e-mails go out", "Dropped, they are never sent.", "Assigned 1,200"):
        assert words in said(page), words
    standin.says("POST", f"{ONE}/{action}", standin.answer("POST", f"{ONE}/{action}", position="notifier:4"))
    led = browser.post(PAGE, action=action, key=KEY)
    assert led.headers["Location"] == f"/admin/mail/held?said={word}"
    assert standin.asked[-1].url.path == f"{ONE}/{action}"
    assert standin.asked[-1].headers["Idempotency-Key"] == KEY
    assert told in said(browser.get(led.headers["Location"]))


def test_who_is_slower_is_told_that_nothing_is_held_any_more(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", f"{ONE}/drop", 404, "not-found", field="batch_id")
    led = browser.post(PAGE, action="drop", key=KEY)
    assert led.headers["Location"] == "/admin/mail/held?said=held-meanwhile"


@pytest.mark.feature("SEC-4")
def test_a_refusal_is_told_in_place(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", f"{ONE}/release", 403, "forbidden", detail="You need the permission 'hold-mail'.")
    assert "You need the permission 'hold-mail'." in said(browser.refused(PAGE, 403, action="release", key=KEY))


def test_only_who_may_decide_finds_the_page_in_the_menu(browser: Browser) -> None:
    assert "/admin/mail/held" in browser.get("/admin/mail/held").links
    browser.sign_in("sales-manager")
    assert "/admin/mail/held" not in browser.get("/admin").links


def test_in_german(browser: Browser, standin: StandIn) -> None:
    standin.me["language"] = "de"
    browser.sign_in("operations-manager")
    assert "Zurückgehaltene E-Mails" in said(browser.get("/admin/mail/held"))
