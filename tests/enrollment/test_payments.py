"""Paying for a term: the purchase, signed notices, and what is refused (ENR-2, CAT-8)."""

import json
import threading
import time
from collections.abc import Iterator
from urllib.parse import unquote
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn
from enrollment.harness import Harness, OpenHarness
from fastapi.testclient import TestClient

from services.enrollment.payment_provider import sign
from services.suite.demo_payments import demo_payments
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
def harness(open_harness: OpenHarness) -> Iterator[Harness]:
    with Provider() as provider:
        url = f"{provider.url}/api/demo-payments"
        yield open_harness(payment_url=url, payment_secret=SECRET)


@pytest.fixture
def ann(harness: Harness) -> UUID:
    return harness.person()


@pytest.fixture
def priced(harness: Harness, ann: UUID) -> tuple[str, TestClient]:
    """An enrollment that awaits payment, and its learner."""
    course = harness.course("Diving", 1, price=PRICE)
    harness.settle()
    return harness.enroll(ann, course), harness.client(ann)


def purchase(harness: Harness, id: str, learner: TestClient) -> dict[str, str]:
    answer = harness.do(id, "purchase", learner)
    assert answer.status_code == 201, answer.text
    bought: dict[str, str] = answer.json()
    return bought


def notice(
    harness: Harness, order: str, kind: str = "paid", *, age: float = 0, secret: str = SECRET, **more: str
) -> httpx.Response:
    """What the provider sends."""
    told = {"id": str(uuid4()), "order_id": order, "kind": kind, **PRICE, **more}
    body = json.dumps(told).encode()
    headers = {"Rollbook-Signature": sign(secret, int(time.time() - age), body)}
    return harness.http.post("/api/enrollment/payments/notices", content=body, headers=headers)


def outcomes(harness: Harness) -> list[str]:
    with harness.database.connection() as conn:
        return [str(row[0]) for row in conn.execute("SELECT outcome FROM payment_notice ORDER BY received_at")]


@pytest.mark.feature("ENR-2", "ENR-1", "CAT-8")
def test_a_priced_training_is_paid_at_the_provider_and_then_begins(
    harness: Harness, priced: tuple[str, TestClient]
) -> None:
    id, learner = priced
    found = harness.show(id, learner)
    assert (found["status"], found["next_action"]) == ("awaiting-payment", "purchase")
    assert harness.refused(id, "begin", learner) == "payment-due"
    bought = purchase(harness, id, learner)
    assert purchase(harness, id, learner)["id"] == bought["id"]
    assert "149.50 EUR" in httpx.get(bought["checkout"]).text
    assert f"/offerings/{found['offering_id']}/purchase" in unquote(bought["checkout"])
    assert httpx.get(bought["checkout"].replace("149.50", "1.00")).status_code == 404
    with harness.database.connection() as conn:
        assert conn.execute("SELECT state FROM purchase").fetchall() == [("open",)]
    assert notice(harness, bought["id"]).json() == {"outcome": "taken"}
    assert harness.show(id, learner)["next_action"] == "begin-training"
    harness.did(id, "begin", learner)
    assert learner.get(f"/api/enrollment/enrollments/{id}/purchases").json()[0]["state"] == "paid"


@pytest.mark.feature("ENR-2")
def test_a_notice_that_comes_twice_counts_once(harness: Harness, priced: tuple[str, TestClient], ann: UUID) -> None:
    id, learner = priced
    order = purchase(harness, id, learner)["id"]
    for same in ("n1", "n1", "n2"):
        assert notice(harness, order, id=same).status_code == 200
    assert harness.told(of=[ann]).count("PaymentReceived") == 1
    assert outcomes(harness) == ["taken", "ignored: the order is paid"]


@pytest.mark.feature("ENR-2")
def test_wrong_signature_old_time_other_amount_and_unknown_order_change_nothing_and_are_recorded(
    harness: Harness, priced: tuple[str, TestClient]
) -> None:
    id, learner = priced
    order = purchase(harness, id, learner)["id"]
    before = harness.told()
    refusals = [
        notice(harness, order, secret="another"),
        notice(harness, order, age=301),
        notice(harness, order, age=-360),  # by so much ahead that it still is when a slow machine looks
        notice(harness, order, amount="1.00"),
        notice(harness, order, currency="USD"),
        notice(harness, str(uuid4())),
        harness.http.post("/api/enrollment/payments/notices", content=b"{}"),
        notice(harness, order, kind="gift"),
    ]
    assert [answer.status_code for answer in refusals] == [401, 401, 401, 409, 409, 404, 401, 422]
    assert harness.told() == before
    assert harness.show(id)["status"] == "awaiting-payment"
    assert outcomes(harness) == [
        "invalid-signature",
        "expired-signature",
        "expired-signature",
        "amount-mismatch",
        "amount-mismatch",
        "unknown-order",
        "invalid-signature",
        "unreadable",
    ]


@pytest.mark.feature("ENR-2")
def test_a_failed_purchase_leaves_a_new_try_and_a_refund_depends_on_the_start(
    harness: Harness, priced: tuple[str, TestClient]
) -> None:
    id, learner = priced
    first = purchase(harness, id, learner)["id"]
    assert notice(harness, first, "failed").json() == {"outcome": "taken"}
    second = purchase(harness, id, learner)["id"]
    assert second != first
    notice(harness, second)
    notice(harness, second, "refunded")
    assert harness.show(id)["status"] == "awaiting-payment"
    third = purchase(harness, id, learner)["id"]
    notice(harness, third)
    harness.did(id, "begin", learner)
    notice(harness, third, "refunded")
    found = harness.show(id)
    assert (found["status"], found["payment"]) == ("in-progress", "refunded")
    assert harness.did(id, "paid", reason="Paid in cash.")["status"] == "in-progress"
    assert harness.show(id)["payment"] == "paid"


@pytest.mark.feature("ENR-2")
def test_notices_that_overtake_one_another_lose_no_money(harness: Harness, priced: tuple[str, TestClient]) -> None:
    id, learner = priced
    order = purchase(harness, id, learner)["id"]
    early = notice(harness, order, "refunded", id="refund")
    assert (early.status_code, early.json()["type"].endswith("too-early")) == (409, True)
    notice(harness, order, "failed")
    again = purchase(harness, id, learner)["id"]
    assert notice(harness, order, "paid").json() == {"outcome": "taken"}
    assert harness.show(id)["status"] == "not-started"
    notice(harness, again, "paid")
    assert notice(harness, order, "refunded", id="refund").json() == {"outcome": "taken"}
    assert harness.show(id)["status"] == "not-started"
    notice(harness, again, "refunded")
    assert harness.show(id)["status"] == "awaiting-payment"


@pytest.mark.feature("ENR-2")
def test_an_administrator_says_that_it_is_paid_with_a_reason(harness: Harness, priced: tuple[str, TestClient]) -> None:
    id, learner = priced
    assert harness.refused(id, "paid", learner, reason="please") == "forbidden"
    assert harness.refused(id, "paid", reason="") == "invalid"
    assert harness.did(id, "paid", reason="Invoice 17")["next_action"] == "begin-training"
    assert harness.refused(id, "paid", reason="again") == "no-open-term"
    assert harness.refused(id, "purchase", learner) == "no-open-term"


@pytest.mark.feature("ENR-2")
def test_without_a_provider_nothing_is_ordered(open_harness: OpenHarness) -> None:
    bare = open_harness()
    ann, course = bare.person(), bare.course("Diving", 1, price=PRICE)
    bare.settle()
    id = bare.enroll(ann, course)
    answer = bare.do(id, "purchase", bare.client(ann))
    assert (answer.status_code, "ROLLBOOK_PAYMENT_URL" in answer.text) == (503, True)
    assert "OrderPlaced" not in bare.told()
    assert notice(bare, str(uuid4()), secret="").status_code == 401
