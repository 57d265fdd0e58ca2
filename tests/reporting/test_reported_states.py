"""The states of an enrollment in the reports: today, and as of a moment before (ENR-1, RPT-7)."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from reporting_world import World

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
def test_a_report_shows_the_state_that_the_events_tell_and_before_them_the_one_before(world: World, name: str) -> None:
    story, expected = STORIES[name]
    ada, course = world.person(), world.course()
    rule = world.assignment(course)
    world.enrol(ada, offering=course, assignment=rule)
    world.settle()
    before = world.now()
    for kind, fields in story:
        world.tell(world.enrollment, world.about(kind, ada, course, term=1, **fields))
    world.settle()
    assert [row["state"] for row in world.rows()] == [expected]
    assert [row["state"] for row in world.rows(as_of=before)] == ["not-started"]
    assert world.people(state=expected) == {ada}


@pytest.mark.feature("ENR-2", "ENR-1")
def test_what_has_to_be_paid_awaits_payment_until_it_is(world: World) -> None:
    ada, course = world.person(), world.course()
    price = Price(amount="5", currency="EUR")  # type: ignore[arg-type]
    told = {"assignment_id": world.assignment(course), "term": 1, "price": price}
    world.tell(world.enrollment, world.about(E.LearnerAssigned, ada, course, **told))
    world.settle()
    assert [row["state"] for row in world.rows()] == ["awaiting-payment"]
    for kind, fields, state in (
        (E.PaymentReceived, PAID, "not-started"),
        (E.PaymentRefunded, {"order_id": PAID["order_id"], "reopens": True}, "awaiting-payment"),
        (E.PaymentReceived, PAID, "not-started"),
        (E.TrainingBegun, {}, "in-progress"),
        (E.PaymentRefunded, {"order_id": PAID["order_id"], "reopens": False}, "in-progress"),
    ):
        world.tell(world.enrollment, world.about(kind, ada, course, term=1, **fields))
        world.settle()
        assert [row["state"] for row in world.rows()] == [state]
    assert world.replay()["differences"] == 0


@pytest.mark.feature("ENR-1", "ENR-12")
def test_the_next_term_keeps_a_completion_that_counts_and_drops_one_that_has_expired(world: World) -> None:
    ada, bob, course = world.person(), world.person(), world.course()
    rule = world.assignment(course)
    for person, afresh in ((ada, False), (bob, True)):
        world.enrol(person, offering=course, assignment=rule)
        for kind, fields in ((E.EnrollmentCompleted, DONE), (E.LearnerWithdrawn, {})):
            world.tell(world.enrollment, world.about(kind, person, course, term=1, **fields))
        told = {"assignment_id": rule, "term": 2, "afresh": afresh}
        world.tell(world.enrollment, world.about(E.LearnerAssigned, person, course, **told))
    world.settle()
    states = {row["person_id"]: row["state"] for row in world.rows()}
    assert states == {str(ada): "completed", str(bob): "not-started"}


@pytest.mark.feature("CAT-2", "ENR-1")
def test_a_course_that_is_worked_on_by_a_certification_is_in_progress(world: World) -> None:
    ada, bob, course = world.person(), world.person(), world.course()
    rule = world.assignment(course)
    begun = {"via": uuid4(), "term": 1}
    world.tell(world.enrollment, world.about(E.TrainingBegun, ada, course, **begun))
    for person in (ada, bob):
        world.enrol(person, offering=course, assignment=rule)
    world.tell(world.enrollment, world.about(E.EnrollmentCompleted, bob, course, term=1, **DONE))
    world.tell(world.enrollment, world.about(E.TrainingBegun, bob, course, **{**begun, "term": 2, "afresh": True}))
    world.settle()
    states = {row["person_id"]: row["state"] for row in world.rows()}
    assert states == {str(ada): "in-progress", str(bob): "in-progress"}
    assert world.replay()["differences"] == 0
