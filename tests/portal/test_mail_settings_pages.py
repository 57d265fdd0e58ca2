"""Which e-mails are sent, and their texts: written, shown with a real case, sent to oneself (NTF-2, CAT-17)."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.standin import PERSON, StandIn
from portal.test_pool_pages import KEY, said

from shared.contracts.notifications import COPIED, EDITABLE, OCCASIONS

pytestmark = pytest.mark.feature("NTF-2", "CAT-17")

SWITCHES, TEXTS = "/api/notifier/switches", "/api/notifier/texts"
ONE = f"{TEXTS}/overdue"
WORKS = "34343434-3434-4434-8434-343434343434"
TYPED = {"subject": "Late: {{ title }}", "body": "Hello <b> {{ name }}", "html": "", "language": "en", "revision": "4"}


def switches(standin: StandIn, **given: Any) -> None:
    told = {"off": ["overdue"], "copied": [], "off_above": [], "copied_above": [], "revision": 4}
    told |= {"occasions": list(OCCASIONS), "copyable": list(COPIED)}
    standin.says("GET", SWITCHES, standin.answer("GET", SWITCHES, **{**told, **given}))


def text(standin: StandIn, **given: Any) -> None:
    told = {"template": "overdue", "language": "en", "origin": "built-in", "organisation_id": None, "revision": 4}
    told |= {"subject": "Was due", "body": "Dear {{ name }}", "html": "", "placeholders": ["name", "title", "link"]}
    standin.says("GET", ONE, standin.answer("GET", ONE, **{**told, **given}))


def accepts(standin: StandIn, method: str, path: str) -> None:
    standin.says(method, path, standin.answer(method, path, position=None, result={}))


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    switches(standin)
    text(standin)
    differs = {"offering_id": str(PERSON), "title": "Safe workplace", "off": ["assigned"], "copied": []}
    differs |= {"due_reminders": [-14], "certificate_reminders": None, "access_reminders": None}
    standin.says("GET", f"{SWITCHES}/offerings", {"items": [differs], "next": None})
    items = [{"template": one, "origin": "built-in", "organisation_id": None} for one in EDITABLE]
    standin.says("GET", TEXTS, items)
    unit = {
        **standin.item("GET", "/api/directory/units", id=WORKS, name="Works", kind="organisation"),
        "path": ["Group"],
    }
    standin.says("GET", f"/api/directory/units/{WORKS}", unit)
    standin.says("GET", "/api/directory/units", {"items": [unit], "next": None})
    browser.sign_in("site-administrator")


def ticked(page: Any, name: str) -> set[str]:
    return {str(one.get("value")) for one in page.fields if one.get("name") == name and "checked" in one}


def test_every_email_is_shown_with_its_switch_and_offerings_that_differ(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/admin/mail/switches")
    assert ticked(page, "on") == set(OCCASIONS) - {"overdue"}
    for words in ("For the whole system.", "Job role assigned", "Safe workplace", "-14"):
        assert words in said(page), words
    assert f"/admin/offerings/{PERSON}/configuration#notifications" in page.links
    assert len(standin.questions()) <= 4


def test_switches_are_saved_as_what_is_off_on_what_was_read(browser: Browser, standin: StandIn) -> None:
    accepts(standin, "PUT", SWITCHES)
    on = [one for one in OCCASIONS if one != "withdrawn"]
    done = browser.post(
        "/admin/mail/switches", on=on, copied=["assigned"], revision="4", key=KEY, organisation_id=WORKS
    )
    assert (done.status_code, done.headers["Location"]) == (
        303,
        f"/admin/mail/switches?organisation_id={WORKS}&said=saved",
    )
    assert standin.sent("PUT", SWITCHES) == {"off": ["withdrawn"], "copied": ["assigned"]}
    command = standin.asked[-1]
    assert (command.headers["If-Match"], command.url.params["organisation_id"]) == ('"4"', WORKS)


def test_what_is_off_further_up_is_told_and_an_organisation_is_found_by_its_name(
    browser: Browser, standin: StandIn
) -> None:
    switches(standin, off=[], off_above=["assigned"])
    page = browser.get(f"/admin/mail/switches?organisation_id={WORKS}")
    assert "For Group > Works and everything below it." in said(page)
    assert "Off further up" in said(page)
    assert "assigned" not in ticked(page, "on")
    found = browser.get("/admin/mail/switches?q=wor")
    assert f"/admin/mail/switches?organisation_id={WORKS}" in found.links
    assert len(standin.questions()) <= 9


def test_who_was_slower_keeps_what_was_ticked(browser: Browser, standin: StandIn) -> None:
    standin.refuses("PUT", SWITCHES, 412, "stale")
    page = browser.refused("/admin/mail/switches", 412, on=["assigned"], revision="3", key=KEY)
    assert "Somebody else has changed it meanwhile" in said(page)
    assert ticked(page, "on") == {"assigned"}


def test_who_may_only_read_gets_no_form(browser: Browser, standin: StandIn) -> None:  # noqa: ARG001
    browser.sign_in("auditor")
    assert ticked(browser.get("/admin/mail/switches"), "on") == set()
    page = browser.get("/admin/mail/templates/overdue")
    assert "Dear {{ name }}" in said(page)
    assert not [one for one in page.fields if one.get("name") == "subject"]


def test_every_text_is_listed_with_whose_it_is(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/admin/mail/templates?language=de")
    assert {f"/admin/mail/templates/{one}?language=de" for one in EDITABLE} <= set(page.links)
    assert "Overdue, copy to managers" in said(page)
    assert dict(standin.asked[-1].url.params) == {"language": "de"}


def test_a_text_is_saved_and_removed_on_what_was_read(browser: Browser, standin: StandIn) -> None:
    accepts(standin, "PUT", ONE)
    accepts(standin, "DELETE", ONE)
    page = browser.get("/admin/mail/templates/overdue")
    assert "{{ name }}, {{ title }}, {{ link }}" in said(page)
    done = browser.post("/admin/mail/templates/overdue", **TYPED, do="save", key=KEY)
    assert (done.status_code, done.headers["Location"]) == (303, "/admin/mail/templates/overdue?language=en&said=saved")
    assert standin.sent("PUT", ONE) == {name: TYPED[name] for name in ("subject", "body", "html")}
    command = standin.asked[-1]
    assert (command.headers["If-Match"], dict(command.url.params)) == ('"4"', {"language": "en"})
    assert browser.post("/admin/mail/templates/overdue", **TYPED, do="remove", key=KEY).status_code == 303
    assert standin.asked[-1].method == "DELETE"


def test_a_preview_shows_what_was_typed_and_a_test_goes_to_oneself(browser: Browser, standin: StandIn) -> None:
    shown = {
        "subject": "Late: Welding",
        "body": "Hello",
        "html": "<html>",
        "content": "<p>Hello <strong>Ada</strong></p>",
    }
    told = standin.answer("POST", f"{ONE}/preview", **shown, message_id=None)
    standin.says("POST", f"{ONE}/preview", told)
    accepts(standin, "POST", f"{ONE}/test")
    page = browser.refused("/admin/mail/templates/overdue", 200, **TYPED, do="show", key=KEY)
    for words in ("Late: Welding", "what it names is made up", "Hello <b> {{ name }}"):
        assert words in said(page), words
    assert dict(standin.asked[-2].url.params) | dict(standin.asked[-1].url.params) == {"language": "en"}
    tested = browser.refused("/admin/mail/templates/overdue", 200, **TYPED, do="test", key=KEY)
    assert "The e-mail is on its way to you." in said(tested)
    assert standin.sent("POST", f"{ONE}/test")["subject"] == TYPED["subject"]


def test_a_refused_text_is_told_at_its_field_and_nothing_typed_is_lost(browser: Browser, standin: StandIn) -> None:
    detail = "There is no placeholder 'salary' here. There are: name, title."
    standin.refuses("PUT", ONE, 422, "invalid", field="subject", detail=detail)
    page = browser.refused("/admin/mail/templates/overdue", 422, **TYPED, do="save", key=KEY)
    assert detail in said(page)
    assert [one.get("value") for one in page.fields if one.get("name") == "subject"] == [TYPED["subject"]]


def test_without_the_notifier_the_page_says_so(browser: Browser, standin: StandIn) -> None:
    standin.refuses("GET", f"{SWITCHES}/offerings", 503, "unavailable")
    assert "The offerings cannot be shown at the moment." in said(browser.get("/admin/mail/switches"))
