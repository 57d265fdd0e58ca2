"""How many pages are made at once."""

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send


class AtOnce:
    """Lets so many requests in at once; the others wait for their turn."""

    def __init__(self, app: ASGIApp, pages: int) -> None:
        self._app = app
        self._turns = asyncio.Semaphore(pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        async with self._turns:
            await self._app(scope, receive, send)
