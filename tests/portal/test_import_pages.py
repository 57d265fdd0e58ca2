"""The import: headings, files that are checked and then imported, runs with their progress and report."""

import re
from typing import Any

import pytest
from portal.conftest import OWN, Browser
from portal.html_checks import Page, checked
from portal.standin import PERSON, StandIn

pytestmark = pytest.mark.feature("DIR-8", "DIR-13")

RUN = "11111111-1111-4111-8111-111111111111"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
IMPORTS = "/api/directory/imports"
ONE, HERE = f"{IMPORTS}/{RUN}", f"/admin/imports/{RUN}"
LOOKUP = "/api/directory/people/lookup"
CSV = b"idnumber,username\n1,ada\n"


def said(page: Page) -> str:
    return " ".join(page.text)


def run(standin: StandIn, **changed: Any) -> dict[str, Any]:
    given = {
        "id": RUN,
        "actor": str(PERSON),
        "feed": "totara",
        "state": "finished",
        "done": 0,
        "total": 0,
        "dry_run": True,
        "outcomes": {"created": 1200, "changed": 84, "skipped": 2},
        "ignored": ["user: phone"],
        "created_at": "2026-11-28T09:00:00Z",
    }
    told = standin.answer("GET", ONE, **{**given, **changed})
    standin.says("GET", ONE, told, 200 if told["state"] in ("finished", "failed") else 202)
    standin.says("GET", IMPORTS, {"items": [told], "next": "more"})
    return told


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    run(standin)
    heading = {"heading": "idnumber", "field": "external_id", "mandatory": True}
    phone = {"heading": "country", "field": "country", "mandatory": False}
    files = [{"element": "user", "headings": [heading, phone]}]
    totara = standin.item("GET", f"{IMPORTS}/mappings", name="totara", delimiter=",", encoding="utf-8", files=files)
    standin.says("GET", f"{IMPORTS}/mappings", [totara, {**totara, "name": "moodle"}])
    rows = [
        standin.sample("directory", "ReportRow", element="user", number=2, key="A1", outcome="created"),
        standin.sample(
            "directory",
            "ReportRow",
            element="jobassignment",
            number=7,
            key="J<7>",
            outcome="skipped",
            reasons=[{"code": "unknown", "field": "orgidnumber", "detail": "There is no organisation with this id."}],
        ),
    ]
    standin.says("GET", f"{ONE}/report", {"items": rows, "next": "more"})
    me = {"id": str(PERSON), "first_name": "Zoë", "last_name": "Álvarez"}
    found = {"items": [standin.sample("directory", "PersonItem", **me)], "named": [], "erased": []}
    standin.says("POST", LOOKUP, standin.answer("POST", LOOKUP, **found))
    browser.sign_in("site-administrator")


def upload(browser: Browser, files: dict[str, tuple[str, bytes]], **fields: str) -> Any:
    return browser.http.post("/admin/imports/new", data={"key": KEY, **fields}, files=files, headers=OWN)


def part(body: bytes, name: str) -> str:
    """A field of a multipart body."""
    found = re.search(rf'name="{name}"[^\r]*(?:\r\n[^\r]+)*\r\n\r\n(.*?)\r\n--'.encode(), body, re.S)
    return found.group(1).decode() if found else ""


def test_the_list_tells_who_began_what_and_what_became_of_the_rows(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/admin/imports")
    for word in ("Check", "totara", "Zoë Álvarez", "Finished", "1,200 created", "84 changed", "2 not imported"):
        assert word in said(page)
    assert {HERE, "/admin/imports/new", "/admin/imports?cursor=more"} <= set(page.links)
    assert len(standin.questions()) == 2
    standin.says("GET", IMPORTS, {"items": [], "next": None})
    assert "Nothing was imported yet" in said(browser.get("/admin/imports"))


def test_the_headings_that_are_read_are_said_before_a_file_is_chosen(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/admin/imports/new")
    for word in ("idnumber", "country", "Those in bold are needed", "Totara HR Import", "Moodle"):
        assert word in said(page)
    files = [one.get("name") for one in page.fields if one.get("type") == "file"]
    assert files == ["org", "pos", "user", "jobassignment"]
    assert standin.questions() == [f"GET {IMPORTS}/mappings"]


def test_files_are_checked_first_and_go_to_the_directory_as_they_are(browser: Browser, standin: StandIn) -> None:
    standin.says("POST", IMPORTS, run(standin, state="waiting", total=None), 202)
    files = {"user": ("people.csv", CSV), "org": ("", b"")}
    done = upload(browser, files, mapping="totara", contains_all="true", delimiter="tab", do="check")
    assert (done.status_code, done.headers["Location"]) == (303, f"{HERE}?contains_all=True&delimiter=tab")
    sent = standin.asked[-1]
    assert sent.headers["Idempotency-Key"] == KEY
    assert part(sent.content, "user") == CSV.decode()
    assert b'name="org"' not in sent.content, "no file was chosen"
    assert part(sent.content, "dry_run") == "true"
    assert part(sent.content, "contains_all") == "true"
    assert part(sent.content, "delimiter") == "\t"
    assert b'name="feed"' not in sent.content, "as the mapping says"


def test_after_the_check_the_same_files_are_imported_with_the_same_options(browser: Browser, standin: StandIn) -> None:
    page = browser.get(f"{HERE}?contains_all=True&delimiter=tab")
    again = "/admin/imports/new?again=true&contains_all=True&delimiter=tab"
    assert again in page.links
    page = browser.get(again)
    assert "they were not kept" in said(page)
    assert "checked" in next(one for one in page.fields if one.get("name") == "contains_all")
    standin.says("POST", IMPORTS, run(standin, state="waiting", dry_run=False), 202)
    assert upload(browser, {"user": ("people.csv", CSV)}, do="import").status_code == 303
    assert part(standin.asked[-1].content, "dry_run") == "false"


def test_a_file_that_cannot_be_read_is_told_at_its_field(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", IMPORTS, 422, "bad-file", field="user", detail="user: the heading idnumber is missing.")
    answer = upload(browser, {"user": ("people.csv", b"x\n")}, take_over="true", feed="hr")
    assert answer.status_code == 422
    page = checked(answer.text)
    assert page.title.startswith("Error:")
    assert said(page).count("user: the heading idnumber is missing.") == 2
    assert next(one for one in page.fields if one.get("name") == "user").get("aria-invalid") == "true"
    assert "checked" in next(one for one in page.fields if one.get("name") == "take_over")
    assert next(one for one in page.fields if one.get("name") == "feed").get("value") == "hr"
    standin.refuses("POST", IMPORTS, 422, "invalid", field="files")
    assert "Choose at least one file." in upload(browser, {"user": ("", b"")}).text


def test_the_report_has_a_line_for_each_row_with_the_reason(browser: Browser, standin: StandIn) -> None:
    page = browser.get(HERE)
    for word in (
        "would create, change or remove 1,284 records. Nothing was changed.",
        "user: phone",
        "A1",
        "J<7>",
        "There is no organisation with this id.",
        "Job assignments",
        "not imported 2",
    ):
        assert word in said(page)
    assert {f"{HERE}?outcome=skipped", f"{HERE}?cursor=more"} <= set(page.links)
    assert len(standin.questions()) <= 4
    page = browser.get(f"{HERE}?contains_all=True&outcome=skipped&cursor=abc")
    report = next(one for one in reversed(standin.asked) if one.url.path == f"{ONE}/report")
    assert dict(report.url.params) == {"outcome": "skipped", "cursor": "abc"}
    assert f"{HERE}?contains_all=True&outcome=skipped&cursor=more" in page.links


def test_a_run_that_goes_on_shows_its_progress_and_asks_again(browser: Browser, standin: StandIn) -> None:
    run(standin, state="running", total=None, dry_run=False, outcomes={})
    text = browser.http.get(HERE).text
    assert "The files are being checked, since" in text
    assert 'data-live="2" class' in text
    assert f"GET {ONE}/report" not in standin.questions()
    run(standin, state="running", done=41_200, total=100_000, dry_run=False)
    page = browser.get(HERE)
    assert "41,200 of 100,000 changes" in said(page)
    run(standin, state="finished", dry_run=False)
    text = browser.http.get(HERE).text
    assert "1,284 records were created, changed or removed." in text
    assert "data-done" in text
    assert "/admin/imports/new?again" not in text, "it is imported already"
    run(standin, state="failed", error="The database is full.")
    assert "The database is full." in said(browser.get(HERE))


def test_only_whoever_manages_the_directory_finds_the_import(browser: Browser, standin: StandIn) -> None:
    assert "/admin/imports" in browser.get("/admin").links
    browser.sign_in("auditor")
    assert "/admin/imports" not in browser.get("/admin").links
    standin.refuses("GET", IMPORTS, 403, "forbidden")
    browser.get("/admin/imports", 403)


def test_names_are_only_a_part_of_the_list(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", LOOKUP, 500, "crashed")
    page = browser.get("/admin/imports")
    assert "Names cannot be shown at the moment." in said(page)
    assert "1,200 created" in said(page)
    standin.down.add("directory")
    browser.get("/admin/imports", 502)


def test_the_import_is_there_in_german(browser: Browser) -> None:
    browser.sign_in("site-administrator", language="de")
    assert "Dateien prüfen" in said(browser.get("/admin/imports"))
    assert "1.200 angelegt" in said(browser.get("/admin/imports"))
