"""What pages read of the proof of a history."""

from datetime import datetime

import httpx

from services.portal.client.asking import Asking, Params, Reply


class Signed(Reply):
    """How far a service's history is signed. `signed_at` None: nothing is; `public_key` None: the service has no key."""

    events: int
    signed: int = 0
    signed_at: datetime | None = None
    public_key: str | None = None


def signed(ask: Asking, service: str) -> Signed:
    return ask.one(Signed, f"/api/{service}/audit/signed")


def export(ask: Asking, service: str, slice: Params) -> httpx.Response:
    """Lines of JSON with proofs; whoever passes them on closes it."""
    given = {name: str(value) for name, value in slice.items() if value}
    return ask.stream(str(httpx.URL(f"/api/{service}/audit/export", params=given)))
