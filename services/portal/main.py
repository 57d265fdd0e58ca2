"""The wiring of the portal."""

import secrets
from collections.abc import Sequence

import httpx
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from services.portal.api import portal
from services.portal.api.entrance.sign_in import SignIn
from services.portal.at_once import AtOnce
from services.portal.client.asking import Services
from services.portal.sealing import Sealer
from shared.service import Service
from shared.service_client import trusted
from shared.settings import Settings
from shared.streams import Patience


def sign_ins(settings: Settings) -> list[SignIn]:
    """The accounts that a demo shows."""
    return [SignIn(*one) for one in settings.sign_ins]


def build(
    settings: Settings, *, sign_ins: Sequence[SignIn] = (), transport: httpx.BaseTransport | None = None
) -> Service:
    """The pages. `sign_ins` are shown on the sign-in page; only a demo has any."""
    limits = httpx.Limits(
        max_connections=settings.portal_questions, max_keepalive_connections=settings.portal_questions
    )
    client = httpx.Client(
        base_url=settings.base_url, timeout=30.0, transport=transport, limits=limits, verify=trusted()
    )
    services = Services(client, settings.portal_questions)
    app = portal(
        services,
        Sealer(settings.session_secret or secrets.token_hex(32)),
        sign_ins,
        secure=settings.base_url.startswith("https:"),
        body_bytes=settings.body_bytes,
        session_seconds=settings.session_seconds,
    )
    app.add_middleware(AtOnce, pages=settings.portal_pages)
    app.add_middleware(Patience, seconds=settings.stream_stall)
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))
    return Service("portal", app, close=services.close)
