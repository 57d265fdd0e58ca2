"""One course for one learner (ASG-4, ASG-5)."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.html_checks import Page
from portal.standin import StandIn

pytestmark = pytest.mark.feature("ASG-5")

ANN, BOB = "11111111-1111-4111-8111-111111111111", "12222222-2222-4222-8222-222222222222"
COURSE = "22222222-2222-4222-8222-222222222222"
ASSIGNMENT = "33333333-3333-4333-8333-333333333333"
BATCH = "44444444-4444-4444-8444-444444444444"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
ASSIGN, SEARCH = "/api/enrollment/assignments", "/api/reporting/learner-assignments/search"
TYPED = {
    "key": KEY,
    "person": ANN,
    "first_name": "ann",
    "last_name": "",
    "course": "yoga",
    "offering_id": COURSE,
    "access_until": "2027-01-31",
    "title": "Bring <b>shoes</b>",
    "message": "Room 5.",
    "important": "true",
    "do": "save",
}


def receipt(standin: StandIn, **result: Any) -> None:
    told = {"created": [], "refused": [], "warnings": [], "jobs": [], **result}
    standin.says("POST", ASSIGN, standin.answer("POST", ASSIGN, position="enrollment:9", batch=BATCH, result=told), 200)


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    people = [
        standin.item("POST", "/api/directory/people/search", id=id, first_name=first, last_name="Ek")
        for id, first in ((ANN, "Ann"), (BOB, "Anna"))
    ]
    found = standin.answer("POST", "/api/directory/people/search", items=people, next=None)
    standin.says("POST", "/api/directory/people/search", found)
    person = standin.sample("directory", "PersonItem", id=ANN, first_name="Ann", last_name="Ek")
    standin.says("POST", "/api/directory/people/lookup", {"items": [person], "named": [], "erased": []})
    item = standin.item("GET", "/api/catalog/offerings", id=COURSE, title="Yoga", code="YO", kind="course")
    standin.says("GET", "/api/catalog/offerings", {"items": [item], "next": None})
    receipt(standin, created=[{"assignment_id": ASSIGNMENT, "offering_id": COURSE, "target_id": ANN}])
    browser.sign_in("enrollment-manager")


def said(page: Page) -> str:
    return " ".join(page.text)


def value(page: Page, name: str) -> str | None:
    return next(one for one in page.fields if one.get("name") == name).get("value")


def test_the_page_asks_nothing_and_is_reached_from_home(browser: Browser, standin: StandIn) -> None:
    assert "/admin/assign" in browser.get("/admin").links
    standin.asked.clear()
    page = browser.get("/admin/assign")
    assert {"first_name", "course", "access_until", "title", "message"} <= {one.get("name") for one in page.fields}
    assert standin.questions() == []
    browser.sign_in("auditor")
    assert "/admin/assign" not in browser.get("/admin").links


def test_learner_and_course_are_found_and_nothing_typed_is_lost(browser: Browser, standin: StandIn) -> None:
    page = browser.refused("/admin/assign", 200, **{**TYPED, "do": "look"})
    assert sorted(str(one["value"]) for one in page.fields if one.get("name") == "person") == sorted([ANN, BOB])
    assert "Yoga (YO)" in said(page)
    assert (value(page, "title"), value(page, "access_until")) == ("Bring <b>shoes</b>", "2027-01-31")
    assert len(standin.questions()) == 3
    assert standin.sent("POST", "/api/directory/people/search")["first_name"] == "ann"
    assert not [one for one in standin.asked if "ann" in str(one.url).lower()]


def test_saving_leads_to_the_page_of_the_assignment(browser: Browser, standin: StandIn) -> None:
    answer = browser.post("/admin/assign", **TYPED)
    assert answer.status_code == 303, answer.text
    assert standin.sent("POST", ASSIGN) == {
        "offerings": [COURSE],
        "people": [ANN],
        "access_until": "2027-01-31",
        "note": {"title": "Bring <b>shoes</b>", "message": "Room 5.", "important": True},
    }
    assert standin.asked[-1].headers["Idempotency-Key"] == KEY
    onward = answer.headers["Location"]
    assert onward == f"/admin/assign/{ASSIGNMENT}?at_least=enrollment%3A9&said=assigned&batch={BATCH}"
    standin.says("POST", SEARCH, {"items": [standin.item("POST", SEARCH, number=7)], "next": None})
    answer = browser.http.get(onward)
    assert answer.headers["Location"] == f"/admin/assignments/7?said=assigned&batch={BATCH}"
    assert standin.sent("POST", SEARCH) == {"assignment_id": ASSIGNMENT, "at_least": "enrollment:9", "limit": 1}


def test_an_assignment_that_holds_nobody_yet_has_a_page_that_looks_again(browser: Browser, standin: StandIn) -> None:
    standin.says("POST", SEARCH, {"items": [], "next": None})
    page = browser.get(f"/admin/assign/{ASSIGNMENT}?said=assigned&batch={BATCH}")
    assert {f"/admin/assign/{ASSIGNMENT}", f"/admin/batches/{BATCH}"} <= set(page.links)
    standin.refuses("POST", SEARCH, 503, "not-yet")
    assert "exception" in said(browser.get(f"/admin/assign/{ASSIGNMENT}?at_least=enrollment:9"))


def test_a_refused_row_is_told_in_place_with_the_one_that_is_there(browser: Browser, standin: StandIn) -> None:
    row = {"person_id": ANN, "offering_id": COURSE, "kind": "already-assigned", "detail": "Because."}
    receipt(standin, refused=[{**row, "assignment_id": ASSIGNMENT}])
    page = browser.refused("/admin/assign", 422, **TYPED)
    assert "already has this assignment" in said(page)
    assert f"/admin/assign/{ASSIGNMENT}" in page.links
    assert page.title.startswith("Error:")


@pytest.mark.parametrize(("without", "word"), [("person", "Choose a learner."), ("offering_id", "Choose a course.")])
def test_what_is_missing_is_said_before_anybody_is_asked(
    browser: Browser, standin: StandIn, without: str, word: str
) -> None:
    page = browser.refused("/admin/assign", 422, **{**TYPED, without: ""})
    assert word in said(page)
    assert f"POST {ASSIGN}" not in standin.questions()


def test_a_refusal_of_the_day_is_at_its_field(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", ASSIGN, 422, "invalid", field="access_until")
    page = browser.refused("/admin/assign", 422, **TYPED)
    field = next(one for one in page.fields if one.get("name") == "access_until")
    assert field["aria-invalid"] == "true"
    standin.down.add("directory")
    assert "Names cannot be shown at the moment." in said(
        browser.refused("/admin/assign", 422, **{**TYPED, "first_name": ""})
    )


def test_in_german(browser: Browser) -> None:
    browser.sign_in("enrollment-manager", language="de")
    assert "Zuweisung anlegen" in said(browser.get("/admin/assign"))
