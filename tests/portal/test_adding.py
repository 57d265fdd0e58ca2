"""Selecting whom to assign an offering to: search, trees, a basket that nothing loses, and then a preview (ADM-2)."""

from html import unescape
from typing import Any

import pytest
from portal.assigning import (
    ASSIGNMENT,
    AT,
    BATCH,
    KEY,
    OFFERING,
    OTHER,
    PREVIEW,
    UNIT,
    E,
    assignment,
    offering,
    preview,
)
from portal.conftest import Browser
from portal.html_checks import Page
from portal.standin import PERSON, StandIn

pytestmark = pytest.mark.feature("ADM-2")

D = "/api/directory"
FRAMEWORK, PARENT = "11111111-1111-4111-8111-111111111111", "33333333-3333-4333-8333-333333333333"


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    offering(standin)
    frameworks = standin.item("GET", f"{D}/frameworks", id=FRAMEWORK, name="Legal entities", kind="organisation")
    standin.says("GET", f"{D}/frameworks", [frameworks])
    units(standin)
    standin.says("GET", f"{E}/assignments", {"items": [], "next": None})
    standin.says("POST", f"{E}/previews", preview(standin), 201)
    browser.sign_in("site-administrator")


def unit(standin: StandIn, **given: Any) -> dict[str, Any]:
    told = {"id": UNIT, "name": "Day Shift", "children": 0, "parent_id": PARENT, "people": 112, "people_below": 112}
    path = given.pop("path", ["Harbour Care", "Operations"])
    return {**standin.item("GET", f"{D}/units", **{**told, **given}), "path": path}


def units(standin: StandIn, next: str | None = None) -> None:
    field = unit(standin, id=OTHER, name="Field Team", children=4, people=61, people_below=240, path=["Harbour Care"])
    standin.says("GET", f"{D}/units", {"items": [unit(standin), field], "next": next})


def said(page: Page) -> str:
    return " ".join(page.text)


def boxes(page: Page, name: str) -> list[str]:
    return [str(one["value"]) for one in page.fields if one.get("name") == name]


def asked_units(standin: StandIn) -> dict[str, str]:
    return dict(next(one for one in reversed(standin.asked) if one.url.path == f"{D}/units").url.params)


def basket(browser: Browser, type: str = "organisation", **form: Any) -> tuple[list[str], Page]:
    """The hidden ids of what is selected."""
    html = browser.post(f"{AT}/add/{type}", **form).text
    page = Page(html)
    assert not page.faults, page.faults
    return [
        unescape(one.split('value="')[1].split('"')[0]) for one in html.split("<input")[1:] if 'name="item"' in one
    ], page


@pytest.mark.feature("ASG-3")
def test_the_topmost_units_are_listed_with_paths_and_numbers(browser: Browser, standin: StandIn) -> None:
    page = browser.get(f"{AT}/add/organisation")
    for word in ("Harbour Care > Operations", "112 people", "61 here, 240 with all below", "Legal entities"):
        assert word in said(page)
    assert asked_units(standin) == {"kind": "organisation", "top": "true", "count": "true"}
    assert sorted(standin.questions()) == [
        f"GET /api/catalog/offerings/{OFFERING}",
        f"GET {D}/frameworks",
        f"GET {D}/units",
        f"GET {E}/assignments",
    ]


def test_a_unit_opens_its_level_and_one_goes_up_again(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", f"{D}/units/{OTHER}", unit(standin, id=OTHER, name="Field Team", path=["Harbour Care"]))
    page = browser.refused(f"{AT}/add/organisation", 200, open=OTHER, q="shift", framework=FRAMEWORK, key=KEY)
    assert "Harbour Care > Field Team" in said(page)
    asked = {"kind": "organisation", "parent_id": OTHER, "framework_id": FRAMEWORK, "count": "true"}
    assert asked_units(standin) == asked
    assert len(standin.questions()) == 4
    html = browser.post(f"{AT}/add/organisation", open=OTHER).text
    assert f'name="open" value="{PARENT}"' in html, "one level up"
    browser.post(f"{AT}/add/organisation", at=OTHER, open="top")
    assert asked_units(standin)["top"] == "true"


def test_a_search_goes_over_all_frameworks_and_leads_to_the_place_of_what_it_finds(
    browser: Browser, standin: StandIn
) -> None:
    html = browser.post(f"{AT}/add/organisation", q="shift", at=OTHER, do="look").text
    assert asked_units(standin) == {"kind": "organisation", "name": "shift", "count": "true"}
    assert f'name="open" value="{PARENT}">Go to its place' in html
    standin.says("GET", f"{D}/units", {"items": [], "next": None})
    assert "Nothing matches" in said(browser.refused(f"{AT}/add/organisation", 200, q="x"))


@pytest.mark.feature("SEC-2")
def test_who_sees_only_some_organisations_sees_all_of_theirs_in_one_list(browser: Browser, standin: StandIn) -> None:
    browser.sign_in(f"enrollment-manager@{UNIT}")
    browser.get(f"{AT}/add/organisation")
    assert "top" not in asked_units(standin)


def test_the_basket_survives_search_levels_and_pages(browser: Browser, standin: StandIn) -> None:
    units(standin, next="abc")
    first, second = boxes(browser.get(f"{AT}/add/organisation"), "tick")
    items, page = basket(browser, tick=first, do="add")
    assert "Selected items (1)" in said(page)
    assert len(boxes(page, "tick")) == 1, "what is selected is not selected twice"
    items, page = basket(browser, item=items, tick=second, include=OTHER, q="shift", do="look")
    assert "Selected items (2)" in said(page)
    assert "352 people at most" in said(page), "112 and, with all below, 240"
    items, page = basket(browser, item=items, include=OTHER, cursor="abc", due="on", due_on="2027-03-01")
    assert len(items) == 2
    assert asked_units(standin)["cursor"] == "abc"
    assert [one["value"] for one in page.fields if one.get("name") == "due_on"] == ["2027-03-01"]
    items, page = basket(browser, item=items, include=OTHER, drop=UNIT)
    assert "Selected items (1)" in said(page)
    assert "240 people at most" in said(page)


@pytest.mark.feature("ASG-2", "DUE-1")
def test_a_preview_is_asked_for_what_is_in_the_basket(browser: Browser, standin: StandIn) -> None:
    ticks = boxes(browser.get(f"{AT}/add/organisation"), "tick")
    due = {"due": "after", "due_amount": "3", "due_unit": "months", "due_after": "job-start", "due_time": "18:00"}
    answer = browser.post(f"{AT}/add/organisation", tick=ticks, include=OTHER, **due, do="preview", key=KEY)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/admin/previews/{PREVIEW}")
    assert standin.sent("POST", f"{E}/previews") == {
        "action": "assign",
        "offering_id": OFFERING,
        "targets": [
            {"type": "organisation", "target_id": UNIT, "include_below": False},
            {"type": "organisation", "target_id": OTHER, "include_below": True},
        ],
        "due": {"kind": "job-start", "amount": "3", "unit": "months", "time": "18:00"},
        "allow_empty": False,
    }
    browser.post(f"{AT}/add/organisation", tick=ticks, due="on", due_on="2027-03-01", do="preview")
    assert standin.sent("POST", f"{E}/previews")["due"] == {"kind": "fixed", "on": "2027-03-01"}
    browser.post(f"{AT}/add/organisation", tick=ticks, due="after", due_after="field", due_field="trial", do="preview")
    assert standin.sent("POST", f"{E}/previews")["due"]["field"] == "trial"


@pytest.mark.feature("ASG-2")
def test_what_is_assigned_already_leads_to_its_assignment_and_cannot_be_selected(
    browser: Browser, standin: StandIn
) -> None:
    standin.says("GET", f"{E}/assignments", {"items": [assignment(standin)], "next": None})
    page = browser.get(f"{AT}/add/organisation")
    assert f"{AT}/assignments/{ASSIGNMENT}" in page.links
    assert [OTHER in one for one in boxes(page, "tick")] == [True]
    asked = next(one for one in standin.asked if one.url.path == f"{E}/assignments").url.params
    assert asked.get_list("target_id") == [UNIT, OTHER]


def test_nothing_selected_or_something_refused_is_told_and_loses_nothing(browser: Browser, standin: StandIn) -> None:
    page = browser.refused(f"{AT}/add/organisation", 422, do="preview", key=KEY)
    assert "Select at least one item first." in said(page)
    html = browser.post(f"{AT}/add/organisation", do="preview").text
    assert html.index('id="picker"') < html.index('class="problem"'), "in the part that the script replaces"
    (tick, _) = boxes(browser.get(f"{AT}/add/organisation"), "tick")
    standin.refuses("POST", f"{E}/previews", 422, "invalid", field="body.assign.due.on", detail="Enter a day.")
    form = {"tick": tick, "due": "on", "due_on": "", "do": "preview", "key": KEY}
    page = browser.refused(f"{AT}/add/organisation", 422, **form)
    assert "Selected items (1)" in said(page)
    assert next(one for one in page.fields if one.get("name") == "due_on")["aria-invalid"] == "true"
    assert page.title.startswith("Error: ")
    standin.refuses("POST", f"{E}/previews", 409, "already-assigned")
    assert "is assigned already" in said(browser.refused(f"{AT}/add/organisation", 409, **{**form, "due": ""}))


@pytest.mark.feature("DUE-1")
def test_another_offering_that_a_due_date_counts_from_is_named_by_its_title(browser: Browser, standin: StandIn) -> None:
    tick = boxes(browser.get(f"{AT}/add/organisation"), "tick")[0]
    path = "/api/catalog/offerings"
    aid, more = (
        standin.item("GET", path, id=id, title=title, code=code, kind="course")
        for id, title, code in ((UNIT, "First aid", "AID"), (OTHER, "First aid, again", "AID2"))
    )
    form = {"tick": tick, "due": "after", "due_amount": "1", "due_after": "completion", "do": "preview"}
    standin.says("GET", path, {"items": [aid, more], "next": None})
    page = browser.refused(f"{AT}/add/organisation", 422, **form, due_title="first")
    assert "First aid, again (AID2)" in said(page)
    assert browser.post(f"{AT}/add/organisation", **form, due_title="first aid").status_code == 303
    assert standin.sent("POST", f"{E}/previews")["due"]["offering_id"] == UNIT
    browser.post(f"{AT}/add/organisation", **form, due_title="first", due_offering=OTHER)
    assert standin.sent("POST", f"{E}/previews")["due"]["offering_id"] == OTHER
    assert browser.post(f"{AT}/add/organisation", **form).status_code == 422


@pytest.mark.feature("ASG-1")
def test_audiences_are_found_by_name(browser: Browser, standin: StandIn) -> None:
    found = standin.item("GET", f"{D}/audiences", id=UNIT, name="First aiders", members=1)
    standin.says("GET", f"{D}/audiences", {"items": [found], "next": None})
    page = browser.get(f"{AT}/add/audience")
    assert "First aiders" in said(page)
    assert "1 person" in said(page)
    assert len(standin.questions()) == 3
    standin.refuses("POST", f"{E}/previews", 409, "empty-audience")
    form = {"tick": boxes(page, "tick"), "do": "preview"}
    page = browser.refused(f"{AT}/add/audience", 409, **form)
    assert boxes(page, "allow_empty") == ["true"]
    standin.says("POST", f"{E}/previews", preview(standin), 201)
    assert browser.post(f"{AT}/add/audience", **form, allow_empty="true").status_code == 303
    assert standin.sent("POST", f"{E}/previews")["allow_empty"] is True


@pytest.mark.feature("ASG-3")
def test_only_people_who_lead_somebody_are_offered_as_managers(browser: Browser, standin: StandIn) -> None:
    boss = standin.sample("directory", "PersonItem", id=str(PERSON), first_name="Ann", last_name="Ek")
    boss |= {"direct_team": 3, "team": 17, "home_organisation_name": "Harbour Care"}
    standin.says("POST", f"{D}/people/search", {"items": [boss], "next": None, "total": None})
    page = browser.refused(f"{AT}/add/manager", 200, last_name="ek", do="look")
    assert "3 directly, 17 in all" in said(page)
    sought = standin.sent("POST", f"{D}/people/search")
    assert (sought["last_name"], sought["leads"], sought["active"]) == ("ek", True, True)
    _, page = basket(browser, "manager", tick=boxes(page, "tick"), include=str(PERSON), do="add")
    assert "17 people at most" in said(page)


@pytest.mark.feature("ASG-8", "ASG-4", "DIR-9")
def test_people_who_are_ticked_one_by_one_are_assigned_at_once(browser: Browser, standin: StandIn) -> None:
    ann = standin.sample("directory", "PersonItem", id=str(PERSON), first_name="Ann", last_name="Ek")
    standin.says("POST", f"{D}/people/search", {"items": [ann], "next": None, "total": None})
    page = browser.refused(f"{AT}/add/individual", 200, first_name="ann", do="look")
    assert not [one for one in standin.asked if "ann" in str(one.url).casefold()]
    told = {"position": "enrollment:4", "batch": BATCH, "result": {"created": [{"name": "Ann Ek"}], "refused": []}}
    standin.says("POST", f"{E}/assignments", standin.answer("POST", f"{E}/assignments", **told))
    answer = browser.post(f"{AT}/add/individual", tick=boxes(page, "tick"), do="assign", key=KEY)
    assert answer.headers["Location"] == f"{AT}/assignments?at_least=enrollment%3A4&said=people-assigned&batch={BATCH}"
    sent = {"offerings": [OFFERING], "people": [str(PERSON)], "due": None}
    assert standin.sent("POST", f"{E}/assignments") == sent
    refused = {"created": [], "refused": [{"name": "Ann Ek", "detail": "Not active."}]}
    standin.says("POST", f"{E}/assignments", standin.answer("POST", f"{E}/assignments", **{**told, "result": refused}))
    page = browser.refused(f"{AT}/add/individual", 200, tick=boxes(page, "tick"), do="assign", key=KEY)
    assert "Ann Ek: Not active." in said(page)


@pytest.mark.feature("ASG-9")
def test_more_than_twenty_people_are_previewed_first(browser: Browser, standin: StandIn) -> None:
    standin.says("POST", f"{D}/people/search", {"items": [], "next": None, "total": None})
    many = [f'{{"id":"{n:08}-0000-4000-8000-000000000000","name":"Ann","people":1}}' for n in range(21)]
    answer = browser.post(f"{AT}/add/individual", item=many, do="assign", key=KEY)
    assert answer.headers["Location"] == f"/admin/previews/{PREVIEW}"
    assert len(standin.sent("POST", f"{E}/previews")["targets"]) == 21


@pytest.mark.feature("ASG-11", "ASG-14")
def test_a_qualification_may_be_required_and_access_to_a_course_shorter(browser: Browser, standin: StandIn) -> None:
    offering(standin, "qualification")
    page = browser.get(f"{AT}/add/organisation")
    assert (boxes(page, "required"), boxes(page, "access_days")) == (["true"], [])
    browser.post(f"{AT}/add/organisation", tick=boxes(page, "tick")[0], required="true", do="preview")
    assert standin.sent("POST", f"{E}/previews")["required"] is True
    offering(standin, "course")
    browser.post(f"{AT}/add/organisation", tick=boxes(page, "tick")[0], access_days="30", do="preview")
    assert standin.sent("POST", f"{E}/previews")["access_days"] == "30"


def test_a_service_that_is_down_is_told(browser: Browser, standin: StandIn) -> None:
    standin.down.add("directory")
    assert "does not answer" in said(browser.get(f"{AT}/add/organisation", 502))


@pytest.mark.feature("SEC-4")
def test_what_somebody_may_not_assign_is_said_before_they_select(browser: Browser, standin: StandIn) -> None:
    browser.sign_in(f"enrollment-manager@{UNIT}")
    standin.says("POST", f"{D}/people/search", {"items": [], "next": None, "total": None})
    assert "needs the permission to assign everywhere" in said(browser.get(f"{AT}/add/manager"))
    assert "needs the permission to assign everywhere" not in said(browser.get(f"{AT}/add/organisation"))


def test_there_is_no_other_type(browser: Browser) -> None:
    browser.get(f"{AT}/add/planet", 422)


def test_the_page_is_there_in_german(browser: Browser) -> None:
    browser.sign_in("site-administrator", language="de")
    words = said(browser.get(f"{AT}/add/organisation"))
    assert "Selected items" not in words
    assert "Search by name" not in words
