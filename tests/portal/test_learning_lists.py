"""Current training, transcript, record of learning, qualifications (LRN-3 to LRN-6)."""

from typing import Any

import httpx
import pytest
from portal.conftest import Browser
from portal.learning import OFFERING, card
from portal.standin import PERSON, StandIn

MINE = "/api/enrollment/mine"
HOLDING = "/api/directory/me/holding"
RECORD = "/api/reporting/record-of-learning/search"
PART = {"number": 1, "kind": "content", "title": "Read this", "offering_id": None, "state": "done", "launchable": True}
PART |= {"system_requirements": "", "connection": ""}
LAB = PART | {"number": 2, "kind": "lab", "title": "Try it", "state": "open"}
LAB |= {"system_requirements": "A mouse <b>.", "connection": "Over VPN."}
DONE = {"status": "completed", "next_action": "download-certificate", "completed_at": "2026-11-23T23:30:00Z"}
DONE |= {"serial": "RB-1"}


def mine(standin: StandIn, *cards: dict[str, Any], next: str | None = None, **by_view: list[dict[str, Any]]) -> None:
    """What each view answers; the same where none is named."""

    def answer(request: httpx.Request) -> Any:
        found = by_view.get(request.url.params["view"], list(cards))
        return {"items": found, "next": next, "total": len(found)}

    standin.says("GET", MINE, answer)


def asked(standin: StandIn) -> dict[str, str]:
    return dict(next(one for one in reversed(standin.asked) if one.url.path == MINE).url.params)


def recorded(standin: StandIn, **given: Any) -> dict[str, Any]:
    """A term of the own record."""
    own = {"offering_id": OFFERING, "offering_title": "Fire Safety", "offering_kind": "course", "state": "in-progress"}
    return standin.item("POST", RECORD, **own | given)


def record(standin: StandIn, *terms: dict[str, Any], next: str | None = None) -> None:
    standin.says("POST", RECORD, standin.answer("POST", RECORD, items=list(terms), next=next, as_new_as=[]))


@pytest.mark.feature("LRN-3")
def test_current_training_has_what_is_overdue_then_due_then_the_rest(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    late = card(standin, 1, stands={"due_on": "2026-01-31"}, overdue=True, overdue_days=301)
    due = card(standin, 2, stands={"due_on": "2099-01-31"})
    mine(standin, late, due, card(standin, 3), next="abc")
    page = browser.get("/training")
    order = ["Overdue", "Fire safety 1", "Due", "Fire safety 2", "Without a due date", "Fire safety 3"]
    places = [page.text.index(one) for one in order]
    assert places == sorted(places)
    assert asked(standin) == {"view": "current", "limit": "50"}
    assert {"/redeem", "/contact", "/training?cursor=abc"} <= set(page.links)
    assert len(standin.questions()) <= 4
    browser.get("/training?cursor=abc&at_least=enrollment:3")
    assert (asked(standin)["cursor"], asked(standin)["at_least"]) == ("abc", "enrollment:3")


@pytest.mark.feature("LRN-3", "CAT-1")
def test_each_training_opens_its_activities_and_a_lab_says_what_it_needs(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    course = {"kind": "course", "title": "Basics", "offering_id": OFFERING, "number": 3, "launchable": False}
    exam = {"kind": "exam", "title": "Final", "number": 4, "state": "open"}
    mine(standin, card(standin, 1, parts=[PART, LAB, LAB | course, LAB | exam], done=1))
    page = browser.get("/training")
    said = {"Activities", "Read this", "Try it", "A mouse <b>.", "Over VPN.", "Lab · open", "Content · done"}
    assert said <= set(page.text)
    html = browser.http.get("/training").text
    launches = [n for n in range(1, 5) if f'action="/offerings/{OFFERING[:-2]}01/launch/{n}"' in html]
    assert launches == [1, 2]
    assert f"/offerings/{OFFERING}" in page.links
    mine(standin, card(standin, 1, parts=[LAB | {"launchable": False}]))
    assert "/launch/" not in browser.http.get("/training").text


@pytest.mark.feature("LRN-3")
def test_whoever_is_up_to_date_is_told_what_was_completed_last(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    mine(standin, completed=[card(standin, 1, stands=DONE)])
    text = " ".join(browser.get("/training").text)
    assert "You are up to date" in text
    assert "You last completed Fire safety 1, on Tue 24 November." in text
    assert asked(standin) == {"view": "completed", "limit": "1"}
    mine(standin)
    assert "You last completed" not in " ".join(browser.get("/training").text)
    standin.down.add("enrollment")
    browser.get("/training", 502)


@pytest.mark.feature("LRN-4")
def test_the_transcript_shows_what_holds_with_its_certificate_and_what_opens_again(
    browser: Browser, standin: StandIn
) -> None:
    browser.sign_in()
    valid = card(standin, 1, stands=DONE | {"valid_until": "2099-11-23"}, can_launch=True)
    expired = card(standin, 2, stands=DONE | {"valid_until": "2020-11-23", "status": "certification-expired"})
    revoked = card(standin, 3, stands=DONE | {"revoked": True, "serial": "RB-3"}, visible=False)
    for one, state in ((valid, "Valid"), (expired, "Expired"), (revoked, "Revoked")):
        mine(standin, one)
        page = browser.get("/transcript")
        assert {"Tue 24 November", state} <= set(page.text)
        assert {"Valid", "Expired", "Revoked"} & set(page.text) == {state}
        assert ("/certificates/RB-1" in page.links) is (state != "Revoked")
        assert "/certificates/RB-3" not in page.links
        assert (f"/offerings/{OFFERING[:-2]}01#steps" in page.links) is (state == "Valid")
    assert f"/offerings/{OFFERING[:-2]}03" not in page.links
    assert asked(standin) == {"view": "completed", "limit": "50"}
    mine(standin, valid, next="abc")
    assert "/transcript?cursor=abc" in browser.get("/transcript").links
    mine(standin)
    assert "What you complete appears here, with its certificate." in browser.get("/transcript").text


@pytest.mark.feature("ENR-10")
def test_a_certificate_opens_in_the_browser_of_whoever_is_signed_in(browser: Browser, standin: StandIn) -> None:
    document = "/api/enrollment/certificates/RB-1/document"
    named = {"Content-Disposition": 'attachment; filename="certificate-RB-1.pdf"'}
    standin.says("GET", document, lambda _: httpx.Response(200, content=b"%PDF-1.7 text", headers=named))
    assert browser.http.get("/certificates/RB-1").headers["Location"].startswith("/sign-in?to=")
    browser.sign_in()
    answer = browser.http.get("/certificates/RB-1")
    assert (answer.status_code, answer.content) == (200, b"%PDF-1.7 text")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'inline; filename="certificate-RB-1.pdf"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert standin.asked[-1].headers["Authorization"].startswith("Bearer ")
    standin.refuses("GET", document, 409, "revoked", title="Conflict", detail="This certificate was revoked.")
    assert "This certificate was revoked." in browser.get("/certificates/RB-1", 409).text
    standin.refuses("GET", "/api/enrollment/certificates/RB-2/document", 404, "not-found")
    browser.get("/certificates/RB-2", 404)


@pytest.mark.feature("LRN-5")
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/record", None),
        ("/record/courses", "course"),
        ("/record/certifications", "certification"),
        ("/record/qualifications", "qualification"),
    ],
)
def test_the_record_of_learning_has_everything_of_a_kind_also_what_is_over(
    browser: Browser, standin: StandIn, path: str, kind: str | None
) -> None:
    browser.sign_in()
    standin.says("GET", HOLDING, standin.answer("GET", HOLDING))
    left = recorded(standin, state="withdrawn", term=1, due_on="2026-01-31", assigned_at="2025-11-01T08:00:00Z")
    again = recorded(standin, state="completed", term=2, completed_at="2026-03-02T23:30:00Z", serial="RB-1")
    expired = recorded(standin, state="completed", valid_until="2026-01-31", expired=True, offering_title="Old")
    record(standin, again, left, expired, next="abc")
    page = browser.get(path)
    said = {"Withdrawn", "Enrollment no. 2", "Completed", "Sat 31 January", "Tue 3 March", "Expired", "no expiry"}
    assert said <= set(page.text)
    assert page.text.count("Fire Safety") == 2, "each term is a row of its own"
    assert "/certificates/RB-1" in page.links
    assert page.links.count(f"/offerings/{OFFERING}") == 2, "an ended one may be hidden by now"
    assert f"{path}?cursor=abc" in page.links
    assert standin.sent("POST", RECORD) == {
        "person_id": str(PERSON),
        "kind": [kind] if kind else [],
        "cursor": None,
        "limit": 50,
    }
    assert f'href="{path}" aria-current="page"' in browser.http.get(path).text
    record(standin)
    assert "Nothing on record yet" in browser.get(path).text
    assert browser.http.get("/record/poems").status_code == 422


@pytest.mark.feature("LRN-5")
def test_the_record_has_types_and_names_of_assignments_where_the_organisation_wants_them(
    browser: Browser, standin: StandIn
) -> None:
    browser.sign_in(language="de")
    told = {"assignment_types": "Access request, Organisation", "assignment_names": "Nord, Zoë Álvarez"}
    record(standin, recorded(standin, **told))
    for types, names in ((False, False), (True, False), (False, True), (True, True)):
        wanted = {"record_assignment_types": types, "record_assignment_names": names}
        standin.says("GET", HOLDING, standin.answer("GET", HOLDING, **wanted))
        text = browser.get("/record").text
        assert ("Antrag, Organisation" in text) == types
        assert ("Nord, Zoë Álvarez" in text) == names
    standin.refuses("GET", HOLDING, 404, "not-found")
    assert "Fire Safety" in browser.get("/record").text


@pytest.mark.feature("LRN-6")
def test_a_qualification_says_what_it_needs_and_what_comes_next(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    first, second = f"{OFFERING[:-2]}71", f"{OFFERING[:-2]}72"
    items = [
        PART | {"kind": "course", "title": "Basics", "offering_id": first},
        LAB | {"kind": "certification", "title": "Nurse", "offering_id": second},
    ]
    one = {"kind": "qualification", "parts": items, "done": 1}
    required = card(standin, 1, stands={"required": True, "status": "in-progress"}, **one)
    optional = card(standin, 2, stands=DONE | {"required": False, "valid_until": "2099-01-31"}, **one)
    mine(standin, required, optional, next="abc")
    page = browser.get("/qualifications")
    assert {"Required", "Optional", "Basics", "Nurse", "Next: Nurse"} <= set(page.text)
    assert "1 of 2 learning items" in page.text
    assert {f"/offerings/{first}", f"/offerings/{second}", "/certificates/RB-1"} <= set(page.links)
    assert page.text.count("Next: Nurse") == 1
    assert asked(standin) == {"view": "qualifications", "limit": "50"}
    assert "/qualifications?cursor=abc" in page.links
    mine(standin)
    assert "No qualification is asked of you" in browser.get("/qualifications").text


def test_in_german(browser: Browser, standin: StandIn) -> None:
    browser.sign_in(language="de")
    mine(standin)
    assert "Sie sind auf dem neuesten Stand" in browser.get("/training").text
    assert "Noch nichts abgeschlossen" in browser.get("/transcript").text
    standin.says("GET", HOLDING, standin.answer("GET", HOLDING))
    record(standin)
    assert "Noch nichts verzeichnet" in browser.get("/record").text
    assert "Keine Qualifikation wird von Ihnen verlangt" in browser.get("/qualifications").text
