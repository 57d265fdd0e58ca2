"""The OpenAPI documents of all services, as an application that nobody started gives them; and requests that fit one."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple
from uuid import uuid4

from issuer import Issuer

from shared.database import Database
from shared.feeds.postgres import PostgresFeeds
from shared.settings import Settings
from shared.suite import SUITE


def documents(database: Callable[..., Database]) -> dict[str, Any]:
    """By service."""
    found = {}
    for member in SUITE:
        main = import_module(member.module)
        own = database(main.PACKAGE)
        settings = Settings(database_url=own.conninfo, catcher=True, smtp_port=0)
        service = main.build(settings, verifier=Issuer().verifier, feeds=PostgresFeeds(lambda _, at=own.conninfo: at))
        found[service.name] = service.app.openapi()
        service.close()
    return found


METHODS = ("get", "post", "put", "patch", "delete")


class Usual(NamedTuple):
    """A request that an operation takes, as far as its document says."""

    method: str
    path: str
    """As the document has it, with names in braces."""
    address: str
    body: Any
    """None: it takes none."""


class Requests:
    """Requests that fit a document. `known`: ids for what is named so."""

    def __init__(self, document: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        self.document = document
        self.known = known

    def usual(self) -> Iterator[Usual]:
        """One for each operation."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield self._usual(method, path, item[method])

    def _usual(self, method: str, path: str, operation: Mapping[str, Any]) -> Usual:
        parameters = [p for p in operation.get("parameters", []) if p["in"] == "path"]
        named = {p["name"]: str(self.value(p["name"], p.get("schema", {}))) for p in parameters}
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        body = self.value("", content["schema"]) if content else None
        return Usual(method.upper(), path, path.format(**named), body)

    def value(self, name: str, schema: Mapping[str, Any]) -> Any:  # noqa: PLR0911
        """Something that fits, with real ids where the name says which."""
        if name in self.known:
            return self.known[name]
        if "$ref" in schema:
            return self.value(name, self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        for union in ("anyOf", "oneOf", "allOf"):
            if union in schema:
                return self.value(name, schema[union][0])
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        match schema.get("type"):
            case "object":
                required = schema.get("required", ())
                return {
                    key: self.value(key, one) for key, one in schema.get("properties", {}).items() if key in required
                }
            case "array":
                return [self.value(name.removesuffix("s"), schema.get("items", {}))]
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return True
        return {"uuid": str(uuid4()), "date": "2027-01-31", "date-time": "2027-01-31T00:00:00Z"}.get(
            schema.get("format", ""), "Probe"
        )
