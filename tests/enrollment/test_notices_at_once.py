"""Notices of the payment provider that come at the same moment: the order and the enrollment say the same (ENR-2)."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from uuid import UUID, uuid4

import pytest
from at_once import at_once, statuses
from fastapi.testclient import TestClient
from httpx import Response
from test_payments import PRICE, SECRET, Provider, purchase
from world import World

from services.enrollment.application.paying import sign
from shared.database import Database

ROUNDS = 20


@pytest.fixture
def world(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[World]:
    with Provider() as provider:
        url = f"{provider.url}/api/demo-payments"
        one = World(database, feed_conninfo, payment_url=url, payment_secret=SECRET)
        yield one
        one.close()


def ordered(world: World, course: UUID) -> tuple[UUID, str, str, TestClient]:
    """Somebody new, the enrollment, and its open order."""
    person = world.person()
    world.settle()
    id, learner = world.enroll(person, course), world.client(person)
    return person, id, purchase(world, id, learner)["id"], learner


def telling(world: World, order: str, kind: str, id: str) -> Callable[[], Response]:
    body = json.dumps({"id": id, "order_id": order, "kind": kind, **PRICE}).encode()
    headers = {"Rollbook-Signature": sign(SECRET, int(time.time()), body)}
    client = TestClient(world.service.app)
    return partial(client.post, "/api/enrollment/payments/notices", content=body, headers=headers)


@pytest.mark.feature("ENR-2")
def test_paid_and_failed_at_once_leave_the_order_as_the_enrollment_is_and_a_refund_is_taken(world: World) -> None:
    course = world.course("Diving", 1, price=PRICE)
    for _ in range(ROUNDS):
        _, id, order, learner = ordered(world, course)
        answers = at_once(*(telling(world, order, kind, str(uuid4())) for kind in ("paid", "failed") * 4))
        assert statuses(answers) == [200] * 8, [answer.text for answer in answers]
        (bought,) = learner.get(f"/api/enrollment/enrollments/{id}/purchases").json()
        assert (world.show(id)["payment"], bought["state"]) == ("paid", "paid")
        assert telling(world, order, "refunded", str(uuid4()))().json() == {"outcome": "taken"}
        assert world.show(id)["status"] == "awaiting-payment"


@pytest.mark.feature("ENR-2")
def test_twelve_notices_of_one_payment_are_one_payment(world: World) -> None:
    course = world.course("Diving", 1, price=PRICE)
    for _ in range(ROUNDS):
        person, _, order, _ = ordered(world, course)
        answers = at_once(*(telling(world, order, "paid", str(uuid4())) for _ in range(12)))
        outcomes = sorted(answer.json().get("outcome", answer.text) for answer in answers)
        assert outcomes == ["ignored: the order is paid"] * 11 + ["taken"]
        assert world.told(of=[person]).count("PaymentReceived") == 1


@pytest.mark.feature("ENR-2")
def test_the_same_notice_many_times_at_once_is_one_with_one_answer(world: World) -> None:
    course = world.course("Diving", 1, price=PRICE)
    for n in range(ROUNDS):
        person, _, order, _ = ordered(world, course)
        answers = at_once(*[telling(world, order, "paid", f"notice-{n}")] * 8)
        assert [answer.json().get("outcome") for answer in answers] == ["taken"] * 8
        assert world.told(of=[person]).count("PaymentReceived") == 1
