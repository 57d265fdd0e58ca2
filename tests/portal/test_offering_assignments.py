"""The assignments of an offering: the list, the learners of one, adding and removing (ADM-2, ASG-17)."""

import pytest
from portal.assigning import ASSIGNMENT, AT, BATCH, OFFERING, PREVIEW, E, assignment, offering, preview
from portal.conftest import Browser
from portal.html_checks import Page
from portal.standin import PERSON, StandIn

pytestmark = pytest.mark.feature("ADM-2")

LIST = f"{AT}/assignments"


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    offering(standin)
    standin.says("GET", f"{E}/assignments", {"items": [assignment(standin)], "next": None})
    browser.sign_in("site-administrator")


def said(page: Page) -> str:
    return " ".join(page.text)


@pytest.mark.feature("ASG-17", "DUE-1")
def test_the_list_tells_type_name_due_date_and_four_counts(browser: Browser, standin: StandIn) -> None:
    due = {"kind": "job-start", "amount": 3, "unit": "months", "time": "18:00"}
    standin.says("GET", f"{E}/assignments", {"items": [assignment(standin, due_rule=due)], "next": "abc"})
    page = browser.get(LIST)
    for word in ("Organisation", "Day Shift", "and all below", "3 months after the job starts, 18:00", "112", "9"):
        assert word in said(page)
    assert {f"{LIST}/{ASSIGNMENT}", f"{LIST}?cursor=abc"} <= set(page.links)
    assert len(standin.questions()) == 2
    browser.get(f"{LIST}?type=audience&cursor=abc")
    asked = dict([one for one in standin.asked if one.url.path == f"{E}/assignments"][-1].url.params)
    assert asked == {"offering_id": OFFERING, "type": "audience", "cursor": "abc"}


@pytest.mark.feature("ASG-1")
def test_add_is_a_menu_of_links(browser: Browser) -> None:
    links = browser.get(LIST).links
    types = ("audience", "organisation", "position", "manager", "individual")
    assert {*(f"{AT}/add/{type}" for type in types), f"{AT}/groups/new"} <= set(links)


@pytest.mark.feature("SEC-4")
def test_what_somebody_may_not_choose_is_there_with_the_reason(browser: Browser) -> None:
    browser.sign_in(f"enrollment-manager@{OFFERING}")
    page = browser.get(LIST)
    assert said(page).count("needs the permission to assign everywhere") == 3
    assert {f"{AT}/add/organisation", f"{AT}/add/individual"} <= set(page.links)
    assert not {f"{AT}/add/{type}" for type in ("audience", "position", "manager")} & set(page.links)
    browser.sign_in("auditor")
    page = browser.get(LIST)
    assert not [one for one in page.links if "/add/" in one]
    assert "Remove" not in said(page)


@pytest.mark.feature("ASG-11")
def test_whoever_assigns_qualifications_only_may_add_and_remove_there(browser: Browser, standin: StandIn) -> None:
    browser.sign_in("learning-manager")
    assert "Add…" not in said(browser.get(LIST))
    offering(standin, "qualification")
    assert {f"{AT}/add/audience"} <= set(browser.get(LIST).links)


def test_nobody_is_assigned_yet(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", f"{E}/assignments", {"items": [], "next": None})
    page = browser.get(LIST)
    assert "Nobody is assigned by rule. Add an organisation, an audience, a position …" in said(page)
    assert "No assignment of this type" in said(browser.get(f"{LIST}?type=audience"))


@pytest.mark.feature("ASG-8")
def test_removing_leads_to_a_preview_first(browser: Browser, standin: StandIn) -> None:
    standin.says("POST", f"{E}/previews", preview(standin, action="remove"), 201)
    answer = browser.post(f"{LIST}/{ASSIGNMENT}/remove")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/admin/previews/{PREVIEW}")
    assert standin.sent("POST", f"{E}/previews") == {"action": "remove", "assignment_ids": [ASSIGNMENT]}


def test_a_removal_that_is_refused_says_why_above_the_list(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", f"{E}/previews", 409, "assignment-removed")
    page = browser.refused(f"{LIST}/{ASSIGNMENT}/remove", 409)
    assert "This assignment has been removed already." in said(page)
    assert page.title.startswith("Error: ")


@pytest.mark.feature("CAT-10")
def test_what_comes_with_a_job_role_is_not_removed_here(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", f"{E}/assignments", {"items": [assignment(standin, type="job-role")], "next": None})
    page = browser.get(LIST)
    assert "comes with a job role" in said(page)
    assert "Remove" not in said(page)


@pytest.mark.feature("ASG-20")
def test_what_was_just_done_leads_to_its_batch(browser: Browser) -> None:
    page = browser.get(f"{LIST}?batch={BATCH}&said=assignments-changed")
    assert f"/admin/batches/{BATCH}" in page.links
    assert "The assignments below are as they are now." in said(page)


@pytest.mark.feature("ASG-17", "ASG-7")
def test_the_learners_of_an_assignment_are_listed_with_those_who_are_kept_away(
    browser: Browser, standin: StandIn
) -> None:
    one, learners = f"{E}/assignments/{ASSIGNMENT}", f"{E}/assignments/{ASSIGNMENT}/learners"
    standin.says("GET", one, assignment(standin))
    people = [
        standin.item("GET", learners, person_id=str(PERSON), name=name, excluded=excluded, held=held)
        for name, excluded, held in (("Ann", False, False), ("Bo", True, False), ("Cy", False, True))
    ]
    standin.says("GET", learners, {"items": people, "next": "abc"})
    page = browser.get(f"{LIST}/{ASSIGNMENT}")
    words = said(page)
    assert words.index("Ann Assigned") < words.index("Bo Kept away") < words.index("Cy Held back")
    assert f"{LIST}/{ASSIGNMENT}?cursor=abc" in page.links
    assert len(standin.questions()) == 3
    standin.says("GET", one, assignment(standin, offering_id=str(PERSON)))
    browser.get(f"{LIST}/{ASSIGNMENT}", 404)


def test_a_service_that_is_down_is_told(browser: Browser, standin: StandIn) -> None:
    standin.down.add("enrollment")
    assert "does not answer" in said(browser.get(LIST, 502))


def test_the_list_is_there_in_german(browser: Browser) -> None:
    browser.sign_in("site-administrator", language="de")
    words = said(browser.get(LIST))
    assert "Hinzufügen …" in words
    assert "Kept away" not in words
