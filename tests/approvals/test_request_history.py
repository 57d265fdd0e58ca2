"""What happened to a request, and to all that somebody asked for (AUD-1, APR-8)."""

from typing import Any

import pytest
from approvals.harness import Desk, people


@pytest.mark.feature("AUD-1", "APR-8")
def test_a_request_says_who_asked_who_decided_and_why(desk: Desk) -> None:
    desk.configure(desk.course, people(desk.max))
    request = desk.ask(desk.ada, reason="New truck")
    desk.decided(desk.max, request, "deny", "Next month")
    auditor = desk.client(desk.site, ("auditor", None))
    by: dict[str, Any] = auditor.get(f"/api/approvals/history/request/{request}").json()
    assert [entry["kind"] for entry in by["items"]] == ["request-denied", "stage-opened", "access-requested"]
    denied = {fact["name"]: fact["value"] for fact in by["items"][0]["facts"]}
    assert (denied["reason"], denied["approver"]) == ("Next month", str(desk.max))
    assert by["items"][0]["actor_id"] == str(desk.max)
    whole = auditor.get(f"/api/approvals/history/person/{desk.ada}").json()
    assert whole["items"] == by["items"]


@pytest.mark.feature("AUD-1", "SEC-2")
def test_others_requests_are_told_within_the_scope(desk: Desk) -> None:
    request = desk.ask(desk.ada)
    elsewhere = desk.enrollment.unit("Elsewhere")
    desk.settle()
    auditor = desk.client(desk.named("Ida", "Else", elsewhere), ("auditor", elsewhere))
    assert auditor.get(f"/api/approvals/history/request/{request}").status_code == 404
    assert auditor.get(f"/api/approvals/history/person/{desk.ada}").status_code == 404
