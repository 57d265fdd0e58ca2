"""The wiring of the portal."""

from collections.abc import Sequence

import httpx

from services.portal.api import SignIn, portal
from services.portal.client import Services
from shared.service import Service
from shared.settings import Settings
from shared.streams import Patience


def sign_ins(settings: Settings) -> list[SignIn]:
    """The accounts that a demo shows."""
    return [SignIn(*one) for one in settings.sign_ins]


def build(
    settings: Settings, *, sign_ins: Sequence[SignIn] = (), transport: httpx.BaseTransport | None = None
) -> Service:
    """The pages. `sign_ins` are shown on the start page; only a demo has any."""
    client = httpx.Client(base_url=settings.base_url, timeout=30.0, transport=transport)
    secure = settings.base_url.startswith("https:")
    app = portal(Services(client), sign_ins, secure=secure, body_bytes=settings.body_bytes)
    app.add_middleware(Patience, seconds=settings.stream_stall)
    return Service("portal", app, close=client.close)
