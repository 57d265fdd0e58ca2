"""Later due dates and completions that wait for a review run in the same queue (DUE-9, ENR-5, APR-7)."""

from datetime import UTC, datetime, timedelta

import pytest
from approvals.harness import Desk, kind_of
from httpx import Response

from shared.contracts import catalog

TODAY = datetime.now(UTC).date()
DUE, LATER = TODAY + timedelta(days=30), TODAY + timedelta(days=60)


def enrolled(desk: Desk) -> str:
    """Ada is on the course, due in 30 days."""
    id = desk.enrollment.enroll(desk.ada, desk.course, due={"kind": "fixed", "on": f"{DUE}"})
    desk.settle()
    return id


def ask_later(desk: Desk, enrollment: str, day: object = LATER, reason: str = "I am on leave.") -> Response:
    body = {"kind": "later-due-date", "enrollment_id": enrollment, "due_on": f"{day}", "reason": reason}
    return desk.client(desk.ada).post("/api/approvals/requests", json=body)


@pytest.mark.feature("DUE-9", "APR-7")
def test_the_manager_grants_a_later_due_date(desk: Desk) -> None:
    enrollment = enrolled(desk)
    answer = ask_later(desk, enrollment)
    assert answer.status_code == 201, answer.text
    request = answer.json()["result"]["id"]
    assert ask_later(desk, enrollment).status_code == 200
    item = desk.queue(desk.max, kind="later-due-date")[0]
    assert (item["id"], item["due_on"], item["reason"]) == (request, f"{LATER}", "I am on leave.")
    assert desk.show(desk.max, request)["approving"] == (
        f"Approving moves the due date of Ada Lovelace on 'Forklift' from {DUE} to {LATER}."
    )
    assert desk.decided(desk.max, request) == "approved"
    desk.settle()
    shown = desk.enrollment.show(enrollment)
    assert (shown["due_on"], shown["due_by_hand"]) == (f"{LATER}", True)
    assert desk.show(desk.ada, request)["outcome"] == "fulfilled"


@pytest.mark.feature("DUE-9")
def test_a_denied_later_date_leaves_the_date(desk: Desk) -> None:
    enrollment = enrolled(desk)
    request = ask_later(desk, enrollment).json()["result"]["id"]
    assert desk.decided(desk.max, request, "deny", "You have time enough.") == "denied"
    desk.settle()
    assert desk.enrollment.show(enrollment)["due_on"] == f"{DUE}"


@pytest.mark.feature("DUE-9")
def test_a_later_date_that_is_none_is_refused(desk: Desk) -> None:
    enrollment = enrolled(desk)
    course = desk.enrollment.course("Undated")
    desk.settle()
    undated = desk.enrollment.enroll(desk.ada, course)
    desk.settle()
    for day in (DUE, DUE - timedelta(days=1)):
        assert kind_of(ask_later(desk, enrollment, day)) == (422, "invalid")
    assert kind_of(ask_later(desk, enrollment, reason="")) == (422, "invalid")
    assert kind_of(ask_later(desk, undated)) == (409, "no-due-date")
    body = {"kind": "later-due-date", "enrollment_id": enrollment, "due_on": f"{LATER}", "reason": "Mine?"}
    stranger = desk.client(desk.max).post("/api/approvals/requests", json=body)
    assert kind_of(stranger) == (404, "not-found")


@pytest.mark.feature("DUE-9", "APR-3")
def test_the_request_is_closed_when_the_training_is_completed_first(desk: Desk) -> None:
    enrollment = enrolled(desk)
    request = ask_later(desk, enrollment).json()["result"]["id"]
    desk.enrollment.did(enrollment, "begin")
    for step in (1, 2):
        desk.enrollment.did(enrollment, f"steps/{step}/complete")
    desk.settle()
    shown = desk.show(desk.ada, request)
    assert (shown["status"], shown["history"][-1]["detail"]) == ("closed", "settled-otherwise")


def submitted(desk: Desk) -> tuple[str, str]:
    """Ada has completed a course that wants a review. Her enrollment, and the request that waits."""
    desk.enrollment.tell(desk.enrollment.catalog, catalog.CompletionReviewSwitched, desk.course, review=True)
    enrollment = desk.enrollment.enroll(desk.ada, desk.course)
    finish(desk, enrollment, 1, 2)
    return enrollment, desk.waiting(desk.site)[0]


def finish(desk: Desk, enrollment: str, *steps: int) -> None:
    desk.enrollment.do(enrollment, "begin")
    for step in steps:
        desk.enrollment.did(enrollment, f"steps/{step}/complete")
    desk.settle()


@pytest.mark.feature("APR-7", "ENR-5", "CAT-12")
def test_a_completion_waits_in_the_queue_and_approving_certifies(desk: Desk) -> None:
    reviewer, beside = desk.named("Rita", "Reviewer"), desk.named("Beside", "Them")
    desk.grant(reviewer, "enrollment-manager", desk.head)
    desk.grant(beside, "enrollment-manager", desk.enrollment.unit("Elsewhere"))
    enrollment, request = submitted(desk)
    assert desk.waiting(reviewer) == desk.waiting(desk.site) == [request]
    assert desk.waiting(beside) == desk.waiting(desk.max) == []
    assert desk.queue(reviewer)[0]["kind"] == "completion"
    assert desk.show(reviewer, request)["approving"] == "Approving completes 'Forklift' for Ada Lovelace."
    assert kind_of(desk.decide(desk.ada, request)) == (403, "own-request")
    assert kind_of(desk.client(desk.ada).delete(f"/api/approvals/requests/{request}")) == (409, "not-open")
    assert desk.decided(reviewer, request) == "approved"
    desk.settle()
    assert desk.enrollment.standing(desk.ada, desk.course) == "completed"
    assert desk.show(desk.ada, request)["outcome"] == "fulfilled"
    assert desk.enrollment.show(enrollment)["completed_at"] is not None


@pytest.mark.feature("APR-7", "ENR-5")
def test_a_denied_completion_goes_back_to_the_learner_and_waits_anew_when_it_is_done_again(desk: Desk) -> None:
    enrollment, request = submitted(desk)
    assert desk.decided(desk.site, request, "deny", "Show me the photo.") == "denied"
    desk.settle()
    assert desk.enrollment.standing(desk.ada, desk.course) == "in-progress"
    returned = desk.enrollment.show(enrollment, desk.enrollment.client(desk.ada))
    assert (returned["returned_by_request"], returned["returned_because"]) == (request, None)
    assert desk.show(desk.ada, request)["history"][-1]["reason"] == "Show me the photo."
    assert desk.waiting(desk.site) == []
    finish(desk, enrollment, 2)
    again = desk.waiting(desk.site)
    assert len(again) == 1
    assert again != [request]
    assert desk.show(desk.site, again[0])["asked_before"] == 1


@pytest.mark.feature("APR-7", "APR-3")
def test_a_completion_that_was_reviewed_in_enrollment_waits_no_more(desk: Desk) -> None:
    enrollment, request = submitted(desk)
    desk.enrollment.did(enrollment, "approve")
    desk.settle()
    assert desk.waiting(desk.site) == []
    shown = desk.show(desk.ada, request)
    assert (shown["status"], shown["history"][-1]["detail"]) == ("closed", "settled-otherwise")


@pytest.mark.feature("APR-7", "APR-3", "CAT-2")
def test_a_course_that_is_worked_on_within_a_certification_needs_no_request(desk: Desk) -> None:
    """Its enrollment begins without an assignment to the course."""
    step = {"kind": "course", "title": "Forklift", "course_id": desk.course}
    certification = desk.enrollment.certification("Driver", step)
    desk.settle()
    enrollment = desk.enrollment.enroll(desk.ada, certification)
    desk.enrollment.did(enrollment, "begin")
    desk.enrollment.did(enrollment, "steps/1/launch")
    desk.settle()
    body = {"kind": "access", "offering_id": str(desk.course)}
    assert kind_of(desk.client(desk.ada).post("/api/approvals/requests", json=body)) == (409, "already-enrolled")
    within = desk.enrollment.enrollments(person_id=desk.ada, offering_id=desk.course)[0]["id"]
    finish(desk, str(within), 1, 2)
    with desk.database.connection() as conn:
        assert conn.execute("SELECT state FROM enrollment_fact WHERE id = %s", [within]).fetchone() == ("completed",)
        assert conn.execute("SELECT count(*) FROM parked_event").fetchone() == (0,)


@pytest.mark.feature("DUE-9", "APR-2")
def test_a_date_that_an_administrator_set_already_is_granted_without_a_further_event(desk: Desk) -> None:
    """Enrollment has nothing to do, so it tells nothing."""
    enrollment = enrolled(desk)
    request = str(ask_later(desk, enrollment).json()["result"]["id"])
    body = {"due_on": f"{LATER}", "reason": "as agreed"}
    answer = desk.enrollment.http.put(f"/api/enrollment/enrollments/{enrollment}/due", json=body)
    assert answer.status_code == 200, answer.text
    desk.settle()
    assert desk.decided(desk.max, request) == "approved"
    desk.settle()
    desk.timers.step(datetime.now(UTC) + timedelta(minutes=1))
    assert desk.show(desk.ada, request)["outcome"] == "fulfilled"
