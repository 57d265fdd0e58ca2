"""The list of people: found without a name in an address, selected over pages and searches (ADM-3, ASG-4, DIR-9)."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from portal.conftest import OWN, Browser
from portal.html_checks import Page, checked
from portal.standin import StandIn

pytestmark = pytest.mark.feature("ADM-3", "ASG-4")

SEARCH, SELECTION = "/api/directory/people/search", "/api/directory/people/selection"
CHIDI, MAJA, CAIO = (str(UUID(int=n)) for n in (1, 2, 3))
FROZEN = "44444444-4444-4444-8444-444444444444"
NORTH = "55555555-5555-4555-8555-555555555555"


def listed(standin: StandIn, *people: str, total: int | None = None, next: str | None = None) -> None:
    known = {CHIDI: ("Chidi", "Adeyemi"), MAJA: ("Maja", "Ekdahl"), CAIO: ("Caio", "Barbosa")}
    items = [
        standin.item(
            "POST",
            SEARCH,
            id=one,
            first_name=known[one][0],
            last_name=known[one][1],
            active=one != CAIO,
            home_organisation_name="Day Shift",
            position_name="Nurse",
            manager_name="Alice Macleod",
        )
        for one in people
    ]
    standin.says("POST", SEARCH, {"items": items, "next": next, "total": len(items) if total is None else total})


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    listed(standin, CHIDI, MAJA, CAIO, total=1284, next="page2")
    frozen = {"selection_id": FROZEN, "total": 1284, "counted_at": "2026-11-28T13:02:00Z", "people": []}
    standin.says("POST", SELECTION, frozen)
    browser.sign_in("enrollment-manager")


def said(page: Page) -> str:
    return " ".join(page.text)


class Looking:
    """Somebody at the list: every button sends the page as it stands."""

    def __init__(self, browser: Browser, path: str = "/admin/people") -> None:
        self.browser = browser
        self.open(path)

    def open(self, path: str) -> None:
        self.path, answer = path, self.browser.http.get(path)
        assert answer.status_code == 200, (answer.status_code, answer.text[:500])
        self.html, self.page = answer.text, checked(answer.text)

    def hidden(self, name: str) -> list[str]:
        return [part.split('"')[0] for part in self.html.split(f'type="hidden" name="{name}" value="')[1:]]

    @property
    def ticked(self) -> list[str]:
        return [str(one["value"]) for one in self.page.fields if one.get("name") == "person" and "checked" in one]

    def press(self, do: str, ticked: list[str] | None = None, **typed: str) -> str:
        """Where it leads."""
        person = self.ticked if ticked is None else ticked
        typed = {**dict.fromkeys(("first_name", "last_name", "organisation_name", "position_name"), ""), **typed}
        form: dict[str, Any] = {"do": do, "person": person, "shown": self.hidden("shown"), **typed}
        form |= {name: self.hidden(name)[0] for name in ("s", "at", "next") if self.hidden(name)}
        answer = self.browser.http.post("/admin/people", data=form, headers=OWN)
        assert answer.status_code == 303, (answer.status_code, answer.text[:3000])
        return str(answer.headers["Location"])

    def do(self, do: str, ticked: list[str] | None = None, **typed: str) -> None:
        self.open(self.press(do, ticked, **typed))


def test_the_list_shows_where_people_work_who_leads_them_and_how_many_match(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/admin/people")
    for word in ("1,284 people", "Adeyemi, Chidi", "Day Shift", "Nurse", "Alice Macleod", "Active", "Not active"):
        assert word in said(page)
    assert {f"/admin/people/{CHIDI}", "/admin/people/new"} <= set(page.links)
    assert standin.questions() == [f"POST {SEARCH}"]
    assert standin.sent("POST", SEARCH) == {"include_below": True, "count": True}


@pytest.mark.feature("DIR-9")
def test_what_is_sought_is_in_the_body_and_never_in_an_address(browser: Browser, standin: StandIn) -> None:
    looking = Looking(browser)
    looking.do("find", first_name="Chidi", last_name="Adey", active="yes", leads="no")
    assert "chidi" not in looking.path.lower()
    assert "adey" not in looking.path.lower()
    sought = {"first_name": "Chidi", "last_name": "Adey", "active": True, "leads": False}
    assert standin.sent("POST", SEARCH) == {**sought, "include_below": True, "count": True}
    assert [one.get("value") for one in looking.page.fields if one.get("name") == "last_name"] == ["Adey"]
    looking.do("next", first_name="Chidi", last_name="Adey")
    assert standin.sent("POST", SEARCH)["cursor"] == "page2"
    assert standin.sent("POST", SEARCH)["first_name"] == "Chidi"


def units(standin: StandIn, *names: str) -> None:
    one = standin.item("GET", "/api/directory/units")
    items = [{**one, "id": str(uuid4()), "name": name, "path": ["Harbour Care"]} for name in names]
    if items:
        items[0]["id"] = NORTH
    standin.says("GET", "/api/directory/units", {"items": items, "next": None})


def test_an_organisation_is_found_by_its_name(browser: Browser, standin: StandIn) -> None:
    units(standin, "Day Shift")
    looking = Looking(browser)
    standin.asked.clear()
    looking.do("find", organisation_name="day")
    assert standin.sent("POST", SEARCH)["organisation"] == NORTH
    assert len(standin.questions()) <= 4
    units(standin, "Day Shift", "Daybreak")
    looking.do("find", organisation_name="day")
    assert "organisation" not in standin.sent("POST", SEARCH), "which of the two is not known yet"
    assert "Harbour Care > Daybreak" in said(looking.page)
    looking.do("find", organisation_name="day", organisation=NORTH)
    assert standin.sent("POST", SEARCH)["organisation"] == NORTH
    units(standin)
    looking.do("find", position_name="none")
    assert "There is none of this name." in said(looking.page)
    assert "Nobody matches." in said(looking.page), "not everybody, as if nothing had been asked"


def test_who_is_ticked_stays_selected_over_pages_and_searches(browser: Browser, standin: StandIn) -> None:
    looking = Looking(browser)
    looking.do("next", [CHIDI])
    assert looking.ticked == [CHIDI], "the stand-in answers the same people again"
    listed(standin, MAJA)
    looking.do("find", last_name="ekdahl")
    assert "1 more is selected elsewhere." in said(looking.page)
    looking.do("find", [MAJA], last_name="ekdahl")
    listed(standin, CHIDI, MAJA)
    looking.do("find")
    assert looking.ticked == [CHIDI, MAJA]
    looking.do("find", [MAJA])
    assert looking.ticked == [MAJA]
    looking.do("clear")
    assert looking.ticked == []


def test_select_all_that_match_is_a_frozen_selection_with_the_number_of_the_service(
    browser: Browser, standin: StandIn
) -> None:
    looking = Looking(browser)
    assert "Select all 1,284 that match" in said(looking.page)
    looking.do("find", last_name="e")
    looking.do("all", last_name="e")
    assert standin.sent("POST", SELECTION) == {"last_name": "e", "include_below": True}
    assert standin.sent("POST", SEARCH) == {"selection": FROZEN, "count": True}
    assert "All 1,284 that match are selected." in said(looking.page)
    assert "14:02" in said(looking.page), "when it was counted, in the reader's time zone"
    assert looking.ticked == [CHIDI, MAJA, CAIO]
    looking.do("next", [CHIDI, CAIO], last_name="e")
    assert "1,283 of 1,284 are selected: all but 1." in said(looking.page)
    assert looking.ticked == [CHIDI, CAIO]
    looking.do("find", last_name="other")
    assert "selected: all but" not in said(looking.page), "a new search is a new selection"


def test_too_many_are_not_selected_and_the_page_says_what_to_do(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", SELECTION, 422, "too-many", limit=10_000)
    looking = Looking(browser)
    page = browser.refused("/admin/people", 422, do="all", s=looking.hidden("s")[0], person=[CHIDI], shown=[CHIDI])
    assert "More than 10,000 people match" in said(page)
    assert page.title.startswith("Error:")
    assert [one["value"] for one in page.fields if "checked" in one] == [CHIDI], "who was ticked stays"


def test_a_selection_that_has_ended_is_told(browser: Browser, standin: StandIn) -> None:
    looking = Looking(browser)
    there = looking.press("all")
    live = standin._answers["POST", SEARCH][1]

    def ended(request: Any) -> Any:
        if "selection" not in json.loads(request.content):
            return live
        problem = {"type": "urn:rollbook:problem:selection-ended", "title": "Not found", "status": 404}
        return httpx.Response(404, json=problem)

    standin.says("POST", SEARCH, ended)
    looking.open(there)
    assert "Your selection has ended" in said(looking.page)
    assert looking.ticked == []


def test_without_a_script_a_page_is_selected_by_a_button(browser: Browser) -> None:
    looking = Looking(browser)
    looking.do("page", [])
    assert looking.ticked == [CHIDI, MAJA, CAIO]


def test_so_many_can_be_ticked_one_by_one_as_an_address_can_hold(browser: Browser) -> None:
    everybody = [str(uuid4()) for _ in range(120)]
    looking = Looking(browser)
    for some in (everybody[:50], everybody[50:100], everybody[100:]):
        form: dict[str, Any] = {"do": "next", "person": some, "shown": some, "s": looking.hidden("s")[0]}
        looking.open(browser.http.post("/admin/people", data=form, headers=OWN).headers["Location"])
    assert len(looking.path) < 6_000
    assert "100 more are selected elsewhere." in said(looking.page)
    assert "No more than 100 people can be ticked one by one." in said(looking.page)


def test_what_is_selected_leads_to_assigning(browser: Browser) -> None:
    looking = Looking(browser)
    assert "nobody-ticked" in looking.press("assign", [])
    there = urlsplit(looking.press("assign", [CHIDI]))
    assert there.path == "/admin/people/assign"
    assert parse_qs(there.query)["s"]


def test_nobody_matches_and_nobody_is_there(browser: Browser, standin: StandIn) -> None:
    listed(standin)
    assert "No people yet: import them." in said(browser.get("/admin/people"))
    assert "/admin/imports" not in browser.get("/admin/people").links
    browser.sign_in("site-administrator")
    assert "/admin/imports" in browser.get("/admin/people").links
    looking = Looking(browser)
    looking.do("find", last_name="zzz")
    assert "Nobody matches." in said(looking.page)


def test_whoever_may_only_read_is_offered_nothing_else(browser: Browser) -> None:
    browser.sign_in("auditor")
    page = browser.get("/admin/people")
    assert "/admin/people/new" not in page.links
    assert "Assign offerings" not in said(page)
    browser.sign_in("learner")
    assert "/admin/people" not in browser.get("/").links


def test_the_side_bar_leads_to_people(browser: Browser) -> None:
    assert "/admin/people" in browser.get("/admin").links


def test_a_directory_that_is_down_is_told(browser: Browser, standin: StandIn) -> None:
    standin.down.add("directory")
    assert "does not answer" in said(browser.get("/admin/people", 502))


def test_the_list_is_there_in_german(browser: Browser) -> None:
    browser.sign_in("enrollment-manager", language="de")
    page = browser.get("/admin/people")
    assert "Alle 1.284 auswählen, die passen" in said(page)
    assert "Select" not in said(page)
