"""Why am I enrolled? Sentences from who assigned it to the e-mail (LRN-8)."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.learning import API, ENROLLMENT, GROUP, PAGE, offering
from portal.standin import PERSON, StandIn

pytestmark = pytest.mark.feature("LRN-8")
WHY = f"/api/enrollment/enrollments/{ENROLLMENT}/why"
MAILS, LOOKUP = "/api/notifier/ledger/mine", "/api/directory/people/lookup"
NGOZI, LEO = "55555555-5555-4555-8555-555555555555", "66666666-6666-4666-8666-666666666666"
AT = "2026-11-24T08:12:00Z"
BATCH = "77777777-7777-4777-8777-777777777777"


def act(**given: Any) -> dict[str, Any]:
    return {"at": AT, "actor": NGOZI, "how": "command", "cause": None, "batch": BATCH} | given


def placed(standin: StandIn, **given: Any) -> dict[str, Any]:
    return standin.sample("enrollment", "PlacementView", **given)


def reason(standin: StandIn, type: str = "organisation", name: str | None = "Operations", **given: Any) -> Any:
    own = {"assignment_id": GROUP, "type": type, "name": name, "assigned": act(), "enrolled": act(actor=None)}
    return standin.sample("enrollment", "AssignmentReason", **own | given)


def told(standin: StandIn, *now: Any, mails: tuple[dict[str, Any], ...] = (), **given: Any) -> None:
    offering(standin, stands={"status": "in-progress"})
    standin.says("GET", WHY, standin.sample("enrollment", "Why", assignments=list(now), **given))
    entries = [
        standin.sample("notifier", "OwnEntry", template="assigned", assignment_id=GROUP, state="sent", **one)
        if "state" not in one
        else standin.sample("notifier", "OwnEntry", template="assigned", assignment_id=GROUP, **one)
        for one in mails
    ]
    standin.says("GET", MAILS, {"items": entries, "next": None})
    named = [{"id": NGOZI, "first_name": "Ngozi", "last_name": "Nwosu"}]
    standin.says("POST", LOOKUP, {"items": [], "named": named, "erased": []})


def test_the_chain_from_the_command_to_the_email(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    job = placed(standin, kind="job", path=["Day Shift", "Operations"], since="2021-03-03", managers=[])
    due = {"due_on": "2027-01-31", "due": {"kind": "fixed", "on": "2027-01-31"}, "decides_due": True}
    told(
        standin,
        reason(standin, include_below=True, placements=[job], **due),
        mails=({"sent_at": "2026-11-24T08:13:00Z"},),
    )
    page = browser.get(f"{PAGE}/why")
    lines = [
        "Because of the organisation Operations",
        "On Tue 24 November, 09:12 Ngozi Nwosu assigned it to Operations and everything below.",
        "You have had a job in Day Shift, below Operations, since Wed 3 March 2021.",
        "So it has applied to you since Tue 24 November, 09:12.",
        "You have until Sun 31 January 2027: the assignment names that day.",
        "An e-mail told you on Tue 24 November, 09:13.",
    ]
    assert [one for one in page.text if one in lines] == lines
    assert "/contact" in page.links
    assert standin.sent("POST", LOOKUP) == {"ids": [NGOZI]}
    assert len(standin.questions()) == 4


SENTENCES: list[tuple[str, dict[str, Any], str]] = [
    ("individual", {}, "On Tue 24 November, 09:12 Ngozi Nwosu assigned it to you."),
    ("individual", {"assigned": act(actor=LEO)}, "On Tue 24 November, 09:12 an administrator assigned it to you."),
    ("individual", {"assigned": act(actor=None)}, "On Tue 24 November, 09:12 it was assigned to you."),
    ("position", {}, "On Tue 24 November, 09:12 Ngozi Nwosu assigned it to Operations."),
    ("audience", {}, "Because you belong to Operations"),
    (
        "manager",
        {"include_below": True},
        "On Tue 24 November, 09:12 Ngozi Nwosu assigned it to everybody below Operations.",
    ),
    ("group", {"joined_by": "learner"}, "You joined the group yourself."),
    ("group", {"joined_by": "administrator"}, "An administrator added you to the group."),
    ("self", {"assigned": act(actor=str(PERSON))}, "On Tue 24 November, 09:12 you enrolled."),
    ("request", {"assigned": act(actor=None)}, "On Tue 24 November, 09:12 your request was granted."),
    ("key", {}, "On Tue 24 November, 09:12 a training key was redeemed for you."),
    ("trigger", {}, "On Tue 24 November, 09:12 Ngozi Nwosu made the trigger Operations."),
    ("job-role", {}, "On Tue 24 November, 09:12 it became part of the job role Operations."),
    ("organisation", {"enrolled": act(actor=None, cause="directory/x/1")}, "Your data in the directory had changed."),
    (
        "organisation",
        {
            "due_on": "2027-01-31",
            "due": {"kind": "enrollment", "amount": 2, "unit": "months"},
            "decides_due": False,
        },
        "By this assignment it would be due Sun 31 January 2027: 2 months after enrollment. Another date counts.",
    ),
]


@pytest.mark.parametrize(("type", "given", "sentence"), SENTENCES)
def test_what_is_said_of_each_way_to_be_assigned(
    browser: Browser, standin: StandIn, type: str, given: dict[str, Any], sentence: str
) -> None:
    browser.sign_in()
    told(standin, reason(standin, type, **given))
    assert sentence in " ".join(browser.get(f"{PAGE}/why").text)


def test_managers_are_named_as_far_as_one_may_know(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    team = placed(standin, kind="manager", managers=[NGOZI, LEO], path=[])
    told(standin, reason(standin, "manager", "Ngozi Nwosu", placements=[team]))
    assert "Your manager, and those above: Ngozi Nwosu, an administrator." in browser.get(f"{PAGE}/why").text


@pytest.mark.parametrize(
    ("mail", "sentence"),
    [
        ({"state": "waiting"}, "An e-mail about it is waiting to be sent."),
        ({"state": "unknown"}, "An e-mail about it may have reached you."),
        ({"state": "withdrawn"}, "No e-mail about it was sent."),
    ],
)
def test_what_became_of_the_email(browser: Browser, standin: StandIn, mail: dict[str, Any], sentence: str) -> None:
    browser.sign_in()
    told(standin, reason(standin), mails=(mail,))
    assert sentence in browser.get(f"{PAGE}/why").text


def test_what_ended_is_told_apart_and_a_date_set_by_hand_says_who(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    gone = reason(standin, "audience", "Drivers", ended=act(why="dropped-out"))
    due = {"due_on": "2027-01-31", "due_at": None, "by": "hand", "assignment_id": None, "set": act()}
    told(standin, reason(standin), earlier=[gone], due=due)
    page = browser.get(f"{PAGE}/why")
    assert "You have until Sun 31 January 2027: Ngozi Nwosu set that day on Tue 24 November, 09:12." in page.text
    assert page.text.index("Earlier") < page.text.index("Because you belong to Drivers")
    assert any("no longer among those whom it was assigned to" in one for one in page.text)


def test_without_names_and_emails_the_rest_is_told(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    told(standin, reason(standin, "individual"))
    standin.down |= {"directory", "notifier"}
    text = browser.get(f"{PAGE}/why").text
    assert "On Tue 24 November, 09:12 an administrator assigned it to you." in text
    assert "Whether an e-mail told you cannot be shown now." in text


def test_who_is_not_enrolled_or_may_not_see_it(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    offering(standin, stands={"status": "not-enrolled"})
    assert "You are not enrolled" in browser.get(f"{PAGE}/why").text
    assert standin.questions() == [f"GET {API}"]
    standin.refuses("GET", API, 404, "not-found")
    assert "Not found" in browser.get(f"{PAGE}/why", 404).text


def test_in_german(browser: Browser, standin: StandIn) -> None:
    browser.sign_in(language="de")
    told(standin, reason(standin, "individual"))
    assert "Ihnen zugewiesen am Di., 24. November, 09:12 von Ngozi Nwosu." in " ".join(browser.get(f"{PAGE}/why").text)
