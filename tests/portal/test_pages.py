"""The start page and its neighbours, with services that answer as the real ones do."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from services.portal.api import SignIn
from services.portal.main import build
from shared.settings import Settings

ROW = {
    "first_name": "Zoë",
    "last_name": "<script>alert(1)</script>",
    "home_organisation": "Ward East",
    "offering_title": "Safe workplace",
    "assignment_type_label": "Organisation",
    "assignment_name": "Ward East",
    "state": "not-started",
    "assigned_at": "2026-11-23T05:00:00Z",
}


def token(form: bytes) -> httpx.Response:
    if b"password=down" in form:
        return httpx.Response(503, json={"title": "Not available now", "detail": "Try again."})
    if b"password=unreachable" in form:
        raise httpx.ConnectError("refused")
    if b"password=right" in form:
        return httpx.Response(200, json={"access_token": "good", "expires_in": 900})
    return httpx.Response(401, json={"title": "Sign in first", "detail": "Wrong."})


def answer(request: httpx.Request) -> httpx.Response:
    path, signed_in = request.url.path, request.headers.get("Authorization") == "Bearer good"
    if path.endswith("/health/ready"):
        return httpx.Response(200 if "notifier" not in path else 503, json={"status": "x"})
    if path == "/api/directory/token":
        return token(request.content)
    if path == "/api/catalog/openapi.json":
        operation = {"summary": "Offerings", "parameters": [{"name": "q", "in": "query", "required": False}]}
        return httpx.Response(200, json={"openapi": "3.1.0", "paths": {"/api/catalog/offerings": {"get": operation}}})
    if path.startswith("/api/enrollment/certificates/"):
        return _certificate(path.rpartition("/")[2])
    if not signed_in:
        return httpx.Response(401, json={"title": "Sign in first", "detail": "Sign in again."})
    found: dict[str, Any] = {
        "/api/reporting/membership": {"items": [ROW], "next": "abc"},
        "/api/reporting/membership/count": {"total": 12_345},
        "/api/catalog/offerings": {"items": [{"id": "o-1", "title": "Safe workplace"}], "next": None},
        "/api/notifier/caught": {"items": [], "next": None},
    }
    return httpx.Response(200, json=found[path])


def _certificate(serial: str) -> httpx.Response:
    if serial not in ("good", "late", "gone"):
        return httpx.Response(404, json={"title": "Not found", "detail": "No certificate has this serial."})
    state = {"good": "valid", "late": "expired", "gone": "revoked"}[serial]
    told = {"serial": serial, "state": state, "learner": "Zoë <b>X</b>", "offering": "First aid", "kind": "course"}
    return httpx.Response(
        200, json={**told, "completed_on": "2026-11-23", "valid_until": None, "reason": "Somebody else took the exam"}
    )


@pytest.fixture
def http() -> Iterator[TestClient]:
    sign_ins = [SignIn("admin", "secret-of-the-demo", "everything")]
    service = build(Settings(), sign_ins=sign_ins, transport=httpx.MockTransport(answer))
    with TestClient(service.app, follow_redirects=False) as client:
        yield client
    service.stop()


def test_the_start_page_shows_what_runs_and_the_demo_sign_ins(http: TestClient) -> None:
    page = http.get("/")
    assert page.text.count(">ready<") == 4
    assert page.text.count(">not ready<") == 1
    assert "secret-of-the-demo" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text
    for asset, kind in (("/static/rollbook.css", "text/css"), ("/static/mark.svg", "image/svg+xml")):
        assert asset in page.text
        assert http.get(asset).headers["Content-Type"].startswith(kind)


def test_signing_in_leads_to_the_report_and_the_token_is_kept_from_scripts_and_other_sites(http: TestClient) -> None:
    signed_in = http.post("/sign-in", data={"user_name": "admin", "password": "right"})
    assert (signed_in.status_code, signed_in.headers["Location"]) == (303, "/report")
    assert {"HttpOnly", "SameSite=strict"} <= set(signed_in.headers["Set-Cookie"].split("; "))
    report = http.get("/report?type=organisation")
    assert "12,345" in report.text
    assert "Zoë" in report.text
    assert "&lt;script&gt;" in report.text
    assert "/report?type=organisation&amp;cursor=abc" in report.text


def test_a_wrong_password_is_said_and_nothing_is_kept(http: TestClient) -> None:
    refused = http.post("/sign-in", data={"user_name": "admin", "password": "wrong"})
    assert (refused.status_code, "Set-Cookie" in refused.headers) == (401, False)
    assert "User name or password is wrong." in refused.text


@pytest.mark.parametrize(
    ("password", "status", "says"), [("down", 503, "Not available now"), ("unreachable", 502, "does not answer")]
)
def test_a_service_that_is_down_is_not_taken_for_a_wrong_password(
    http: TestClient, password: str, status: int, says: str
) -> None:
    failed = http.post("/sign-in", data={"user_name": "admin", "password": password})
    assert failed.status_code == status
    assert says in failed.text
    assert "is wrong" not in failed.text


def test_a_form_from_another_site_is_refused(http: TestClient) -> None:
    form = {"user_name": "admin", "password": "right"}
    refused = http.post("/sign-in", data=form, headers={"Origin": "https://elsewhere.example"})
    assert (refused.status_code, "Set-Cookie" in refused.headers) == (403, False)


def test_pages_ask_to_sign_in_and_a_token_that_no_longer_holds_is_dropped(http: TestClient) -> None:
    assert http.get("/report").headers["Location"] == "/"
    http.cookies.set("rollbook_token", "old")
    dropped = http.get("/mail")
    assert dropped.headers["Location"].startswith("/")
    assert 'rollbook_token=""' in dropped.headers["Set-Cookie"]


def test_the_api_of_a_service_is_documented_without_scripts(http: TestClient) -> None:
    page = http.get("/docs/catalog")
    assert "/api/catalog/offerings" in page.text
    assert "<script" not in page.text
    assert http.get("/docs/nothing").status_code == 404
    assert http.get("/no-such-page").status_code == 404


@pytest.mark.feature("ENR-10", "ENR-12")
@pytest.mark.parametrize(
    ("serial", "said"),
    [
        ("good", "This certificate is valid"),
        ("late", "has expired"),
        ("gone", "was revoked: Somebody else took the exam"),
    ],
)
def test_anyone_sees_whether_a_certificate_holds(http: TestClient, serial: str, said: str) -> None:
    page = http.get(f"/verify/{serial}")
    assert (page.status_code, said in page.text) == (200, True)
    assert "Zoë &lt;b&gt;X" in page.text


@pytest.mark.feature("ENR-10")
def test_a_forged_serial_is_told_as_unknown(http: TestClient) -> None:
    page = http.get("/verify/forged")
    assert (page.status_code, "No certificate has this serial" in page.text) == (404, True)
