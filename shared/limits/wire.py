"""Every request as a whole, before a route sees it: its size, its address, and how deep and how large its JSON is."""

from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import Invalid, NotFound, Refusal, TooLarge
from shared.limits.numbers import BIGGEST
from shared.limits.text import LINE

Answer = Callable[[Request, Refusal], Response]
"""How this application says no."""

_CONTROLS = frozenset(range(32)) | {127}


class Edge:
    """Refuses what no route may see, each with one clear word; a body that is too large before it is read whole.

    `body_bytes` and `json_depth` are the limits of the settings of these names; `answer` makes the response.
    """

    def __init__(self, app: ASGIApp, body_bytes: int, json_depth: int, answer: Answer) -> None:
        self._app = app
        self._body_bytes = body_bytes
        self._json_depth = json_depth
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        taken, answered = 0, False

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._body_bytes:
                raise self._too_large()
            return message

        async def sending(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            self._check_head(scope)
            body = await self._checked(counted) if _is_json(scope) else counted
            await self._app(scope, body, sending)
        except Refusal as refusal:
            if not answered:
                await self._answer(Request(scope), refusal)(scope, receive, send)

    def _check_head(self, scope: Scope) -> None:
        if LINE.fault(scope["path"]):
            raise NotFound("There is nothing at this address: it contains a control character.")
        if not _CONTROLS.isdisjoint(unquote_to_bytes(scope.get("query_string", b""))):
            raise Invalid(
                "The query of the address contains a control character, such as NUL or a line break. Remove it.",
                field="query",
            )
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and len(declared) < 20 and int(declared) > self._body_bytes:
            raise self._too_large()

    async def _checked(self, receive: Receive) -> Receive:
        """The JSON body, read whole and looked at; then given on as it came."""
        parts, last = [], False
        while not last:
            message = await receive()
            if message["type"] != "http.request":
                return _replaying(message, receive)
            parts.append(message.get("body", b""))
            last = not message.get("more_body", False)
        body = b"".join(parts)
        if body:
            check_json(body, self._json_depth)
        return _replaying({"type": "http.request", "body": body, "more_body": False}, receive)

    def _too_large(self) -> TooLarge:
        return TooLarge(
            f"A request can have at most {self._body_bytes} bytes (ROLLBOOK_BODY_BYTES). Send it in parts, or use the command line."
        )


def _is_json(scope: Scope) -> bool:
    kind: bytes = dict(scope["headers"]).get(b"content-type", b"").partition(b";")[0].strip().lower()
    return kind == b"application/json" or kind.endswith(b"+json")


def _replaying(message: Message, receive: Receive) -> Receive:
    first = [message]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay


def check_json(body: bytes, depth: int) -> None:
    """Raises Invalid for what is no JSON, has half a surrogate pair, is nested too deeply, or has too large a number."""
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Invalid(f"The body is not valid JSON: {error}.", field="body") from None
    pending = [(value, 1)]
    while pending:
        one, level = pending.pop()
        if isinstance(one, dict | list):
            if level > depth:
                raise Invalid(f"The body is nested more than {depth} levels deep (ROLLBOOK_JSON_DEPTH).", field="body")
            pending.extend((inner, level + 1) for inner in (one.values() if isinstance(one, dict) else one))
        elif isinstance(one, int) and not -BIGGEST <= one <= BIGGEST:
            raise Invalid(f"A number in the body is larger than {BIGGEST}.", field="body")
