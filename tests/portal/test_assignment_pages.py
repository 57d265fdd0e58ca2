"""Find assignments, and the page of one, with services that answer as the real ones do (ASG-16)."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from services.portal.main import build
from shared.settings import Settings

FOUND = {
    "number": 7,
    "enrollment_id": "e-1",
    "assignment_id": "a-1",
    "first_name": "Zoë",
    "last_name": "<b>Lovelace</b>",
    "offering_title": "Fire safety",
    "offering_kind": "course",
    "type_label": "Audience",
    "name": "Drivers",
    "created_at": "2026-11-23T05:00:00Z",
    "ended_at": None,
    "status": "active",
    "state": "not-started",
}
OWN = {
    "assignment_id": "a-1",
    "access_until": "2027-05-01",
    "default_until": "2027-05-22",
    "editable": True,
    "cancellable": True,
    "override": False,
}
LATE = {**OWN, "cancellable": False, "why_not": "It can be cancelled within 24 hours."}
TOO_LATE = {"title": "Not possible now", "detail": "A lab was launched."}

pytestmark = pytest.mark.feature("ASG-16")

KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
"""Of a form: what is sent again is one command."""


class Answering:
    """What the services say of one assignment, and what they were asked."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = dict(FOUND)
        self.own: list[dict[str, Any]] = [OWN]
        self.refusal: dict[str, Any] | None = None
        self.behind = False
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        listed: dict[str, Any] = {
            "/api/reporting/learner-assignments/search": {"items": [self.found], "next": "abc"},
            "/api/reporting/learner-assignments/7": self.found,
            "/api/enrollment/enrollments/e-1/assignments": self.own,
            "/api/catalog/offerings": {"items": [{"id": "o-1", "title": "Fire safety"}], "next": None},
        }
        if self.behind and "at_least" in request.url.params:
            return httpx.Response(503, json={"title": "Not yet", "detail": "Ask again."})
        if request.url.path in listed:
            return httpx.Response(200, json=listed[request.url.path])
        if self.refusal:
            return httpx.Response(409, json=self.refusal)
        return httpx.Response(200, json={"position": "enrollment:9", "batch": "b"})

    def last(self) -> tuple[str, str, Any, str | None]:
        """The last request that had a body."""
        sent = next(one for one in reversed(self.asked) if one.content)
        return sent.method, sent.url.path, json.loads(sent.content), sent.headers.get("Idempotency-Key")


@pytest.fixture
def services() -> Answering:
    return Answering()


@pytest.fixture
def http(services: Answering) -> Iterator[TestClient]:
    service = build(Settings(), transport=httpx.MockTransport(services))
    with TestClient(service.app, follow_redirects=False, cookies={"rollbook_token": "good"}) as client:
        yield client
    service.stop()


def test_what_is_looked_for_goes_in_the_body_and_what_is_empty_narrows_nothing(
    http: TestClient, services: Answering
) -> None:
    page = http.post("/assignments", data={"last_name": "love", "type": "audience", "status": "", "first_name": ""})
    searched = next(one for one in services.asked if one.method == "POST")
    assert json.loads(searched.content) == {"last_name": "love", "type": ["audience"]}
    assert '<a href="/assignments/7">Zoë &lt;b&gt;Lovelace&lt;/b&gt;</a>' in page.text
    assert '<input type="hidden" name="last_name" value="love">' in page.text
    assert '<input type="hidden" name="cursor" value="abc">' in page.text
    assert all("love" not in str(one.url) for one in services.asked)


def test_status_offers_cancelled_where_it_can_be_cancelled(http: TestClient, services: Answering) -> None:
    page = http.get("/assignments/7").text
    assert '<option value="cancelled">Cancelled</option>' in page
    assert "readonly" not in page
    done = http.post("/assignments/7/status", data={"status": "cancelled", "reason": " Error ", "key": KEY})
    assert (done.status_code, done.headers["Location"]) == (303, "/assignments/7?at_least=enrollment:9")
    path = "/api/enrollment/enrollments/e-1/assignments/a-1/cancel"
    assert services.last() == ("POST", path, {"reason": "Error", "override": False}, KEY)


def test_a_status_that_stays_changes_nothing(http: TestClient, services: Answering) -> None:
    kept = http.post("/assignments/7/status", data={"status": "active", "key": KEY})
    assert (kept.status_code, kept.headers["Location"], services.asked) == (303, "/assignments/7", [])


def test_status_is_read_only_with_the_reason_where_it_cannot_be_cancelled(
    http: TestClient, services: Answering
) -> None:
    services.own = [LATE]
    page = http.get("/assignments/7").text
    assert '<input value="Active" readonly aria-describedby="why">' in page
    assert "It can be cancelled within 24 hours." in page
    assert 'value="cancelled"' not in page


@pytest.mark.feature("ASG-15")
def test_who_may_override_is_told_why_not_and_has_to_give_a_reason(http: TestClient, services: Answering) -> None:
    services.own = [{**LATE, "override": True}]
    page = http.get("/assignments/7").text
    assert "It can be cancelled within 24 hours." in page
    assert '<input name="reason" maxlength="2000" required>' in page
    form = {"status": "cancelled", "reason": "Twice.", "key": KEY, "override": "true"}
    assert http.post("/assignments/7/status", data=form).status_code == 303
    assert services.last()[2] == {"reason": "Twice.", "override": True}


def test_what_is_refused_is_said_on_the_page_and_can_be_sent_again(http: TestClient, services: Answering) -> None:
    services.refusal = TOO_LATE
    refused = http.post("/assignments/7/status", data={"status": "cancelled", "key": KEY})
    assert refused.status_code == 409
    assert "A lab was launched." in refused.text
    assert '<option value="cancelled">Cancelled</option>' in refused.text


@pytest.mark.feature("ASG-14")
def test_access_ends_earlier_and_is_not_offered_to_who_may_not(http: TestClient, services: Answering) -> None:
    assert 'max="2027-05-01"' in http.get("/assignments/7").text
    done = http.post("/assignments/7/access", data={"access_until": "2027-01-01", "key": KEY})
    assert done.status_code == 303
    path = "/api/enrollment/enrollments/e-1/assignments/a-1/access"
    assert services.last() == ("PUT", path, {"access_until": "2027-01-01"}, KEY)
    assert "By default it ends on 2027-05-22." in http.get("/assignments/7").text
    both = {"access_until": "2027-05-01", "access_days": "30", "key": KEY}
    assert http.post("/assignments/7/access", data=both).status_code == 303
    assert services.last() == ("PUT", path, {"access_days": "30"}, KEY)
    services.own = [{**LATE, "editable": False}]
    assert "access_until" not in http.get("/assignments/7").text


def test_one_that_ended_shows_what_became_of_it_and_asks_enrollment_nothing(
    http: TestClient, services: Answering
) -> None:
    services.found |= {"status": "cancelled", "ended_at": "2026-11-24T05:00:00Z"}
    page = http.get("/assignments/7").text
    assert '<input value="Cancelled" readonly>' in page
    assert "2026-11-24 05:00" in page
    assert all("/enrollment/" not in one.url.path for one in services.asked)


def test_a_page_that_is_behind_says_that_the_change_was_recorded(http: TestClient, services: Answering) -> None:
    services.behind = True
    page = http.get("/assignments/7?at_least=enrollment:9")
    assert (page.status_code, "The change was recorded." in page.text) == (200, True)
    services.own = []
    assert "It has just ended." in http.get("/assignments/7").text


def test_forms_of_other_sites_incomplete_ones_and_strangers_are_turned_away(
    http: TestClient, services: Answering
) -> None:
    foreign = {"Origin": "https://elsewhere.example"}
    form = {"status": "cancelled", "key": KEY}
    assert http.post("/assignments/7/status", data=form, headers=foreign).status_code == 403
    incomplete = http.post("/assignments/7/status", data={"status": "cancelled"})
    assert (incomplete.status_code, "Field required" in incomplete.text) == (422, True)
    http.cookies.clear()
    assert http.post("/assignments/7/status", data=form).headers["Location"] == "/"
    assert services.asked == []
