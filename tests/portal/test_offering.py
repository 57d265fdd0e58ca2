"""The page of an offering: what it is, its steps, what one can do; beginning, launching, reporting (LRN-7, ENR-6, ASG-13)."""

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from portal.conftest import Browser
from portal.learning import API, ENROLLMENT, GROUP, KEY, OFFERING, PAGE, PRICE, offering, receipt, step
from portal.standin import StandIn

pytestmark = pytest.mark.feature("LRN-7")
WORK = f"/api/enrollment/enrollments/{ENROLLMENT}"
RUNNING: dict[str, Any] = {"status": "in-progress", "next_action": "continue-training", "next_step": 2}


@pytest.fixture(autouse=True)
def signed_in(browser: Browser) -> None:
    browser.sign_in()


def test_what_it_is_its_steps_and_the_own_results(browser: Browser, standin: StandIn) -> None:
    attempt = {"at": "2026-11-27T09:00:00Z", "score": 60, "pass_mark": 70, "passed": False}
    offering(
        standin,
        step(standin, 1, completed=True, completed_at="2026-11-27T09:00:00Z"),
        step(standin, 2, kind="lab", system_requirements="8 GB", connection="VPN", launches=2)
        | {"last_launched_at": "2026-11-27T09:00:00Z"},
        step(standin, 3, kind="exam", pass_mark=70, attempts=[attempt], attempts_total=4, best_score=64),
        stands=RUNNING,
        description="What to do when it burns.",
        price=PRICE,
        minimum_minutes=90,
        badge="Fire warden",
    )
    page = browser.get(PAGE)
    assert {"What to do when it burns.", "1 of 3 steps", "€49.50", "1 h 30 min", "Fire warden"} <= set(page.text)
    assert {"System requirements", "8 GB", "VPN", "4 attempts, best result 64 %"} <= set(page.text)
    assert "Launched 2 times, last Fri 27 November, 10:00" in page.text
    html = browser.http.get(PAGE).text
    assert html.count(f'action="{PAGE}/launch/2" target="_blank"') == 2, "the button on top leads into the next step"
    assert len(standin.questions()) == 2


@pytest.mark.feature("ASG-13")
def test_notes_are_shown_and_important_ones_come_first(browser: Browser, standin: StandIn) -> None:
    note = {"assignment_id": GROUP, "title": "Bring <shoes>", "message": "Steel caps.", "important": True}
    plain = note | {"title": "Welcome", "important": False}
    offering(standin, stands={"notes": [plain, note]})
    text = browser.get(PAGE).text
    assert text.index("Bring <shoes>") < text.index("Fire safety", text.index("Bring <shoes>")) < text.index("Welcome")


OUTSIDE = {"status": "not-enrolled"}
MENUS: list[tuple[dict[str, Any], dict[str, Any], set[str]]] = [
    ({**OUTSIDE, "next_action": "enrol"}, {}, {"enrol"}),
    ({**OUTSIDE, "next_action": "request-access"}, {}, {"request"}),
    ({**OUTSIDE, "next_action": "purchase"}, {"price": PRICE}, {"purchase"}),
    ({**OUTSIDE, "next_action": None}, {}, set()),
    (RUNNING, {}, {"details", "why"}),
    ({**RUNNING, "due_on": "2027-01-31"}, {}, {"details", "why", "later-date"}),
    (RUNNING, {"groups": 1}, {"details", "why", "enrol"}),
    (
        RUNNING,
        {"withdraw_from": [{"assignment_id": GROUP, "type": "group", "name": "Morning"}]},
        {"details", "why", f"withdraw/{GROUP}"},
    ),
]


@pytest.mark.feature("DUE-9")
@pytest.mark.parametrize(("stands", "given", "expected"), MENUS)
def test_the_menu_has_what_applies(
    browser: Browser, standin: StandIn, stands: dict[str, Any], given: dict[str, Any], expected: set[str]
) -> None:
    offering(standin, stands=stands, **given)
    links = {one.removeprefix(f"{PAGE}/") for one in browser.get(PAGE).links if one.startswith(f"{PAGE}/")}
    assert links == expected


def test_what_may_not_be_seen_is_not_there(browser: Browser, standin: StandIn) -> None:
    standin.refuses("GET", API, 404, "not-found")
    assert "Not found" in browser.get(PAGE, 404).text
    for path in ("details", "enrol", "purchase"):
        standin.says("GET", f"{API}/groups", [])
        assert "Not found" in browser.get(f"{PAGE}/{path}", 404).text


def test_a_change_that_is_not_in_it_yet_is_said(browser: Browser, standin: StandIn) -> None:
    offering(standin)
    found = standin._answers["GET", API][1]

    def behind(request: Any) -> Any:
        if "at_least" in request.url.params:
            problem = {"type": "urn:rollbook:problem:behind", "title": "Behind", "status": 503}
            return httpx.Response(503, json=problem)
        return found

    standin.says("GET", API, behind)
    page = browser.get(f"{PAGE}?at_least=approvals:7")
    assert "Recorded. This page does not show it yet: reload it in a moment." in page.text


def test_begin_is_one_command_however_often_it_is_sent(browser: Browser, standin: StandIn) -> None:
    offering(standin)
    receipt(standin, "POST", f"{WORK}/begin")
    led = browser.post(f"{PAGE}/begin", key=KEY)
    assert (led.status_code, led.headers["Location"]) == (303, f"{PAGE}?said=begun")
    sent = next(one for one in standin.asked if one.url.path == f"{WORK}/begin")
    assert sent.headers["Idempotency-Key"] == KEY
    assert "The training has begun." in browser.get(led.headers["Location"]).text
    standin.refuses("POST", f"{WORK}/begin", 409, "payment-due")
    page = browser.refused(f"{PAGE}/begin", 409, key=KEY)
    assert page.title.startswith("Error:")


@pytest.mark.feature("ENR-6", "ENR-4")
def test_a_step_opens_by_a_link_on_a_page_of_ours(browser: Browser, standin: StandIn) -> None:
    offering(standin, step(standin, 1), step(standin, 2, kind="lab"), stands=RUNNING)
    receipt(standin, "POST", f"{WORK}/steps/2/launch", address="https://lab.example/7?t=secret")
    led = browser.post(f"{PAGE}/launch/2")
    assert (led.status_code, urlsplit(led.headers["Location"]).path) == (303, f"{PAGE}/launch/2")
    assert "secret" not in led.headers["Location"]
    page = browser.get(led.headers["Location"])
    assert "https://lab.example/7?t=secret" in page.links
    again = browser.get(f"{PAGE}/launch/2?s=forged")
    assert not any("lab.example" in one for one in again.links)


@pytest.mark.feature("ENR-6")
def test_each_press_is_a_launch_of_its_own(browser: Browser, standin: StandIn) -> None:
    offering(standin, step(standin, 1, kind="lab"))
    receipt(standin, "POST", f"{WORK}/steps/1/launch", address=None)
    for _ in range(2):
        led = browser.post(f"{PAGE}/launch/1")
    keys = {one.headers["Idempotency-Key"] for one in standin.asked if one.url.path.endswith("/launch")}
    assert len(keys) == 2
    assert any("This step has no address" in one for one in browser.get(led.headers["Location"]).text)
    offering(standin, step(standin, 1, reported_by="learner", description="Walk the way out."))
    assert {"Walk the way out.", "Mark as done"} <= set(browser.get(f"{PAGE}/launch/1").text)


@pytest.mark.feature("ENR-6")
def test_a_step_that_is_a_course_leads_to_its_page_and_a_refusal_is_told_in_place(
    browser: Browser, standin: StandIn
) -> None:
    offering(standin, step(standin, 1, kind="course", course_id=GROUP), stands=RUNNING)
    receipt(standin, "POST", f"{WORK}/steps/1/launch", course_enrollment_id=ENROLLMENT)
    assert browser.post(f"{PAGE}/launch/1").headers["Location"] == f"/offerings/{GROUP}"
    standin.refuses("POST", f"{WORK}/steps/1/launch", 409, "access-expired")
    assert browser.refused(f"{PAGE}/launch/1", 409).title.startswith("Error:")


@pytest.mark.feature("CAT-1")
def test_a_learner_reports_only_what_the_learner_may(browser: Browser, standin: StandIn) -> None:
    own, others = step(standin, 1, reported_by="learner"), step(standin, 2, reported_by="learning-system")
    offering(standin, own, others, stands=RUNNING)
    assert browser.get(PAGE).text.count("Mark as done") == 1
    receipt(standin, "POST", f"{WORK}/steps/1/complete")
    assert browser.post(f"{PAGE}/steps/1/done", key=KEY).headers["Location"] == f"{PAGE}?said=step-done"
    standin.refuses("POST", f"{WORK}/steps/2/complete", 403, "reporting-not-allowed")
    assert browser.refused(f"{PAGE}/steps/2/done", 403, key=KEY).title.startswith("Error:")


@pytest.mark.feature("ENR-10")
def test_the_certificate_is_a_file_of_the_service(browser: Browser, standin: StandIn) -> None:
    offering(standin, stands={"status": "completed", "next_action": "download-certificate", "serial": "ABC-1"})
    assert "/certificates/ABC-1" in browser.get(PAGE).links
    headers = {"Content-Type": "application/pdf", "Content-Disposition": 'attachment; filename="certificate.pdf"'}
    file = httpx.Response(200, content=b"%PDF", headers=headers)
    standin.says("GET", "/api/enrollment/certificates/ABC-1/document", file)
    got = browser.http.get("/certificates/ABC-1")
    assert (got.content, got.headers["Content-Disposition"]) == (b"%PDF", 'inline; filename="certificate.pdf"')
    standin.refuses("GET", "/api/enrollment/certificates/ABC-1/document", 404, "not-found")
    assert "Not found" in browser.get("/certificates/ABC-1", 404).text


def test_in_german(browser: Browser, standin: StandIn) -> None:
    browser.sign_in(language="de")
    offering(standin, step(standin, 1), step(standin, 2), in_order=True, stands={**RUNNING, "next_step": 1})
    assert {"Schritte", "Öffnet sich, wenn Schritt 1 erledigt ist.", "Auf einen Blick"} <= set(browser.get(PAGE).text)
    assert OFFERING in PAGE
