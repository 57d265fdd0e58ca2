"""The gateway in front of a service: when its reader goes, or takes nothing any more, the service is told (OPS-2)."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from starlette.types import ASGIApp

from services.suite.gateway import gateway

_SECONDS = 60.0


@contextmanager
def served(app: ASGIApp) -> Iterator[tuple[str, int]]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()
    server.should_exit = True
    thread.join(_SECONDS)
    assert not thread.is_alive()


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("goes", [True, False])
def test_a_service_is_let_go_with_the_reader(goes: bool) -> None:
    service = FastAPI()
    ended = threading.Event()

    @service.get("/api/reporting/endless")
    async def endless() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"x" * 65_536
                    await asyncio.sleep(0.001)
            finally:
                ended.set()

        return StreamingResponse(parts())

    with ExitStack() as stack:
        host, port = stack.enter_context(served(service))
        address = stack.enter_context(served(gateway({"reporting": f"http://{host}:{port}"}, stall=0.5)))
        reader = stack.enter_context(socket.create_connection(address, timeout=_SECONDS))
        reader.sendall(b"GET /api/reporting/endless HTTP/1.1\r\nHost: test\r\n\r\n")
        assert reader.recv(15) == b"HTTP/1.1 200 OK"
        assert not ended.is_set()
        if goes:
            reader.close()
        until(ended.is_set)
