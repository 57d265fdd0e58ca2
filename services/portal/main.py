"""The wiring of the portal."""

from collections.abc import Sequence

import httpx
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from services.portal.api import HERE, SignIn, pages
from services.portal.client import Services
from shared.service import Service
from shared.settings import Settings


def sign_ins(settings: Settings) -> list[SignIn]:
    """The accounts that a demo shows."""
    return [SignIn(*one) for one in settings.sign_ins]


def build(
    settings: Settings, *, sign_ins: Sequence[SignIn] = (), transport: httpx.BaseTransport | None = None
) -> Service:
    """The pages. `sign_ins` are shown on the start page; only a demo has any."""
    app = FastAPI(title="Rollbook", docs_url=None, redoc_url=None, openapi_url=None)
    client = httpx.Client(base_url=settings.base_url, timeout=30.0, transport=transport)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.include_router(pages(Services(client), sign_ins, secure=settings.base_url.startswith("https:")))
    return Service("portal", app, close=client.close)
