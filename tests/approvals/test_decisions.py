"""Stages, delegation, escalation, many at once, and two at one moment (APR-4 to APR-6, APR-8)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from approvals.harness import MANAGER, Desk, kind_of, people, role

from shared.contracts import directory

TODAY = datetime.now(UTC).date()


def delegate(desk: Desk, person: UUID, to: UUID, starts: date = TODAY, ends: date = TODAY) -> Any:
    body = {"to": str(to), "starts": f"{starts}", "ends": f"{ends}"}
    return desk.client(person).put("/api/approvals/delegation", json=body)


def whats(desk: Desk, request: str) -> list[str]:
    return [entry["what"] for entry in desk.show(desk.ada, request)["history"]]


@pytest.mark.feature("APR-4")
def test_the_next_stage_opens_when_one_is_passed(desk: Desk) -> None:
    second = desk.named("Second", "Stage")
    desk.configure(desk.course, MANAGER, people(second))
    request = desk.ask(desk.ada)
    assert (desk.waiting(desk.max), desk.waiting(second)) == ([request], [])
    assert "After this stage 1 more has to approve." in desk.show(desk.max, request)["approving"]
    assert kind_of(desk.decide(second, request)) == (404, "not-found")
    assert desk.decided(desk.max, request) == "open"
    assert (desk.waiting(desk.max), desk.waiting(second)) == ([], [request])
    assert desk.decided(second, request) == "approved"
    assert whats(desk, request) == ["AccessRequested", "StageOpened", "StageApproved", "StageOpened", "StageApproved"]
    desk.settle()
    assert desk.enrollment.standing(desk.ada, desk.course) == "not-started"


@pytest.mark.feature("APR-4")
def test_all_of_a_stage_have_to_approve_but_those_who_are_not_there(desk: Desk) -> None:
    one, other, gone = (desk.named(name, "Approver") for name in ("One", "Other", "Gone"))
    desk.enrollment.tell(desk.enrollment.directory, directory.PersonDeactivated, gone, why="left")
    desk.configure(desk.course, people(one, other, gone, needs="all"))
    request = desk.ask(desk.ada)
    assert desk.decided(one, request) == "open"
    assert desk.waiting(one) == []
    assert kind_of(desk.decide(one, request)) == (409, "approved-already")
    assert desk.decided(other, request) == "approved"


@pytest.mark.feature("APR-4")
def test_one_denial_ends_it_in_whatever_stage(desk: Desk) -> None:
    one, other = desk.named("One", "Approver"), desk.named("Other", "Approver")
    desk.configure(desk.course, people(one, other, needs="all"), MANAGER)
    request = desk.ask(desk.ada)
    desk.decided(one, request)
    assert desk.decided(other, request, "deny", "No.") == "denied"
    assert desk.waiting(one) == desk.waiting(desk.max) == []


@pytest.mark.feature("APR-5")
def test_nobody_decides_on_an_own_request_nor_does_the_delegate_for_them(desk: Desk) -> None:
    """Max asks. He is the only one whom the stage names, and Dora decides for him."""
    dora = desk.named("Dora", "Delegate")
    desk.configure(desk.course, people(desk.max))
    assert delegate(desk, desk.max, dora).status_code == 200
    request = desk.ask(desk.max)
    assert desk.waiting(desk.max) == desk.waiting(dora) == []
    assert kind_of(desk.decide(desk.max, request)) == (403, "own-request")
    assert kind_of(desk.decide(dora, request)) == (404, "not-found")
    assert desk.waiting(desk.site) == [request], "a site administrator decides, since nobody else may"


@pytest.mark.feature("APR-5")
def test_the_delegate_decides_in_the_period_and_the_history_says_for_whom(desk: Desk) -> None:
    dora = desk.named("Dora", "Delegate")
    desk.configure(desk.course, MANAGER)
    request = desk.ask(desk.ada)
    assert delegate(desk, desk.max, dora, TODAY + timedelta(1), TODAY + timedelta(7)).status_code == 200
    assert desk.waiting(dora) == []
    assert kind_of(desk.decide(dora, request)) == (404, "not-found")
    assert delegate(desk, desk.max, dora, TODAY, TODAY + timedelta(7)).status_code == 200
    assert (desk.waiting(dora), desk.waiting(desk.max)) == ([request], [request])
    assert desk.queue(dora)[0]["for_people"] == ["Max Manager"]
    view = desk.client(dora).get("/api/approvals/delegation").json()
    assert (view["mine"], [one["person"] for one in view["for_others"]]) == (None, ["Max Manager"])
    assert desk.decided(dora, request) == "approved"
    entry = next(e for e in desk.show(desk.ada, request)["history"] if e["what"] == "StageApproved")
    assert (entry["by"], entry["on_behalf_of"]) == ("Dora Delegate", "Max Manager")
    assert desk.client(desk.max).delete("/api/approvals/delegation").status_code == 200
    assert desk.client(desk.max).get("/api/approvals/delegation").json()["mine"] is None


@pytest.mark.feature("APR-5")
def test_a_delegation_that_leads_nowhere_is_refused(desk: Desk) -> None:
    dora, carl = desk.named("Dora", "Delegate"), desk.named("Carl", "Circle")
    gone = desk.named("Gone", "Away")
    desk.enrollment.tell(desk.enrollment.directory, directory.PersonDeactivated, gone, why="left")
    desk.settle()
    day = timedelta(days=1)
    for answer, said in (
        (delegate(desk, desk.max, desk.max), "to yourself"),
        (delegate(desk, desk.max, gone), "no such active person"),
        (delegate(desk, desk.max, uuid4()), "no such active person"),
        (delegate(desk, desk.max, dora, TODAY, TODAY - day), "before the first day"),
        (delegate(desk, desk.max, dora, TODAY - 2 * day, TODAY - day), "have passed"),
    ):
        assert kind_of(answer) == (422, "invalid")
        assert said in answer.json()["detail"]
    assert delegate(desk, desk.max, dora).status_code == 200
    assert delegate(desk, dora, carl).status_code == 200
    for person in (dora, carl):
        answer = delegate(desk, person, desk.max)
        assert kind_of(answer) == (422, "invalid")
        assert "circle" in answer.json()["detail"]
    assert delegate(desk, carl, desk.max, TODAY + day, TODAY + day).status_code == 200, "on other days it is none"


@pytest.mark.feature("APR-5")
def test_after_the_time_without_a_decision_site_administrators_may_decide_too(desk: Desk) -> None:
    desk.configure(desk.course, MANAGER, escalation_days=3)
    request = desk.ask(desk.ada)
    shown = desk.show(desk.ada, request)
    asked, due = (datetime.fromisoformat(shown[name]) for name in ("asked_at", "escalates_at"))
    assert timedelta(days=3) - timedelta(minutes=1) < due - asked <= timedelta(days=3)
    desk.settle()
    assert (desk.waiting(desk.site), desk.show(desk.ada, request)["escalated"]) == ([], False)
    desk.timers.step(due - timedelta(seconds=1))
    assert whats(desk, request)[-1] == "StageOpened"
    desk.timers.step(due)
    assert (desk.waiting(desk.site), desk.waiting(desk.max)) == ([request], [request])
    assert desk.show(desk.ada, request)["history"][-1]["people"] == ["Sina Site"]
    assert desk.queue(desk.site)[0]["escalated"] is True
    assert desk.decided(desk.site, request) == "approved"


@pytest.mark.feature("APR-6")
def test_many_are_decided_at_once_with_a_result_for_each(desk: Desk) -> None:
    desk.configure(desk.course, MANAGER)
    learners = [desk.named(f"Learner{n}", "Of Max") for n in range(5)]
    for learner in learners:
        desk.enrollment.job(learner, organisation=desk.branch, manager_job=desk.max_job, manager=desk.max)
    desk.settle()
    requests = [desk.ask(learner) for learner in learners]
    desk.decided(desk.max, requests[0], "deny", "No.")
    unknown = str(uuid4())
    body = {"requests": [*requests, unknown], "decision": "approve", "reason": "All of you."}
    client = desk.client(desk.max)
    answer = client.post("/api/approvals/decisions", json=body, headers={"Idempotency-Key": "many"})
    assert answer.status_code == 200, answer.text
    found = {one["request_id"]: one["status"] or one["refused"] for one in answer.json()["decided"]}
    assert found == {requests[0]: "already-decided", **dict.fromkeys(requests[1:], "approved"), unknown: "not-found"}
    again = client.post("/api/approvals/decisions", json=body, headers={"Idempotency-Key": "many"})
    assert again.json() == answer.json()
    desk.settle()
    assert {desk.enrollment.standing(learner, desk.course) for learner in learners[1:]} == {"not-started"}
    assert desk.enrollment.standing(learners[0], desk.course) == "-"
    assert desk.queue(desk.max) == []
    assert len(desk.queue(desk.max, state="decided")) == 5


@pytest.mark.feature("APR-6")
def test_more_than_one_command_decides_are_refused(desk: Desk) -> None:
    body = {"requests": [str(uuid4()) for _ in range(501)], "decision": "approve"}
    answer = desk.client(desk.max).post("/api/approvals/decisions", json=body)
    assert kind_of(answer) == (422, "invalid")
    assert "ROLLBOOK_DECISIONS_LIMIT" in answer.json()["detail"]


@pytest.mark.feature("APR-6", "APR-8")
def test_of_200_decisions_at_one_moment_one_stands_and_the_others_are_told(desk: Desk) -> None:
    approvers = [desk.named(f"Approver{n}", "Of many") for n in range(20)]
    for one in approvers:
        desk.grant(one, "approver")
    desk.configure(desk.course, role("approver"))
    request = desk.ask(desk.ada)
    clients = [desk.client(one) for one in approvers]

    def decide(n: int) -> Any:
        decision = {"decision": "approve" if n % 2 else "deny", "reason": f"Number {n}"}
        return clients[n % len(clients)].post(f"/api/approvals/requests/{request}/decision", json=decision)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(decide, range(200)))
    decided = [a for a in answers if a.status_code == 200]
    assert len(decided) == 1
    status = decided[0].json()["result"]["status"]
    told = [a.json() for a in answers if a.status_code == 409]
    assert len(told) == 199
    assert {one["type"] for one in told} == {"urn:rollbook:problem:already-decided"}
    assert {one["request_status"] for one in told} == {status}
    assert all(one["detail"].startswith("Approver") and "That decision stands." in one["detail"] for one in told)
    history = whats(desk, request)
    assert history.count("DecisionRefused") == 199
    assert history.count("StageApproved") + history.count("RequestDenied") == 1
    desk.settle()
    assert desk.enrollment.standing(desk.ada, desk.course) == ("not-started" if status == "approved" else "-")


@pytest.mark.feature("APR-8")
def test_a_decision_that_came_too_late_is_kept_in_the_history(desk: Desk) -> None:
    other = desk.named("Other", "Approver")
    desk.configure(desk.course, people(desk.max, other))
    request = desk.ask(desk.ada)
    desk.decided(desk.max, request)
    answer = desk.decide(other, request, "deny", "Too late.")
    assert kind_of(answer) == (409, "already-decided")
    assert answer.json()["detail"].startswith("Max Manager approved this request on ")
    entry = desk.show(desk.ada, request)["history"][-1]
    assert (entry["what"], entry["by"], entry["detail"]) == (
        "DecisionRefused",
        "Other Approver",
        "deny: already-decided",
    )


@pytest.mark.feature("APR-5")
def test_an_approver_who_left_decides_no_more(desk: Desk) -> None:
    desk.configure(desk.course, people(desk.max))
    request = desk.ask(desk.ada)
    desk.enrollment.tell(desk.enrollment.directory, directory.PersonDeactivated, desk.max, why="left")
    desk.settle()
    assert desk.waiting(desk.max) == []
    assert kind_of(desk.decide(desk.max, request)) == (404, "not-found")
    assert desk.waiting(desk.site) == [request]


@pytest.mark.feature("APR-4", "APR-6", "APR-8")
def test_of_two_in_one_stage_the_second_is_told_that_the_request_is_in_the_next(desk: Desk) -> None:
    other, second = desk.named("Other", "Approver"), desk.named("Second", "Stage")
    desk.configure(desk.course, people(desk.max, other), people(second))
    request = desk.ask(desk.ada)
    assert desk.decided(desk.max, request) == "open"
    answer = desk.decide(other, request, "deny", "Too late.")
    assert kind_of(answer) == (409, "already-decided")
    assert answer.json()["detail"].startswith("Max Manager approved this stage on ")
    assert answer.json()["request_status"] == "open"
    assert whats(desk, request)[-1] == "DecisionRefused"
    assert desk.waiting(second) == [request]
    stranger = desk.named("A", "Stranger")
    desk.settle()
    assert kind_of(desk.decide(stranger, request)) == (404, "not-found")


@pytest.mark.feature("APR-4", "APR-5")
def test_each_stage_has_its_own_time_until_it_escalates(desk: Desk) -> None:
    second = desk.named("Second", "Stage")
    desk.configure(desk.course, MANAGER, people(second), escalation_days=3)
    request = desk.ask(desk.ada)
    first_due = datetime.fromisoformat(desk.show(desk.ada, request)["escalates_at"])
    desk.decided(desk.max, request)
    second_due = datetime.fromisoformat(desk.show(desk.ada, request)["escalates_at"])
    assert second_due > first_due
    desk.timers.step(first_due)
    assert desk.show(desk.ada, request)["escalated"] is False, "the time of the stage before is over, not this one's"
    desk.timers.step(second_due)
    assert desk.show(desk.ada, request)["escalated"] is True
