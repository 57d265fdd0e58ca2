"""Extreme values for every place of every route, made from a service's own OpenAPI document."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from documents import METHODS, Requests
from fastapi import FastAPI
from fastapi.testclient import TestClient

TEXTS = ("\0", "\ud800", "x" * 10_000, "   ", "9999-12-31", "0001-01-01T00:00:00+14:00")
NUMBERS = (2**63, 10**400, -1)
DEEP: Any = json.loads("[" * 200 + "]" * 200)
OTHERS = (DEEP, {"a": None})


class Probe:
    """Sends them, and counts how the service answers. `known`: ids for what is named so, that the value reaches the code."""

    def __init__(self, app: FastAPI, headers: Mapping[str, str], known: Mapping[str, Any]) -> None:
        self.http = TestClient(app, headers=dict(headers), raise_server_exceptions=False)
        self.requests = Requests(app.openapi(), known)
        self.answers: Counter[int] = Counter()
        self.faults: list[str] = []
        self.operations = 0
        self.documented: frozenset[str] = frozenset()
        """Statuses of the operation that is asked."""

    def run(self) -> None:
        for path, item in self.requests.document["paths"].items():
            for method in METHODS:
                if method in item:
                    self.operations += 1
                    self._operation(method, path, item[method])

    def _operation(self, method: str, path: str, operation: Mapping[str, Any]) -> None:
        self.documented = frozenset(operation["responses"])
        parameters = operation.get("parameters", [])
        named = {
            p["name"]: self.requests.value(p["name"], p.get("schema", {})) for p in parameters if p["in"] == "path"
        }
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        body = self.requests.value("", content["schema"]) if content else None
        address = path.format(**{name: str(value) for name, value in named.items()})
        self._send(method, address, body)
        for parameter in parameters:
            for text in ("%00", "x" * 5_000, "9999-12-31", "9" * 30):
                if parameter["in"] == "query":
                    self._send(method, f"{address}?{parameter['name']}={text}", body)
                elif parameter["in"] == "path":
                    self._send(method, path.format(**{**named, parameter["name"]: text}), body)
        self._send(method, address, body)
        for place in _places(body):
            self._send_each(method, address, body, place)
        for name, schema in self._optional(content["schema"] if content else {}).items():
            fuller = {**body, name: self.requests.value(name, schema)}
            self._send(method, address, fuller)
            for place in ((name,), *_places(fuller[name], (name,))):
                self._send_each(method, address, fuller, place)

    def _send_each(self, method: str, address: str, body: Any, place: tuple[Any, ...]) -> None:
        for value in (*TEXTS, *NUMBERS, *OTHERS):
            self._send(method, address, _with(body, place, value))

    def _optional(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The members of a body that need not be there."""
        while "$ref" in schema:
            schema = self.requests.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        required = schema.get("required", ())
        return {name: one for name, one in schema.get("properties", {}).items() if name not in required}

    def _send(self, method: str, address: str, body: Any) -> None:
        told: dict[str, Any] = {} if body is None else {"content": json.dumps(body)}
        answer = self.http.request(method, address, headers={"Content-Type": "application/json"}, **told)
        self.answers[answer.status_code] += 1
        unknown = not self.documented & {str(answer.status_code), f"{answer.status_code // 100}XX"}
        if unknown or (answer.status_code >= 500 and answer.status_code != 503):
            self.faults.append(f"{answer.status_code} {method} {address[:120]} {json.dumps(body)[:300]}")


def _places(body: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(body, dict | list):
        for key, value in body.items() if isinstance(body, dict) else enumerate(body):
            yield (*at, key)
            yield from _places(value, (*at, key))


def _with(body: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    copy = dict(body) if isinstance(body, dict) else list(body)
    copy[place[0]] = _with(body[place[0]], place[1:], value)
    return copy
