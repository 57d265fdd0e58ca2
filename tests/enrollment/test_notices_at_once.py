"""Notices of the payment provider that come at the same moment: the order and the enrollment say the same (ENR-2)."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from uuid import UUID, uuid4

import pytest
from at_once import at_once, statuses
from enrollment.harness import Harness, OpenHarness
from fastapi.testclient import TestClient
from httpx import Response
from test_payments import PRICE, SECRET, Provider, purchase

from services.enrollment.payment_provider import sign

ROUNDS = 20


@pytest.fixture
def harness(open_harness: OpenHarness) -> Iterator[Harness]:
    with Provider() as provider:
        url = f"{provider.url}/api/demo-payments"
        yield open_harness(payment_url=url, payment_secret=SECRET)


def ordered(harness: Harness, course: UUID) -> tuple[UUID, str, str, TestClient]:
    """Somebody new, the enrollment, and its open order."""
    person = harness.person()
    harness.settle()
    id, learner = harness.enroll(person, course), harness.client(person)
    return person, id, purchase(harness, id, learner)["id"], learner


def telling(harness: Harness, order: str, kind: str, id: str) -> Callable[[], Response]:
    body = json.dumps({"id": id, "order_id": order, "kind": kind, **PRICE}).encode()
    headers = {"Rollbook-Signature": sign(SECRET, int(time.time()), body)}
    client = TestClient(harness.service.app)
    return partial(client.post, "/api/enrollment/payments/notices", content=body, headers=headers)


@pytest.mark.feature("ENR-2")
def test_paid_and_failed_at_once_leave_the_order_as_the_enrollment_is_and_a_refund_is_taken(harness: Harness) -> None:
    course = harness.course("Diving", 1, price=PRICE)
    for _ in range(ROUNDS):
        _, id, order, learner = ordered(harness, course)
        answers = at_once(*(telling(harness, order, kind, str(uuid4())) for kind in ("paid", "failed") * 4))
        assert statuses(answers) == [200] * 8, [answer.text for answer in answers]
        (bought,) = learner.get(f"/api/enrollment/enrollments/{id}/purchases").json()
        assert (harness.show(id)["payment"], bought["state"]) == ("paid", "paid")
        assert telling(harness, order, "refunded", str(uuid4()))().json() == {"outcome": "taken"}
        assert harness.show(id)["status"] == "awaiting-payment"


@pytest.mark.feature("ENR-2")
def test_twelve_notices_of_one_payment_are_one_payment(harness: Harness) -> None:
    course = harness.course("Diving", 1, price=PRICE)
    for _ in range(ROUNDS):
        person, _, order, _ = ordered(harness, course)
        answers = at_once(*(telling(harness, order, "paid", str(uuid4())) for _ in range(12)))
        outcomes = sorted(answer.json().get("outcome", answer.text) for answer in answers)
        assert outcomes == ["ignored: the order is paid"] * 11 + ["taken"]
        assert harness.told(of=[person]).count("PaymentReceived") == 1


@pytest.mark.feature("ENR-2")
def test_the_same_notice_many_times_at_once_is_one_with_one_answer(harness: Harness) -> None:
    course = harness.course("Diving", 1, price=PRICE)
    for n in range(ROUNDS):
        person, _, order, _ = ordered(harness, course)
        answers = at_once(*[telling(harness, order, "paid", f"notice-{n}")] * 8)
        assert [answer.json().get("outcome") for answer in answers] == ["taken"] * 8
        assert harness.told(of=[person]).count("PaymentReceived") == 1
