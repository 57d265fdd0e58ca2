"""Dead letters: what crashed in all services, what stands still for it, and a person's word on it (OPS-8)."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.standin import StandIn
from portal.test_pool_pages import KEY, said

from shared.suite import FOLLOWING

pytestmark = pytest.mark.feature("OPS-8")

PERSON = "55555555-5555-4555-8555-555555555555"
BATCH = "77777777-7777-4777-8777-777777777777"
LETTERS = "/api/reporting/letters"
LETTER = f"{LETTERS}/directory/{PERSON}"
LIST = "/admin/system/letters"
PAGE = f"{LIST}/reporting/directory/{PERSON}"
ASIDE = "/api/enrollment/letters"
ASIDE_PAGE = f"{LIST}/enrollment/enrollment%20evaluator/{PERSON}"


def parked(standin: StandIn, **changed: Any) -> dict[str, Any]:
    told = {"consumer": "reporting", "source": "directory", "key": PERSON, "entries": 3, "position": 7}
    crashed = {"type": "directory.PersonMoved.v1", "error": "CheckViolation in reporting"}
    return standin.item("GET", LETTERS, **{**told, **crashed, **changed})


def aside(standin: StandIn) -> dict[str, Any]:
    worker = "enrollment evaluator"
    told = {"consumer": worker, "source": worker, "key": PERSON, "entries": 1, "position": 0, "type": "person"}
    return standin.item("GET", ASIDE, **told, error="OverflowError in services.enrollment.domain.due_dates.resolve")


def entry(standin: StandIn, **changed: Any) -> dict[str, Any]:
    body = {"home_organisation": "</pre><b>here</b>"}
    told = {"position": 7, "type": "directory.PersonMoved.v1", "error": "CheckViolation in reporting", "body": body}
    return {**standin.sample("reporting", "Entry", **told, correlation=BATCH), **changed}


def html(browser: Browser, path: str) -> str:
    return browser.http.get(path).text


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    for service in FOLLOWING:
        standin.says("GET", f"/api/{service}/letters", {"items": [], "next": None})
    standin.says("GET", LETTERS, {"items": [parked(standin)], "next": "abc"})
    standin.says("GET", ASIDE, {"items": [aside(standin)], "next": None})
    waiting = [entry(standin, position=at, error=None, body=None) for at in (8, 9)]
    standin.says("GET", LETTER, [entry(standin), *waiting])
    browser.sign_in("site-administrator")


def test_the_letters_of_all_services_say_what_stands_still(browser: Browser, standin: StandIn) -> None:
    page = browser.get(LIST)
    for words in (
        "A person directory.PersonMoved.v1 Reports show it as it was.",
        "2 later events wait behind it. CheckViolation in reporting",
        "A person enrollment evaluator The enrollments of this person are not brought up to date.",
        "OverflowError in services.enrollment.domain.due_dates.resolve",
    ):
        assert words in said(page)
    assert {PAGE, ASIDE_PAGE, f"{LIST}?service=reporting&cursor=abc"} <= set(page.links)
    assert sorted(standin.questions()) == sorted(f"GET /api/{service}/letters" for service in FOLLOWING)


def test_the_list_of_one_service_goes_on_where_it_ended(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", LETTERS, {"items": [parked(standin, entries=1)], "next": None})
    page = browser.get(f"{LIST}?service=reporting&cursor=abc")
    assert standin.questions() == [f"GET {LETTERS}"]
    assert dict(standin.last("GET", LETTERS).url.params) == {"cursor": "abc"}
    assert "later event" not in said(page)
    assert LIST in page.links


def test_no_letter_is_told_so_and_a_service_that_is_down_does_not_hide_the_others(
    browser: Browser, standin: StandIn
) -> None:
    for service in ("reporting", "enrollment"):
        standin.says("GET", f"/api/{service}/letters", {"items": [], "next": None})
    assert "No dead letter" in said(browser.get(LIST))
    standin.says("GET", ASIDE, {"items": [aside(standin)], "next": None})
    standin.down.add("keys")
    page = browser.get(LIST)
    assert "The dead letters of Training keys cannot be shown at the moment." in said(page)
    assert ASIDE_PAGE in page.links
    standin.down.update(FOLLOWING)
    assert "No dead letter" not in said(browser.get(LIST))


def test_a_letter_shows_how_it_crashed_and_what_waits_and_is_tried_again(browser: Browser, standin: StandIn) -> None:
    page = browser.get(PAGE)
    for words in ("CheckViolation in reporting", "2 later events wait behind it.", "(position 7)", "(position 9)"):
        assert words in said(page)
    assert {f"/admin/people/{PERSON}", f"/admin/batches/{BATCH}", f"{PAGE}/drop"} <= set(page.links)
    assert standin.questions() == [f"GET {LETTER}"]
    assert "</pre><b>here</b>" in said(page)
    standin.says("POST", f"{LETTER}/retry", {"entries": 3})
    led = browser.post(f"{PAGE}/retry", key=KEY)
    assert led.headers["Location"] == f"{LIST}?said=letter-retried"
    assert standin.last("POST", f"{LETTER}/retry").headers["Idempotency-Key"] == KEY
    assert "It was taken this time." in said(browser.get(f"{LIST}?said=letter-retried"))


def test_a_letter_that_crashes_again_says_so_in_place(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", f"{LETTER}/retry", 409, "crashed-again")
    page = browser.refused(f"{PAGE}/retry", 409, key=KEY)
    assert "It crashed again, and nothing was changed." in said(page)
    assert f"{PAGE}/drop" in page.links
    standin.refuses("POST", f"{LETTER}/retry", 404, "not-found")
    assert browser.post(f"{PAGE}/retry", key=KEY).headers["Location"] == f"{LIST}?said=letter-gone"


def test_dropping_asks_first_and_drops_only_what_was_looked_at(browser: Browser, standin: StandIn) -> None:
    page = browser.get(f"{PAGE}/drop")
    assert "This event will never reach the service" in said(page)
    assert "2 later events wait behind it, and are tried again only when you say so." in said(page)
    assert '<input type="hidden" name="position" value="7">' in html(browser, f"{PAGE}/drop")
    standin.says("POST", f"{LETTER}/drop", {"entries": 1})
    led = browser.post(f"{PAGE}/drop", key=KEY, position=7)
    assert standin.sent("POST", f"{LETTER}/drop") == {"position": 7}
    assert led.headers["Location"] == f"{PAGE}?said=letter-dropped"
    standin.refuses("GET", LETTER, 404, "not-found")
    assert browser.post(f"{PAGE}/drop", key=KEY, position=7).headers["Location"] == f"{LIST}?said=letter-dropped"
    standin.refuses("POST", f"{LETTER}/drop", 404, "not-found")
    assert browser.post(f"{PAGE}/drop", key=KEY, position=7).headers["Location"] == f"{LIST}?said=letter-gone"


def test_what_a_worker_has_set_aside_is_given_up_and_profiles_are_not_shown(browser: Browser, standin: StandIn) -> None:
    path = f"{ASIDE}/enrollment evaluator/{PERSON}"
    standin.says("GET", path, [entry(standin, position=0, type="person", version=4, correlation=None, body={})])
    page = browser.get(f"{ASIDE_PAGE}/drop")
    assert "This work is given up." in said(page)
    assert "Times tried 4" in said(page)
    profile = f"{LETTERS}/directory.profiles/{PERSON}"
    standin.says("GET", profile, [entry(standin, type="directory.ProfileChanged.v1", body=None)])
    page = browser.get(f"{LIST}/reporting/directory.profiles/{PERSON}")
    assert "It holds names and addresses, which are not shown here." in said(page)
    assert "What it says" not in said(page)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ({"taken": 2, "crashed": 0, "more": False}, "letters-retried"),
        ({"taken": 1, "crashed": 1, "more": False}, "letters-crashed"),
        ({"taken": 500, "crashed": 0, "more": True}, "letters-more"),
    ],
)
def test_several_of_one_source_are_tried_at_once(
    browser: Browser, standin: StandIn, answer: dict[str, Any], word: str
) -> None:
    assert f'action="{LIST}/reporting/directory/retry"' not in html(browser, LIST)
    standin.says("GET", LETTERS, {"items": [parked(standin), parked(standin, key=BATCH)], "next": None})
    assert f'action="{LIST}/reporting/directory/retry"' in html(browser, LIST)
    standin.says("POST", f"{LETTERS}/directory/retry", answer)
    led = browser.post(f"{LIST}/reporting/directory/retry", key=KEY)
    assert led.headers["Location"] == f"{LIST}?said={word}"
    assert '<div class="notice good"' in html(browser, f"{LIST}?said={word}")


@pytest.mark.parametrize("role", ["auditor", "site-administrator@22222222-2222-4222-8222-222222222222"])
def test_only_who_operates_everything_sees_them(browser: Browser, standin: StandIn, role: str) -> None:
    browser.sign_in(role)
    page = browser.get(LIST, 403)
    assert "only those who operate all of Rollbook see them" in said(page)
    assert LIST not in page.links
    assert standin.questions() == []
    browser.sign_in("site-administrator")
    assert LIST in browser.get("/admin/system").links


@pytest.mark.parametrize("path", [f"{LIST}/catalog/directory/{PERSON}", f"{LIST}/nothing/directory/{PERSON}"])
def test_a_service_without_letters_is_not_found(browser: Browser, standin: StandIn, path: str) -> None:
    browser.get(path, 404)
    assert browser.post(f"{path}/retry", key=KEY).status_code == 404
    assert browser.post(f"{path.rpartition('/')[0]}/retry", key=KEY).status_code == 404
    assert standin.questions() == []


def test_a_letter_with_very_many_entries_shows_the_first_ones(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", LETTER, [entry(standin, position=at, body={"at": at}) for at in range(7, 37)])
    page = browser.get(PAGE)
    assert "10 more wait behind these." in said(page)
    assert "(position 26)" in said(page)
    assert "(position 27)" not in said(page)


def test_in_german(browser: Browser, standin: StandIn) -> None:
    standin.me["language"] = "de"
    browser.sign_in("site-administrator")
    assert "2 spätere Ereignisse warten dahinter." in said(browser.get(LIST))
