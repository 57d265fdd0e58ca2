"""What an offering is: read, edited, created, activated (CAT-1, CAT-2, CAT-4, CAT-8, CAT-9)."""

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
    known_courses,
    offering,
    said,
    values,
)
from portal.standin import StandIn

pytestmark = pytest.mark.feature("ADM-1", "CAT-1")

COURSE: dict[str, Any] = {
    "kind": "course",
    "title": "Fire <b>safety",
    "code": "FIRE",
    "description": "Before it burns",
    "own_minutes": 45,
    "minimum_minutes": 45,
    "access_days": 90,
    "certificate": "Fire safety",
    "badge": "Flame",
    "price": {"amount": "19.50", "currency": "EUR"},
    "in_order": True,
    "activities": [
        {"kind": "content", "title": "Film"},
        {"kind": "exam", "title": "Test", "pass_mark": 70, "address": "https://learning.example/test"},
    ],
}
PART = {
    "part_kind": ["content", "exam"],
    "part_title": ["Film", "Final test"],
    "part_mark": ["", "80"],
    "part_address": ["", "https://learning.example/test"],
    "part_description": ["", "Line one\nline two"],
    "part_system": ["", ""],
    "part_connection": ["", ""],
    "part_reporter": ["", "learning-system"],
}
TYPED: dict[str, Any] = {
    "title": "Fire",
    "code": "FIRE",
    "description": "",
    "minutes": "50",
    "access_days": "",
    "certificate": "",
    "badge": "Flame",
    "amount": "20",
    "currency": "eur",
    **PART,
}


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    offering(standin, **COURSE)
    browser.sign_in("learning-manager")


def hidden(html: str, name: str) -> str:
    return html.split(f'name="{name}" value="')[1].split('"', maxsplit=1)[0]


@pytest.mark.feature("CAT-8")
def test_a_course_is_shown_in_its_form_with_everything_it_has(browser: Browser, standin: StandIn) -> None:
    assert browser.http.get(AT).headers["Location"] == f"{AT}/information"
    page = browser.get(f"{AT}/information")
    shown = {"title": "Fire <b>safety", "code": "FIRE", "minutes": "45", "access_days": "90", "amount": "19.50"}
    assert {name: values(page, name)[0] for name in shown} == shown
    assert values(page, "part_title") == ["Film", "Test"]
    assert values(page, "part_mark") == ["", "70"]
    assert {f"{AT}/configuration", f"/offerings/{ID}"} <= set(page.links)
    assert standin.questions() == [f"GET {ONE}"]


def test_what_was_edited_is_sent_whole_on_the_version_that_was_read(browser: Browser, standin: StandIn) -> None:
    accepts(standin, "PUT", ONE)
    done = browser.post(f"{AT}/information", **TYPED, version="7", key=KEY, do="enter")
    assert (done.status_code, done.headers["Location"]) == (303, f"{AT}/information?said=saved")
    assert standin.sent("PUT", ONE) == {
        "kind": "course",
        "title": "Fire",
        "code": "FIRE",
        "description": "",
        "minimum_minutes": "50",
        "access_days": None,
        "certificate": None,
        "badge": "Flame",
        "price": {"amount": "20", "currency": "EUR"},
        "in_order": False,
        "activities": [
            {
                "kind": kind,
                "title": title,
                "pass_mark": mark,
                "address": address,
                "description": text,
                "system_requirements": "",
                "connection": "",
                "reported_by": reporter,
            }
            for kind, title, mark, address, text, reporter in (
                ("content", "Film", None, None, "", None),
                ("exam", "Final test", "80", "https://learning.example/test", "Line one\nline two", "learning-system"),
            )
        ],
    }
    assert standin.asked[-1].headers["If-Match"] == '"7"'
    assert standin.asked[-1].headers["Idempotency-Key"] == KEY


@pytest.mark.parametrize(
    ("do", "titles"),
    [
        ("add", ["Film", "Final test", ""]),
        ("up-1", ["Final test", "Film"]),
        ("down-0", ["Final test", "Film"]),
        ("remove-0", ["Final test"]),
        ("remove-9", ["Film", "Final test"]),
    ],
)
def test_activities_are_added_moved_and_removed_by_buttons_and_nothing_is_saved_yet(
    browser: Browser, standin: StandIn, do: str, titles: list[str]
) -> None:
    page = browser.refused(f"{AT}/information", 200, **TYPED, version="7", key=KEY, do=do)
    assert values(page, "part_title") == titles
    assert values(page, "title") == ["Fire"], "what was typed stays"
    assert standin.questions() == [f"GET {ONE}"]


@pytest.mark.parametrize(
    ("field", "at", "text"),
    [
        ("course.price.amount", "amount", "Enter an amount"),
        ("course.activities.1.pass_mark", "part_mark-1", "Enter a percentage"),
        ("course.access_days", "access_days", "Enter a number of days"),
        ("course.minimum_minutes", "minutes", "Enter a number of minutes"),
    ],
)
def test_a_refusal_is_told_at_its_field_and_keeps_the_rest(
    browser: Browser, standin: StandIn, field: str, at: str, text: str
) -> None:
    standin.refuses("PUT", ONE, 422, "invalid", field=field)
    page = browser.refused(f"{AT}/information", 422, **TYPED, version="7", key=KEY, do="save")
    assert page.title.startswith("Error: ")
    assert f"#f-{at}" in page.links
    wrong = next(one for one in page.fields if one.get("id") == f"f-{at}")
    assert wrong["aria-invalid"] == "true"
    assert text in said(page)
    assert values(page, "part_title") == ["Film", "Final test"]


def test_who_was_slower_sees_both_values_and_can_save_again(browser: Browser, standin: StandIn) -> None:
    was = hidden(browser.http.get(f"{AT}/information").text, "was")
    offering(standin, **{**COURSE, "version": 8, "title": "Fire drill", "activities": []})
    standin.refuses("PUT", ONE, 412, "stale")
    typed = {**TYPED, "version": "7", "was": was, "key": KEY, "do": "save"}
    page = browser.refused(f"{AT}/information", 412, **typed)
    for word in ("Somebody else has changed it meanwhile", "Now: Fire drill", "Activities now: (empty)"):
        assert word in said(page)
    assert values(page, "title") == ["Fire"]
    again = browser.post(f"{AT}/information", **typed).text
    assert hidden(again, "version") == "8"
    assert hidden(again, "was") != was


def test_an_edit_of_other_settings_meanwhile_is_in_nobodys_way(browser: Browser, standin: StandIn) -> None:
    was = hidden(browser.http.get(f"{AT}/information").text, "was")
    offering(standin, **{**COURSE, "version": 8, "earliest_due": True})
    done = standin.answer("PUT", ONE, position="catalog:4", result={"id": ID, "version": 9})

    def stale(request: httpx.Request) -> Any:
        return done if request.headers["If-Match"] == '"8"' else _stale()

    standin.says("PUT", ONE, stale)
    sent = browser.post(f"{AT}/information", **TYPED, version="7", was=was, key=KEY, do="save")
    assert (sent.status_code, standin.asked[-1].headers["If-Match"]) == (303, '"8"')


def _stale() -> httpx.Response:
    problem = {"type": "urn:rollbook:problem:stale", "title": "Stale", "status": 412, "detail": "", "instance": ONE}
    return httpx.Response(412, json=problem)


def test_saving_what_is_there_already_is_no_error(browser: Browser, standin: StandIn) -> None:
    told = standin.answer("PUT", ONE, position=None, result={"id": ID, "version": 7})
    standin.says("PUT", ONE, told)
    assert browser.post(f"{AT}/information", **TYPED, version="7", key=KEY, do="save").status_code == 303


@pytest.mark.feature("CAT-4")
def test_an_offering_is_deactivated_and_activated(browser: Browser, standin: StandIn) -> None:
    accepts(standin, "DELETE", f"{ONE}/active")
    done = browser.post(f"{AT}/active", active="false", version="7", key=KEY)
    assert urlsplit(done.headers["Location"]).query == "said=offering-inactive"
    assert standin.asked[-1].headers["If-Match"] == '"7"'
    offering(standin, **COURSE | {"active": False, "open": False})
    assert "Inactive: nobody can be enrolled" in said(browser.get(f"{AT}/information"))
    standin.refuses("PUT", f"{ONE}/active", 412, "stale")
    page = browser.refused(f"{AT}/active", 412, active="true", version="6", key=KEY)
    assert "Somebody else has changed it meanwhile" in said(page)


@pytest.mark.feature("CAT-3")
def test_a_certification_without_a_published_version_says_that_it_takes_nobody(
    browser: Browser, standin: StandIn
) -> None:
    offering(standin, kind="certification", open=False, own_minutes=None, minimum_minutes=90)
    page = browser.get(f"{AT}/information")
    assert "A certification without a published version takes nobody." in said(page)
    assert f"{AT}/versions" in page.links
    assert values(page, "minutes") == [""], "the sum of its courses"


def test_who_only_reads_sees_everything_and_can_change_nothing(browser: Browser) -> None:
    browser.sign_in("auditor")
    page = browser.get(f"{AT}/information")
    for word in ("Before it burns", "45 minutes", "90", "€19.50", "Film", "pass mark 70", "One after the other"):
        assert word in said(page)
    assert not page.fields


def test_the_page_is_there_in_german_and_tells_that_the_catalog_is_down(browser: Browser, standin: StandIn) -> None:
    browser.sign_in("learning-manager", language="de")
    assert "Mindestdauer in Minuten" in said(browser.get(f"{AT}/information"))
    standin.down.add("catalog")
    browser.get(f"{AT}/information", 502)


@pytest.mark.parametrize(("kind", "next"), [("course", "information"), ("certification", "versions")])
def test_an_offering_is_created_and_leads_to_what_comes_next(
    browser: Browser, standin: StandIn, kind: str, next: str
) -> None:
    accepts(standin, "POST", OFFERINGS, 201)
    assert f"Create {kind}" in said(browser.get(f"/admin/offerings/new?kind={kind}"))
    done = browser.post("/admin/offerings/new", kind=kind, **TYPED, key=KEY, do="save")
    assert (done.status_code, urlsplit(done.headers["Location"]).path) == (303, f"{AT}/{next}")
    sent = standin.sent("POST", OFFERINGS)
    assert (sent["kind"], sent["title"], sent["minimum_minutes"]) == (kind, "Fire", "50")


def test_a_code_that_is_taken_is_told_at_the_code(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", OFFERINGS, 409, "code-taken", field="code")
    page = browser.refused("/admin/offerings/new", 409, kind="certification", **TYPED, key=KEY, do="save")
    assert "Another offering has this code already." in said(page)
    assert "#f-code" in page.links


@pytest.mark.feature("CAT-9")
def test_a_qualification_is_created_with_items_that_are_found_by_title(browser: Browser, standin: StandIn) -> None:
    known_courses(standin)
    typed = {"kind": "qualification", "title": "Warden", "code": "W", "key": KEY}
    page = browser.refused("/admin/offerings/new", 200, **typed, q="fire", do="look")
    assert "Lifting" in said(page)
    assert len(standin.questions()) == 1
    page = browser.refused("/admin/offerings/new", 200, **typed, items=[LIFT], do=f"add-{FIRE}")
    assert said(page).index("Lifting") < said(page).index("Fire safety")
    assert values(page, "title") == ["Warden"]
    accepts(standin, "POST", OFFERINGS, 201)
    done = browser.post("/admin/offerings/new", **typed, items=[LIFT, FIRE], do="save")
    assert urlsplit(done.headers["Location"]).path == f"{AT}/items"
    assert standin.sent("POST", OFFERINGS)["items"] == [LIFT, FIRE]
    standin.refuses("POST", OFFERINGS, 422, "invalid", field="qualification.items")
    page = browser.refused("/admin/offerings/new", 422, **typed, do="save")
    assert "Choose at least one course or certification." in said(page)
