"""Paying for a term: the purchase, signed notices, and what is refused (ENR-2, CAT-8)."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient
from world import World

from services.enrollment.application.paying import sign
from services.suite.demo_payments import demo_payments
from shared.database import Database
from shared.ports import free_port

SECRET = "between us"
PRICE = {"amount": "149.50", "currency": "EUR"}


class Provider:
    """The demo's provider, on an address of its own."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        app = demo_payments(SECRET, self.url)
        self._server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=self.port, log_level="warning"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> "Provider":
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture
def world(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[World]:
    with Provider() as provider:
        url = f"{provider.url}/api/demo-payments"
        one = World(database, feed_conninfo, payment_url=url, payment_secret=SECRET)
        yield one
        one.close()


@pytest.fixture
def ann(world: World) -> UUID:
    return world.person()


@pytest.fixture
def priced(world: World, ann: UUID) -> tuple[str, TestClient]:
    """An enrollment that awaits payment, and its learner."""
    course = world.course("Diving", 1, price=PRICE)
    world.settle()
    return world.enroll(ann, course), world.client(ann)


def purchase(world: World, id: str, learner: TestClient) -> dict[str, str]:
    answer = world.do(id, "purchase", learner)
    assert answer.status_code == 201, answer.text
    bought: dict[str, str] = answer.json()
    return bought


def notice(
    world: World, order: str, kind: str = "paid", *, age: float = 0, secret: str = SECRET, **more: str
) -> httpx.Response:
    """What the provider sends."""
    told = {"id": str(uuid4()), "order_id": order, "kind": kind, **PRICE, **more}
    body = json.dumps(told).encode()
    headers = {"Rollbook-Signature": sign(secret, int(time.time() - age), body)}
    return world.http.post("/api/enrollment/payments/notices", content=body, headers=headers)


def outcomes(world: World) -> list[str]:
    with world.database.connection() as conn:
        return [str(row[0]) for row in conn.execute("SELECT outcome FROM payment_notice ORDER BY received_at")]


@pytest.mark.feature("ENR-2", "ENR-1", "CAT-8")
def test_a_priced_training_is_paid_at_the_provider_and_then_begins(
    world: World, priced: tuple[str, TestClient]
) -> None:
    id, learner = priced
    found = world.show(id, learner)
    assert (found["status"], found["next_action"]) == ("awaiting-payment", "purchase")
    assert world.refused(id, "begin", learner) == "payment-due"
    bought = purchase(world, id, learner)
    assert purchase(world, id, learner)["id"] == bought["id"]
    assert "149.50 EUR" in httpx.get(bought["checkout"]).text
    assert httpx.get(bought["checkout"].replace("149.50", "1.00")).status_code == 404
    with world.database.connection() as conn:
        assert conn.execute("SELECT state FROM purchase").fetchall() == [("open",)]
    assert notice(world, bought["id"]).json() == {"outcome": "taken"}
    assert world.show(id, learner)["next_action"] == "begin-training"
    world.did(id, "begin", learner)
    assert learner.get(f"/api/enrollment/enrollments/{id}/purchases").json()[0]["state"] == "paid"


@pytest.mark.feature("ENR-2")
def test_a_notice_that_comes_twice_counts_once(world: World, priced: tuple[str, TestClient], ann: UUID) -> None:
    id, learner = priced
    order = purchase(world, id, learner)["id"]
    for same in ("n1", "n1", "n2"):
        assert notice(world, order, id=same).status_code == 200
    assert world.told(of=[ann]).count("PaymentReceived") == 1
    assert outcomes(world) == ["taken", "ignored: the order is paid"]


@pytest.mark.feature("ENR-2")
def test_wrong_signature_old_time_other_amount_and_unknown_order_change_nothing_and_are_recorded(
    world: World, priced: tuple[str, TestClient]
) -> None:
    id, learner = priced
    order = purchase(world, id, learner)["id"]
    before = world.told()
    refusals = [
        notice(world, order, secret="another"),
        notice(world, order, age=301),
        notice(world, order, age=-301),
        notice(world, order, amount="1.00"),
        notice(world, order, currency="USD"),
        notice(world, str(uuid4())),
        world.http.post("/api/enrollment/payments/notices", content=b"{}"),
        notice(world, order, kind="gift"),
    ]
    assert [answer.status_code for answer in refusals] == [401, 401, 401, 409, 409, 404, 401, 422]
    assert world.told() == before
    assert world.show(id)["status"] == "awaiting-payment"
    assert outcomes(world) == [
        "wrong-signature",
        "old-signature",
        "old-signature",
        "other-amount",
        "other-amount",
        "unknown-order",
        "wrong-signature",
        "unreadable",
    ]


@pytest.mark.feature("ENR-2")
def test_a_failed_purchase_leaves_a_new_try_and_a_refund_depends_on_the_start(
    world: World, priced: tuple[str, TestClient]
) -> None:
    id, learner = priced
    first = purchase(world, id, learner)["id"]
    assert notice(world, first, "failed").json() == {"outcome": "taken"}
    second = purchase(world, id, learner)["id"]
    assert second != first
    notice(world, second)
    notice(world, second, "refunded")
    assert world.show(id)["status"] == "awaiting-payment"
    third = purchase(world, id, learner)["id"]
    notice(world, third)
    world.did(id, "begin", learner)
    notice(world, third, "refunded")
    found = world.show(id)
    assert (found["status"], found["payment"]) == ("in-progress", "refunded")
    assert world.did(id, "paid", reason="Paid in cash.")["status"] == "in-progress"
    assert world.show(id)["payment"] == "paid"


@pytest.mark.feature("ENR-2")
def test_notices_that_overtake_one_another_lose_no_money(world: World, priced: tuple[str, TestClient]) -> None:
    id, learner = priced
    order = purchase(world, id, learner)["id"]
    early = notice(world, order, "refunded", id="refund")
    assert (early.status_code, early.json()["type"].endswith("too-early")) == (409, True)
    notice(world, order, "failed")
    again = purchase(world, id, learner)["id"]
    assert notice(world, order, "paid").json() == {"outcome": "taken"}
    assert world.show(id)["status"] == "not-started"
    notice(world, again, "paid")
    assert notice(world, order, "refunded", id="refund").json() == {"outcome": "taken"}
    assert world.show(id)["status"] == "not-started"
    notice(world, again, "refunded")
    assert world.show(id)["status"] == "awaiting-payment"


@pytest.mark.feature("ENR-2")
def test_an_administrator_says_that_it_is_paid_with_a_reason(world: World, priced: tuple[str, TestClient]) -> None:
    id, learner = priced
    assert world.refused(id, "paid", learner, reason="please") == "forbidden"
    assert world.refused(id, "paid", reason="") == "invalid"
    assert world.did(id, "paid", reason="Invoice 17")["next_action"] == "begin-training"
    assert world.refused(id, "paid", reason="again") == "nothing-due"
    assert world.refused(id, "purchase", learner) == "nothing-due"


@pytest.mark.feature("ENR-2")
def test_without_a_provider_nothing_is_ordered(
    database: Callable[..., Database], feed_conninfo: Callable[[Database], str]
) -> None:
    bare = World(database, feed_conninfo)
    ann, course = bare.person(), bare.course("Diving", 1, price=PRICE)
    bare.settle()
    id = bare.enroll(ann, course)
    answer = bare.do(id, "purchase", bare.client(ann))
    assert (answer.status_code, "ROLLBOOK_PAYMENT_URL" in answer.text) == (503, True)
    assert "OrderPlaced" not in bare.told()
    assert notice(bare, str(uuid4()), secret="").status_code == 401
    bare.close()
