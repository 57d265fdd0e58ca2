"""The settings of an offering: each section is saved by itself (ADM-1, CAT-5, CAT-7, CAT-12, CAT-13, CAT-17, CAT-19)."""

from typing import Any

import httpx
import pytest
from portal.conftest import Browser
from portal.offerings_told import AT, ID, KEY, ONE, accepts, offering, said, values
from portal.standin import PERSON, StandIn

from shared.contracts.notifications import OFFERING_OCCASIONS

pytestmark = pytest.mark.feature("ADM-1")

HERE = f"{AT}/configuration"
NURSES = "44444444-4444-4444-8444-444444444444"
COOKS = "55555555-5555-4555-8555-555555555555"
AUDIENCES, LOOKUP = "/api/directory/audiences", "/api/directory/people/lookup"
STAGES = [
    {"approvers": [{"kind": "manager"}], "needs": "any"},
    {
        "approvers": [{"kind": "role", "role": "auditor"}, {"kind": "person", "person_id": str(PERSON)}],
        "needs": "all",
    },
]
APPROVALS = {"access": STAGES, "later_due_date": [], "completion": [], "ask_again_days": 14, "escalation_days": 5}
SET: dict[str, Any] = {
    "kind": "certification",
    "admission": {"access": "self-enrollment", "opens": "2026-12-01T08:00:00Z", "closes": None},
    "visibility": {"audiences": [NURSES]},
    "completion": {"review": True, "earlier_completions": False},
    "approvals": APPROVALS,
    "notifications": ["assigned"],
    "earliest_due": True,
    "keep_begun": False,
}


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    offering(standin, **SET)
    audiences = {NURSES: "Ward nurses", COOKS: "Cooks"}

    def listed(request: httpx.Request) -> dict[str, Any]:
        ids = request.url.params.get_list("ids") or list(audiences)
        items = [standin.item("GET", AUDIENCES, id=id, name=audiences[id]) for id in ids]
        return {"items": items, "next": None}

    standin.says("GET", AUDIENCES, listed)
    person = standin.sample("directory", "PersonItem", id=str(PERSON), first_name="Ada", last_name="Lind")
    standin.says("POST", LOOKUP, {"items": [person], "named": [], "erased": []})
    standin.says("POST", "/api/directory/people/search", {"items": [person], "next": None})
    browser.sign_in("learning-manager")


def checked(page: Any, name: str) -> list[str | None]:
    return [one.get("value") for one in page.fields if one.get("name") == name and "checked" in one]


def test_every_section_shows_what_is_set(browser: Browser, standin: StandIn) -> None:
    page = browser.get(HERE)
    assert checked(page, "access") == ["self-enrollment"]
    assert values(page, "opens") == ["2026-12-01T09:00"], "in the reader's time zone"
    assert checked(page, "review") == ["true"]
    assert checked(page, "earlier_completions") == []
    assert checked(page, "earliest_due") == ["true"]
    assert checked(page, "keep_begun") == ["false"]
    assert checked(page, "on") == ["assigned", *OFFERING_OCCASIONS]
    assert (values(page, "ask_again_days"), values(page, "escalation_days")) == (["14"], ["5"])
    told = ("Ward nurses", "The learner's manager", "all of: Whoever is Auditor", "Ada Lind", "As usual: the learner's")
    for word in told:
        assert word in said(page)
    assert len(standin.questions()) <= 4


LOUD = [one for one in OFFERING_OCCASIONS if one != "overdue"]
SECTIONS = [
    (
        "admission",
        "admission",
        {"access": "hidden", "opens": "", "closes": "2026-12-24T18:00"},
        {"access": "hidden", "opens": None, "closes": "2026-12-24T18:00:00+01:00"},
    ),
    ("visibility", "visibility", {"audiences": [COOKS], "do": "save"}, {"audiences": [COOKS]}),
    ("completion", "completion", {"earlier_completions": "true"}, {"review": False, "earlier_completions": True}),
    ("due-dates", "due-dates", {"earliest_due": "false"}, {"earliest_due": False}),
    ("drop-outs", "drop-outs", {"keep_begun": "true"}, {"keep_begun": True}),
    (
        "notifications",
        "notifications",
        {"on": ["completed", "withdrawn", *LOUD], "copied": ["assigned"], "due": "-14, -1; 3", "usual": ["access"]},
        {
            "on": ["completed", "withdrawn"],
            "mail": {
                "off": ["overdue"],
                "copied": ["assigned"],
                "due_reminders": [-14, -1, 3],
                "certificate_reminders": [],
                "access_reminders": None,
            },
        },
    ),
]


@pytest.mark.feature("CAT-5", "CAT-7", "CAT-12", "CAT-17", "CAT-19")
@pytest.mark.parametrize(("section", "path", "typed", "sent"), SECTIONS)
def test_a_section_is_saved_by_itself_on_what_was_read(
    browser: Browser, standin: StandIn, section: str, path: str, typed: dict[str, Any], sent: dict[str, Any]
) -> None:
    accepts(standin, "PUT", f"{ONE}/{path}")
    done = browser.post(f"{HERE}/{section}", **typed, version="7", key=KEY)
    assert (done.status_code, done.headers["Location"]) == (303, f"{HERE}?said=saved")
    assert standin.sent("PUT", f"{ONE}/{path}") == sent
    command = standin.asked[-1]
    assert (command.headers["If-Match"], command.headers["Idempotency-Key"]) == ('"7"', KEY)


@pytest.mark.feature("CAT-13")
def test_delays_are_saved_with_the_approvers_as_they_are(browser: Browser, standin: StandIn) -> None:
    accepts(standin, "PUT", f"{ONE}/approvals")
    done = browser.post(f"{HERE}/delays", ask_again_days="30", escalation_days="", version="7", key=KEY)
    assert done.status_code == 303
    sent = standin.sent("PUT", f"{ONE}/approvals")
    assert (sent["ask_again_days"], sent["escalation_days"], sent["access"]) == ("30", None, STAGES)


@pytest.mark.feature("CAT-7")
def test_audiences_are_found_by_name_added_and_removed(browser: Browser, standin: StandIn) -> None:
    typed = {"audiences": [NURSES], "version": "7", "key": KEY}
    page = browser.refused(f"{HERE}/visibility", 200, **typed, q="coo", do="look")
    assert "Cooks" in said(page)
    sought = [one.url.params["name"] for one in standin.asked if one.url.params.get("name")]
    assert sought == ["coo"]
    assert len(standin.questions()) <= 4
    html = browser.post(f"{HERE}/visibility", **typed, do=f"add-{COOKS}").text
    assert [part.split('"')[0] for part in html.split('name="audiences" value="')[1:]] == [NURSES, COOKS]
    assert "Everybody sees it." in said(browser.refused(f"{HERE}/visibility", 200, **typed, do="remove-0"))
    assert not [one for one in standin.questions() if one.startswith("PUT")]


@pytest.mark.feature("CAT-5")
def test_who_was_slower_sees_both_values_of_the_section(browser: Browser, standin: StandIn) -> None:
    standin.refuses("PUT", f"{ONE}/admission", 412, "stale")
    typed = {"access": "hidden", "opens": "", "closes": "", "version": "6", "was": "other", "key": KEY}
    page = browser.refused(f"{HERE}/admission", 412, **typed)
    assert "Somebody else has changed it meanwhile" in said(page)
    assert "Now: Self-enrollment, opens 2026-12-01 09:00, closes –" in said(page)
    assert checked(page, "access") == ["hidden"], "what was chosen stays"
    assert 'name="version" value="7"' in browser.post(f"{HERE}/admission", **typed).text


NOW = [
    ("visibility", {"audiences": [COOKS], "do": "save"}, "Now: Ward nurses"),
    ("completion", {}, "Now: reviewed first."),
    ("due-dates", {"earliest_due": "false"}, "Now: the earliest."),
    ("drop-outs", {"keep_begun": "true"}, "Now: it ends."),
    ("notifications", {}, "Now: Access has ended"),
    ("delays", {"ask_again_days": "1"}, "Now: 14"),
]


@pytest.mark.parametrize(("section", "typed", "now"), NOW)
def test_a_conflict_shows_what_is_there_in_every_section(
    browser: Browser, standin: StandIn, section: str, typed: dict[str, Any], now: str
) -> None:
    standin.refuses("PUT", f"{ONE}/{'approvals' if section == 'delays' else section}", 412, "stale")
    page = browser.refused(f"{HERE}/{section}", 412, **typed, version="6", was="other", key=KEY)
    assert now in said(page)


def test_sections_of_two_administrators_are_not_in_each_others_way(browser: Browser, standin: StandIn) -> None:
    form = browser.http.get(HERE).text.split(f'action="{HERE}/due-dates"')[1]
    was = form.split('name="was" value="')[1].split('"')[0]
    offering(standin, **{**SET, "version": 8, "notifications": []})
    path = f"{ONE}/due-dates"
    done = standin.answer("PUT", path, position="catalog:4", result={"id": ID, "version": 9})
    stale = {"type": "urn:rollbook:problem:stale", "title": "Stale", "status": 412, "detail": "", "instance": ONE}

    def answer(request: httpx.Request) -> Any:
        return httpx.Response(412, json=stale) if request.headers["If-Match"] == '"7"' else done

    standin.says("PUT", path, answer)
    typed = {"earliest_due": "false", "was": was, "version": "7", "key": KEY}
    assert browser.post(f"{HERE}/due-dates", **typed).status_code == 303
    offering(standin, **{**SET, "version": 9, "earliest_due": False})
    assert browser.post(f"{HERE}/due-dates", **typed).status_code == 412, "this one somebody else has changed"


@pytest.mark.feature("CAT-17", "NTF-1")
def test_days_of_reminding_are_shown_and_what_is_no_number_is_told_at_its_field(
    browser: Browser, standin: StandIn
) -> None:
    rules = {"off": ["overdue"], "copied": ["assigned"], "due_reminders": [-14, 1], "access_reminders": []}
    offering(standin, **{**SET, "mail": {**rules, "certificate_reminders": None}})
    page = browser.get(HERE)
    assert "overdue" not in checked(page, "on")
    assert {"due-soon", "assigned"} <= set(checked(page, "on"))
    assert (checked(page, "copied"), checked(page, "usual")) == (["assigned"], ["certificate"])
    assert [one.get("value") for one in page.fields if one.get("name") == "due"] == ["-14, 1"]
    standin.refuses("PUT", f"{ONE}/notifications", 422, "invalid", field="mail.due_reminders.0")
    refused = browser.refused(f"{HERE}/notifications", 422, due="soon", version="7", key=KEY)
    assert standin.sent("PUT", f"{ONE}/notifications")["mail"]["due_reminders"] == ["soon"]
    assert "Enter days from -365 to 365" in said(refused)


@pytest.mark.feature("CAT-19")
def test_a_refusal_is_told_at_its_field(browser: Browser, standin: StandIn) -> None:
    standin.refuses("PUT", f"{ONE}/admission", 422, "invalid", field="closes")
    page = browser.refused(f"{HERE}/admission", 422, access="request", opens="", closes="x", version="7", key=KEY)
    assert "Enrollment must close after it opens." in said(page)
    assert "#f-closes" in page.links
    assert page.title.startswith("Error: ")


def test_a_directory_that_is_down_takes_the_names_alone(browser: Browser, standin: StandIn) -> None:
    standin.down.add("directory")
    page = browser.get(HERE)
    assert "The names of audiences are not known now." in said(page)
    assert checked(page, "on") == ["assigned", *OFFERING_OCCASIONS]
    standin.down = {"catalog"}
    browser.get(HERE, 502)


def test_who_only_reads_sees_the_settings_and_can_change_none(browser: Browser) -> None:
    browser.sign_in("auditor")
    page = browser.get(HERE)
    assert not page.fields
    for word in ("Self-enrollment", "Ward nurses", "the earliest counts", "is withdrawn", "Ada Lind"):
        assert word in said(page)
    assert not browser.get(f"{HERE}/approvals/access").fields
    browser.sign_in("learning-manager", language="de")
    assert "Benachrichtigungen" in said(browser.get(HERE))


APPROVERS = f"{HERE}/approvals/access"
TYPED = {
    "needs": ["any", "all"],
    "of_stage": ["0", "1", "1"],
    "who": ["manager", "role:auditor", f"person:{PERSON}"],
    "role": ["enrollment-manager", "site-administrator"],
    "version": "7",
    "key": KEY,
}


@pytest.mark.feature("CAT-13", "APR-4")
def test_stages_are_shown_and_saved_with_the_rest_as_it_is(browser: Browser, standin: StandIn) -> None:
    page = browser.get(APPROVERS)
    for word in ("Stage 1", "The learner's manager", "Stage 2", "Whoever is Auditor", "Ada Lind"):
        assert word in said(page)
    assert len(standin.questions()) <= 4
    accepts(standin, "PUT", f"{ONE}/approvals")
    done = browser.post(APPROVERS, **{**TYPED, "needs": ["any", "any"]}, do="save")
    assert (done.status_code, done.headers["Location"]) == (303, f"{HERE}?said=saved")
    sent = standin.sent("PUT", f"{ONE}/approvals")
    assert sent["access"] == [STAGES[0], {**STAGES[1], "needs": "any"}]
    assert (sent["ask_again_days"], sent["escalation_days"]) == (14, 5)


@pytest.mark.feature("CAT-13", "APR-4")
@pytest.mark.parametrize(
    ("do", "after"),
    [
        ("stage", ["manager", "role:auditor", f"person:{PERSON}", "manager"]),
        ("role-0", ["manager", "role:enrollment-manager", "role:auditor", f"person:{PERSON}"]),
        ("manager-1", ["manager", "role:auditor", f"person:{PERSON}", "manager"]),
        (f"person-1-{PERSON}", ["manager", "role:auditor", f"person:{PERSON}"]),
        ("manager-²", ["manager", "role:auditor", f"person:{PERSON}"]),
        ("person-1-nobody", ["manager", "role:auditor", f"person:{PERSON}", "person:nobody"]),
        ("drop-1-0", ["manager", f"person:{PERSON}"]),
        ("remove-0", ["role:auditor", f"person:{PERSON}"]),
        ("role-7", ["manager", "role:auditor", f"person:{PERSON}"]),
    ],
)
def test_approvers_are_added_and_taken_away_by_buttons(browser: Browser, do: str, after: list[str]) -> None:
    html = browser.post(APPROVERS, **TYPED, do=do).text
    assert [part.split('"')[0] for part in html.split('name="who" value="')[1:]] == after


@pytest.mark.feature("CAT-13")
def test_an_approver_is_found_by_name_which_is_in_no_address(browser: Browser, standin: StandIn) -> None:
    page = browser.refused(APPROVERS, 200, **TYPED, first_name="Ad", last_name="", do="look")
    assert "Add to stage 2" in said(page)
    assert standin.sent("POST", "/api/directory/people/search")["first_name"] == "Ad"
    assert len(standin.questions()) <= 4


@pytest.mark.feature("CAT-13")
def test_stages_that_are_refused_or_changed_meanwhile_are_told(browser: Browser, standin: StandIn) -> None:
    standin.refuses("PUT", f"{ONE}/approvals", 422, "invalid", field="access.0.approvers")
    page = browser.refused(APPROVERS, 422, needs=["any"], version="7", key=KEY, do="save")
    assert "Nobody decides in one of the stages." in said(page)
    standin.refuses("PUT", f"{ONE}/approvals", 412, "stale")
    page = browser.refused(APPROVERS, 412, **{**TYPED, "needs": ["any", "any"]}, was="other", do="save")
    assert "Now: 1. The learner's manager; 2. all of: Whoever is Auditor" in said(page)
    browser.get(f"{HERE}/approvals/nothing", 422)
