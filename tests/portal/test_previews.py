"""Previews: what a command would do, in numbers that add up, and confirming it (ASG-8, ASG-9)."""

import re
from typing import Any

import httpx
import pytest
from portal.assigning import AT, BATCH, KEY, OFFERING, PREVIEW, E, preview
from portal.conftest import Browser
from portal.html_checks import Page
from portal.standin import PERSON, StandIn

from services.enrollment.domain.assignments import adding_text, adding_to_several_text, due_text, removing_text
from shared.notification_choice import NOTIFICATIONS

pytestmark = pytest.mark.feature("ASG-9")

PAGE, ONE, CONFIRM = f"/admin/previews/{PREVIEW}", f"{E}/previews/{PREVIEW}", f"{E}/previews/{PREVIEW}/confirm"
FORECAST = "/api/notifier/forecast"
JOB = "99999999-9999-4999-8999-999999999999"
REMOVAL: dict[str, Any] = {
    "action": "remove",
    "assignments": 1,
    "enrolled": 0,
    "source_added": 0,
    "held_by_exceptions": 0,
    "excluded": 0,
    "withdrawn": 300,
    "source_removed": 50,
    "kept_without_source": 2,
}


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", ONE, preview(standin))
    standin.says("GET", FORECAST, [])
    browser.sign_in("site-administrator")


def said(page: Page) -> str:
    return " ".join(page.text)


def numbers(html: str) -> tuple[list[int], int]:
    """Those of the rows, and the one that they come to."""
    rows, _, total = re.search(r"(?s)<tbody>(.*?)</tbody>(.*?)<tfoot>(.*?)</tfoot>", html).groups()  # type: ignore[union-attr]
    found = [
        [int(one.replace(",", "")) for one in re.findall(r"<strong>([\d,]+)</strong>", part)] for part in (rows, total)
    ]
    return found[0], found[1][0]


def confirmed(standin: StandIn, status: int = 200, **headers: str) -> None:
    told = standin.answer("POST", CONFIRM, position="enrollment:7", batch=BATCH, result={"jobs": [JOB]})
    standin.says("POST", CONFIRM, lambda _: httpx.Response(status, json=told, headers=headers), status)


@pytest.mark.feature("ASG-8")
@pytest.mark.parametrize("kind", ["course", "certification", "qualification"])
def test_the_sentence_is_the_one_of_the_service_word_for_word(browser: Browser, standin: StandIn, kind: str) -> None:
    for assignments in (1, 2):
        standin.says("GET", ONE, preview(standin, kind=kind, assignments=assignments))
        assert adding_text(kind, 352, assignments) in said(browser.get(PAGE))
    standin.says("GET", ONE, preview(standin, kind=kind, **REMOVAL))
    assert removing_text(kind, 352) in said(browser.get(PAGE))
    standin.says("GET", ONE, preview(standin, kind=kind, action="due"))
    assert due_text(kind, 352) in said(browser.get(PAGE))


def test_the_numbers_add_up_and_lead_to_the_people(browser: Browser, standin: StandIn) -> None:
    page = browser.get(PAGE)
    assert numbers(browser.http.get(PAGE).text) == ([318, 21, 9, 4], 318 + 21 + 9 + 4)
    assert {f"{PAGE}/{what}" for what in ("enrolled", "added", "held", "excluded")} <= set(page.links)
    assert "318 e-mails go out. The notification of an assignment is on." in said(page)
    assert len(standin.questions()) == 4, "two for each time that the page was shown"
    standin.says("GET", ONE, preview(standin, **REMOVAL))
    assert numbers(browser.http.get(PAGE).text) == ([300, 50, 2], 352)
    standin.says("GET", ONE, preview(standin, action="apply-trigger", assignments=1, enrolled=300))
    rows, total = numbers(browser.http.get(PAGE).text)
    assert (rows, total) == ([300, 21, 9, 4, 18], 352), "for 18 of them nothing changes"


def test_see_who_lists_the_people_behind_a_number_by_name(browser: Browser, standin: StandIn) -> None:
    listed = f"{ONE}/learners"
    standin.says("GET", listed, {"items": [{"person_id": str(PERSON)}], "next": "abc"})
    item = standin.sample("directory", "PersonItem", id=str(PERSON), first_name="Ann", last_name="Ek")
    found = {"items": [{**item, "home_organisation_name": "Harbour Care"}], "named": [], "erased": []}
    standin.says("POST", "/api/directory/people/lookup", found)
    page = browser.get(f"{PAGE}/held")
    for word in ("Held back by exceptions", "9 people", "Ann Ek", "Harbour Care"):
        assert word in said(page)
    assert {PAGE, f"{PAGE}/held?cursor=abc"} <= set(page.links)
    assert len(standin.questions()) == 3
    standin.down.add("directory")
    assert "Names cannot be shown at the moment." in said(browser.get(f"{PAGE}/held"))


@pytest.mark.feature("ASG-13")
def test_confirming_says_why_and_tells_the_learners(browser: Browser, standin: StandIn) -> None:
    confirmed(standin)
    words = {"reason": "New law", "title": "Please", "message": "By spring", "important": "true", "key": KEY}
    answer = browser.post(PAGE, **words)
    led = f"{AT}/assignments?at_least=enrollment%3A7&said=assignments-changed&batch={BATCH}"
    assert (answer.status_code, answer.headers["Location"]) == (303, led)
    note = {"title": "Please", "message": "By spring", "important": True}
    assert standin.sent("POST", CONFIRM) == {"reason": "New law", "note": note}
    sent = next(one for one in standin.asked if one.url.path == CONFIRM)
    assert (sent.headers["Idempotency-Key"], sent.headers["Prefer"]) == (KEY, "wait=2")


def would_go(standin: StandIn, occasion: str, to: str = "learners", **more: Any) -> dict[str, Any]:
    told = {"emails": 318, "off": None, "fewer": False, "days": [], "on": [], **more}
    return standin.sample("notifier", "ForecastItem", occasion=occasion, to=to, **told)


@pytest.mark.feature("NTF-3")
def test_the_e_mails_that_would_go_are_named_with_recipients_numbers_and_days(
    browser: Browser, standin: StandIn
) -> None:
    items = [
        would_go(standin, "assigned"),
        would_go(standin, "assigned", "managers", emails=300),
        would_go(standin, "exceptions", "administrators", emails=2),
        would_go(standin, "due-soon", days=[-7], on=["2027-03-03"]),
        would_go(standin, "overdue", off="offering", emails=0),
        would_go(standin, "access-expiring", days=[-7, -1], fewer=True),
        would_go(standin, "withdrawn", off="system", emails=0),
    ]
    standin.says("GET", FORECAST, items)
    words = said(browser.get(PAGE))
    for told in (
        "Assigned Learners 318 At once",
        "Assigned Managers of the learners the managers of 300 learners at most At once",
        "Exceptions to answer Administrators 2 at most At once",
        "Due soon Learners 318 at most 7 days before the due date ( Wed 3 March 2027",
        "Overdue Learners None: it is off for this offering",
        "318 at most; organisations differ 7 days before access ends; 1 day before access ends",
        "Withdrawn Learners None: it is off for the whole system",
    ):
        assert told in words, words
    asked = next(dict(one.url.params) for one in standin.asked if one.url.path == FORECAST)
    assert asked == {"offering_id": OFFERING, "assigned": "318", "withdrawn": "0", "held": "9", "moved": "0"}
    standin.down.add("notifier")
    assert "Which e-mails would go cannot be shown at the moment." in said(browser.get(PAGE))


@pytest.mark.feature("NTF-3")
@pytest.mark.parametrize(("choice", "sent"), [("send", "send"), ("hold", "hold"), ("silence", "silence"), ("", "send")])
def test_whoever_confirms_chooses_what_becomes_of_the_e_mails(
    browser: Browser, standin: StandIn, choice: str, sent: str
) -> None:
    confirmed(standin)
    page = browser.get(PAGE)
    offered = [one for one in page.fields if one.get("name") == "emails"]
    assert [(one["value"], "checked" in one) for one in offered] == [
        ("send", True),
        ("hold", False),
        ("silence", False),
    ]
    browser.post(PAGE, key=KEY, **({"emails": choice} if choice else {}))
    command = next(one for one in standin.asked if one.url.path == CONFIRM)
    assert command.headers.get(NOTIFICATIONS) == sent


@pytest.mark.feature("NTF-3", "SEC-4")
def test_without_the_permission_nothing_is_chosen_and_a_refusal_names_it(browser: Browser, standin: StandIn) -> None:
    browser.sign_in("sales-manager")
    assert not [one for one in browser.get(PAGE).fields if one.get("name") == "emails"]
    standin.refuses("POST", CONFIRM, 403, "forbidden", detail="You need the permission 'hold-mail'.")
    browser.sign_in("site-administrator")
    page = browser.refused(PAGE, 403, key=KEY, emails="hold")
    assert "hold-mail" in said(page)
    assert [one["value"] for one in page.fields if one.get("name") == "emails" and "checked" in one] == ["hold"]


@pytest.mark.feature("ADM-5")
def test_what_takes_longer_leads_to_its_job(browser: Browser, standin: StandIn) -> None:
    confirmed(standin, 202, Link=f'</api/enrollment/jobs/{JOB}>; rel="monitor"')
    answer = browser.post(PAGE, key=KEY)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/admin/jobs/{JOB}")
    assert standin.sent("POST", CONFIRM) == {"reason": None}


def test_when_the_facts_have_changed_the_new_preview_says_what_differs(browser: Browser, standin: StandIn) -> None:
    other = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
    newer = preview(standin, id=other, people=350, enrolled=316)
    standin.refuses("POST", CONFIRM, 409, "preview-outdated", preview=newer)
    page = browser.refused(PAGE, 409, key=KEY, reason="New law")
    assert "before: 318 → 316" in said(page)
    assert "before: 21" not in said(page)
    assert "The facts have changed since you saw the preview." in said(page)
    html = browser.post(PAGE, key=KEY, reason="New law").text
    assert f'action="/admin/previews/{other}"' in html
    assert "New law" in html
    assert f"/admin/previews/{other}/enrolled" in page.links


def test_a_preview_that_has_expired_says_so(browser: Browser, standin: StandIn) -> None:
    standin.refuses("GET", ONE, 404, "not-found", field="preview_id")
    assert "This preview has expired" in said(browser.get(PAGE, 404))
    standin.refuses("POST", CONFIRM, 404, "not-found", field="preview_id")
    assert "Nothing was changed." in said(browser.refused(PAGE, 404, key=KEY))


def test_a_refused_confirmation_keeps_what_was_typed(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", CONFIRM, 409, "already-assigned")
    page = browser.refused(PAGE, 409, key=KEY, reason="New law", title="Please")
    assert "is assigned already" in said(page)
    assert [one["value"] for one in page.fields if one.get("name") == "title"] == ["Please"]
    assert "New law" in said(page)


@pytest.mark.feature("ASG-8")
def test_remove_is_called_so_and_is_never_in_focus_by_itself(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", ONE, preview(standin, **REMOVAL))
    html = browser.http.get(PAGE).text
    assert '<button class="button remove">Remove</button>' in html
    assert "autofocus" not in html
    assert ">Ok<" not in html
    assert f'href="{AT}/assignments">Cancel' in html


@pytest.mark.feature("DUE-4", "CAT-11")
def test_warnings_are_told(browser: Browser, standin: StandIn) -> None:
    item = standin.sample("enrollment", "ItemWarning", title="First aid", reason="hidden", learners=6)
    standin.says("GET", ONE, preview(standin, warnings=["Never met."], item_warnings=[item]))
    words = said(browser.get(PAGE))
    assert "Never met." in words
    assert "6 learners do not see First aid: it is hidden." in words


@pytest.mark.feature("ASG-4")
def test_people_for_several_offerings_are_previewed_with_who_cannot_be_assigned(
    browser: Browser, standin: StandIn
) -> None:
    told = {"action": "assign-people", "offering_id": None, "kind": "offerings", "offerings": 3, "refused": 2}
    standin.says("GET", ONE, preview(standin, **told))
    page = browser.get(PAGE)
    assert adding_to_several_text(352, 3) in said(page)
    assert "2 assignments cannot be made" in said(page)
    assert "/admin/people" in page.links
    confirmed(standin)
    browser.post(PAGE, key=KEY, title="Please")
    assert standin.sent("POST", CONFIRM)["note"]["title"] == "Please"


@pytest.mark.feature("TRG-2")
def test_a_job_role_goes_to_its_batch_and_its_sums_lead_nowhere(browser: Browser, standin: StandIn) -> None:
    told = {"action": "apply-trigger", "offering_id": None, "kind": "job role", "people": 4, "enrolled": 7}
    standin.says("GET", ONE, preview(standin, **{**told, "assignments": 1}))
    page = browser.get(PAGE)
    assert adding_text("job role", 4, 1) in said(page)
    assert not [one for one in page.links if one.startswith(PAGE)]
    confirmed(standin)
    assert browser.post(PAGE, key=KEY).headers["Location"] == f"/admin/batches/{BATCH}"


def test_the_preview_is_there_in_german(browser: Browser) -> None:
    browser.sign_in("site-administrator", language="de")
    words = said(browser.get(PAGE))
    assert "352" in words
    assert "will enrol" not in words
    assert OFFERING not in words


@pytest.mark.feature("ADM-5", "ASG-4")
def test_a_selection_that_is_being_counted_shows_how_far_and_cannot_be_confirmed_yet(
    browser: Browser, standin: StandIn
) -> None:
    growing = {"action": "assign-people", "state": "counting", "counted": 8_000, "selected": 25_000}
    standin.says("GET", ONE, preview(standin, **growing))
    page = browser.get(PAGE)
    for word in ("8,000 of 25,000 people are counted.", "You can leave this page", "Look again", "318"):
        assert word in said(page)
    html = browser.http.get(PAGE).text
    assert 'data-live="2"' in html
    assert "data-done" not in html
    assert not [one for one in page.fields if one.get("name") == "reason"]
    standin.says("GET", ONE, preview(standin, **{**growing, "state": "ready", "counted": 25_000}))
    assert [one for one in browser.get(PAGE).fields if one.get("name") == "reason"]
    assert "data-done" in browser.http.get(PAGE).text


@pytest.mark.feature("ASG-4")
def test_a_selection_that_ended_while_it_was_counted_says_so(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", ONE, preview(standin, action="assign-people", state="refused", refusal="It has ended."))
    page = browser.get(PAGE)
    assert "Nobody can be assigned. It has ended." in said(page)
    assert "/admin/people" in page.links
