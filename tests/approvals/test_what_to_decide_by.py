"""What whoever decides is shown of the learner, of the request and of those who decide too (APR-1, APR-3, APR-5, APR-6)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from approvals.harness import MANAGER, Desk, people

from shared.contracts import directory

TODAY = datetime.now(UTC).date()


def seek(desk: Desk, person: UUID, **body: Any) -> Any:
    return desk.client(person).post("/api/approvals/delegates/search", json=body)


@pytest.mark.feature("APR-1")
def test_who_asks_is_shown_with_organisation_managers_and_the_training_that_is_under_way(desk: Desk) -> None:
    desk.configure(desk.course, MANAGER)
    late, other = desk.enrollment.course("Late"), desk.enrollment.course("Other")
    desk.settle()
    desk.enrollment.enroll(desk.ada, late, due={"kind": "fixed", "on": f"{TODAY + timedelta(days=40)}"})
    desk.enrollment.enroll(desk.ada, other)
    request = desk.ask(desk.ada)
    desk.settle()
    with desk.database.transaction() as conn:
        conn.execute("UPDATE enrollment_fact SET due_on = today() - 1 WHERE offering = %s", [late])
    learner = desk.show(desk.max, request)["learner"]
    assert (learner["organisation"], learner["managers"]) == ("Branch", ["Max Manager"])
    assert (learner["under_way"], learner["overdue"], learner["state"]) == (2, 1, None)


@pytest.mark.feature("APR-1")
def test_what_the_learner_once_completed_of_the_offering_is_shown_with_its_last_day(desk: Desk) -> None:
    desk.configure(desk.course, MANAGER)
    enrollment = desk.enrollment.enroll(desk.ada, desk.course)
    desk.enrollment.did(enrollment, "begin")
    for step in (1, 2):
        desk.enrollment.did(enrollment, f"steps/{step}/complete")
    desk.settle()
    with desk.database.transaction() as conn:
        conn.execute("UPDATE enrollment_fact SET valid_until = today() - 1 WHERE offering = %s", [desk.course])
    learner = desk.show(desk.max, desk.ask(desk.ada))["learner"]
    assert (learner["state"], learner["valid_until"]) == ("completed", f"{TODAY - timedelta(days=1)}")
    assert (learner["under_way"], learner["overdue"]) == (0, 0)


@pytest.mark.feature("APR-1")
def test_what_approving_costs_is_told_as_an_amount(desk: Desk) -> None:
    priced = desk.enrollment.course("Priced", price={"amount": "40.00", "currency": "EUR"})
    for course in (desk.course, priced):
        desk.configure(course, MANAGER)
    assert desk.show(desk.max, desk.ask(desk.ada))["price"] is None
    assert desk.show(desk.max, desk.ask(desk.ada, priced))["price"] == {"amount": "40.00", "currency": "EUR"}


@pytest.mark.feature("APR-5", "APR-1")
def test_a_list_says_who_decides_on_each_open_request(desk: Desk) -> None:
    other = desk.named("Olga", "Other")
    desk.configure(desk.course, people(desk.max, other))
    request = desk.ask(desk.ada)
    mine = desk.client(desk.ada).get("/api/approvals/requests", params={"mine": True}).json()["items"]
    assert [(one["id"], one["approvers"]) for one in mine] == [(request, ["Max Manager", "Olga Other"])]
    assert desk.queue(desk.max)[0]["approvers"] == ["Max Manager", "Olga Other"]
    desk.decided(desk.max, request, "deny", "No.")
    assert desk.queue(desk.max, state="decided")[0]["approvers"] == []


@pytest.mark.feature("APR-3")
def test_a_list_says_how_often_the_same_was_denied_before(desk: Desk) -> None:
    desk.configure(desk.course, MANAGER)
    desk.decided(desk.max, desk.ask(desk.ada), "deny", "No.")
    desk.client(desk.ada).delete(f"/api/approvals/requests/{desk.ask(desk.ada)}")
    desk.ask(desk.ada)
    item = desk.queue(desk.max)[0]
    assert (item["asked_before"], item["denied_before"]) == (2, 1)


@pytest.mark.feature("DUE-9", "APR-7")
def test_a_list_says_from_which_day_a_later_date_is_asked_for(desk: Desk) -> None:
    due, later = TODAY + timedelta(days=30), TODAY + timedelta(days=60)
    enrollment = desk.enrollment.enroll(desk.ada, desk.course, due={"kind": "fixed", "on": f"{due}"})
    desk.settle()
    body = {"kind": "later-due-date", "enrollment_id": enrollment, "due_on": f"{later}", "reason": "Leave."}
    assert desk.client(desk.ada).post("/api/approvals/requests", json=body).status_code == 201
    item = desk.queue(desk.max)[0]
    assert (item["current_due_on"], item["due_on"]) == (f"{due}", f"{later}")


@pytest.mark.feature("APR-6")
def test_those_that_were_chosen_are_listed_as_far_as_they_still_wait(desk: Desk) -> None:
    desk.configure(desk.course, MANAGER)
    learners = [desk.named(f"Learner{n}", "Of Max") for n in range(3)]
    for learner in learners:
        desk.enrollment.job(learner, organisation=desk.branch, manager_job=desk.max_job, manager=desk.max)
    desk.settle()
    requests = [desk.ask(learner) for learner in learners]
    desk.decided(desk.max, requests[0])
    answer = desk.client(desk.max).get("/api/approvals/queue", params={"ids": requests[:2], "count": True}).json()
    assert ([one["id"] for one in answer["items"]], answer["total"]) == ([requests[1]], 1)


@pytest.mark.feature("APR-6")
def test_a_decision_that_came_too_late_is_told_with_name_and_moment(desk: Desk) -> None:
    other = desk.named("Olga", "Other")
    desk.configure(desk.course, people(desk.max, other))
    request = desk.ask(desk.ada)
    desk.decided(desk.max, request, "deny", "No.")
    alone = desk.decide(other, request).json()
    assert (alone["decided_by_name"], alone["request_status"]) == ("Max Manager", "denied")
    body = {"requests": [request], "decision": "approve"}
    (one,) = desk.client(other).post("/api/approvals/decisions", json=body).json()["decided"]
    assert (one["refused"], one["request_status"], one["decided_by_name"]) == (
        "already-decided",
        "denied",
        "Max Manager",
    )
    assert datetime.fromisoformat(one["decided_at"]) == datetime.fromisoformat(
        desk.show(desk.max, request)["decided_at"]
    )


@pytest.mark.feature("APR-5")
def test_whoever_decides_finds_a_delegate_by_parts_of_both_names(desk: Desk) -> None:
    dora = desk.named("Dóra", "Delegate")
    gone = desk.named("Dora", "Gone")
    desk.enrollment.tell(desk.enrollment.directory, directory.PersonDeactivated, gone, why="left")
    desk.settle()
    found = seek(desk, desk.max, first_name="DÓR").json()["items"]
    assert found == [{"id": str(dora), "name": "Dóra Delegate", "organisation": "Branch"}]
    assert seek(desk, desk.max, first_name="dór", last_name="dele").json()["items"] == found
    assert seek(desk, desk.max, first_name="dór", last_name="x").json()["items"] == []
    assert seek(desk, desk.max, last_name="Manager").json()["items"] == [], "nobody delegates to oneself"
    assert seek(desk, desk.max, first_name="d").status_code == 422


@pytest.mark.feature("APR-5", "SEC-2")
def test_whoever_decides_on_nothing_searches_nobody(desk: Desk) -> None:
    assert seek(desk, desk.ada, last_name="Manager").status_code == 403
    assert desk.named("Olga", "Other")
    olga = desk.named("Olga", "Approver")
    desk.configure(desk.course, people(olga))
    assert seek(desk, olga, last_name="Manager").status_code == 403
    desk.ask(desk.ada)
    assert len(seek(desk, olga, last_name="Manager").json()["items"]) == 1


@pytest.mark.feature("APR-5")
def test_a_search_for_a_delegate_is_paged(desk: Desk) -> None:
    for n in range(5):
        desk.named(f"Dora{n}", "Delegate")
    desk.settle()
    seen, cursor = [], None
    for _ in range(3):
        answer = desk.client(desk.max).post(
            "/api/approvals/delegates/search", params={"limit": 2}, json={"last_name": "delegate", "cursor": cursor}
        )
        page = answer.json()
        seen += [one["name"] for one in page["items"]]
        cursor = page["next"]
    assert (seen, cursor) == ([f"Dora{n} Delegate" for n in range(5)], None)


@pytest.mark.feature("APR-5", "SEC-2")
def test_a_delegate_is_sought_among_those_whom_one_may_know(desk: Desk) -> None:
    far = desk.enrollment.unit("Far")
    desk.named("Dora", "Distant", far)
    desk.named("Dora", "Near")
    head = desk.named("Dora", "Head", desk.head)
    reader = desk.named("Rita", "Reader")
    desk.grant(reader, "enrollment-manager", far)
    desk.settle()

    def sought(person: UUID) -> list[str]:
        return [one["name"] for one in seek(desk, person, first_name="dora").json()["items"]]

    assert sought(desk.max) == ["Dora Near"]
    assert sought(reader) == ["Dora Distant", "Dora Near"]
    assert sought(desk.site) == ["Dora Distant", "Dora Head", "Dora Near"]
    above = desk.enrollment.job(head, organisation=desk.head)
    desk.enrollment.job(desk.max, organisation=desk.branch, manager_job=above, manager=head)
    desk.settle()
    assert sought(desk.max) == ["Dora Head", "Dora Near"]
