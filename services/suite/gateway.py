"""One address in front of all services: the path says which one answers."""

from collections.abc import AsyncIterator, Mapping, Sequence

import anyio
import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from shared.service_client import trusted
from shared.streams import Patience

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_OF_THIS_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "host",
}
_OF_THIS_ANSWER = (_OF_THIS_HOP - {"content-length"}) | {"date", "server"}
"""The gateway's own web server adds the last two."""
_SECONDS = httpx.Timeout(120.0, connect=5.0)


class _PassedOn(StreamingResponse):
    """A service's answer, as it comes. However it ends, the service is told."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(answer.aiter_raw(), answer.status_code)
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await self._answer.aclose()


def gateway(
    routes: Mapping[str, str], demos: Sequence[FastAPI] = (), *, stall: float = 60.0, proxies: Sequence[str] = ()
) -> FastAPI:
    """`routes`: the address of each service, by name; `portal` answers what is no service's. `demos`: a demo's own.

    A reader who takes nothing for `stall` seconds is let go. `proxies`: whose word about the client's address is taken.
    """
    app = FastAPI(title="Rollbook gateway", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Patience, seconds=stall)
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(proxies))
    client = httpx.AsyncClient(timeout=_SECONDS, limits=httpx.Limits(max_connections=400), verify=trusted())

    for demo in demos:
        app.include_router(demo.router)

    @app.api_route("/{path:path}", methods=_METHODS)
    async def forward(request: Request, path: str) -> Response:
        parts = path.split("/", 2)
        name = parts[1] if parts[0] == "api" and len(parts) > 1 else "portal"
        address = routes.get(name)
        if address is None:
            return _problem(
                request, 404, "There is no such service", f"There is no route to {name}. Add one to ROLLBOOK_ROUTES."
            )
        asked = client.build_request(
            request.method,
            httpx.URL(address).copy_with(raw_path=_raw(request)),
            headers=_forwarded(request),
            content=_body(request),
        )
        try:
            answer = await client.send(asked, stream=True)
        except httpx.TransportError as error:
            said = f"{name} is not responding ({type(error).__name__}). Try again in a moment."
            return _problem(request, 502, "The service is not responding", said)
        response = _PassedOn(answer)
        kept = [(k, v) for k, v in answer.headers.raw if k.decode().lower() not in _OF_THIS_ANSWER]
        response.raw_headers = [(k.lower(), v) for k, v in kept]
        return response

    return app


def _raw(request: Request) -> bytes:
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    query: bytes = request.scope.get("query_string", b"")
    return raw.partition(b"?")[0] + (b"?" + query if query else b"")


def _forwarded(request: Request) -> list[tuple[str, str]]:
    kept = [(k, v) for k, v in request.headers.items() if k not in _OF_THIS_HOP and not k.startswith("x-forwarded-")]
    if "content-length" in request.headers:
        kept.append(("content-length", request.headers["content-length"]))
    client = request.client.host if request.client else ""
    return [
        *kept,
        ("host", request.headers.get("host", "")),
        ("x-forwarded-for", client),
        ("x-forwarded-proto", request.url.scheme),
    ]


def _body(request: Request) -> AsyncIterator[bytes] | None:
    has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
    return request.stream() if has_body else None


def _problem(request: Request, status: int, title: str, detail: str) -> JSONResponse:
    problem = {"type": "urn:rollbook:problem:gateway", "title": title, "status": status, "detail": detail}
    return JSONResponse({**problem, "instance": request.url.path}, status, media_type="application/problem+json")
