"""The payment provider, over HTTP: a hosted checkout that is asked for with a signed request (ENR-2)."""

import hashlib
import hmac
import json
import time
from uuid import UUID

import httpx

from shared.contracts.catalog import Price
from shared.errors import Refusal
from shared.page_addresses import Pages
from shared.service_client import trusted


class Unavailable(Refusal):
    """The provider could not be asked; nothing was ordered."""

    status = 503
    kind = "payment-unavailable"
    title = "The payment provider is not responding"


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The signature header of a notice: the time in seconds, and a keyed hash (HMAC-SHA-256) over time and body."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


class HostedCheckout:
    """`url`: the provider's own address; `base_url`: where learners come back to, and notices go. Both sides know `secret`."""

    def __init__(self, url: str, secret: str, base_url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        self._secret = secret
        self._base_url = base_url
        self._http = httpx.Client(timeout=10.0, transport=transport, verify=trusted())

    def checkout(self, order: UUID, price: Price, title: str, offering: UUID) -> str:
        """POST {url}/checkouts; the answer's `address` is where the learner pays. The same order gives the same address.

        The learner comes back to the page of the purchase.
        """
        if not self._url or not self._secret:
            raise Unavailable(
                "No payment provider is configured. Ask an operator to set ROLLBOOK_PAYMENT_URL and ROLLBOOK_PAYMENT_SECRET."
            )
        asked = {
            "order_id": str(order),
            "amount": str(price.amount),
            "currency": price.currency,
            "title": title,
            "notify": f"{self._base_url}/api/enrollment/payments/notices",
            "back": Pages(self._base_url).purchase(offering),
        }
        body = json.dumps(asked).encode()
        headers = {"Rollbook-Signature": sign(self._secret, int(time.time()), body), "Content-Type": "application/json"}
        try:
            answer = self._http.post(f"{self._url}/checkouts", content=body, headers=headers)
            answer.raise_for_status()
            return str(answer.json()["address"])
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise Unavailable(
                f"The checkout could not be opened ({type(error).__name__}). Try again in a moment."
            ) from error

    def close(self) -> None:
        self._http.close()
