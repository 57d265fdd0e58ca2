"""The pages of reports: which there are, and one form for each, made from what it says of itself (RPT-3)."""

from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from portal.conftest import Browser
from portal.standin import StandIn

from services.reporting.api import reports
from services.reporting.reports.sources import SOURCES
from shared.auth import ROLES, Caller, Held

OFFERING = "5f6a0c1e-8f61-4f3f-9a8b-1c3f0f6a7b11"


def described(role: str = "auditor") -> list[dict[str, Any]]:
    """As the service describes its reports itself."""
    assert role in ROLES
    caller = Caller(id=OFFERING, roles=(Held(role=role, organisation=None),))
    return [reports._described(source, caller).model_dump(mode="json") for source in SOURCES]


def tells(standin: StandIn, name: str, *rows: dict[str, Any], total: int = 12_345, next: str | None = "abc") -> None:
    path = f"/api/reporting/{name}/search"
    items = [standin.item("POST", path, **row) for row in rows]
    standin.says("POST", path, {**standin.answer("POST", path), "items": items, "next": next})
    standin.says("POST", f"/api/reporting/{name}/count", {"total": total})
    if name == "completion":
        counts = {"completed": total - total // 4, "not-started": total // 4}
        standin.says("POST", f"/api/reporting/{name}/parts", {"by": "state", "counts": counts, "total": total})


@pytest.fixture(autouse=True)
def answers(standin: StandIn, browser: Browser) -> None:
    standin.says("GET", "/api/reporting/sources", described())
    offering = standin.item("GET", "/api/catalog/offerings", title="Safe workplace", id=OFFERING)
    standin.says("GET", "/api/reporting/saved-reports", {"items": [], "next": None})
    standin.says("GET", "/api/catalog/offerings", {"items": [offering], "next": None})
    browser.sign_in("auditor")


@pytest.mark.feature("RPT-3")
def test_the_reports_are_listed_with_what_each_is_about(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/admin/reports")
    for source in SOURCES:
        assert f"/admin/reports/{source.name}" in page.links
    assert "One row for each learner and offering: state, dates, version, score." in page.text
    standin.says("GET", "/api/reporting/sources", described("learner"))
    assert "/admin/reports/keys" not in browser.get("/admin/reports").links


@pytest.mark.feature("RPT-1", "RPT-3")
def test_a_report_shows_its_rows_the_total_and_the_next_page(browser: Browser, standin: StandIn) -> None:
    row = {"first_name": "Zoë", "last_name": "<script>alert(1)</script>", "offering_title": "Safe workplace"}
    tells(standin, "membership", {**row, "state": "not-started", "assigned_at": "2026-11-23T05:00:00Z"})
    columns = "columns=first_name&columns=last_name&columns=state&columns=assigned_at"
    page = browser.get(f"/admin/reports/membership?type=organisation&{columns}&unknown=1")
    assert "One row for each learner and assignment. 12,345 in total." in page.text
    assert "Zoë" in page.text
    assert "<script>alert(1)</script>" in page.text
    assert "Mon 23 November, 06:00" in page.text  # as in Berlin
    assert "Not started" in page.text
    assert f"/admin/reports/membership?type=organisation&{columns}&cursor=abc" in page.links
    assert f"/admin/reports/membership/export/xlsx?type=organisation&{columns}" in page.links
    asked = standin.sent("POST", "/api/reporting/membership/search")
    assert (asked["type"], asked["sort"]) == (["organisation"], "-assigned_at")
    assert "unknown" not in asked
    assert len(standin.questions()) <= 4


@pytest.mark.feature("RPT-3", "RPT-7")
@pytest.mark.parametrize("name", [source.name for source in SOURCES])
def test_every_report_has_a_page_with_its_filters_and_columns_in_words(
    browser: Browser, standin: StandIn, name: str
) -> None:
    tells(standin, name, {}, total=1, next=None)
    (source,) = (one for one in described() if one["name"] == name)
    page = browser.get(f"/admin/reports/{name}?as_of=2026-11-01")
    html = browser.http.get(f"/admin/reports/{name}").text
    assert standin.sent("POST", f"/api/reporting/{name}/search")["as_of"] is None
    for one in source["filters"]:
        assert (f'name="{one["name"]}"' in html) == (one["refers"] in (None, "offering") and not one["personal"])
    for word in ("_at", "_id<", "_on<", "_type", "kind<"):
        assert word not in page.text
    for column in source["columns"]:
        assert f"> {column['name']}</label>" not in html


@pytest.mark.feature("RPT-3")
def test_the_overview_has_a_chart_and_the_same_in_numbers(browser: Browser, standin: StandIn) -> None:
    counts = {"learners": 10, "completed": 4, "in_progress": 6}
    tells(standin, "overview", {"offering_title": "Safe workplace", **counts}, total=1, next=None)
    browser.get("/admin/reports/overview")
    html = browser.http.get("/admin/reports/overview").text
    assert '<rect class="completed" x="0.000" y="0" width="40.000"' in html
    assert '<rect class="in_progress" x="40.000" y="0" width="60.000"' in html
    assert "the table says the same in numbers" in html
    counts |= {"assignment_name": "Drivers", "assignment_type": "audience"}
    tells(standin, "overview-by-assignment", {"offering_title": "Safe workplace", **counts}, total=1, next=None)
    html = browser.http.get("/admin/reports/overview-by-assignment").text
    assert "<dt>Safe workplace: Drivers</dt>" in html
    assert '<rect class="completed" x="0.000" y="0" width="40.000"' in html


@pytest.mark.feature("RPT-3")
def test_the_chart_of_an_overview_with_some_of_its_columns_shows_what_these_have(
    browser: Browser, standin: StandIn
) -> None:
    tells(standin, "overview", {"learners": 10, "completed": 4, "in_progress": 6}, total=1, next=None)
    html = browser.http.get("/admin/reports/overview?columns=learners&columns=completed").text
    assert '<rect class="completed" x="0.000" y="0" width="40.000"' in html
    assert "In progress</li>" not in html


@pytest.mark.feature("RPT-3")
def test_completion_has_a_chart_of_all_rows_that_fit_not_of_the_page(browser: Browser, standin: StandIn) -> None:
    tells(standin, "completion", {"state": "completed"}, total=12_000)
    page = browser.get("/admin/reports/completion?overdue=false&sort=due_on")
    html = browser.http.get("/admin/reports/completion?overdue=false&sort=due_on").text
    assert '<rect class="completed" x="0.000" y="0" width="75.000"' in html
    assert '<rect class="not_started" x="75.000" y="0" width="25.000"' in html
    assert "Completed: 9,000" in page.text
    assert "One row for each learner and offering: state, dates, version, score. 12,000 in total." in page.text
    assert standin.sent("POST", "/api/reporting/completion/parts") == {"as_of": None, "overdue": "false"}
    assert not any("completion/count" in one for one in standin.questions())
    assert len(standin.questions()) <= 8


@pytest.mark.feature("RPT-3")
def test_a_chart_by_month_has_every_month_from_the_first_to_the_last_and_leads_to_its_rows(
    browser: Browser, standin: StandIn
) -> None:
    tells(standin, "completion", {"state": "completed"}, total=12_000)
    counts = {"2025-12": 20, "2026-02": 5, "none": 975}
    answer = {"by": "completed_month", "counts": counts, "total": 1_000}
    standin.says("POST", "/api/reporting/completion/parts", answer)
    address = "/admin/reports/completion?completed_from=2025-11-01&by=completed_month&type=audience"
    page = browser.get(address)
    html = browser.http.get(address).text
    assert standin.sent("POST", "/api/reporting/completion/parts")["by"] == "completed_month"
    assert "by" not in standin.sent("POST", "/api/reporting/completion/search")
    words = " ".join(page.text)
    for month in ("December 2025 : 20", "January 2026 : 0", "February 2026 : 5"):
        assert month in words, words
    assert "November 2025" not in words
    assert '<rect class="completed" x="0" y="0" width="25.000"' in html
    (february,) = [one for one in page.links if "completed_from=2026-02-01" in one]
    assert "completed_until=2026-02-28" in february
    assert "by=" not in february.replace("by=completed_month", "")
    assert '<option value="completed_month" selected>' in html


@pytest.mark.feature("RPT-3")
def test_three_reports_come_with_every_installation(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/admin/reports")
    words = " ".join(page.text)
    for title in ("Overdue in my organisations", "Certified by month", "Expiring in 60 days"):
        assert title in words
    tells(standin, "completion", {"state": "completed"}, total=8, next=None)
    ready = [one for one in page.links if one.startswith("/admin/reports/completion?")]
    asked = []
    for one in ready:
        if "by=" in one:
            told = {"by": "completed_month", "counts": {"2026-02": 8}, "total": 8}
            standin.says("POST", "/api/reporting/completion/parts", told)
        assert browser.http.get(one).status_code == 200
        tells(standin, "completion", {"state": "completed"}, total=8, next=None)
        asked.append(standin.sent("POST", "/api/reporting/completion/search"))
    today = datetime.now(UTC).date()
    overdue, certified, expiring = asked
    assert (overdue["overdue"], overdue["sort"]) == ("true", "due_on")
    assert certified["completed_from"] == f"{today.year - 1}-{today.month:02}-01"
    until = date.fromisoformat(expiring["valid_until"])
    assert abs((until - today).days - 60) <= 1
    assert (until - date.fromisoformat(expiring["valid_from"])).days == 60
    standin.says("GET", "/api/reporting/sources", described("learner"))
    assert "Overdue in my organisations" not in " ".join(browser.get("/admin/reports").text)


@pytest.mark.feature("RPT-3")
def test_a_report_without_rows_says_so_and_how_to_see_more(browser: Browser, standin: StandIn) -> None:
    tells(standin, "completion", total=0, next=None)
    page = browser.get(f"/admin/reports/completion?offering_id={OFFERING}&overdue=true")
    assert "No row fits these filters" in page.text
    assert "/admin/reports/completion" in page.links
    asked = standin.sent("POST", "/api/reporting/completion/search")
    assert (asked["offering_id"], asked["overdue"]) == (OFFERING, "true")


@pytest.mark.feature("RPT-3")
def test_what_the_form_has_no_field_for_is_kept_when_it_is_sent_again(browser: Browser, standin: StandIn) -> None:
    tells(standin, "completion", {}, total=1, next=None)
    html = browser.http.get(f"/admin/reports/completion?person_id={OFFERING}").text
    assert f'<input type="hidden" name="person_id" value="{OFFERING}">' in html


@pytest.mark.feature("RPT-3", "RPT-4")
def test_an_export_is_passed_on_with_the_question_of_the_page(browser: Browser, standin: StandIn) -> None:
    told = {"Content-Type": "text/csv", "Content-Disposition": 'attachment; filename="completion.csv"'}
    standin.says("POST", "/api/reporting/completion.csv", lambda _: httpx.Response(200, text="a,b", headers=told))
    answer = browser.http.get("/admin/reports/completion/export/csv?state=completed&columns=state&as_of=2026-11-01")
    assert (answer.status_code, answer.text) == (200, "a,b")
    assert answer.headers["Content-Disposition"] == told["Content-Disposition"]
    asked = standin.sent("POST", "/api/reporting/completion.csv")
    assert (asked["state"], asked["columns"], asked["as_of"]) == (["completed"], ["state"], "2026-11-01")


@pytest.mark.feature("RPT-3")
def test_a_report_that_there_is_not_and_a_format_that_there_is_not_are_not_found(browser: Browser) -> None:
    assert browser.http.get("/admin/reports/salaries").status_code == 404
    assert browser.http.get("/admin/reports/keys/export/pdf").status_code == 404


@pytest.mark.feature("RPT-3")
def test_a_refused_question_and_a_service_that_is_down_are_told(browser: Browser, standin: StandIn) -> None:
    tells(standin, "keys", {})
    standin.refuses("POST", "/api/reporting/keys/search", 403, "forbidden", permission="read-key-pools")
    assert browser.http.get("/admin/reports/keys").status_code == 403
    standin.down.add("reporting")
    assert browser.http.get("/admin/reports").status_code == 502


def test_the_pages_of_reports_speak_german(browser: Browser, standin: StandIn) -> None:
    standin.me["language"] = "de"
    browser.sign_in("auditor")
    tells(standin, "overview", {"learners": 1, "completed": 1}, total=1, next=None)
    assert "Übersicht der Angebote" in browser.get("/admin/reports").text
    assert "Überfällig" in browser.get("/admin/reports/overview").text
    tells(standin, "completion", {"state": "completed"}, total=4)
    assert "Abgeschlossen: 3" in " ".join(browser.get("/admin/reports/completion").text)
