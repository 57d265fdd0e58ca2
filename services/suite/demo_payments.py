"""The outside party of a demo: a payment provider with a page to pay on, which sends signed notices over HTTP. Keeps nothing."""

import html
import json
import time
from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

import httpx
from fastapi import Depends, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, ValidationError

from services.enrollment.payment_provider import sign

PREFIX = "/api/demo-payments"
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Demo payment</title></head><body>
<main><h1>Demo payment</h1><p>{title}</p><p><strong>{amount} {currency}</strong></p>
<form method="post"><button name="kind" value="paid">Pay</button> <button name="kind" value="failed">Simulate failure</button>
<button name="kind" value="refunded">Refund</button></form>
<p>No money moves: this page plays the payment provider of a demo.</p></main></body></html>"""
_DONE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Demo payment</title></head><body>
<main><h1>{kind}</h1><p>Rollbook was notified and answered: {said}</p><p><a href="{back}">Back</a></p></main></body></html>"""


class Checkout(BaseModel):
    """What a checkout is opened for; travels in its address, signed."""

    order_id: UUID
    amount: Decimal
    currency: str
    title: str
    notify: str
    back: str


async def _body(request: Request) -> bytes:
    return await request.body()


def demo_payments(secret: str, base_url: str) -> FastAPI:
    """`secret` is shared with enrollment."""
    app = FastAPI(title="Demo payments", docs_url=None, redoc_url=None, openapi_url=None)

    @app.post(f"{PREFIX}/checkouts")
    def open_checkout(request: Request, body: Annotated[bytes, Depends(_body)]) -> Response:
        at, _, _ = request.headers.get("Rollbook-Signature", "").removeprefix("t=").partition(",")
        known = at.isascii() and at.isdigit() and len(at) < 13
        if not known or request.headers.get("Rollbook-Signature") != sign(secret, int(at), body):
            return JSONResponse({"title": "The signature does not match"}, 401)
        query = urlencode({"checkout": body.decode(), "signature": sign(secret, 0, body)})
        return JSONResponse({"address": f"{base_url}{PREFIX}/pay?{query}"})

    @app.get(f"{PREFIX}/pay")
    def show(checkout: str, signature: str) -> Response:
        found = _read(secret, checkout, signature)
        if found is None:
            return HTMLResponse("This checkout does not belong to this suite.", 404)
        shown = {name: html.escape(str(getattr(found, name))) for name in ("title", "amount", "currency")}
        return HTMLResponse(_PAGE.format(**shown))

    @app.post(f"{PREFIX}/pay")
    def pay(checkout: str, signature: str, kind: Annotated[Literal["paid", "failed", "refunded"], Form()]) -> Response:
        found = _read(secret, checkout, signature)
        if found is None:
            return HTMLResponse("This checkout does not belong to this suite.", 404)
        said = _tell(secret, found, kind)
        return HTMLResponse(_DONE.format(kind=kind.capitalize(), said=html.escape(said), back=html.escape(found.back)))

    return app


def _read(secret: str, checkout: str, signature: str) -> Checkout | None:
    if signature != sign(secret, 0, checkout.encode()):
        return None
    try:
        return Checkout.model_validate_json(checkout)
    except ValidationError:
        return None


def _tell(secret: str, checkout: Checkout, kind: str) -> str:
    """Send the notice; returns what Rollbook answered."""
    told = {"order_id": str(checkout.order_id), "amount": str(checkout.amount), "currency": checkout.currency}
    body = json.dumps({"id": f"demo-{checkout.order_id}-{kind}", "kind": kind, **told}).encode()
    headers = {"Rollbook-Signature": sign(secret, int(time.time()), body)}
    answer = httpx.post(checkout.notify, content=body, headers=headers, timeout=10.0)
    said = answer.json()
    return str(said.get("outcome") or said.get("detail"))
