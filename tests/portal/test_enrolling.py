"""Enrolling with and without groups, the details of an enrollment, withdrawing (GRP-3, GRP-5, GRP-8, ENR-3)."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.learning import API, ENROLLMENT, GROUP, KEY, PAGE, offering, receipt
from portal.standin import StandIn

JOIN, LEAVE = f"/api/enrollment/groups/{GROUP}/join", f"/api/enrollment/assignments/{GROUP}/leave"
SOURCES = f"/api/enrollment/enrollments/{ENROLLMENT}/sources"
OUTSIDE: dict[str, Any] = {"status": "not-enrolled", "next_action": "enrol"}
OTHER = "44444444-4444-4444-8444-444444444444"


@pytest.fixture(autouse=True)
def signed_in(browser: Browser) -> None:
    browser.sign_in()


def choices(standin: StandIn, *named: str, **given: Any) -> None:
    ids = [GROUP, OTHER]
    found = [
        standin.sample("enrollment", "GroupChoice", assignment_id=id, name=name, description=f"At {name}", **given)
        for id, name in zip(ids, named, strict=False)
    ]
    standin.says("GET", f"{API}/groups", found)


@pytest.mark.feature("GRP-3")
def test_one_group_is_confirmed_with_its_description_and_due_date(browser: Browser, standin: StandIn) -> None:
    offering(standin, stands={**OUTSIDE, "groups_to_join": [GROUP]}, groups=1)
    choices(standin, "Morning", due={"kind": "enrollment", "amount": 2, "unit": "weeks"})
    page = browser.get(f"{PAGE}/enrol")
    assert "Enrol in Fire safety as a member of Morning?" in page.text
    assert "At Morning" in page.text
    assert "Due: 2 weeks after enrollment" in page.text
    assert len(standin.questions()) == 2
    receipt(standin, "POST", JOIN)
    led = browser.post(f"{PAGE}/enrol", group=GROUP, key=KEY)
    assert (led.status_code, led.headers["Location"]) == (303, f"{PAGE}?said=enrolled")
    assert standin.sent("POST", JOIN) == {"confirm": True}
    assert "You are enrolled." in browser.get(led.headers["Location"]).text


@pytest.mark.feature("GRP-3")
def test_of_several_groups_one_is_chosen_and_then_confirmed(browser: Browser, standin: StandIn) -> None:
    offering(standin, stands={**OUTSIDE, "groups_to_join": [GROUP, OTHER]}, groups=2)
    choices(standin, "Morning", "Evening")
    page = browser.get(f"{PAGE}/enrol")
    assert [one["value"] for one in page.fields if one["name"] == "group"] == [GROUP, OTHER]
    assert "At Evening" in page.text
    chosen = browser.get(f"{PAGE}/enrol?group={OTHER}")
    assert "Enrol in Fire safety as a member of Evening?" in chosen.text
    standin.refuses("POST", f"/api/enrollment/groups/{OTHER}/join", 409, "closed")
    refused = browser.refused(f"{PAGE}/enrol", 409, group=OTHER, key=KEY)
    assert refused.title.startswith("Error:")
    assert "Enrol in Fire safety as a member of Evening?" in refused.text


@pytest.mark.feature("ENR-3")
def test_without_a_group_one_is_enrolled_at_once(browser: Browser, standin: StandIn) -> None:
    offering(standin, stands=OUTSIDE)
    choices(standin)
    assert f'action="{PAGE}/enrol"' in browser.http.get(PAGE).text
    receipt(standin, "POST", f"{API}/enrol", 201)
    assert browser.post(f"{PAGE}/enrol", key=KEY).headers["Location"] == f"{PAGE}?said=enrolled"
    standin.refuses("POST", f"{API}/enrol", 409, "choose-group")
    assert browser.post(f"{PAGE}/enrol", key=KEY).headers["Location"] == f"{PAGE}/enrol"
    standin.refuses("POST", f"{API}/enrol", 409, "not-open-yet")
    assert "Enrol in Fire safety?" in browser.refused(f"{PAGE}/enrol", 409, key=KEY).text


@pytest.mark.feature("CAT-19")
@pytest.mark.parametrize(
    ("stands", "given", "told"),
    [
        ({"status": "not-enrolled", "next_action": None}, {}, "You cannot enrol by yourself now"),
        ({"status": "not-enrolled", "next_action": "request-access"}, {}, "You need access first"),
        ({"status": "in-progress", "next_action": None}, {}, "You are on it"),
        (
            {"status": "not-enrolled", "next_action": None},
            {"opens": "2099-01-03T08:00:00Z"},
            "Enrollment has not opened yet",
        ),
    ],
)
def test_who_cannot_enrol_is_told_why_and_where_to_go(
    browser: Browser, standin: StandIn, stands: dict[str, Any], given: dict[str, Any], told: str
) -> None:
    offering(standin, stands=stands, **given)
    choices(standin)
    page = browser.get(f"{PAGE}/enrol")
    assert told in page.text
    assert not [one for one in page.fields if one.get("name") == "group"]


def source(standin: StandIn, **given: Any) -> dict[str, Any]:
    return standin.sample("enrollment", "Source", **{"due_state": "none", "type": "organisation"} | given)


@pytest.mark.feature("GRP-8", "DUE-3")
def test_the_details_have_every_assignment_its_due_date_and_the_one_that_counts(
    browser: Browser, standin: StandIn
) -> None:
    rule = {"kind": "job-start", "amount": 1, "unit": "months"}
    offering(standin, stands={"status": "in-progress", "due_on": "2027-01-31"})
    standin.says(
        "GET",
        SOURCES,
        [
            source(standin, name="Day Shift", due_on="2027-01-31", due_state="set", holds_due=True),
            source(standin, name="Nurse", type="position", due=rule, due_state="pending"),
            source(standin, name="Morning", type="group", assignment_id=GROUP, can_withdraw=True),
            source(standin, type="self", held=True),
        ],
    )
    page = browser.get(f"{PAGE}/details")
    assert {"Organisation: Day Shift", "Position: Nurse", "Group: Morning", "this one counts"} <= set(page.text)
    assert "1 month after the job start" in page.text
    assert "Awaiting Administrator" in page.text
    assert [one for one in page.links if "/withdraw/" in one] == [f"{PAGE}/withdraw/{GROUP}"]
    assert f"{PAGE}/later-date" in page.links
    assert len(standin.questions()) == 2


@pytest.mark.feature("GRP-8")
def test_details_of_no_enrollment_and_of_one_that_no_assignment_holds(browser: Browser, standin: StandIn) -> None:
    offering(standin, stands=OUTSIDE)
    assert "You are not enrolled" in browser.get(f"{PAGE}/details").text
    assert standin.questions() == [f"GET {API}"]
    standin.says("GET", SOURCES, [])
    offering(standin, stands={"status": "in-progress", "next_action": None})
    assert "No assignment applies any more" in browser.get(f"{PAGE}/details").text


def asks_to_confirm(standin: StandIn, **told: Any) -> None:
    standin.refuses("POST", LEAVE, 409, "confirmation-required", text="…", **told)


@pytest.mark.feature("GRP-5", "GRP-6")
def test_withdrawing_is_confirmed_and_says_what_stays(browser: Browser, standin: StandIn) -> None:
    offering(standin, stands={"status": "in-progress"})
    stays = [{"type": "organisation", "name": "Day Shift"}]
    asks_to_confirm(standin, group="Morning", stays=stays, within_certification=False)
    page = browser.get(f"{PAGE}/withdraw/{GROUP}")
    assert {"Withdraw from the group Morning?", "Organisation: Day Shift"} <= set(page.text)
    assert standin.sent("POST", LEAVE) == {"confirm": False}
    receipt(standin, "POST", LEAVE)
    led = browser.post(f"{PAGE}/withdraw/{GROUP}", key=KEY)
    assert (led.status_code, led.headers["Location"]) == (303, f"{PAGE}?said=withdrawn")
    assert standin.sent("POST", LEAVE) == {"confirm": True}


@pytest.mark.feature("GRP-5")
@pytest.mark.parametrize(
    ("kind", "within", "told"),
    [
        ("course", False, "You will not be on this course any more."),
        ("certification", False, "You will not be on this certification any more."),
        ("course", True, "You stay on this course as a part of a certification."),
    ],
)
def test_what_withdrawing_ends(browser: Browser, standin: StandIn, kind: str, within: bool, told: str) -> None:
    offering(standin, stands={"status": "in-progress"}, kind=kind)
    asks_to_confirm(standin, group=None, stays=[], within_certification=within)
    page = browser.get(f"{PAGE}/withdraw/{GROUP}")
    assert {"Withdraw from Fire safety?", told, "What you have completed stays."} <= set(page.text)


@pytest.mark.feature("GRP-5", "CAT-6")
def test_who_may_not_withdraw_is_told_and_a_hidden_offering_is_left_behind(browser: Browser, standin: StandIn) -> None:
    offering(standin, stands={"status": "in-progress"})
    standin.says("GET", SOURCES, [source(standin, type="group", name="Morning", assignment_id=GROUP)])
    standin.refuses("POST", LEAVE, 403, "no-withdrawal")
    assert browser.get(f"{PAGE}/withdraw/{GROUP}", 403).title.startswith("Error:")
    assert browser.refused(f"{PAGE}/withdraw/{GROUP}", 403, key=KEY).title.startswith("Error:")
    receipt(standin, "POST", LEAVE)
    assert browser.http.get(f"{PAGE}/withdraw/{GROUP}").headers["Location"] == PAGE, "who has left already"
    standin.refuses("GET", API, 404, "not-found")
    assert browser.post(f"{PAGE}/withdraw/{GROUP}", key=KEY).headers["Location"] == "/?said=withdrawn"


def test_in_german(browser: Browser, standin: StandIn) -> None:
    browser.sign_in(language="de")
    offering(standin, stands={"status": "in-progress"})
    asks_to_confirm(standin, group="Früh", stays=[], within_certification=False)
    page = browser.get(f"{PAGE}/withdraw/{GROUP}")
    assert {"Aus der Gruppe Früh austragen?", "Sie nehmen dann an diesem Kurs nicht mehr teil."} <= set(page.text)
