"""What administrators read: caught e-mails, and the system."""

import httpx
import pytest
from portal.conftest import Browser
from portal.standin import StandIn

from shared.suite import SERVICES


@pytest.fixture(autouse=True)
def answers(standin: StandIn) -> None:
    standin.says("GET", "/api/notifier/caught", {"items": [], "next": None})


def test_caught_emails_say_when_there_is_none_yet(browser: Browser) -> None:
    browser.sign_in("auditor")
    assert "No e-mail yet" in browser.get("/admin/mail/caught").text


def test_the_system_shows_what_runs_and_each_api(browser: Browser, standin: StandIn) -> None:
    browser.sign_in("site-administrator")
    standin.down.add("notifier")
    page = browser.get("/admin/system")
    assert page.text.count("ready") == len(SERVICES) - 1
    assert page.text.count("not ready") == 1
    standin.down.clear()
    for service in SERVICES:
        page = browser.get(f"/admin/system/api/{service}")
        assert f"/api/{service}/openapi.json" in page.links
        assert f'data-api="/api/{service}/openapi.json"' in browser.http.get(f"/admin/system/api/{service}").text
    assert browser.http.get("/admin/system/api/nothing").status_code == 404


PERSON = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
SIGNED = "/api/enrollment/audit/signed"
EXPORT = "/api/enrollment/audit/export"


@pytest.mark.feature("AUD-4")
def test_a_slice_of_the_history_is_exported_with_its_proofs(browser: Browser, standin: StandIn) -> None:
    browser.sign_in("auditor")
    told = {"events": 12345, "signed": 12300, "signed_at": "2026-11-23T08:00:00Z", "public_key": "ab" * 32}
    standin.says("GET", SIGNED, standin.answer("GET", SIGNED, checkpoint="a\nb\n", **told))
    named = standin.item("POST", "/api/directory/people/lookup", id=PERSON, first_name="Zoë", last_name="Álvarez")
    standin.says("POST", "/api/directory/people/lookup", {"items": [named], "named": [], "erased": []})
    page = browser.get(f"/admin/system/audit?learner={PERSON}&since=2026-01-01")
    assert {"12,345", "ab" * 32, "Only what is about Zoë Álvarez."} <= set(page.text)
    assert f"/admin/system/audit?learner={PERSON}&since=2026-01-01&service=keys" in page.links
    assert len(standin.questions()) <= 4
    lines = httpx.Response(200, content=b'{"format":"x"}\n', headers={"Content-Type": "application/jsonl"})
    standin.says("GET", EXPORT, lambda _: lines)
    asked = {"learner": PERSON, "since": "2026-01-01", "until": "2026-06-30", "service": "enrollment"}
    answer = browser.http.get("/admin/system/audit/export", params=asked)
    assert (answer.content, answer.headers["Content-Type"]) == (b'{"format":"x"}\n', "application/jsonl")
    assert dict(standin.last("GET", EXPORT).url.params) == {
        "learner": PERSON,
        "since": "2025-12-31T23:00:00+00:00",
        "until": "2026-06-30T22:00:00+00:00",
    }
    standin.refuses("GET", EXPORT, 403, "forbidden", permission="export-history")
    assert browser.http.get("/admin/system/audit/export").status_code == 403


@pytest.mark.feature("AUD-4")
def test_a_history_that_is_not_signed_is_not_exported(browser: Browser, standin: StandIn) -> None:
    browser.sign_in("auditor")
    standin.says("GET", SIGNED, standin.answer("GET", SIGNED, events=3, signed=0, signed_at=None, public_key=None))
    page = browser.get("/admin/system/audit")
    assert {"nothing yet", "This service has none. An operator sets ROLLBOOK_AUDIT_KEY."} <= set(page.text)
    assert "Export" not in page.text
    assert browser.http.get("/admin/system/audit?service=reporting").status_code == 422


@pytest.mark.parametrize("path", ["/admin", "/admin/system", "/admin/reports", "/admin/assignments"])
def test_strangers_are_led_to_the_sign_in(browser: Browser, standin: StandIn, path: str) -> None:
    assert browser.http.get(path).headers["Location"].startswith("/sign-in?to=")
    assert standin.asked == []


def test_the_side_bar_shows_what_a_role_may_do(browser: Browser) -> None:
    browser.sign_in("learning-manager")
    links = browser.get("/admin").links
    assert "/admin/assignments" in links
    assert "/admin/mail/caught" not in links
    assert "/admin/reports" not in links
