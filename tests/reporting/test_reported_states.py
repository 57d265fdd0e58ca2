"""The states of an enrollment in the reports: today, and as of a moment before (ENR-1, RPT-7)."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from reporting.harness import Harness

from shared.contracts import enrollment
from shared.contracts.catalog import Price
from shared.events import TextRef

REASON = TextRef(id=uuid4(), digest="0" * 64)
DONE = {"version": None, "completed_at": datetime(2026, 11, 23, tzinfo=UTC)}
PAID = {"order_id": uuid4(), "by": "provider"}
E = enrollment
Story = list[tuple[type[Any], dict[str, Any]]]

STORIES: dict[str, tuple[Story, str]] = {
    "begun": ([(E.TrainingBegun, {})], "in-progress"),
    "submitted": ([(E.TrainingBegun, {}), (E.CompletionSubmitted, {"version": None})], "pending-approval"),
    "rejected": (
        [
            (E.TrainingBegun, {}),
            (E.CompletionSubmitted, {"version": None}),
            (E.CompletionRejected, {"steps": (1,), "reason": REASON}),
        ],
        "in-progress",
    ),
    "completed": ([(E.EnrollmentCompleted, DONE)], "completed"),
    "taken back": (
        [(E.EnrollmentCompleted, DONE), (E.CompletionTakenBack, {"steps": (), "reason": REASON})],
        "not-started",
    ),
    "expired": ([(E.TrainingBegun, {}), (E.AccessExpired, {})], "access-expired"),
    "cancelled": ([(E.EnrollmentCancelled, {})], "cancelled"),
    "withdrawn": ([(E.EnrollmentCompleted, DONE), (E.LearnerWithdrawn, {})], "withdrawn"),
}


@pytest.mark.feature("ENR-1", "RPT-7")
@pytest.mark.parametrize("name", STORIES)
def test_a_report_shows_the_state_that_the_events_tell_and_before_them_the_one_before(
    harness: Harness, name: str
) -> None:
    story, expected = STORIES[name]
    ada, course = harness.person(), harness.course()
    rule = harness.assignment(course)
    harness.enrol(ada, offering=course, assignment=rule)
    harness.settle()
    before = harness.now()
    for kind, fields in story:
        harness.tell(harness.enrollment, harness.about(kind, ada, course, term=1, **fields))
    harness.settle()
    assert [row["state"] for row in harness.rows()] == [expected]
    assert [row["state"] for row in harness.rows(as_of=before)] == ["not-started"]
    assert harness.people(state=expected) == {ada}


@pytest.mark.feature("ENR-2", "ENR-1")
def test_what_has_to_be_paid_awaits_payment_until_it_is(harness: Harness) -> None:
    ada, course = harness.person(), harness.course()
    price = Price(amount="5", currency="EUR")  # type: ignore[arg-type]
    told = {"assignment_id": harness.assignment(course), "term": 1, "price": price}
    harness.tell(harness.enrollment, harness.about(E.LearnerAssigned, ada, course, **told))
    harness.settle()
    assert [row["state"] for row in harness.rows()] == ["awaiting-payment"]
    for kind, fields, state in (
        (E.PaymentReceived, PAID, "not-started"),
        (E.PaymentRefunded, {"order_id": PAID["order_id"], "reopens": True}, "awaiting-payment"),
        (E.PaymentReceived, PAID, "not-started"),
        (E.TrainingBegun, {}, "in-progress"),
        (E.PaymentRefunded, {"order_id": PAID["order_id"], "reopens": False}, "in-progress"),
    ):
        harness.tell(harness.enrollment, harness.about(kind, ada, course, term=1, **fields))
        harness.settle()
        assert [row["state"] for row in harness.rows()] == [state]
    assert harness.replay()["differences"] == 0


@pytest.mark.feature("ENR-1", "ENR-12")
def test_the_next_term_keeps_a_completion_that_counts_and_drops_one_that_has_expired(harness: Harness) -> None:
    ada, bob, course = harness.person(), harness.person(), harness.course()
    rule = harness.assignment(course)
    for person, afresh in ((ada, False), (bob, True)):
        harness.enrol(person, offering=course, assignment=rule)
        for kind, fields in ((E.EnrollmentCompleted, DONE), (E.LearnerWithdrawn, {})):
            harness.tell(harness.enrollment, harness.about(kind, person, course, term=1, **fields))
        told = {"assignment_id": rule, "term": 2, "afresh": afresh}
        harness.tell(harness.enrollment, harness.about(E.LearnerAssigned, person, course, **told))
    harness.settle()
    states = {row["person_id"]: row["state"] for row in harness.rows()}
    assert states == {str(ada): "completed", str(bob): "not-started"}


@pytest.mark.feature("CAT-2", "ENR-1")
def test_a_course_that_is_worked_on_by_a_certification_is_in_progress(harness: Harness) -> None:
    ada, bob, course = harness.person(), harness.person(), harness.course()
    rule = harness.assignment(course)
    begun = {"via": uuid4(), "term": 1}
    harness.tell(harness.enrollment, harness.about(E.TrainingBegun, ada, course, **begun))
    for person in (ada, bob):
        harness.enrol(person, offering=course, assignment=rule)
    harness.tell(harness.enrollment, harness.about(E.EnrollmentCompleted, bob, course, term=1, **DONE))
    harness.tell(
        harness.enrollment, harness.about(E.TrainingBegun, bob, course, **{**begun, "term": 2, "afresh": True})
    )
    harness.settle()
    states = {row["person_id"]: row["state"] for row in harness.rows()}
    assert states == {str(ada): "in-progress", str(bob): "in-progress"}
    assert harness.replay()["differences"] == 0
