"""Every request has an id that leads from its answer to the log; the same place counts answers and their seconds."""

import time
from uuid import UUID, uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import telemetry


class Correlation:
    """Passes answers on as they come: one that breaks off is seen to break off, and one that nobody takes is known to be so."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        correlation = _uuid(Headers(scope=scope).get("X-Correlation-ID")) or uuid4()
        scope.setdefault("state", {})["correlation"] = correlation
        started = time.perf_counter()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                seconds = time.perf_counter() - started
                telemetry.REQUESTS.labels(self._service, scope["method"], message["status"]).observe(seconds)
                headers = MutableHeaders(scope=message)
                headers["X-Correlation-ID"] = str(correlation)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        with structlog.contextvars.bound_contextvars(correlation=str(correlation)):
            await self._app(scope, receive, sending)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
