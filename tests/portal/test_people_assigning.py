"""Several people and several offerings: few at once with a result per person, many after a preview (ADM-3, ASG-4, ASG-5, ASG-8)."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from portal.conftest import OWN, Browser
from portal.html_checks import Page, checked
from portal.standin import StandIn

pytestmark = pytest.mark.feature("ADM-3", "ASG-4")

SEARCH, SELECTION = "/api/directory/people/search", "/api/directory/people/selection"
LOOKUP, OFFERINGS = "/api/directory/people/lookup", "/api/catalog/offerings"
ASSIGN, PREVIEWS = "/api/enrollment/assignments", "/api/enrollment/previews"
CHIDI, MAJA = (str(UUID(int=n)) for n in (1, 2))
FROZEN, PREVIEW = "44444444-4444-4444-8444-444444444444", "66666666-6666-4666-8666-666666666666"
YOGA, NURSE = "77777777-7777-4777-8777-777777777777", "88888888-8888-4888-8888-888888888888"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    chidi = standin.item("POST", SEARCH, id=CHIDI, first_name="Chidi", last_name="Adeyemi")
    maja = standin.item("POST", SEARCH, id=MAJA, first_name="Maja", last_name="Ekdahl")
    standin.says("POST", SEARCH, {"items": [chidi, maja], "next": None, "total": 1284})
    standin.says("POST", LOOKUP, {"items": [chidi, maja], "named": [], "erased": []})
    frozen = {"selection_id": FROZEN, "total": 3, "counted_at": "2026-11-28T13:02:00Z"}
    standin.says("POST", SELECTION, {**frozen, "people": []})
    standin.says("GET", f"{SELECTION}/{FROZEN}", {**frozen, "people": [CHIDI, MAJA, str(UUID(int=3))]})
    yoga = standin.item("GET", OFFERINGS, id=YOGA, title="Yoga", kind="course", code="Y1")
    nurse = standin.item("GET", OFFERINGS, id=NURSE, title="Ward ready", kind="qualification")
    standin.says("GET", OFFERINGS, {"items": [yoga, nurse], "next": None})
    browser.sign_in("enrollment-manager")


def said(page: Page) -> str:
    return " ".join(page.text)


def pressed(browser: Browser, do: str, *people: str, s: str = "", shown: tuple[str, ...] = ()) -> str:
    form: dict[str, Any] = {"do": do, "person": [*people], "shown": [*(shown or people)], "s": s}
    return str(browser.http.post("/admin/people", data=form, headers=OWN).headers["Location"])


def sealed(address: str) -> str:
    return str(httpx.URL(address).params["s"])


def ticked(browser: Browser, *people: str) -> str:
    return pressed(browser, "assign", *people)


def everybody(browser: Browser, *but: str) -> str:
    """The address of assigning to all that match, but these."""
    s = sealed(pressed(browser, "all"))
    shown = (CHIDI, MAJA)
    return pressed(browser, "assign", *(one for one in shown if one not in but), s=s, shown=shown)


def send(browser: Browser, there: str, **typed: Any) -> httpx.Response:
    """The form at this address, as it stands, with what is typed besides."""
    fields = checked(browser.http.get(there).text).fields
    person = [one["value"] for one in fields if one.get("name") == "person" and "checked" in one]
    form = {"s": "" if person else sealed(there), "person": person, "key": KEY, "do": "assign", **typed}
    return browser.http.post("/admin/people/assign", data=form, headers=OWN)


def test_the_form_names_whom_and_finds_offerings_by_title(browser: Browser, standin: StandIn) -> None:
    there = ticked(browser, CHIDI, MAJA)
    standin.asked.clear()
    page = browser.get(there)
    for word in ("Assign offerings to 2 people", "Chidi Adeyemi", "Maja Ekdahl", "Yoga", "Course, Y1", "Ward ready"):
        assert word in said(page)
    assert len(standin.questions()) == 2
    again = send(
        browser, there, do="look", title="ward", offering=[YOGA], known=[f"{YOGA} course Yoga"], due_on="2030-01-01"
    )
    page = checked(again.text)
    assert "ward" in {one.url.params.get("q") for one in standin.asked}
    boxes = {one["value"]: "checked" in one for one in page.fields if one.get("name") == "offering"}
    assert boxes == {YOGA: True, NURSE: False}, "what was ticked stays, first"
    assert next(one["value"] for one in page.fields if one.get("name") == "due_on") == "2030-01-01"


@pytest.mark.feature("ASG-5", "ASG-8", "ASG-13", "DUE-1")
def test_people_who_were_ticked_are_assigned_at_once_with_a_result_for_each(browser: Browser, standin: StandIn) -> None:
    row = {"offering_id": YOGA, "offering": "Yoga", "name": "Chidi Adeyemi"}
    result = {
        "created": [{"assignment_id": str(uuid4()), "target_id": CHIDI, **row}],
        "refused": [{**row, "person_id": MAJA, "name": "Maja Ekdahl", "kind": "already-assigned", "detail": "This."}],
        "jobs": [PREVIEW],
    }
    standin.says("POST", ASSIGN, standin.answer("POST", ASSIGN, position="enrollment:4", result=result))
    more = {"access_until": "2029-12-31", "due_on": "2029-06-30", "note_title": "Welcome", "important": "true"}
    answer = send(browser, ticked(browser, CHIDI, MAJA), offering=[YOGA], **more)
    assert answer.status_code == 303, answer.text
    assert standin.sent("POST", ASSIGN) == {
        "offerings": [YOGA],
        "people": [CHIDI, MAJA],
        "access_until": "2029-12-31",
        "due": {"kind": "fixed", "on": "2029-06-30"},
        "note": {"title": "Welcome", "message": "", "important": True},
    }
    there = str(answer.headers["Location"])
    assert "Chidi" not in there
    page = browser.get(there)
    assert "1 assignment was created. 1 was not." in said(page)
    assert "Not again: this person has this very assignment already." in said(page)
    assert f"/admin/jobs/{PREVIEW}" in page.links
    assert KEY in {one.headers.get("Idempotency-Key") for one in standin.asked}


@pytest.mark.feature("ASG-9")
def test_all_that_match_go_through_a_preview_without_those_who_were_left_out(
    browser: Browser, standin: StandIn
) -> None:
    there = everybody(browser, MAJA)
    page = browser.get(there)
    assert "2 of 3 who matched your search: all but 1." in said(page)
    assert "Who came later is not among them." in said(page)
    assert not [one for one in page.fields if one.get("name") == "note_title"], "a note is written when confirming"
    standin.says("POST", PREVIEWS, standin.answer("POST", PREVIEWS, id=PREVIEW), 201)
    answer = send(browser, there, offering=[YOGA, NURSE], required="required")
    assert answer.headers["Location"] == f"/admin/previews/{PREVIEW}"
    assert standin.sent("POST", PREVIEWS) == {
        "action": "assign-people",
        "offerings": [YOGA, NURSE],
        "people": [CHIDI, str(UUID(int=3))],
        "required": True,
    }


@pytest.mark.feature("ASG-9")
def test_more_than_twenty_go_through_a_preview(browser: Browser, standin: StandIn) -> None:
    standin.says("POST", PREVIEWS, standin.answer("POST", PREVIEWS, id=PREVIEW), 201)
    people = [str(uuid4()) for _ in range(21)]
    answer = send(browser, ticked(browser, *people), offering=[YOGA])
    assert urlsplit(answer.headers["Location"]).path == f"/admin/previews/{PREVIEW}"
    assert standin.sent("POST", PREVIEWS)["people"] == people


def test_what_is_refused_comes_back_with_everything_that_was_typed(browser: Browser, standin: StandIn) -> None:
    there = ticked(browser, CHIDI)
    page = checked(send(browser, there, due_on="2030-01-01").text)
    assert "Choose at least one offering." in said(page)
    standin.refuses("POST", ASSIGN, 422, "invalid", field="access_until")
    answer = send(browser, there, offering=[YOGA], known=[f"{YOGA} course Yoga"], access_until="2099-01-01")
    page = checked(answer.text)
    assert answer.status_code == 422
    assert page.title.startswith("Error:")
    until = next(one for one in page.fields if one.get("name") == "access_until")
    assert (until["value"], until["aria-invalid"]) == ("2099-01-01", "true")
    standin.down.add("enrollment")
    answer = send(browser, there, offering=[YOGA])
    assert answer.status_code == 502


def test_a_selection_that_has_ended_is_told(browser: Browser, standin: StandIn) -> None:
    there = everybody(browser)
    standin.refuses("GET", f"{SELECTION}/{FROZEN}", 404, "selection-ended")
    answer = send(browser, there, offering=[YOGA])
    assert answer.status_code == 404
    assert "Your selection has ended" in said(checked(answer.text))


def test_nobody_selected_leads_back(browser: Browser) -> None:
    assert browser.http.get("/admin/people/assign").headers["Location"] == "/admin/people?said=nobody-ticked"


@pytest.mark.feature("SEC-1")
def test_whoever_assigns_qualifications_only_is_offered_no_course(browser: Browser) -> None:
    browser.sign_in("learning-manager")
    page = browser.get(ticked(browser, CHIDI))
    assert [one["value"] for one in page.fields if one.get("name") == "offering"] == [NURSE]


def test_names_are_a_part_that_the_form_can_do_without(browser: Browser, standin: StandIn) -> None:
    there = ticked(browser, CHIDI)
    standin.down.add("directory")
    assert "Names cannot be shown at the moment." in said(browser.get(there))


@pytest.mark.feature("DIR-2", "ASG-6")
def test_several_people_are_found_by_name_and_one_is_created_on_the_way(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/admin/assign/multiple")
    assert "Assign offerings to several people" in said(page)
    assert "/admin/assign/multiple" in page.links
    answer = browser.post(
        "/admin/people/assign", do="people", last_name="e", key=KEY, offering=[YOGA], known=[f"{YOGA} course Yoga"]
    )
    page = checked(answer.text)
    assert standin.sent("POST", SEARCH) == {"first_name": None, "last_name": "e", "active": True}
    people = {one["value"]: "checked" in one for one in page.fields if one.get("name") == "person"}
    assert people == {CHIDI: False, MAJA: False}
    assert "Choose at least one person." in said(
        checked(browser.post("/admin/people/assign", do="assign", key=KEY).text)
    )
    typed = {"person": [CHIDI], "offering": [YOGA], "known": [f"{YOGA} course Yoga"], "due_on": "2030-01-01"}
    there = browser.post("/admin/people/assign", do="new", key=KEY, **typed).headers["Location"]
    standin.says("GET", "/api/directory/units", {"items": [], "next": None})
    assert "Create, and go on assigning" in said(browser.get(there))
    new = "/api/directory/people"
    standin.says("POST", new, standin.answer("POST", new, position="d:4", result={"person_id": MAJA}), 201)
    draft = str(httpx.URL(there).params["draft"])
    back = browser.post("/admin/people/new", do="assign", key=KEY, draft=draft, first_name="Maja").headers["Location"]
    page = browser.get(back)
    ticks = [one["value"] for one in page.fields if "checked" in one and one.get("name") in ("person", "offering")]
    assert ticks == [CHIDI, MAJA, YOGA], "who was chosen, who was created, and what was ticked"
    assert next(one["value"] for one in page.fields if one.get("name") == "due_on") == "2030-01-01"


@pytest.mark.feature("ADM-5", "ASG-9")
@pytest.mark.parametrize(("total", "people"), [(25_000, None), (3_000, [str(UUID(int=n)) for n in range(3_000)])])
def test_a_large_selection_is_named_and_not_its_people(
    browser: Browser, standin: StandIn, total: int, people: list[str] | None
) -> None:
    frozen = {"selection_id": FROZEN, "total": total, "counted_at": "2026-11-28T13:02:00Z", "people": people}
    standin.says("POST", SELECTION, frozen)
    standin.says("GET", f"{SELECTION}/{FROZEN}", frozen)
    standin.says("POST", PREVIEWS, standin.answer("POST", PREVIEWS, id=PREVIEW, state="counting"), 201)
    answer = send(browser, everybody(browser, MAJA), offering=[YOGA])
    assert answer.headers["Location"] == f"/admin/previews/{PREVIEW}"
    told = {"action": "assign-people", "offerings": [YOGA], "selection_id": FROZEN, "without": [MAJA]}
    assert standin.sent("POST", PREVIEWS) == told
