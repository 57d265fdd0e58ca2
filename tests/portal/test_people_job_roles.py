"""A job role for everybody who is selected in the list of people (ADM-3, ASG-12)."""

from uuid import UUID

import httpx
import pytest
from portal.conftest import OWN, Browser
from portal.html_checks import checked
from portal.standin import StandIn
from portal.test_job_role_pages import HELD, ROLE, ROLES, receipt
from portal.test_people_assigning import CHIDI, FROZEN, KEY, MAJA, SELECTION, answers, pressed, said, sealed

pytestmark = pytest.mark.feature("ADM-3", "ASG-12")

PAGE = "/admin/people/job-role"
__all__ = ["answers"]


@pytest.fixture(autouse=True)
def roles(standin: StandIn) -> None:
    nurse = standin.item("GET", ROLES, id=ROLE, code="NURSE", name="Nurse")
    standin.says("GET", ROLES, {"items": [nurse], "next": None})
    standin.says("POST", f"{HELD}/holders", standin.answer("POST", f"{HELD}/holders", result={"assigned": [CHIDI]}))


def chosen(browser: Browser, *people: str) -> str:
    return pressed(browser, "job-role", *people)


def give(browser: Browser, there: str, **typed: str) -> httpx.Response:
    form = {"s": sealed(there), "key": KEY, "role": ROLE, "do": "give", **typed}
    return browser.http.post(PAGE, data=form, headers=OWN)


def test_those_who_are_ticked_are_given_a_job_role(browser: Browser, standin: StandIn) -> None:
    there = chosen(browser, CHIDI, MAJA)
    assert there.startswith(f"{PAGE}?s=")
    standin.asked.clear()
    page = browser.get(there)
    for word in ("Assign a job role to 2 people", "Chidi Adeyemi, Maja Ekdahl", "Nurse (NURSE)"):
        assert word in said(page)
    assert len(standin.questions()) <= 4
    receipt(standin, "POST", f"{HELD}/holders", 201, assigned=[CHIDI, MAJA], refused=[])
    answer = give(browser, there)
    assert answer.headers["Location"] == f"/admin/job-roles/{ROLE}?said=job-role-assigned"
    assert standin.sent("POST", f"{HELD}/holders") == {"people": [CHIDI, MAJA]}


def test_all_that_match_but_some_are_given_it_and_the_refused_are_named(browser: Browser, standin: StandIn) -> None:
    s = sealed(pressed(browser, "all"))
    there = pressed(browser, "job-role", MAJA, s=s, shown=(CHIDI, MAJA))
    no = {"person_id": MAJA, "name": "Maja Ekdahl", "kind": "already-assigned", "detail": "holds"}
    receipt(standin, "POST", f"{HELD}/holders", 201, assigned=[str(UUID(int=3))], refused=[no])
    page = checked(give(browser, there).text)
    assert "Maja Ekdahl: holds it already" in said(page)
    assert "1 person was given it." in said(page)
    assert standin.sent("POST", f"{HELD}/holders") == {"people": [MAJA, str(UUID(int=3))]}


def test_none_chosen_an_ended_selection_and_too_many_people_are_told(browser: Browser, standin: StandIn) -> None:
    assert browser.http.get(PAGE).headers["Location"] == "/admin/people?said=nobody-ticked"
    there = pressed(browser, "job-role", CHIDI, MAJA, s=sealed(pressed(browser, "all")))
    nothing = give(browser, there, role="")
    assert nothing.status_code == 422
    assert "Choose a job role." in said(checked(nothing.text))
    standin.refuses("GET", f"{SELECTION}/{FROZEN}", 404, "selection-ended")
    assert "Your selection has ended" in said(checked(give(browser, there).text))
    frozen = {"selection_id": FROZEN, "total": 25_000, "counted_at": "2026-11-28T13:02:00Z", "people": None}
    standin.says("GET", f"{SELECTION}/{FROZEN}", frozen)
    assert "create a trigger that gives it" in said(checked(give(browser, there).text))
