"""Versions of a certification, and the items of a qualification (CAT-2, CAT-3, CAT-9, CAT-11)."""

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from portal.conftest import Browser
from portal.offerings_told import (
    AT,
    FIRE,
    ID,
    KEY,
    LIFT,
    OFFERINGS,
    ONE,
    accepts,
    asked,
    known_courses,
    offering,
    said,
    values,
)
from portal.standin import StandIn

pytestmark = pytest.mark.feature("ADM-1", "CAT-2")

STEPS: list[dict[str, Any]] = [
    {"kind": "course", "title": "Fire", "course_id": FIRE},
    {"kind": "exam", "title": "Final exam", "pass_mark": 80},
]
VERSIONS = [
    {"number": 1, "state": "published", "steps": STEPS, "in_order": True},
    {"number": 2, "state": "draft", "steps": STEPS[:1], "in_order": False},
]
TYPED: dict[str, Any] = {
    "step_kind": ["course", "task"],
    "step_title": ["Fire", "Shadow a colleague"],
    "step_course": [FIRE, ""],
    "step_mark": ["", ""],
    "step_reporter": ["", "learning-system"],
    "in_order": "true",
    "version": "7",
    "key": KEY,
}
SENT = {
    "steps": [
        {"kind": "course", "title": "Fire", "course_id": FIRE, "pass_mark": None, "reported_by": None},
        {
            "kind": "task",
            "title": "Shadow a colleague",
            "course_id": None,
            "pass_mark": None,
            "reported_by": "learning-system",
        },
    ],
    "in_order": True,
}


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    offering(standin, kind="certification", versions=VERSIONS, published=1)
    known_courses(standin)
    browser.sign_in("learning-manager")


def test_the_versions_are_listed_with_the_draft_to_go_on_with(browser: Browser, standin: StandIn) -> None:
    page = browser.get(f"{AT}/versions")
    for word in ("Version 1", "Published", "One after the other", "Version 2", "Draft", "Edit the draft"):
        assert word in said(page)
    assert {f"{AT}/versions/1", f"{AT}/versions/2"} <= set(page.links)
    assert standin.questions() == [f"GET {ONE}"]


@pytest.mark.feature("CAT-3")
def test_without_a_version_the_page_says_that_nobody_can_come(browser: Browser, standin: StandIn) -> None:
    offering(standin, kind="certification", versions=[])
    page = browser.get(f"{AT}/versions")
    assert "A certification without a published version takes nobody." in said(page)
    assert f"{AT}/versions/1" in page.links
    browser.sign_in("auditor")
    assert f"{AT}/versions/1" not in browser.get(f"{AT}/versions").links


def test_a_draft_is_shown_in_its_form_and_a_published_version_to_read(browser: Browser, standin: StandIn) -> None:
    page = browser.get(f"{AT}/versions/2")
    assert values(page, "step_title") == ["Fire"]
    assert f"/admin/offerings/{FIRE}/information" in page.links
    assert "When it is published, version 1 is retired." in said(page)
    assert len(standin.questions()) == 2
    read = browser.get(f"{AT}/versions/1")
    assert not read.fields
    assert "pass mark 80" in said(read)
    assert "Retire" in said(read)


def test_the_next_version_begins_with_the_steps_of_the_last_one(browser: Browser, standin: StandIn) -> None:
    offering(standin, kind="certification", versions=VERSIONS[:1], published=1)
    page = browser.get(f"{AT}/versions/2")
    assert values(page, "step_title") == ["Fire", "Final exam"]
    assert "Not saved yet." in said(page)
    browser.get(f"{AT}/versions/3", 404)
    offering(standin, kind="course")
    browser.get(f"{AT}/versions/1", 404)


@pytest.mark.parametrize(
    ("do", "titles"),
    [
        ("add-exam", ["Fire", "Shadow a colleague", ""]),
        (f"add-{LIFT}", ["Fire", "Shadow a colleague", "Lifting"]),
        ("up-1", ["Shadow a colleague", "Fire"]),
        ("remove-0", ["Shadow a colleague"]),
    ],
)
def test_steps_are_added_moved_and_removed_by_buttons(
    browser: Browser, standin: StandIn, do: str, titles: list[str]
) -> None:
    page = browser.refused(f"{AT}/versions/2", 200, **TYPED, do=do)
    assert values(page, "step_title") == titles
    assert not [one for one in standin.questions() if not one.startswith("GET")]
    assert len(standin.questions()) <= 4


def test_courses_are_found_by_title(browser: Browser, standin: StandIn) -> None:
    page = browser.refused(f"{AT}/versions/2", 200, **TYPED, q="lift", do="enter")
    assert asked(standin, OFFERINGS).get("q", "lift") == "lift"
    sought = [dict(one.url.params) for one in standin.asked if one.url.params.get("q")]
    assert sought == [{"q": "lift", "kind": "course", "limit": "20"}]
    assert "Add Lifting" in browser.post(f"{AT}/versions/2", **TYPED, q="lift", do="look").text
    assert values(page, "step_title") == ["Fire", "Shadow a colleague"]
    assert len(standin.questions()) <= 8


def test_a_draft_is_saved_and_what_was_typed_is_what_is_published(browser: Browser, standin: StandIn) -> None:
    draft = f"{ONE}/versions/2"
    accepts(standin, "PUT", draft)
    done = browser.post(f"{AT}/versions/2", **TYPED, do="save")
    assert (done.status_code, done.headers["Location"]) == (303, f"{AT}/versions/2?said=saved")
    assert standin.sent("PUT", draft) == SENT
    assert standin.asked[-1].headers["If-Match"] == '"7"'
    accepts(standin, "POST", f"{draft}/publish")
    done = browser.post(f"{AT}/versions/2", **TYPED, do="publish")
    assert urlsplit(done.headers["Location"]).query == "said=version-published"
    assert standin.sent("PUT", draft) == SENT
    assert standin.asked[-1].headers["If-Match"] == '"8"', "on what the draft made of it"
    keys = [one.headers["Idempotency-Key"] for one in standin.asked[-2:]]
    assert keys[0] == KEY != keys[1]


def test_a_refused_draft_is_told_at_its_step(browser: Browser, standin: StandIn) -> None:
    standin.refuses("PUT", f"{ONE}/versions/2", 422, "invalid", field="steps.1.title")
    page = browser.refused(f"{AT}/versions/2", 422, **TYPED, do="publish")
    assert "#f-step_title-1" in page.links
    assert page.title.startswith("Error: ")
    standin.refuses("PUT", f"{ONE}/versions/2", 422, "invalid", field="steps")
    assert "Add at least one step." in said(browser.refused(f"{AT}/versions/2", 422, version="7", key=KEY, do="save"))


def test_who_was_slower_sees_the_steps_of_both(browser: Browser, standin: StandIn) -> None:
    standin.refuses("PUT", f"{ONE}/versions/2", 412, "stale")
    page = browser.refused(f"{AT}/versions/2", 412, **TYPED, was="other", do="save")
    assert "Somebody else has changed it meanwhile" in said(page)
    assert "Steps now: Fire" in said(page)
    assert values(page, "step_title") == ["Fire", "Shadow a colleague"]


def test_a_version_is_retired_on_what_was_read(browser: Browser, standin: StandIn) -> None:
    accepts(standin, "POST", f"{ONE}/versions/1/retire")
    done = browser.post(f"{AT}/versions/1/retire", version="7", key=KEY)
    assert urlsplit(done.headers["Location"]).query == "said=version-retired"
    assert standin.asked[-1].headers["If-Match"] == '"7"'
    standin.refuses("POST", f"{ONE}/versions/1/retire", 412, "stale")
    assert "Somebody else" in said(browser.refused(f"{AT}/versions/1/retire", 412, version="6", key=KEY))


def test_versions_in_german_for_readers_and_with_the_catalog_down(browser: Browser, standin: StandIn) -> None:
    browser.sign_in("learning-manager", language="de")
    assert "Entwurf speichern" in said(browser.get(f"{AT}/versions/2"))
    browser.sign_in("auditor")
    assert not browser.get(f"{AT}/versions/2").fields
    standin.down.add("catalog")
    browser.get(f"{AT}/versions/2", 502)


WARNINGS = f"/api/enrollment/offerings/{ID}/item-warnings"


@pytest.fixture
def qualification(standin: StandIn) -> None:
    offering(standin, kind="qualification", items=[FIRE, LIFT], title="Warden", code="W")
    warning = standin.item("GET", WARNINGS, item_id=FIRE, reason="outside-audiences", learners=3, kind="course")
    standin.says("GET", WARNINGS, [warning])


@pytest.mark.feature("CAT-9", "CAT-11")
@pytest.mark.usefixtures("qualification")
def test_items_are_shown_with_why_learners_do_not_see_one(browser: Browser, standin: StandIn) -> None:
    page = browser.get(f"{AT}/items")
    for word in ("Fire safety", "Outside of its audiences", "3 learners do not see it.", "Lifting", "Inactive"):
        assert word in said(page)
    assert len(standin.questions()) <= 4
    standin.down.add("enrollment")
    page = browser.get(f"{AT}/items")
    assert "is not known now" in said(page)
    assert "Inactive" in said(page), "the catalog knows that itself"
    browser.sign_in("auditor")
    assert not browser.get(f"{AT}/items").fields


@pytest.mark.feature("CAT-9")
@pytest.mark.usefixtures("qualification")
def test_items_are_moved_and_saved_with_the_description_as_it_is_now(browser: Browser, standin: StandIn) -> None:
    typed = {"items": [FIRE, LIFT], "version": "7", "key": KEY}
    page = browser.refused(f"{AT}/items", 200, **typed, do="down-0", q="fire")
    assert said(page).index("Lifting") < said(page).index("Outside of its audiences")
    accepts(standin, "PUT", ONE)
    done = browser.post(f"{AT}/items", **{**typed, "items": [LIFT, FIRE]}, do="save")
    assert done.headers["Location"] == f"{AT}/items?said=saved"
    sent = standin.sent("PUT", ONE)
    assert (sent["items"], sent["title"], sent["kind"]) == ([LIFT, FIRE], "Warden", "qualification")
    standin.refuses("PUT", ONE, 422, "invalid", field="qualification.items")
    page = browser.refused(f"{AT}/items", 422, version="7", key=KEY, do="save")
    assert "Choose at least one course or certification." in said(page)


@pytest.mark.feature("CAT-9")
@pytest.mark.usefixtures("qualification")
def test_whose_items_were_changed_meanwhile_sees_both(browser: Browser, standin: StandIn) -> None:
    standin.refuses("PUT", ONE, 412, "stale")
    page = browser.refused(f"{AT}/items", 412, items=[FIRE], was="other", version="6", key=KEY, do="save")
    assert "Items now: Fire safety, Lifting" in said(page)


@pytest.mark.feature("CAT-9")
@pytest.mark.usefixtures("qualification")
def test_a_changed_title_is_no_conflict_for_items_and_stays(browser: Browser, standin: StandIn) -> None:
    was = browser.http.get(f"{AT}/items").text.split('name="was" value="')[1].split('"')[0]
    offering(standin, kind="qualification", items=[FIRE, LIFT], title="Fire warden", code="W", version=8)
    done = standin.answer("PUT", ONE, position="catalog:4", result={"id": ID, "version": 9})
    stale = {"type": "urn:rollbook:problem:stale", "title": "Stale", "status": 412, "detail": "", "instance": ONE}

    def answer(request: httpx.Request) -> Any:
        return done if request.headers["If-Match"] == '"8"' else httpx.Response(412, json=stale)

    standin.says("PUT", ONE, answer)
    assert browser.post(f"{AT}/items", items=[LIFT], was=was, version="7", key=KEY, do="save").status_code == 303
    assert standin.sent("PUT", ONE)["title"] == "Fire warden"
