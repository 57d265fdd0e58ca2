"""A learner asks for access; somebody decides; enrollment makes it so (APR-1 to APR-3, APR-8)."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from approvals.harness import MANAGER, Desk, kind_of, people, role

from shared.contracts import catalog, directory


@pytest.mark.feature("APR-1", "APR-2", "CAT-13")
def test_a_request_waits_for_its_approvers_and_only_for_them_and_approving_enrols(desk: Desk) -> None:
    desk.configure(desk.course, MANAGER)
    request = desk.ask(desk.ada, reason="I drive next week.")
    assert desk.waiting(desk.max) == [request]
    assert desk.waiting(desk.site) == desk.waiting(desk.ada) == []
    item = desk.queue(desk.max)[0]
    assert (item["person"], item["offering"], item["reason"]) == ("Ada Lovelace", "Forklift", "I drive next week.")
    assert desk.client(desk.max).get("/api/approvals/counts").json() == {"waiting": 1}
    desk.settle()
    cards = desk.enrollment.client(desk.ada).get("/api/enrollment/offerings").json()["items"]
    card = next(one["standing"] for one in cards if one["id"] == str(desk.course))
    assert (card["next_action"], card["no_action_because"]) == (
        None,
        "Access requested. You will be told when it is decided.",
    )
    assert desk.show(desk.max, request)["approving"] == "Approving enrols Ada Lovelace in 'Forklift' at once."
    assert desk.decided(desk.max, request, reason="Go on.") == "approved"
    assert desk.waiting(desk.max) == []
    desk.settle()
    assert desk.enrollment.standing(desk.ada, desk.course) == "not-started"
    shown = desk.show(desk.ada, request)
    assert (shown["status"], shown["outcome"]) == ("approved", "fulfilled")
    listed = desk.enrollment.http.get("/api/enrollment/assignments", params={"offering_id": str(desk.course)}).json()[
        "items"
    ]
    assert [(a["id"], a["type"], a["name"]) for a in listed] == [(shown["assignment_id"], "request", "Ada Lovelace")]


@pytest.mark.feature("APR-8")
def test_the_history_says_who_when_what_and_why(desk: Desk) -> None:
    desk.configure(desk.course, MANAGER)
    request = desk.ask(desk.ada, reason="I drive next week.")
    desk.decided(desk.max, request, reason="Go on.")
    desk.settle()
    history = desk.show(desk.ada, request)["history"]
    assert [(entry["what"], entry["by"], entry["reason"]) for entry in history] == [
        ("AccessRequested", "Ada Lovelace", "I drive next week."),
        ("StageOpened", "Ada Lovelace", None),
        ("StageApproved", "Max Manager", "Go on."),
        ("RequestFulfilled", None, None),
    ]
    assert history[1]["people"] == ["Max Manager"]
    assert [entry["at"] for entry in history] == sorted(entry["at"] for entry in history)


@pytest.mark.feature("APR-1", "CAT-13")
def test_where_nothing_is_set_site_administrators_decide_on_access(desk: Desk) -> None:
    request = desk.ask(desk.ada)
    assert desk.waiting(desk.site) == [request]
    assert desk.waiting(desk.max) == []
    assert desk.show(desk.ada, request)["nobody_found"] is False


@pytest.mark.feature("CAT-13")
def test_approvers_who_are_not_there_leave_it_to_site_administrators_and_the_request_says_so(desk: Desk) -> None:
    gone = desk.named("Gone", "Away")
    desk.enrollment.tell(desk.enrollment.directory, directory.PersonDeactivated, gone, why="left")
    desk.configure(desk.course, people(gone, uuid4()))
    request = desk.ask(desk.ada)
    assert desk.waiting(desk.site) == [request]
    shown = desk.show(desk.site, request)
    assert (shown["nobody_found"], shown["approvers"]) == (True, ["Sina Site"])
    assert desk.decided(desk.site, request) == "approved"


@pytest.mark.feature("APR-1", "CAT-13", "SEC-2")
def test_a_role_counts_only_for_the_learners_organisation(desk: Desk) -> None:
    above, beside = desk.named("Above", "Branch"), desk.named("Beside", "Branch")
    desk.grant(above, "approver", desk.head)
    desk.grant(beside, "approver", desk.enrollment.unit("Elsewhere"))
    desk.configure(desk.course, role("approver"))
    request = desk.ask(desk.ada)
    assert desk.waiting(above) == [request]
    assert desk.waiting(beside) == []
    assert kind_of(desk.decide(beside, request)) == (404, "not-found")
    assert kind_of(desk.client(beside).get(f"/api/approvals/requests/{request}")) == (404, "not-found")


@pytest.mark.feature("APR-1", "DIR-5")
def test_a_temporary_manager_decides_until_the_date(desk: Desk) -> None:
    tess = desk.named("Tess", "Temporary")
    job = desk.enrollment.job(tess, organisation=desk.branch)
    today = datetime.now(UTC).date()
    until = {"temporary_manager_job": job, "temporary_manager": tess}
    for person, day in (
        (desk.named("Until", "Today"), today),
        (desk.named("Until", "Yesterday"), today - timedelta(1)),
    ):
        desk.enrollment.job(person, organisation=desk.branch, manager_job=desk.max_job, temporary_until=day, **until)
        desk.configure(desk.course, MANAGER)
        request = desk.ask(person)
        assert (request in desk.waiting(tess)) == (day == today)
        assert request in desk.waiting(desk.max)


@pytest.mark.feature("APR-3")
def test_asking_again_shows_the_open_one_also_at_one_moment(desk: Desk) -> None:
    request = desk.ask(desk.ada)
    body = {"kind": "access", "offering_id": str(desk.course)}
    again = desk.client(desk.ada).post("/api/approvals/requests", json=body)
    assert (again.status_code, again.json()["result"]["id"]) == (200, request)
    assert again.headers["Location"] == f"/api/approvals/requests/{request}"
    own = desk.client(desk.ada).get("/api/approvals/requests", params={"mine": True}).json()["items"]
    assert [one["id"] for one in own] == [request]


@pytest.mark.feature("APR-2", "APR-3")
def test_a_denial_has_a_reason_and_one_may_ask_again_after_the_time_that_is_set(desk: Desk) -> None:
    desk.configure(desk.course, MANAGER, ask_again_days=30)
    request = desk.ask(desk.ada)
    assert kind_of(desk.decide(desk.max, request, "deny")) == (422, "invalid")
    assert desk.decided(desk.max, request, "deny", "Not this year.") == "denied"
    desk.settle()
    assert desk.enrollment.standing(desk.ada, desk.course) == "-"
    body = {"kind": "access", "offering_id": str(desk.course)}
    answer = desk.client(desk.ada).post("/api/approvals/requests", json=body)
    assert kind_of(answer) == (409, "asked-too-soon")
    assert f"{datetime.now(UTC).date() + timedelta(30)}" in answer.json()["detail"]
    desk.configure(desk.course, MANAGER, ask_again_days=0)
    second = desk.ask(desk.ada)
    shown = desk.show(desk.max, second)
    assert shown["asked_before"] == 1
    assert [(one["id"], one["status"]) for one in shown["earlier"]] == [(request, "denied")]


@pytest.mark.feature("APR-3")
def test_the_learner_cancels_an_open_request_and_nobody_elses(desk: Desk) -> None:
    request = desk.ask(desk.ada)
    assert kind_of(desk.client(desk.max).delete(f"/api/approvals/requests/{request}")) == (404, "not-found")
    for _ in range(2):
        answer = desk.client(desk.ada).delete(f"/api/approvals/requests/{request}")
        assert (answer.status_code, answer.json()["result"]["status"]) == (200, "withdrawn")
    assert desk.waiting(desk.site) == []
    other = desk.ask(desk.ada)
    desk.decided(desk.site, other)
    assert kind_of(desk.client(desk.ada).delete(f"/api/approvals/requests/{other}")) == (409, "not-open")


@pytest.mark.feature("APR-3")
@pytest.mark.parametrize(
    "why", ["offering-inactive", "not-requestable", "hidden", "learner-left", "enrolled-otherwise"]
)
def test_a_request_is_closed_with_the_reason_when_there_is_nothing_to_decide(desk: Desk, why: str) -> None:
    request = desk.ask(desk.ada)
    tell, store = desk.enrollment.tell, desk.enrollment.catalog
    match why:
        case "offering-inactive":
            tell(store, catalog.OfferingDeactivated, desk.course)
        case "not-requestable":
            tell(store, catalog.LearnerAccessChosen, desk.course, access="self-enrollment")
        case "hidden":
            tell(store, catalog.LearnerAccessChosen, desk.course, access="hidden")
        case "learner-left":
            tell(desk.enrollment.directory, directory.PersonDeactivated, desk.ada, why="left")
        case "enrolled-otherwise":
            desk.enrollment.enroll(desk.ada, desk.course)
    desk.settle()
    assert desk.waiting(desk.site) == []
    shown = desk.show(desk.site, request) if why != "learner-left" else desk.show(desk.ada, request)
    assert shown["status"] == "closed"
    assert (shown["history"][-1]["what"], shown["history"][-1]["detail"]) == ("RequestClosed", why)
    answer = desk.decide(desk.site, request)
    assert kind_of(answer) == (409, "already-decided")


@pytest.mark.feature("APR-2")
def test_what_enrollment_refuses_comes_back_with_the_reason(desk: Desk) -> None:
    """Between the approval and its being made so, the offering was switched off."""
    request = desk.ask(desk.ada)
    desk.enrollment.tell(desk.enrollment.catalog, catalog.OfferingDeactivated, desk.course)
    for consumer in desk.enrollment.consumers:
        while consumer.step():
            pass
    assert desk.decided(desk.site, request) == "approved"
    desk.settle()
    shown = desk.show(desk.ada, request)
    assert (shown["status"], shown["outcome"]) == ("approved", "refused")
    assert shown["history"][-1]["what"] == "RequestRefused"
    assert "'Forklift' is not active" in shown["history"][-1]["detail"]
    assert desk.enrollment.standing(desk.ada, desk.course) == "-"


@pytest.mark.feature("APR-2", "ASG-15")
def test_the_request_shows_that_its_assignment_was_cancelled(desk: Desk) -> None:
    request = desk.ask(desk.ada)
    desk.decided(desk.site, request)
    desk.settle()
    shown = desk.show(desk.ada, request)
    enrollment = desk.enrollment.enrollments(person_id=desk.ada, offering_id=desk.course)[0]["id"]
    desk.enrollment.did(str(enrollment), f"assignments/{shown['assignment_id']}/cancel")
    desk.settle()
    shown = desk.show(desk.ada, request)
    assert (shown["outcome"], shown["history"][-1]["detail"]) == ("ended", "cancelled")
    assert desk.ask(desk.ada) != request, "one may ask again"


@pytest.mark.feature("APR-1", "CAT-4", "CAT-5", "CAT-6", "CAT-7", "CAT-19")
def test_a_request_that_nobody_needs_or_could_grant_is_refused_with_the_way_out(desk: Desk) -> None:
    def refused(offering: object, **more: object) -> tuple[int, str]:
        body = {"kind": "access", "offering_id": str(offering), **more}
        return kind_of(desk.client(desk.ada).post("/api/approvals/requests", json=body))

    tell, store = desk.enrollment.tell, desk.enrollment.catalog
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    inactive, free, hidden, secret, early = (desk.enrollment.course(f"Course {n}") for n in range(5))
    tell(store, catalog.OfferingDeactivated, inactive)
    tell(store, catalog.LearnerAccessChosen, free, access="self-enrollment")
    tell(store, catalog.LearnerAccessChosen, hidden, access="hidden")
    tell(store, catalog.VisibilityChosen, secret, audiences=(uuid4(),))
    tell(store, catalog.EnrolmentWindowSet, early, opens=tomorrow, closes=None)
    unpublished = desk.enrollment.certification("Unpublished", published=False)
    desk.enrollment.enroll(desk.ada, desk.course)
    desk.settle()
    assert refused(inactive) == refused(unpublished) == (409, "offering-inactive")
    assert refused(free) == (409, "not-requestable")
    assert refused(hidden) == refused(secret) == refused(uuid4()) == (404, "not-found")
    assert refused(early) == (409, "not-yet-open")
    assert refused(desk.course) == (409, "already-enrolled")
    assert refused(desk.course, reason="x" * 20_000) == (422, "invalid")
    assert refused(desk.course, reason="nul \0") == (422, "invalid")
    assert desk.waiting(desk.site) == []


@pytest.mark.feature("APR-1", "ASG-6")
def test_the_same_command_sent_again_is_one_request(desk: Desk) -> None:
    body = {"kind": "access", "offering_id": str(desk.course), "reason": "Once."}
    answers = [
        desk.client(desk.ada).post("/api/approvals/requests", json=body, headers={"Idempotency-Key": "one"})
        for _ in range(2)
    ]
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


@pytest.mark.feature("APR-1", "SEC-2")
def test_readers_see_the_requests_of_their_organisations_and_of_no_others(desk: Desk) -> None:
    request = desk.ask(desk.ada)
    elsewhere = desk.enrollment.unit("Elsewhere")
    desk.settle()
    near = desk.client(uuid4(), ("enrollment-manager", desk.head))
    far = desk.client(uuid4(), ("enrollment-manager", elsewhere))
    assert [one["id"] for one in near.get("/api/approvals/requests").json()["items"]] == [request]
    assert near.get(f"/api/approvals/requests/{request}").status_code == 200
    assert far.get("/api/approvals/requests").json()["items"] == []
    assert kind_of(far.get(f"/api/approvals/requests/{request}")) == (404, "not-found")
    nobody = desk.client(uuid4()).get("/api/approvals/requests")
    assert kind_of(nobody) == (403, "forbidden")
    assert near.post(f"/api/approvals/requests/{request}/decision", json={"decision": "approve"}).status_code == 404


@pytest.mark.feature("DIR-12")
def test_no_event_of_approvals_holds_a_persons_words(desk: Desk) -> None:
    request = desk.ask(desk.ada, reason="My secret reason")
    desk.decided(desk.site, request, "deny", "Another secret")
    with desk.database.connection() as conn:
        rows = conn.execute("SELECT body, meta FROM events").fetchall()
        kept = conn.execute("SELECT text FROM personal_text ORDER BY text").fetchall()
    assert len(rows) == 3
    assert not any(b"secret" in bytes(body) or "secret" in str(meta) for body, meta in rows)  # type: ignore[call-overload]
    assert kept == [("Another secret",), ("My secret reason",)]


@pytest.mark.feature("APR-1", "CAT-13")
def test_before_asking_one_is_told_who_will_decide_and_when_it_escalates(desk: Desk) -> None:
    gone = desk.named("Gone", "Away")
    desk.enrollment.tell(desk.enrollment.directory, directory.PersonDeactivated, gone, why="left")
    desk.configure(desk.course, MANAGER, people(gone), escalation_days=3)
    address = f"/api/approvals/offerings/{desk.course}/stages"
    told = desk.client(desk.ada).get(address, params={"kind": "access"}).json()
    assert told == [
        {"approvers": ["Max Manager"], "needs": "any", "nobody_found": False, "escalates_after_days": 3},
        {"approvers": ["Sina Site"], "needs": "any", "nobody_found": True, "escalates_after_days": 3},
    ]
    later = desk.client(desk.max).get(address, params={"kind": "later-due-date"}).json()
    assert [(one["approvers"], one["nobody_found"]) for one in later] == [(["Sina Site"], True)]
    assert kind_of(
        desk.client(desk.ada).get(address.replace(str(desk.course), str(uuid4())), params={"kind": "access"})
    ) == (
        404,
        "not-found",
    )


@pytest.mark.feature("CAT-6")
def test_nobody_is_told_who_decides_on_what_they_may_not_see(desk: Desk) -> None:
    hidden = desk.enrollment.course("Secret")
    desk.enrollment.tell(desk.enrollment.catalog, catalog.LearnerAccessChosen, hidden, access="hidden")
    desk.settle()
    answer = desk.client(desk.ada).get(f"/api/approvals/offerings/{hidden}/stages", params={"kind": "access"})
    assert kind_of(answer) == (404, "not-found")
