"""Paying: the price, the way to the provider, what became of the order (ENR-2, ENR-3)."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from portal.conftest import Browser
from portal.learning import API, ENROLLMENT, GROUP, KEY, PAGE, PRICE, offering, receipt
from portal.standin import StandIn

pytestmark = pytest.mark.feature("ENR-2")
BUY = f"/api/enrollment/enrollments/{ENROLLMENT}/purchase"
ORDERS = f"{BUY}s"
CHECKOUT = "https://pay.example/checkout/7?t=secret"
DUE: dict[str, Any] = {"status": "awaiting-payment", "next_action": "purchase", "payment": "due"}


@pytest.fixture(autouse=True)
def signed_in(browser: Browser) -> None:
    browser.sign_in()


def order(standin: StandIn, state: str) -> dict[str, Any]:
    return standin.sample("enrollment", "Order", state=state, checkout=CHECKOUT, amount="49.50", currency="EUR")


def ordered(standin: StandIn, *states: str) -> None:
    standin.says("GET", ORDERS, [order(standin, state) for state in states])
    standin.says("POST", BUY, order(standin, "open"), 201)


def test_the_way_to_the_provider_is_a_link_on_a_page_of_ours(browser: Browser, standin: StandIn) -> None:
    offering(standin, stands=DUE, price=PRICE, access_days=180)
    ordered(standin)
    page = browser.get(f"{PAGE}/purchase")
    assert {"€49.50", "180 days", "Go to payment"} <= set(page.text)
    led = browser.post(f"{PAGE}/purchase", key=KEY)
    assert (led.status_code, urlsplit(led.headers["Location"]).path) == (303, f"{PAGE}/purchase")
    assert "secret" not in led.headers["Location"]
    paying = browser.get(led.headers["Location"])
    assert CHECKOUT in paying.links
    assert "Pay at pay.example" in paying.text
    assert len(standin.questions()) == 2 + 2 + 2


@pytest.mark.feature("ENR-3")
def test_who_is_not_enrolled_comes_with_the_purchase(browser: Browser, standin: StandIn) -> None:
    outside = {"status": "not-enrolled", "next_action": "purchase"}
    offering(standin, stands=outside, price=PRICE)
    ordered(standin)
    assert "Go to payment" in browser.get(f"{PAGE}/purchase").text
    receipt(standin, "POST", f"{API}/enrol", 201)
    stood = iter([outside, DUE])
    found = standin._answers["GET", f"{API}/standing"][1]
    standin.says("GET", f"{API}/standing", lambda _: found | next(stood))
    browser.post(f"{PAGE}/purchase", key=KEY)
    asked = standin.questions()
    assert asked.index(f"POST {API}/enrol") < asked.index(f"POST {BUY}")


def test_where_groups_are_to_be_chosen_that_comes_first(browser: Browser, standin: StandIn) -> None:
    offering(standin, stands={"status": "not-enrolled", "next_action": "purchase", "groups_to_join": [GROUP]})
    assert browser.post(f"{PAGE}/purchase", key=KEY).headers["Location"] == f"{PAGE}/enrol"


STATES = [
    (DUE, ["open"], "We have not heard from the payment provider yet. If you have just paid, look again in a moment."),
    (DUE, ["failed"], "The payment failed. Nothing was charged; you can try again."),
    (DUE, ["paid", "refunded"], "The payment was refunded before you began. You can pay again."),
    ({"status": "not-started", "payment": "paid"}, ["failed", "paid"], "It is paid."),
    (
        {"status": "in-progress", "payment": "refunded", "next_action": None},
        ["refunded"],
        "The payment was refunded after you had begun. An administrator decides how it goes on.",
    ),
    ({"status": "in-progress", "payment": "none", "next_action": None}, [], "There is nothing to pay"),
]


@pytest.mark.parametrize(("stands", "states", "told"), STATES)
def test_what_became_of_the_order(
    browser: Browser, standin: StandIn, stands: dict[str, Any], states: list[str], told: str
) -> None:
    offering(standin, stands=stands, price=PRICE)
    ordered(standin, *states)
    page = browser.get(f"{PAGE}/purchase")
    assert told in page.text
    assert ("Try again" in page.text) == (states == ["failed"])


def test_a_provider_that_does_not_answer_is_told_in_place(browser: Browser, standin: StandIn) -> None:
    offering(standin, stands=DUE, price=PRICE)
    ordered(standin)
    standin.refuses("POST", BUY, 503, "payment-unavailable")
    page = browser.refused(f"{PAGE}/purchase", 503, key=KEY)
    assert page.title.startswith("Error:")
    assert "Go to payment" in page.text


def test_what_is_paid_already_is_not_paid_again(browser: Browser, standin: StandIn) -> None:
    offering(standin, stands={"status": "not-started", "payment": "paid"})
    assert browser.post(f"{PAGE}/purchase", key=KEY).headers["Location"] == PAGE
    assert f"POST {BUY}" not in standin.questions()
