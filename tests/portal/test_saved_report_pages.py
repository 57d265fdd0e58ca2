"""Pages of saved reports: saved from a report's page, opened, renamed, asked otherwise, shared, deleted (RPT-3)."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from portal.conftest import Browser
from portal.standin import PERSON, StandIn
from portal.test_report_pages import OFFERING, described, tells

SAVED = "/api/reporting/saved-reports"
ID = "7a1f2c3d-0d4e-4b5a-8c6d-9e0f1a2b3c4d"
ONE, PAGE = f"{SAVED}/{ID}", f"/admin/reports/saved/{ID}"
NORTH = {"id": "11111111-2222-4333-8444-555555555555", "name": "North", "path": ["Company"]}


def one(standin: StandIn, **given: Any) -> dict[str, Any]:
    question = {
        "state": ["completed"],
        "overdue": False,
        "sort": "due_on",
        "columns": ["last_name", "state"],
        "name": "ada",
    }
    told = {"id": ID, "name": "Who is done", "source": "completion", "question": question, "own": True, "revision": 3}
    return standin.sample("reporting", "SavedReportView", **{**told, **given})


@pytest.fixture(autouse=True)
def answers(standin: StandIn, browser: Browser) -> None:
    standin.says("GET", "/api/reporting/sources", described())
    standin.says("GET", SAVED, {"items": [one(standin)], "next": None})
    standin.says("GET", ONE, one(standin))
    receipt = {"position": "reporting:0", "batch": ID, "result": {"saved_report_id": ID}}
    standin.says("POST", SAVED, receipt, 201)
    standin.says("PUT", ONE, receipt)
    standin.says("DELETE", ONE, receipt)
    unit = {**standin.item("GET", "/api/directory/units"), **NORTH}
    standin.says("GET", "/api/directory/units", {"items": [unit], "next": None})
    offering = standin.item("GET", "/api/catalog/offerings", title="Safe workplace", id=OFFERING)
    standin.says("GET", "/api/catalog/offerings", {"items": [offering], "next": None})
    tells(standin, "completion", {"last_name": "Lovelace", "state": "completed"}, total=8)
    browser.sign_in("auditor")


@pytest.mark.feature("RPT-3")
def test_saved_reports_come_first_with_whose_they_are_and_with_whom_they_are_shared(
    browser: Browser, standin: StandIn
) -> None:
    shared = {"role": "auditor", "organisation_id": NORTH["id"], "organisation": "North"}
    of_bob = one(standin, id=str(uuid4()), name="<b>Bob's</b>", own=False, owner="Bob B", shared=shared)
    of_nobody = one(standin, id=str(uuid4()), own=False, owner=None, shared={**shared, "organisation_id": None})
    standin.says("GET", SAVED, {"items": [one(standin), of_bob, of_nobody], "next": "abc"})
    page = browser.get("/admin/reports")
    assert PAGE in page.links
    for words in ("<b>Bob's</b>", "Bob B", "Auditor, North", "Only you", "Auditor, everywhere", "outside your org"):
        assert words in " ".join(page.text), words
    assert "/admin/reports?cursor=abc" in page.links
    assert len(standin.questions()) == 2


@pytest.mark.feature("RPT-3")
def test_a_report_is_saved_from_its_page_with_what_is_shown(browser: Browser, standin: StandIn) -> None:
    address = "state=completed&overdue=true&columns=state&columns=due_on&sort=-due_on&as_of=2026-11-01"
    html = browser.http.get(f"/admin/reports/completion?{address}&cursor=abc").text
    assert f'name="address" value="{address.replace("&", "&amp;")}"' in html
    key = str(uuid4())
    done = browser.post("/admin/reports/completion/save", key=key, address=address, called="Late ones")
    assert (done.status_code, done.headers["Location"]) == (303, f"{PAGE}?said=report-saved")
    assert "Only you see it" in " ".join(browser.get(done.headers["Location"]).text)
    assert standin.last("POST", SAVED).headers["Idempotency-Key"] == key
    sent = standin.sent("POST", SAVED)
    assert (sent["name"], sent["source"]) == ("Late ones", "completion")
    assert sent["question"] == {
        "as_of": "2026-11-01",
        "state": ["completed"],
        "overdue": "true",
        "columns": ["state", "due_on"],
        "sort": "-due_on",
    }
    standin.refuses("POST", SAVED, 409, "too-many-saved-reports", detail="You have 200 saved reports.")
    refused = browser.refused("/admin/reports/completion/save", 409, key=key, address=address, called="Late ones")
    assert "You have 200 saved reports." in " ".join(refused.text)


@pytest.mark.feature("RPT-3")
def test_a_saved_report_shows_its_rows_its_question_in_words_and_its_files(browser: Browser, standin: StandIn) -> None:
    page = browser.get(PAGE)
    for words in ("Who is done", "8 in total.", "Lovelace", "Completed: 6", "Part of a name", "ada", "Only you"):
        assert words in " ".join(page.text), words
    assert standin.sent("POST", "/api/reporting/completion/search") == {
        "state": ["completed"],
        "overdue": False,
        "sort": "due_on",
        "name": "ada",
        "cursor": None,
    }
    assert f"{PAGE}/export/xlsx" in page.links
    assert f"{PAGE}?cursor=abc" in page.links
    change = "/admin/reports/completion?state=completed&overdue=false&sort=due_on&columns=last_name&columns=state"
    assert f"{change}&saved={ID}&revision=3" in page.links
    assert not any("ada" in link for link in page.links)
    assert len(standin.questions()) == 4
    told = {"Content-Type": "text/csv", "Content-Disposition": 'attachment; filename="completion.csv"'}
    standin.says("POST", "/api/reporting/completion.csv", lambda _: httpx.Response(200, text="a,b", headers=told))
    assert browser.http.get(f"{PAGE}/export/csv").text == "a,b"
    assert standin.sent("POST", "/api/reporting/completion.csv") == one(standin)["question"]
    assert browser.http.get(f"{PAGE}/export/pdf").status_code == 404


@pytest.mark.feature("RPT-3")
def test_its_question_is_changed_on_the_page_of_its_source_and_the_part_of_a_name_stays(
    browser: Browser, standin: StandIn
) -> None:
    page = f"/admin/reports/completion?state=in-progress&saved={ID}&revision=3"
    html = browser.http.get(page).text
    assert f'action="{PAGE}/question"' in html
    assert f'<input type="hidden" name="saved" value="{ID}">' in html
    done = browser.post(f"{PAGE}/question", key=str(uuid4()), revision="3", address="state=in-progress")
    assert (done.status_code, done.headers["Location"]) == (303, f"{PAGE}?said=saved")
    sent = standin.sent("PUT", ONE)
    assert sent["question"] == {"state": ["in-progress"], "sort": "person", "name": "ada"}
    assert (sent["name"], sent["shared"]) == ("Who is done", None)
    assert standin.last("PUT", ONE).headers["If-Match"] == '"3"'
    standin.refuses("PUT", ONE, 412, "stale", current=4)
    refused = browser.refused(f"{PAGE}/question", 412, key=str(uuid4()), revision="3", address="")
    assert "Somebody else has changed" in " ".join(refused.text)


@pytest.mark.feature("RPT-3")
def test_its_owner_renames_and_shares_it(browser: Browser, standin: StandIn) -> None:
    page = browser.get(f"{PAGE}/change")
    assert "Learning manager" not in " ".join(page.text)  # which may not read it
    assert "Auditor" in " ".join(page.text)
    form = {"key": str(uuid4()), "revision": "3", "called": "Done", "role": "auditor", "organisation_id": NORTH["id"]}
    looked = browser.post(f"{PAGE}/change", **form, organisation="nor", do="look")
    assert (looked.status_code, 'value="Done"' in looked.text) == (200, True)
    assert standin.last("GET", "/api/directory/units").url.params["name"] == "nor"
    done = browser.post(f"{PAGE}/change", **form, do="save")
    assert (done.status_code, done.headers["Location"]) == (303, f"{PAGE}?said=saved")
    sent = standin.sent("PUT", ONE)
    assert (sent["name"], sent["shared"]) == ("Done", {"role": "auditor", "organisation_id": NORTH["id"]})
    assert sent["question"] == one(standin)["question"]
    browser.post(f"{PAGE}/change", **{**form, "role": ""}, do="save")
    assert standin.sent("PUT", ONE)["shared"] is None
    standin.refuses("PUT", ONE, 422, "invalid", detail="Only these may read it.", field="shared.role")
    assert "Only these may read it." in " ".join(browser.refused(f"{PAGE}/change", 422, **form, do="save").text)


@pytest.mark.feature("RPT-3")
def test_it_is_deleted_once(browser: Browser, standin: StandIn) -> None:
    key = str(uuid4())
    done = browser.post(f"{PAGE}/delete", key=key, revision="3")
    assert (done.status_code, done.headers["Location"]) == (303, "/admin/reports?said=report-deleted")
    sent = standin.last("DELETE", ONE)
    assert (sent.headers["Idempotency-Key"], sent.headers["If-Match"]) == (key, '"3"')


@pytest.mark.feature("RPT-3", "SEC-2")
def test_a_reader_is_told_whose_rows_these_are_and_cannot_change_it(browser: Browser, standin: StandIn) -> None:
    shared = {"role": "auditor", "organisation_id": None, "organisation": None}
    standin.says("GET", ONE, one(standin, own=False, owner="Bob B", owner_id=str(PERSON), shared=shared))
    page = browser.get(PAGE)
    assert "You see the rows of your own organisations, whoever saved it." in " ".join(page.text)
    assert "Bob B" in " ".join(page.text)
    assert f"{PAGE}/change" not in page.links
    assert f"{PAGE}/delete" not in browser.http.get(f"{PAGE}/change").text
    standin.refuses("GET", ONE, 404, "not-found")
    assert browser.http.get(PAGE).status_code == 404


def test_the_pages_of_saved_reports_speak_german(browser: Browser, standin: StandIn) -> None:
    standin.me["language"] = "de"
    browser.sign_in("auditor")
    assert "Gespeicherte Berichte" in " ".join(browser.get("/admin/reports").text)
    assert "Nur für Sie" in " ".join(browser.get(PAGE).text)
    assert "Geteilt mit" in " ".join(browser.get(f"{PAGE}/change").text)
