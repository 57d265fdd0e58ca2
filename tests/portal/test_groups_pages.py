"""Groups of an offering: creating and editing one, its due date, its people (GRP-1, GRP-2, GRP-4)."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.html_checks import Page
from portal.standin import StandIn

pytestmark = pytest.mark.feature("GRP-1")

OFFERING = "11111111-1111-4111-8111-111111111111"
GROUP = "22222222-2222-4222-8222-222222222222"
ANN, BOB = "33333333-3333-4333-8333-333333333333", "34444444-4444-4444-8444-444444444444"
BATCH = "44444444-4444-4444-8444-444444444444"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
HEAD, CREATE = f"/api/catalog/offerings/{OFFERING}", f"/api/enrollment/offerings/{OFFERING}/groups"
ONE = f"/api/enrollment/groups/{GROUP}"
MEMBERS, DUE = f"{ONE}/members", f"/api/enrollment/assignments/{GROUP}/due"
SEARCH, LOOKUP = "/api/directory/people/search", "/api/directory/people/lookup"
TYPED = {"key": KEY, "version": "3", "name": "Evening", "description": "After work.", "allow_enrol": "true"}
SAVED = f"at_least=enrollment%3A9&said={{}}&batch={BATCH}"


def receipt(standin: StandIn, method: str, path: str, status: int = 200, **result: Any) -> None:
    standin.says(
        method, path, standin.answer(method, path, position="enrollment:9", batch=BATCH, result=result), status
    )


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", HEAD, standin.answer("GET", HEAD, id=OFFERING, title="First aid", kind="course", code="FA"))
    told = {
        "assignment_id": GROUP,
        "offering_id": OFFERING,
        "name": "Morning <b>shift</b>",
        "description": "Before work.",
        "allow_enrol": True,
        "opens": "2026-12-01T00:00:00Z",
        "due": {"kind": "enrollment", "amount": 3, "unit": "months"},
        "revision": 3,
        "held": 1,
        "joined": 2,
        "added": 1,
    }
    standin.says("GET", ONE, standin.answer("GET", ONE, **told))
    people = [
        {"person_id": ANN, "name": "Ann Ek", "joined_by": "learner"},
        {"person_id": BOB, "name": None, "joined_by": "administrator"},
    ]
    standin.says("GET", MEMBERS, {"items": people, "next": "abc"})
    found = [standin.item("POST", SEARCH, id=ANN, first_name="Ann", last_name="Ek")]
    standin.says("POST", SEARCH, standin.answer("POST", SEARCH, items=found, next=None))
    standin.says("POST", LOOKUP, {"items": [], "named": [], "erased": []})
    browser.sign_in("site-administrator")


def said(page: Page) -> str:
    return " ".join(page.text)


def value(page: Page, name: str) -> str | None:
    return next(one for one in page.fields if one.get("name") == name).get("value")


@pytest.mark.feature("GRP-2")
def test_a_group_is_created_with_its_due_date_and_leads_to_its_people(browser: Browser, standin: StandIn) -> None:
    page = browser.get(f"/admin/offerings/{OFFERING}/groups/new")
    assert {"name", "description", "allow_enrol", "allow_withdraw", "due_kind"} <= {
        one.get("name") for one in page.fields
    }
    assert standin.questions() == [f"GET {HEAD}"]
    receipt(standin, "POST", CREATE, 201, assignment_id=GROUP, warnings=[])
    due = {"due_kind": "fixed", "due_on": "2027-01-31"}
    answer = browser.post(f"/admin/offerings/{OFFERING}/groups/new", **TYPED, **due)
    assert answer.headers["Location"] == f"/admin/groups/{GROUP}?{SAVED.format('group-created')}"
    assert standin.sent("POST", CREATE) == {
        "name": "Evening",
        "description": "After work.",
        "allow_enrol": True,
        "allow_withdraw": False,
        "opens": None,
        "closes": None,
        "due": {"kind": "fixed", "on": "2027-01-31"},
    }


def test_a_refused_group_comes_back_with_what_was_typed(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", CREATE, 409, "group-exists")
    page = browser.refused(
        f"/admin/offerings/{OFFERING}/groups/new", 409, **TYPED, due_kind="job-start", due_amount="3"
    )
    assert "Another group of this offering has this name." in said(page)
    assert (value(page, "name"), value(page, "due_amount")) == ("Evening", "3")
    assert page.title.startswith("Error:")


@pytest.mark.feature("GRP-4")
def test_a_group_shows_numbers_people_and_how_they_came(browser: Browser, standin: StandIn) -> None:
    page = browser.get(f"/admin/groups/{GROUP}")
    for word in (
        "Morning <b>shift</b>",
        "First aid",
        "3 members",
        "2 came alone",
        "1 was added",
        "1 is held back",
        "Ann Ek",
    ):
        assert word in said(page), word
    assert (value(page, "name"), value(page, "due_amount")) == ("Morning <b>shift</b>", "3")
    assert {f"/admin/groups/{GROUP}/add", f"/admin/groups/{GROUP}?cursor=abc"} <= set(page.links)
    assert len(standin.questions()) == 3
    browser.sign_in("auditor")
    assert not [one for one in browser.get(f"/admin/groups/{GROUP}").fields if one.get("name") == "name"]


def test_what_a_group_says_is_edited_on_the_version_that_was_read_and_keeps_its_times(
    browser: Browser, standin: StandIn
) -> None:
    receipt(standin, "PUT", ONE, assignment_id=GROUP, warnings=[])
    answer = browser.post(f"/admin/groups/{GROUP}", **TYPED, opens="2026-12-01T00:00:00Z", closes="")
    assert answer.headers["Location"] == f"/admin/groups/{GROUP}?{SAVED.format('saved')}"
    assert standin.sent("PUT", ONE) == {
        "name": "Evening",
        "description": "After work.",
        "allow_enrol": True,
        "allow_withdraw": False,
        "opens": "2026-12-01T00:00:00Z",
        "closes": None,
    }
    assert standin.asked[-1].headers["If-Match"] == '"3"'
    standin.refuses("PUT", ONE, 412, "stale")
    page = browser.refused(f"/admin/groups/{GROUP}", 412, **TYPED)
    assert "Somebody else has changed it meanwhile." in said(page)
    assert value(page, "name") == "Evening"
    assert "Now: Morning <b>shift</b>" in said(page)
    assert "Now: Before work." in said(page)
    assert "Now: 3" not in said(page), "what nobody typed is no conflict"


@pytest.mark.feature("DUE-1")
def test_a_due_date_has_a_time_of_day_and_a_conflict_shows_both(browser: Browser, standin: StandIn) -> None:
    told = standin.answer("GET", ONE, assignment_id=GROUP, offering_id=OFFERING, revision=4, name="Morning")
    due = {"kind": "fixed", "on": "2027-02-01", "time": "09:30"}
    standin.says("GET", ONE, {**told, "due": {**(told.get("due") or {}), **due, "amount": None, "unit": None}})
    page = browser.get(f"/admin/groups/{GROUP}")
    assert (value(page, "due_on"), value(page, "due_time")) == ("2027-02-01", "09:30")
    receipt(standin, "PUT", DUE)
    typed = {"key": KEY, "version": "3", "due_kind": "enrollment", "due_amount": "2", "due_time": "17:00"}
    browser.post(f"/admin/groups/{GROUP}/due", **typed)
    assert standin.sent("PUT", DUE) == {"due": {"kind": "enrollment", "amount": "2", "unit": "days", "time": "17:00"}}
    standin.refuses("PUT", DUE, 412, "stale")
    page = browser.refused(f"/admin/groups/{GROUP}/due", 412, **typed)
    for word in ("Now: On a day", "Now: 2027-02-01", "Now: 09:30", "Now: (empty)"):
        assert word in said(page)
    assert value(page, "due_time") == "17:00"


def test_a_refusal_does_not_hide_that_somebody_else_was_faster(browser: Browser, standin: StandIn) -> None:
    """Typed over revision 2, while 3 is there: only a refusal that says so leads on to 3."""
    typed = {**TYPED, "version": "2"}
    standin.refuses("PUT", ONE, 422, "invalid", field="name")
    assert 'name="version" value="2"' in browser.post(f"/admin/groups/{GROUP}", **typed).text
    standin.refuses("PUT", ONE, 412, "stale")
    assert 'name="version" value="3"' in browser.post(f"/admin/groups/{GROUP}", **typed).text


def test_the_due_date_is_a_command_of_its_own(browser: Browser, standin: StandIn) -> None:
    receipt(standin, "PUT", DUE)
    given = {"key": KEY, "version": "3", "due_kind": "enrollment", "due_amount": "2", "due_unit": "weeks"}
    answer = browser.post(f"/admin/groups/{GROUP}/due", **given)
    assert answer.headers["Location"] == f"/admin/groups/{GROUP}?{SAVED.format('saved')}"
    assert standin.sent("PUT", DUE) == {"due": {"kind": "enrollment", "amount": "2", "unit": "weeks"}}
    browser.post(f"/admin/groups/{GROUP}/due", key=KEY, version="3", due_kind="")
    assert standin.sent("PUT", DUE) == {"due": None}
    standin.refuses("PUT", DUE, 422, "invalid", field="due")
    page = browser.refused(f"/admin/groups/{GROUP}/due", 422, **{**given, "due_amount": ""})
    assert next(one for one in page.fields if one.get("name") == "due_kind")["aria-invalid"] == "true"
    assert value(page, "name") == "Morning <b>shift</b>"


@pytest.mark.feature("GRP-4")
def test_people_are_found_by_name_and_added_and_no_name_is_in_an_address(browser: Browser, standin: StandIn) -> None:
    assert "first_name" in {one.get("name") for one in browser.get(f"/admin/groups/{GROUP}/add").fields}
    standin.asked.clear()
    page = browser.refused(f"/admin/groups/{GROUP}/add", 200, key=KEY, first_name="ann", do="look")
    assert [one["value"] for one in page.fields if one.get("name") == "person"] == [ANN]
    assert len(standin.questions()) <= 4
    assert not [one for one in standin.asked if "ann" in str(one.url).lower()]
    receipt(standin, "POST", MEMBERS, 201, added=[ANN], refused=[])
    answer = browser.post(f"/admin/groups/{GROUP}/add", key=KEY, person=[ANN], do="add")
    assert answer.headers["Location"] == f"/admin/groups/{GROUP}?{SAVED.format('members-added')}"
    assert standin.sent("POST", MEMBERS) == {"people": [ANN]}


@pytest.mark.feature("GRP-4")
def test_whoever_could_not_be_added_is_named_with_the_reason(browser: Browser, standin: StandIn) -> None:
    rows = [
        {"person_id": ANN, "offering_id": OFFERING, "kind": "member-already", "detail": "-", "name": "Ann Ek"},
        {"person_id": BOB, "offering_id": OFFERING, "kind": "unknown-person", "detail": "Because.", "name": None},
    ]
    receipt(standin, "POST", MEMBERS, 201, added=[GROUP], refused=rows)
    page = browser.refused(f"/admin/groups/{GROUP}/add", 200, key=KEY, person=[ANN, BOB], do="add")
    for word in ("2 people were not added", "Ann Ek : is in the group already", "Because.", "1 person was added."):
        assert word.replace(" :", ":") in said(page).replace(" :", ":"), word


@pytest.mark.feature("GRP-4")
def test_a_member_is_removed_with_a_way_back_and_a_refusal_is_told(browser: Browser, standin: StandIn) -> None:
    path = f"/admin/groups/{GROUP}/members/{ANN}/remove"
    receipt(standin, "DELETE", f"{MEMBERS}/{ANN}", assignment_id=GROUP)
    assert browser.post(path, key=KEY).headers["Location"] == f"/admin/groups/{GROUP}?{SAVED.format('member-removed')}"
    standin.refuses("DELETE", f"{MEMBERS}/{ANN}", 403, "forbidden")
    assert "Because." in said(browser.refused(path, 403, key=KEY))


def test_an_empty_group_and_a_service_that_is_down(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", MEMBERS, {"items": [], "next": None})
    assert "Nobody is in this group yet" in said(browser.get(f"/admin/groups/{GROUP}"))
    standin.down.add("enrollment")
    browser.get(f"/admin/groups/{GROUP}", 502)


def test_in_german(browser: Browser) -> None:
    browser.sign_in("site-administrator", language="de")
    assert "Lernende dürfen sich einschreiben" in said(browser.get(f"/admin/groups/{GROUP}"))
