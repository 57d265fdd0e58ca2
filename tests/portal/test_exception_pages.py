"""Exceptions: why somebody is held back, the day that each answer sets, one answer for many (DUE-4 to DUE-7)."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.standin import PERSON, StandIn
from portal.test_pool_pages import KEY, said

pytestmark = pytest.mark.feature("DUE-4", "DUE-6")

ENROLLMENT = "88888888-8888-4888-8888-888888888888"
SECOND = "99999999-9999-4999-8999-999999999999"
COURSE = "22222222-2222-4222-8222-222222222222"
EXCEPTIONS, COUNTS, ANSWER = (f"/api/enrollment/exceptions{rest}" for rest in ("", "/counts", "/answer"))
PAGE = "/admin/exceptions"
FACTS = {
    "sources": [{"assignment_id": COURSE, "type": "organisation", "name": "Day <b>Shift</b>"}],
    "minimum_minutes": 480,
    "due_on": "2999-12-03",
    "due_at": None,
    "realistic_on": "2999-12-12",
    "realistic_at": None,
    "others": [],
    "empty": [],
}


def held(standin: StandIn, **changed: Any) -> dict[str, Any]:
    told = {
        "enrollment_id": ENROLLMENT,
        "person_id": str(PERSON),
        "offering_id": COURSE,
        "offering_title": "Safe workplace",
        "kinds": ["time-allowance"],
        "state": "open",
        "facts": FACTS,
    }
    return standin.item("GET", EXCEPTIONS, **{**told, **changed})


def listed(standin: StandIn, *items: dict[str, Any], following: str | None = None, waiting: int | None = None) -> None:
    standin.says("GET", EXCEPTIONS, {"items": list(items), "next": following})
    many = len(items) if waiting is None else waiting
    kinds, offerings = (
        [{"value": "time-allowance", "count": 9}],
        [{"value": COURSE, "name": "Safe workplace", "count": 9}],
    )
    counts = {"waiting": many, "states": [], "kinds": kinds, "offerings": offerings}
    standin.says("GET", COUNTS, standin.answer("GET", COUNTS, **counts))


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    lookup = "/api/directory/people/lookup"
    ada = standin.item("POST", "/api/directory/people/search", id=str(PERSON), first_name="Ada", last_name="Lind")
    standin.says("POST", lookup, standin.answer("POST", lookup, items=[ada]))
    listed(standin, held(standin))
    browser.sign_in("site-administrator")


def test_each_row_tells_who_why_by_what_and_the_day_that_each_answer_sets(browser: Browser, standin: StandIn) -> None:
    other = {"offering_id": SECOND, "title": "Driver"}
    second = {**FACTS, "others": [other], "empty": ["field hired"], "due_on": None, "realistic_on": "2999-12-20"}
    kinds = ["already-assigned", "completion-time-unknown"]
    listed(standin, held(standin), held(standin, enrollment_id=SECOND, kinds=kinds, facts=second))
    page = browser.get(PAGE)
    for words in (
        "Ada Lind",
        "Too little time : due Tue 3 December 2999 , needs 8 hours",
        "Day <b>Shift</b> (Organisation)",
        "On another certification, too : Driver",
        "Due date unknown : the field “hired” is empty",
        "Thu 12 December 2999 to Fri 20 December 2999",
    ):
        assert words in said(page), (words, said(page))
    assert {f"/admin/people/{PERSON}", f"/admin/offerings/{COURSE}/assignments"} <= set(page.links)
    assert len(standin.questions()) == 3
    asked = next(dict(one.url.params) for one in standin.asked if one.url.path == EXCEPTIONS)
    assert asked == {"waiting": "true", "limit": "50"}


def test_a_day_that_is_over_is_told_so(browser: Browser, standin: StandIn) -> None:
    listed(standin, held(standin, facts={**FACTS, "due_on": "2026-01-05"}))
    assert "over already" in said(browser.get(PAGE))


def test_filters_narrow_the_list_and_stay_on_the_next_page(browser: Browser, standin: StandIn) -> None:
    listed(standin, held(standin), following="abc")
    page = browser.get(f"{PAGE}?kind=time-allowance&offering_id={COURSE}&state=open")
    following = next(one for one in page.links if "cursor=abc" in one)
    browser.get(following)
    wanted = {"kind": "time-allowance", "offering_id": COURSE, "state": "open", "limit": "50"}
    asked = [dict(one.url.params) for one in standin.asked if one.url.path == EXCEPTIONS]
    assert asked == [wanted, {**wanted, "cursor": "abc"}]


def test_those_who_are_selected_get_one_answer_and_each_has_a_result(browser: Browser, standin: StandIn) -> None:
    listed(standin, held(standin), held(standin, enrollment_id=SECOND))
    done = {"enrollment_id": ENROLLMENT, "status": "not-started", "refused": None}
    refused = {"enrollment_id": SECOND, "status": None, "refused": "no-exception"}
    standin.says("POST", ANSWER, {"answered": [done, refused], "more": False})
    form = {"enrollment": [ENROLLMENT, SECOND], "resolution": "realistic-date", "reason": " agreed ", "key": KEY}
    led = browser.post(f"{PAGE}/answer", **form, kind="time-allowance")
    assert led.status_code == 303, led.text
    assert standin.sent("POST", ANSWER) == {
        "enrollments": [ENROLLMENT, SECOND],
        "resolution": "realistic-date",
        "reason": "agreed",
    }
    assert standin.asked[-1].headers["Idempotency-Key"] == KEY
    assert "Lind" not in led.headers["Location"]
    standin.asked.clear()
    page = browser.get(led.headers["Location"])
    assert "1 exception is answered." in said(page)
    assert "Ada Lind, Safe workplace: Not started" in said(page)
    assert "Somebody else has answered it meanwhile, or its cause is gone." in said(page)
    assert len(standin.questions()) == 3


def test_all_of_a_kind_are_answered_at_once(browser: Browser, standin: StandIn) -> None:
    listed(standin, held(standin), waiting=90)
    assert "Apply to all" not in said(browser.get(PAGE)), "without a filter there is no such button"
    page = browser.get(f"{PAGE}?kind=time-allowance")
    assert "Apply to all 90 that match (with too little time)" in said(page)
    standin.says("POST", ANSWER, {"answered": [], "more": True})
    form = {"kind": "time-allowance", "everything": "true", "resolution": "dismissed", "key": KEY}
    assert browser.post(f"{PAGE}/answer", **form).status_code == 303
    assert standin.sent("POST", ANSWER) == {"kind": "time-allowance", "resolution": "dismissed", "reason": None}


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"resolution": "assigned"}, "Select at least one learner"),
        ({"enrollment": ENROLLMENT}, "Choose one of the four answers."),
        ({"everything": "true", "resolution": "assigned"}, "Select at least one learner"),
    ],
)
def test_what_lacks_is_told_and_nothing_typed_is_lost(
    browser: Browser, standin: StandIn, form: dict[str, Any], words: str
) -> None:
    page = browser.refused(f"{PAGE}/answer", 422, **form, reason="on leave", key=KEY)
    assert words in said(page)
    assert next(one for one in page.fields if one.get("name") == "reason")["value"] == "on leave"
    ticked = [one for one in page.fields if one.get("name") in ("enrollment", "resolution") and "checked" in one]
    assert len(ticked) == len({"enrollment", "resolution"} & set(form))
    assert ANSWER not in {one.url.path for one in standin.asked}


def test_a_refusal_of_the_service_is_told_in_place(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", ANSWER, 403, "forbidden", detail="You need the permission 'resolve'.")
    form = {"enrollment": ENROLLMENT, "resolution": "assigned", "key": KEY}
    assert "You need the permission 'resolve'." in said(browser.refused(f"{PAGE}/answer", 403, **form))


def test_who_may_not_answer_sees_the_list_without_the_form(browser: Browser) -> None:
    browser.sign_in("enrollment-manager")
    page = browser.get(PAGE)
    assert "Site administrators answer them." in said(page)
    assert not [one for one in page.fields if one.get("name") in ("enrollment", "resolution")]


def test_handled_ones_tell_who_when_and_why(browser: Browser, standin: StandIn) -> None:
    listed(standin, held(standin, state="not-assigned", facts=None, changed_by=str(PERSON), reason="on leave"))
    page = browser.get(f"{PAGE}?state=handled")
    for words in ("Not assigned", "on leave", "Ada Lind"):
        assert words in said(page)
    assert next(dict(one.url.params) for one in standin.asked if one.url.path == EXCEPTIONS)["waiting"] == "false"


def test_an_empty_list_says_what_would_hold_somebody(browser: Browser, standin: StandIn) -> None:
    listed(standin)
    assert "Nobody is held back A learner is held back when less time is left" in said(browser.get(PAGE))
    assert "No exception matches" in said(browser.get(f"{PAGE}?state=open"))
    standin.down.add("directory")
    listed(standin, held(standin))
    assert "Names cannot be shown at the moment." in said(browser.get(PAGE))


def test_an_offering_has_its_own(browser: Browser, standin: StandIn) -> None:
    offering = f"/api/catalog/offerings/{COURSE}"
    standin.says("GET", offering, standin.answer("GET", offering, id=COURSE, title="Safe workplace", kind="course"))
    at = f"/admin/offerings/{COURSE}/exceptions"
    page = browser.get(at)
    assert "Safe workplace" in said(page)
    assert at in page.links
    assert not [one for one in page.fields if one.get("name") == "offering_id"]
    assert len(standin.questions()) == 4
    standin.says("POST", ANSWER, {"answered": [], "more": False})
    led = browser.post(f"{at}/answer", everything="true", resolution="assigned", key=KEY)
    assert led.headers["Location"].startswith(f"{at}?s=")
    assert standin.sent("POST", ANSWER)["offering_id"] == COURSE


def test_in_german(browser: Browser, standin: StandIn) -> None:
    standin.me["language"] = "de"
    browser.sign_in("site-administrator")
    assert "Zu wenig Zeit" in said(browser.get(PAGE))
