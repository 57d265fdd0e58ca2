"""Services that answer as the real ones would: whatever they say is held against their own OpenAPI documents."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import httpx
from jsonschema import Draft202012Validator

Answer = Callable[[httpx.Request], Any]
PERSON = UUID("0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f")


def token(*roles: str) -> str:
    """An access token with these permission roles, each for everything or, as `role@organisation`, for that one; only its middle
    part is read by the portal."""
    held = [[role, organisation or None] for role, _, organisation in (one.partition("@") for one in roles)]
    claims = json.dumps({"sub": str(PERSON), "roles": held}).encode()
    return f"head.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.signature"


class StandIn:
    """All services, as far as a test says what they answer. Anything else fails the test."""

    def __init__(self, documents: Mapping[str, Any]) -> None:
        self._documents = documents
        self._answers: dict[tuple[str, str], tuple[int, Any]] = {}
        self.asked: list[httpx.Request] = []
        self.roles: tuple[str, ...] = ()
        self.me: dict[str, Any] = {
            "first_name": "Zoë",
            "last_name": "Álvarez",
            "language": "en",
            "time_zone": "Europe/Berlin",
        }
        self.down: set[str] = set()
        """Services that do not answer."""
        self.says("POST", "/api/directory/token", self._token)
        self.says("POST", "/api/directory/token/revoke", None, 204)
        self.says(
            "GET", "/api/directory/me", lambda _: self.answer("GET", "/api/directory/me", id=str(PERSON), **self.me)
        )
        self.says("GET", "/api/directory/sign-in-options", {"organisation": None, "providers": []})
        self.says("GET", "/api/approvals/counts", {"waiting": 0})
        self.says("GET", "/api/enrollment/mine", {"items": [], "next": None, "total": 0})
        self.says("GET", "/api/enrollment/calendar-address", {"made_at": None})
        self.says("GET", "/api/enrollment/achievements", {"items": [], "next": None})
        waiting = {"exceptions": 0, "set_aside": 0, "completions": 0, "held_changes": 0, "jobs": 0}
        self.says("GET", "/api/enrollment/counts", waiting)
        self.says("GET", "/api/enrollment/jobs", {"items": [], "next": None})
        mails = dict.fromkeys(("waiting", "held", "sending", "sent", "failed", "withdrawn", "unknown"), 0)
        self.says("GET", "/api/notifier/counts", mails)
        self.says("GET", "/api/demo/progress", {"done": 0, "total": 0})

    def says(self, method: str, path: str, body: Any, status: int = 200) -> None:
        """`path` as it is asked; `body`: what is answered, or a function of the request. Refusals are not held against a schema."""
        self._answers[method, path] = status, body

    def refuses(self, method: str, path: str, status: int, kind: str, **more: Any) -> None:
        problem = {
            "type": f"urn:rollbook:problem:{kind}",
            "title": "Refused",
            "status": status,
            "detail": "Because.",
            "instance": path,
        }
        self.says(method, path, {**problem, **more}, status)

    def answer(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        """What this operation answers, with what was given; the rest is the smallest that fits."""
        document, schema = self._documents[path.split("/")[2]], self._schema(method, path)
        return self._given(document, schema, given)

    def item(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        """One of the items that this operation lists."""
        document, schema = self._documents[path.split("/")[2]], self._schema(method, path)
        listed = schema if schema.get("type") == "array" else _resolved(document, schema)["properties"]["items"]
        return self._given(document, listed["items"], given)

    def _schema(self, method: str, path: str) -> dict[str, Any]:
        operation = self._operation(path.split("/")[2], method, path)
        assert operation is not None, f"there is no {method} {path}"
        status = min(status for status in operation["responses"] if status.startswith("2"))
        found: dict[str, Any] = operation["responses"][status]["content"]["application/json"]["schema"]
        return found

    @staticmethod
    def _given(document: Mapping[str, Any], schema: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        unknown = set(given) - set(_resolved(document, schema)["properties"])
        assert not unknown, f"there is no {unknown} in {sorted(_resolved(document, schema)['properties'])}"
        return {**_smallest(document, schema), **given}

    def sample(self, service: str, model: str, **given: Any) -> dict[str, Any]:
        """An answer of this model, with what was given; the rest is the smallest that fits."""
        document = self._documents[service]
        return self._given(document, document["components"]["schemas"][model], given)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        service = request.url.path.split("/")[2]
        if service in self.down:
            raise httpx.ConnectError("refused")
        if request.url.path.endswith("/openapi.json"):
            return httpx.Response(200, json=self._documents[service])
        if request.url.path.endswith("/health/ready"):
            return httpx.Response(200, json={"status": "ready", "failing": []})
        assert (request.method, request.url.path) in self._answers, (
            f"nobody says what {request.method} {request.url.path} answers"
        )
        status, body = self._answers[request.method, request.url.path]
        body = body(request) if callable(body) else body
        if isinstance(body, httpx.Response):
            return body
        if status < 400:
            self._hold_against(service, request, status, body)
        return httpx.Response(status, json=body) if body is not None else httpx.Response(status)

    def questions(self, *, counting: bool = False) -> list[str]:
        """What was asked, as method and path; the number in the head only if wanted."""
        paths = [f"{one.method} {one.url.path}" for one in self.asked]
        return [one for one in paths if counting or not one.endswith("/approvals/counts")]

    def last(self, method: str, path: str) -> httpx.Request:
        """The last request of this kind: a page asks several things at once, in no order."""
        return next(one for one in reversed(self.asked) if (one.method, one.url.path) == (method, path))

    def sent(self, method: str, path: str) -> Any:
        """The body of the last request of this kind, as JSON or as the fields of a form."""
        request = self.last(method, path)
        if "json" in request.headers.get("Content-Type", ""):
            return json.loads(request.content)
        return dict(httpx.QueryParams(request.content.decode()))

    def _token(self, request: httpx.Request) -> Any:
        form = dict(httpx.QueryParams(request.content.decode()))
        if form.get("password", "right") != "right":
            problem = {
                "type": "urn:rollbook:problem:unauthenticated",
                "title": "Sign in first",
                "status": 401,
                "detail": "Wrong.",
            }
            return httpx.Response(401, json={**problem, "instance": "/api/directory/token"})
        return {
            "access_token": token(*self.roles),
            "token_type": "Bearer",
            "expires_in": 900,
            "refresh_token": "refresh",
        }

    def _hold_against(self, service: str, request: httpx.Request, status: int, body: Any) -> None:
        document, operation = self._documents[service], self._operation(service, request.method, request.url.path)
        assert operation is not None, f"{service} has no {request.method} {request.url.path}"
        self._hold_parameters(operation, request)
        told = operation["responses"].get(str(status))
        assert told is not None, f"{request.method} {request.url.path} never answers {status}"
        if (schema := told.get("content", {}).get("application/json", {}).get("schema")) and body is not None:
            faults = Draft202012Validator({**schema, "components": document["components"]}).iter_errors(body)
            found = [f"{'/'.join(map(str, fault.path))}: {fault.message}" for fault in faults]
            assert not found, f"{request.method} {request.url.path}: {found}"

    def _operation(self, service: str, method: str, asked: str) -> dict[str, Any] | None:
        """A path without parameters goes before one with them."""
        items = sorted(self._documents[service]["paths"].items(), key=lambda one: one[0].count("{"))
        for path, item in items:
            if method.lower() in item and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", path), asked):
                found: dict[str, Any] = item[method.lower()]
                return found
        return None

    @staticmethod
    def _hold_parameters(operation: Mapping[str, Any], request: httpx.Request) -> None:
        known = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
        unknown = set(request.url.params) - known
        assert not unknown, f"{request.method} {request.url.path} knows no {unknown}"


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference means."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _smallest(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:  # noqa: PLR0911
    if "$ref" in schema:
        return _smallest(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "default" in schema:
        return schema["default"]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            kinds = schema[union]
            return None if any(one.get("type") == "null" for one in kinds) else _smallest(document, kinds[0])
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    match schema.get("type"):
        case "object":
            required = schema.get("required", ())
            return {
                name: _smallest(document, one) for name, one in schema.get("properties", {}).items() if name in required
            }
        case "array":
            return []
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return False
        case "null":
            return None
    formats = {"uuid": str(PERSON), "date": "2026-11-28", "date-time": "2026-11-28T09:00:00Z"}
    return formats.get(schema.get("format", ""), "text")
